//! Long lists of operations and voxels, typed in slices.
//!
//! A list of up to [`LONG`] bytes is typed where it lies in the message, which takes less than a
//! slice. Of a longer one the message is shared, and it is typed piece by piece. What is found
//! wrong in it is told in the same words.

use std::ops::Range;

use crate::api::ParamError;
use crate::api::bulk::{VoxelEntries, VoxelEntry};
use crate::api::json::{Elements, MOST_MEMBERS, Members, TextPart, string};
use crate::api::operations::forms::VoxelsFields;
use crate::api::operations::values::{VoxelList, no_voxel};
use crate::api::operations::{Form, Operation, OperationError, operation, read_operation};
use crate::job::{Budget, Job, Progress, Step};

/// Bytes of a list from which on it is typed in slices.
pub(super) const LONG: usize = 1 << 16;
/// Voxels typed in one unit of work.
const VOXELS_A_UNIT: usize = 256;

/// A JSON array, element by element.
pub(super) struct LongArray {
    part: TextPart,
    /// How far it is read, counted from its beginning.
    at: usize,
    /// How many elements were taken.
    taken: usize,
}

impl LongArray {
    /// Of a valid JSON array without blanks before it.
    pub(super) fn new(array: &str) -> Self {
        LongArray { part: TextPart::of(array), at: 0, taken: 0 }
    }

    /// Of a part of the same text that begins at an offset of this array.
    fn inner(&self, offset: usize, length: usize) -> Self {
        LongArray { part: self.part.part(offset..offset + length), at: 0, taken: 0 }
    }

    fn text(&self) -> &str {
        self.part.as_str()
    }

    /// The next element and its number.
    pub(super) fn next(&mut self) -> Option<(usize, &str)> {
        let mut elements = match self.at {
            0 => Elements::new(self.text()),
            at => Elements::resume(self.text(), at),
        };
        let length = self.part.reading(|| elements.next())?.len();
        let (end, index) = (elements.offset(), self.taken);
        (self.at, self.taken) = (end, index + 1);
        Some((index, &self.text()[end - length..end]))
    }

    /// A guess at how many voxels there are, to make room for them: a list that grows is copied.
    pub(super) fn voxels_about(&self) -> usize {
        VoxelEntries::new(self.text()).capacity()
    }

    /// Takes some more voxels, with their numbers, until one is refused; false if there is none
    /// left.
    pub(super) fn take_voxels<E>(
        &mut self,
        mut take: impl FnMut(usize, Result<VoxelEntry, &str>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut entries = match self.at {
            0 => VoxelEntries::new(self.text()),
            at => VoxelEntries::resume(self.text(), at),
        };
        let before = self.taken;
        let mut taken = before;
        for entry in entries.by_ref().take(VOXELS_A_UNIT) {
            take(taken, entry)?;
            taken += 1;
        }
        (self.at, self.taken) = (entries.offset(), taken);
        Ok(taken > before)
    }

    /// How many bytes of it are read.
    pub(super) fn progress(&self) -> Progress {
        Progress { done: self.at as u64, total: self.text().len() as u64 }
    }
}

/// A list of operations.
pub(super) struct ReadOperations {
    array: LongArray,
    operations: Vec<Operation>,
    /// Lists of the last operation that are not typed yet.
    lists: Vec<(&'static str, LongArray)>,
}

impl ReadOperations {
    pub(super) fn new(array: &str) -> Self {
        ReadOperations { array: LongArray::new(array), operations: Vec::new(), lists: Vec::new() }
    }

    /// One unit of work; false if there was none left.
    fn advance(&mut self) -> Result<bool, OperationError> {
        if self.lists.is_empty() {
            return self.next_operation();
        }
        self.next_voxels().map_err(|error| OperationError {
            index: self.operations.len() - 1,
            op: operation("voxels"),
            error,
        })?;
        Ok(true)
    }

    fn next_operation(&mut self) -> Result<bool, OperationError> {
        let part = self.array.part.clone();
        let Some((index, raw)) = self.array.next() else { return Ok(false) };
        let split = || part.reading(|| without_long_lists(raw));
        let split = (raw.len() > LONG).then(split).flatten();
        let rest = split.as_ref().map_or(raw, |split| &split.rest);
        let read = part.reading(|| read_operation(rest, |_| None));
        let length = raw.len();
        let read = read.map_err(|(op, error)| OperationError { index, op, error })?;
        let start = self.array.at - length;
        let lists = split.map(|split| split.lists).unwrap_or_default();
        self.lists = lists
            .into_iter()
            .map(|(name, list)| (name, self.array.inner(start + list.start, list.len())))
            .collect();
        self.operations.push(read);
        Ok(true)
    }

    /// Types some voxels of the list that is next.
    fn next_voxels(&mut self) -> Result<(), ParamError> {
        let (Some((name, list)), Some(operation)) =
            (self.lists.first_mut(), self.operations.last_mut())
        else {
            return Ok(());
        };
        let Form::Voxels(VoxelsFields { points, voxels }) = &mut operation.form else {
            return Ok(());
        };
        let VoxelList(typed) = if *name == "points" { points } else { voxels };
        if typed.is_empty() {
            typed.reserve(list.voxels_about());
        }
        let is_more = list.take_voxels(|index, entry| {
            typed.push(entry.map_err(|got| no_voxel(name, index, got))?);
            Ok(())
        })?;
        if !is_more {
            self.lists.remove(0);
        }
        Ok(())
    }
}

/// An operation without its long lists of voxels.
struct Split {
    /// It, with empty lists in their place.
    rest: String,
    /// The fields that had them, and where in the operation they are.
    lists: Vec<(&'static str, Range<usize>)>,
}

/// Takes the long lists out of an operation that puts voxels; `None` if it is another operation, or
/// one that is not understood.
fn without_long_lists(raw: &str) -> Option<Split> {
    let mut members = Members::new(raw);
    let (mut rest, mut lists, mut is_named) = (String::from("{"), Vec::new(), false);
    let mut count = 0;
    while let Some((name, value)) = members.next() {
        count += 1;
        if count > MOST_MEMBERS {
            return None;
        }
        if name == "op" || name == "type" {
            if is_named || value.len() > LONG || string(value)? != "voxels" {
                return None;
            }
            is_named = true;
        }
        let field = ["points", "voxels"].into_iter().find(|field| *field == name);
        let value = match field {
            Some(field) if value.len() > LONG && value.starts_with('[') => {
                lists.push((field, members.offset() - value.len()..members.offset()));
                "[]"
            }
            _ => value,
        };
        let comma = if rest.len() > 1 { "," } else { "" };
        let name = serde_json::Value::from(&*name).to_string();
        rest.extend([comma, &name, ":", value]);
    }
    rest.push('}');
    let is_twice = lists.len() == 2 && lists[0].0 == lists[1].0 || lists.len() > 2;
    (is_named && !is_twice).then_some(Split { rest, lists })
}

impl Job for ReadOperations {
    type Output = Result<Vec<Operation>, OperationError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        loop {
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return Step::Done(Ok(std::mem::take(&mut self.operations))),
                Err(error) => return Step::Done(Err(error)),
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        self.array.progress()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operations::read_operations;

    /// A list of operations with long lists of voxels in it, and others between them.
    fn text(voxels: usize) -> String {
        let points: Vec<String> = (0..voxels).map(|n| format!("[{n}, {},-3]", n % 7)).collect();
        let colored: Vec<String> =
            (0..voxels).map(|n| format!("[[{n},1,2] ,[{},0,9]]", n % 255)).collect();
        let (points, colored) = (points.join(","), colored.join(" , "));
        format!(
            "[ {{\"op\":\"box\",\"min\":[0,0,0],\"max\":[1,1,1],\"color\":\"red\"}} , \
             {{\"points\":[{points}],\"op\":\"voxels\",\"color\":\"#fff\",\"voxels\": [{colored}]}},\
             {{\"op\":\"voxels\",\"voxels\":[[1,2,3,\"a\\u0062c, ]\"]],\"points\":[{points}]}},\
             {{\"op\":\"line\",\"points\":[{points}],\"color\":\"red\"}}]"
        )
    }

    fn in_slices(text: &str) -> (Result<Vec<Operation>, OperationError>, usize) {
        let (mut job, mut slices) = (ReadOperations::new(text), 1);
        loop {
            match job.step(&mut Budget::units(1)) {
                Step::Done(operations) => return (operations, slices),
                Step::More => slices += 1,
            }
        }
    }

    #[test]
    fn what_is_typed_in_slices_is_what_is_typed_at_once() {
        let text = text(9000).replace("\"a\\u0062c, ]\"", "\"#0f0\"");
        let (operations, slices) = in_slices(&text);
        let whole = read_operations(&text, |_| None).expect("it is right");
        let show = |operations: &[Operation]| {
            let lists = |form: &Form| match form {
                Form::Voxels(fields) => format!("{:?} {:?}", fields.points, fields.voxels),
                Form::Line(fields) => format!("{:?}", fields.points),
                form => form.name().to_owned(),
            };
            let shown = operations.iter().map(|o| format!("{} {:?}", lists(&o.form), o.color));
            shown.collect::<Vec<_>>()
        };
        assert_eq!(show(&operations.expect("it is right")), show(&whole));
        assert!(slices > 100, "{slices}");
    }

    #[test]
    fn what_is_wrong_is_told_in_the_same_words() {
        let good = text(9000).replace("\"a\\u0062c, ]\"", "\"#0f0\"");
        for (from, to) in [("[8000, ", "[\"x\", "), ("#fff", "#ffq"), ("\"line\"", "\"lines\"")] {
            let bad = good.replacen(from, to, 1);
            let told = |error: OperationError| {
                (error.index, error.op.map(|op| op.name), error.error.to_string())
            };
            let expected = read_operations(&bad, |_| None).map_err(told);
            assert!(expected.is_err(), "{from}");
            assert_eq!(in_slices(&bad).0.map(|_| ()).map_err(told), expected.map(|_| ()), "{from}");
        }
    }
}
