//! Voxels set and read by JavaScript: the short way.
//!
//! A loop over a million voxels has to cost little more than a loop over a function that does
//! nothing, and the safe way of the engine's crate costs several times that: it counts a reference
//! for each argument, and types each. So these two functions, and the class of volumes whose
//! methods they are, speak with the engine directly. This is the only place of scripts that does,
//! and all it takes and gives are numbers, texts and rows of numbers.
//!
//! A volume is an object of our class; its number plus one is its opaque value, so nothing is ever
//! looked up by a pointer.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU32, Ordering};

use rquickjs::qjs::{self, JSContext, JSRuntime, JSValue};
use rquickjs::{Ctx, Error, Exception, Object, Result, Value};

use super::state;
use crate::api::Value as _;
use crate::voxel::{Point, Rgba};

/// The number of the class; of one engine, since a process has one.
static CLASS: AtomicU32 = AtomicU32::new(0);

fn class() -> qjs::JSClassID {
    CLASS.load(Ordering::Relaxed)
}

type Native = unsafe extern "C" fn(*mut JSContext, JSValue, c_int, *mut JSValue) -> JSValue;

/// Makes the class of volumes, with `setAt` and `getAt`; its prototype.
pub(super) fn install<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let prototype = Object::new(ctx.clone())?;
    let raw = ctx.as_raw().as_ptr();
    // SAFETY: the context is that of `ctx` and alive; the engine copies the definition and the
    // name; the prototype is given a reference of its own.
    unsafe {
        let runtime = qjs::JS_GetRuntime(raw);
        let mut number = 0;
        qjs::JS_NewClassID(runtime, &mut number);
        let definition = qjs::JSClassDef {
            class_name: c"Volume".as_ptr(),
            finalizer: Some(finalize),
            gc_mark: None,
            call: None,
            exotic: std::ptr::null_mut(),
        };
        if qjs::JS_NewClass(runtime, number, &definition) != 0 {
            return Err(Error::Unknown);
        }
        CLASS.store(number, Ordering::Relaxed);
        qjs::JS_SetClassProto(raw, number, qjs::JS_DupValue(raw, prototype.as_raw()));
    }
    for (name, native, length) in [(c"setAt", set_at as Native, 4), (c"getAt", get_at, 3)] {
        // SAFETY: the function has the form that the engine calls, and its name lives for ever.
        let function = unsafe {
            let generic = qjs::JSCFunctionEnum_JS_CFUNC_generic;
            let made = qjs::JS_NewCFunction2(raw, Some(native), name.as_ptr(), length, generic, 0);
            Value::from_raw(ctx.clone(), made)
        };
        prototype.set(name.to_str().unwrap_or_default(), function)?;
    }
    Ok(prototype)
}

/// The object of a volume with a number.
pub(super) fn object<'js>(ctx: &Ctx<'js>, handle: usize) -> Result<Value<'js>> {
    // SAFETY: the class was made by `install`; its opaque value is a number and never followed.
    unsafe {
        let made = qjs::JS_NewObjectClass(ctx.as_raw().as_ptr(), class());
        if qjs::JS_IsException(made) {
            return Err(Error::Exception);
        }
        qjs::JS_SetOpaque(made, std::ptr::without_provenance_mut(handle + 1));
        Ok(Value::from_raw(ctx.clone(), made))
    }
}

/// The number of a volume, if it is one.
pub(super) fn handle(value: &Value<'_>) -> Option<usize> {
    // SAFETY: the value is alive; the engine checks its class.
    unsafe { handle_of(value.as_raw()) }
}

/// # Safety
/// The value is alive.
#[inline]
unsafe fn handle_of(value: JSValue) -> Option<usize> {
    // SAFETY: the engine compares the class before it reads.
    let opaque: *mut c_void = unsafe { qjs::JS_GetOpaque(value, class()) };
    opaque.addr().checked_sub(1)
}

unsafe extern "C" fn finalize(_: *mut JSRuntime, value: JSValue) {
    // SAFETY: the engine gives the value that it is about to free.
    if let Some(handle) = unsafe { handle_of(value) } {
        state::forget(handle);
    }
}

/// Why an argument is not what it should be.
enum Wrong {
    /// JavaScript was told already.
    Thrown,
    Place,
    Color,
    Problem(state::Problem),
}

/// A number as a coordinate.
///
/// # Safety
/// The value is alive.
#[inline]
unsafe fn coordinate(value: JSValue) -> std::result::Result<i32, Wrong> {
    // SAFETY: what is read is what the tag says.
    let number = unsafe {
        let tag = qjs::JS_VALUE_GET_NORM_TAG(value);
        if tag == qjs::JS_TAG_INT {
            return Ok(qjs::JS_VALUE_GET_INT(value));
        }
        if tag != qjs::JS_TAG_FLOAT64 {
            return Err(Wrong::Place);
        }
        qjs::JS_VALUE_GET_FLOAT64(value).floor()
    };
    let is_one = number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX);
    if is_one { Ok(number as i32) } else { Err(Wrong::Place) }
}

/// The members of a place that is no row.
const NAMES: [&std::ffi::CStr; 3] = [c"x", c"y", c"z"];

/// A number of a row, or of a place that is none.
///
/// # Safety
/// Context and object are alive.
#[inline]
unsafe fn element(
    ctx: *mut JSContext,
    list: JSValue,
    index: u32,
) -> std::result::Result<JSValue, Wrong> {
    // SAFETY: by the contract. Numbers, which are all that is wanted, hold no reference; anything
    // else is let go of.
    unsafe {
        let value = match NAMES.get(index as usize) {
            // A place may also be an object with these members.
            Some(name) if !qjs::JS_IsArray(list) => {
                qjs::JS_GetPropertyStr(ctx, list, name.as_ptr())
            }
            _ => qjs::JS_GetPropertyUint32(ctx, list, index),
        };
        if qjs::JS_IsException(value) {
            return Err(Wrong::Thrown);
        }
        if qjs::JS_VALUE_HAS_REF_COUNT(value) {
            qjs::JS_FreeValue(ctx, value);
            return Ok(qjs::JS_UNDEFINED);
        }
        Ok(value)
    }
}

/// A place: three numbers, or a row of three. How many arguments it took.
///
/// # Safety
/// The context is alive, and there are so many arguments.
#[inline]
unsafe fn place(
    ctx: *mut JSContext,
    count: c_int,
    arguments: *mut JSValue,
) -> std::result::Result<(Point, c_int), Wrong> {
    // SAFETY: arguments are read only as far as there are any.
    unsafe {
        if count >= 1 && qjs::JS_IsObject(*arguments) {
            let at = |index| coordinate(element(ctx, *arguments, index)?);
            return Ok((Point::new(at(0)?, at(1)?, at(2)?), 1));
        }
        if count < 3 {
            return Err(Wrong::Place);
        }
        let at = |index| coordinate(*arguments.add(index));
        Ok((Point::new(at(0)?, at(1)?, at(2)?), 3))
    }
}

/// A colour: a row of numbers, a text, or null for none.
///
/// # Safety
/// Context and value are alive.
unsafe fn color(ctx: *mut JSContext, value: JSValue) -> std::result::Result<Rgba, Wrong> {
    // SAFETY: by the contract; a text is read as long as it is held.
    unsafe {
        if qjs::JS_IsNull(value) {
            return Ok(Rgba::EMPTY);
        }
        if qjs::JS_IsObject(value) {
            let mut channels = [0, 0, 0, 255];
            for (index, channel) in (0..).zip(&mut channels) {
                let found = element(ctx, value, index)?;
                if index == 3 && qjs::JS_IsUndefined(found) {
                    break;
                }
                let number = coordinate(found).map_err(|_| Wrong::Color)?;
                *channel = u8::try_from(number).map_err(|_| Wrong::Color)?;
            }
            return Ok(Rgba::from(channels));
        }
        if !qjs::JS_IsString(value) {
            return Err(Wrong::Color);
        }
        let mut length = 0;
        let text = qjs::JS_ToCStringLen(ctx, &mut length, value);
        if text.is_null() {
            return Err(Wrong::Thrown);
        }
        let bytes = std::slice::from_raw_parts(text.cast::<u8>(), length);
        let color = color_of_text(bytes);
        qjs::JS_FreeCString(ctx, text);
        color.ok_or(Wrong::Color)
    }
}

/// Bytes of a text that is kept with its colour.
const KEPT_TEXT: usize = 23;

/// The text that was read last, and its colour: loops mostly give the same again.
#[derive(Clone, Copy)]
struct Kept {
    length: u8,
    text: [u8; KEPT_TEXT],
    color: Rgba,
}

thread_local! {
    static KEPT: Cell<Kept> =
        const { Cell::new(Kept { length: 0, text: [0; KEPT_TEXT], color: Rgba::EMPTY }) };
}

/// `#rrggbb` and what was read last at once; all other forms as everywhere.
fn color_of_text(text: &[u8]) -> Option<Rgba> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if let [b'#', a, b, c, d, e, f] = *text {
        let pair = |high, low| Some((digit(high)? << 4 | digit(low)?) as u8);
        return Some(Rgba::opaque(pair(a, b)?, pair(c, d)?, pair(e, f)?));
    }
    let kept = KEPT.get();
    if !text.is_empty() && kept.text.get(..usize::from(kept.length)) == Some(text) {
        return Some(kept.color);
    }
    let color = Rgba::parse(&serde_json::to_string(std::str::from_utf8(text).ok()?).ok()?)?;
    let mut next = Kept { length: text.len() as u8, text: [0; KEPT_TEXT], color };
    if let Some(place) = next.text.get_mut(..text.len()) {
        place.copy_from_slice(text);
        KEPT.set(next);
    }
    Some(color)
}

/// The volume that a function is called on: that of `this`, or the active layer's.
#[inline]
fn target(
    state: &mut state::State,
    handle: Option<usize>,
) -> std::result::Result<usize, state::Problem> {
    handle.map_or_else(|| state.active(), Ok)
}

/// Throws, and what a function returns then.
///
/// # Safety
/// The context is alive.
#[cold]
unsafe fn throw(ctx: *mut JSContext, wrong: Wrong) -> JSValue {
    // SAFETY: by the contract.
    let Some(ctx) = std::ptr::NonNull::new(ctx).map(|ctx| unsafe { Ctx::from_raw(ctx) }) else {
        return qjs::JS_EXCEPTION;
    };
    let _: Error = match wrong {
        Wrong::Thrown => Error::Exception,
        Wrong::Place => Exception::throw_type(
            &ctx,
            "expected a place: x, y, z or [x, y, z], whole numbers of 32 bits",
        ),
        Wrong::Color => Exception::throw_type(
            &ctx,
            "expected a color: [r, g, b], [r, g, b, a] from 0 to 255, \"#rrggbb\", a name, or null for none",
        ),
        Wrong::Problem(problem) => Exception::throw_range(&ctx, &problem.to_string()),
    };
    qjs::JS_EXCEPTION
}

unsafe extern "C" fn set_at(
    ctx: *mut JSContext,
    this: JSValue,
    count: c_int,
    arguments: *mut JSValue,
) -> JSValue {
    // SAFETY: the engine calls with a context that is alive and with so many arguments.
    unsafe {
        let set = || {
            let (at, taken) = place(ctx, count, arguments)?;
            if count <= taken {
                return Err(Wrong::Color);
            }
            let color = color(ctx, *arguments.add(taken as usize))?;
            let handle = handle_of(this);
            state::with(|state| {
                let handle = target(state, handle)?;
                state.set(handle, at, color)
            })
            .map_err(Wrong::Problem)
        };
        match set() {
            Ok(()) => qjs::JS_UNDEFINED,
            Err(wrong) => throw(ctx, wrong),
        }
    }
}

unsafe extern "C" fn get_at(
    ctx: *mut JSContext,
    this: JSValue,
    count: c_int,
    arguments: *mut JSValue,
) -> JSValue {
    // SAFETY: as above; the row is made of numbers, which hold no reference.
    unsafe {
        let get = || {
            let (at, _) = place(ctx, count, arguments)?;
            let handle = handle_of(this);
            state::with(|state| {
                let handle = target(state, handle)?;
                state.get(handle, at)
            })
            .map_err(Wrong::Problem)
        };
        match get() {
            Ok(color) if color.is_empty() => qjs::JS_NULL,
            Ok(color) => {
                let row =
                    color.bytes().map(|channel| qjs::JS_MKVAL(qjs::JS_TAG_INT, channel.into()));
                qjs::JS_NewArrayFrom(ctx, 4, row.as_ptr())
            }
            Err(wrong) => throw(ctx, wrong),
        }
    }
}
