//! The forms of a colour on the wire.
//!
//! `"#RGB"`, `"#RRGGBB"`, `"#RRGGBBAA"`, a CSS name, `[r,g,b]`, `[r,g,b,a]`,
//! `{"r":..,"g":..,"b":..,"a":..}`, or the params `r, g, b[, a]`. Components are whole numbers from
//! 0 to 255; if any is spelled with a point or an exponent and none is above 1, all are shares of
//! 1. Out of range is an error: nothing is wrapped or clamped. Without alpha a colour is opaque.

use std::ops::RangeInclusive;

use super::args::{Args, ParamError};
use super::json::{Elements, few_members, string};
use super::method::Param;
use super::schema::Schema;
use super::value::{ParamType, Value, number};
use crate::likeness::nearest;
use crate::voxel::Rgba;

/// A colour param.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub Rgba);

/// The names of the channels.
const CHANNELS: [&str; 4] = ["r", "g", "b", "a"];

impl Value<'_> for Rgba {
    const SCHEMA: Schema = Schema::Color;
    fn parse(raw: &str) -> Option<Self> {
        match raw.as_bytes().first()? {
            b'"' => from_text(&string(raw)?),
            b'[' => from_array(raw),
            b'{' => from_object(raw),
            _ => None,
        }
    }
}

fn from_array(raw: &str) -> Option<Rgba> {
    let mut channels = [None; 4];
    let mut elements = Elements::new(raw);
    for (channel, value) in channels.iter_mut().zip(&mut elements) {
        *channel = Some(Channel::read(value)?);
    }
    if elements.next().is_some() {
        return None;
    }
    from_channels(channels)
}

fn from_object(raw: &str) -> Option<Rgba> {
    let mut channels = [None; 4];
    for (name, value) in few_members(raw) {
        match CHANNELS.iter().position(|&channel| channel == name) {
            Some(index) => channels[index] = Some(Channel::read(value)?),
            None => super::notes::note_unknown("color.", &name, &CHANNELS),
        }
    }
    from_channels(channels)
}

/// A colour from the raw numbers of its channels.
pub(super) fn from_numbers(parts: [Option<&str>; 4]) -> Option<Rgba> {
    let mut channels = [None; 4];
    for (channel, part) in channels.iter_mut().zip(parts) {
        if let Some(raw) = part {
            *channel = Some(Channel::read(raw)?);
        }
    }
    from_channels(channels)
}

/// One component, and whether it is spelled as shares are: with a point or an exponent.
#[derive(Clone, Copy)]
struct Channel {
    value: f64,
    is_share: bool,
}

impl Channel {
    fn read(raw: &str) -> Option<Self> {
        let is_share = raw.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
        Some(Channel { value: number(raw)?, is_share })
    }
}

/// Red, green, blue and perhaps alpha: all from 0 to 1 if none is above 1 and one is spelled as a
/// share, else all whole numbers from 0 to 255.
fn from_channels([r, g, b, a]: [Option<Channel>; 4]) -> Option<Rgba> {
    let rgb = [r?, g?, b?];
    let all = || rgb.into_iter().chain(a);
    let shares = all().any(|c| c.is_share) && all().all(|c| (0.0..=1.0).contains(&c.value));
    let byte = |channel: Channel| {
        if shares {
            Some((channel.value * 255.0 + 0.5) as u8)
        } else {
            Some(channel.value as u8).filter(|&byte| f64::from(byte) == channel.value)
        }
    };
    Some(Rgba::new(byte(rgb[0])?, byte(rgb[1])?, byte(rgb[2])?, a.map_or(Some(255), byte)?))
}

/// A colour from its text: `#` and 3, 6 or 8 hexadecimal digits, or a CSS name in any case.
pub fn from_text(text: &str) -> Option<Rgba> {
    match text.strip_prefix('#') {
        Some(digits) => from_hex(digits),
        None => named(text),
    }
}

fn from_hex(digits: &str) -> Option<Rgba> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    match digits.len() {
        3 => {
            let [r, g, b] = [value >> 8, value >> 4, value].map(|nibble| (nibble as u8 & 15) * 17);
            Some(Rgba::opaque(r, g, b))
        }
        6 => Some(Rgba::from((value << 8 | 0xff).to_be_bytes())),
        8 => Some(Rgba::from(value.to_be_bytes())),
        _ => None,
    }
}

/// A colour as results write it: `#RRGGBBAA`.
pub fn to_hex(color: Rgba) -> String {
    let Rgba { r, g, b, a } = color;
    format!("#{r:02X}{g:02X}{b:02X}{a:02X}")
}

impl<'a> ParamType<'a> for Color {
    const SCHEMA: Schema = Schema::Color;
    const PARTS: &'static [&'static str] = &CHANNELS;

    fn take(args: &mut Args<'a>, param: &'static Param) -> Result<Option<Self>, ParamError> {
        if let Some(color) = plain_bytes(args) {
            return Ok(Some(Color(color)));
        }
        if args.is_positional() {
            return match args.peek() {
                None => Ok(None),
                Some(raw) if raw.starts_with(['"', '[', '{', 'n', 't', 'f']) => {
                    args.take_next();
                    let is_text = raw.starts_with('"');
                    let text = match is_text {
                        true if raw.starts_with("\"#") => "Invalid hex color in array",
                        true => UNKNOWN_BY_POSITION,
                        false => RANGE,
                    };
                    if raw == "null" { Ok(None) } else { one_value(raw, param, text) }
                }
                Some(_) => {
                    let mut taken = 0;
                    channels(|| {
                        taken += 1;
                        // Alpha may be left out before a param that is no number.
                        let is_number = |raw: &str| number(raw).is_some() || raw == "null";
                        let is_there = taken < 4 || args.peek().is_some_and(is_number);
                        is_there.then(|| args.take_next()).flatten()
                    })
                    .map(Some)
                }
            };
        }
        match args.take(param.names) {
            Some(raw) => one_value(raw, param, documented_fault(raw)),
            None => {
                let parts = CHANNELS.map(|name| args.named(name));
                if parts[..3].iter().all(Option::is_none) {
                    return Ok(None);
                }
                let mut parts = parts.into_iter();
                channels(|| parts.next().flatten()).map(Some)
            }
        }
    }

    fn from_json(raw: &'a str) -> Option<Self> {
        Value::parse(raw).map(Color)
    }
}

/// Four bytes by position, or three if they are the last params: what most calls give.
fn plain_bytes(args: &mut Args<'_>) -> Option<Rgba> {
    const BYTES: RangeInclusive<i64> = 0..=255;
    let (count, channels) = args.take_whole(3, &BYTES)?;
    let [r, g, b, a] = channels.map(|channel| channel as u8);
    Some(Rgba::new(r, g, b, if count == 4 { a } else { 255 }))
}

/// What the reference's documents say of a channel out of range.
const RANGE: &str = "Invalid color values (must be 0-255)";

/// A word that names no colour. The reference knows no names and calls this a format.
const UNKNOWN_NAME: &str = "Invalid hex color format: no colour has this name";

/// The same of a word by position.
const UNKNOWN_BY_POSITION: &str = "Invalid hex color in array: no colour has this name";

/// What the reference's documents say of a colour in this form that is none.
fn documented_fault(raw: &str) -> &'static str {
    let channels = || few_members(raw).filter(|(name, _)| CHANNELS[..3].contains(&&**name));
    match raw.as_bytes().first() {
        Some(b'"') if !raw.starts_with("\"#") => UNKNOWN_NAME,
        Some(b'"') => "Invalid hex color format",
        Some(b'{') if channels().count() < 3 => "Color object missing r, g, b fields",
        _ => RANGE,
    }
}

fn one_value(
    raw: &str,
    param: &'static Param,
    message: &'static str,
) -> Result<Option<Color>, ParamError> {
    let named = |message: &str| match message {
        UNKNOWN_NAME | UNKNOWN_BY_POSITION => format!("{message}: {}", super::args::shown(raw)),
        message => message.to_owned(),
    };
    Rgba::parse(raw).map(|color| Some(Color(color))).ok_or_else(|| ParamError::Documented {
        param: param.name().into(),
        message: named(message),
        expected: expected_for(raw),
        got: super::args::shown(raw),
    })
}

/// What a colour looks like, with the name that a word may have meant.
fn expected_for(raw: &str) -> String {
    let expected = Schema::Color.expected();
    let names = || CSS_NAMES.iter().map(|(name, _)| *name);
    let near = string(raw).and_then(|word| nearest(&word, names()));
    match near {
        Some(near) => format!("{expected} (did you mean \"{near}\"?)"),
        None => expected,
    }
}

/// A colour from up to four params in a row.
fn channels<'a>(mut value: impl FnMut() -> Option<&'a str>) -> Result<Color, ParamError> {
    let schema = Schema::Number(0.0, 255.0);
    let mut channels = [None; 4];
    for (index, name) in CHANNELS.into_iter().enumerate() {
        match value().filter(|&raw| raw != "null") {
            Some(raw) => {
                let in_range = |channel: &Channel| (0.0..=255.0).contains(&channel.value);
                let channel = Channel::read(raw).filter(in_range);
                let fault = || ParamError::Documented {
                    param: name.into(),
                    message: RANGE.to_owned(),
                    expected: schema.expected(),
                    got: super::args::shown(raw),
                };
                channels[index] = Some(channel.ok_or_else(fault)?);
            }
            None if index == 3 => {}
            None => {
                return Err(ParamError::Missing {
                    param: name.into(),
                    expected: schema.expected(),
                });
            }
        }
    }
    let rule = || ParamError::Documented {
        param: "color".into(),
        message: RANGE.to_owned(),
        expected: "whole numbers from 0 to 255, or shares from 0 to 1, such as 1.0".to_owned(),
        got: "a component above 1 beside one with a fraction".to_owned(),
    };
    from_channels(channels).map(Color).ok_or_else(rule)
}

/// A CSS colour by its name (CSS Color Module Level 4), in any case.
fn named(name: &str) -> Option<Rgba> {
    if name.eq_ignore_ascii_case("transparent") {
        return Some(Rgba::EMPTY);
    }
    let name = name.to_ascii_lowercase();
    let index = CSS_NAMES.binary_search_by_key(&name.as_str(), |(name, _)| name).ok()?;
    Some(Rgba::from((CSS_NAMES[index].1 << 8 | 0xff).to_be_bytes()))
}

/// CSS colour names with 0xRRGGBB, sorted by name.
#[rustfmt::skip]
const CSS_NAMES: [(&str, u32); 148] = [
    ("aliceblue", 0xf0f8ff), ("antiquewhite", 0xfaebd7), ("aqua", 0x00ffff),
    ("aquamarine", 0x7fffd4), ("azure", 0xf0ffff), ("beige", 0xf5f5dc), ("bisque", 0xffe4c4),
    ("black", 0x000000), ("blanchedalmond", 0xffebcd), ("blue", 0x0000ff),
    ("blueviolet", 0x8a2be2), ("brown", 0xa52a2a), ("burlywood", 0xdeb887),
    ("cadetblue", 0x5f9ea0), ("chartreuse", 0x7fff00), ("chocolate", 0xd2691e),
    ("coral", 0xff7f50), ("cornflowerblue", 0x6495ed), ("cornsilk", 0xfff8dc),
    ("crimson", 0xdc143c), ("cyan", 0x00ffff), ("darkblue", 0x00008b), ("darkcyan", 0x008b8b),
    ("darkgoldenrod", 0xb8860b), ("darkgray", 0xa9a9a9), ("darkgreen", 0x006400),
    ("darkgrey", 0xa9a9a9), ("darkkhaki", 0xbdb76b), ("darkmagenta", 0x8b008b),
    ("darkolivegreen", 0x556b2f), ("darkorange", 0xff8c00), ("darkorchid", 0x9932cc),
    ("darkred", 0x8b0000), ("darksalmon", 0xe9967a), ("darkseagreen", 0x8fbc8f),
    ("darkslateblue", 0x483d8b), ("darkslategray", 0x2f4f4f), ("darkslategrey", 0x2f4f4f),
    ("darkturquoise", 0x00ced1), ("darkviolet", 0x9400d3), ("deeppink", 0xff1493),
    ("deepskyblue", 0x00bfff), ("dimgray", 0x696969), ("dimgrey", 0x696969),
    ("dodgerblue", 0x1e90ff), ("firebrick", 0xb22222), ("floralwhite", 0xfffaf0),
    ("forestgreen", 0x228b22), ("fuchsia", 0xff00ff), ("gainsboro", 0xdcdcdc),
    ("ghostwhite", 0xf8f8ff), ("gold", 0xffd700), ("goldenrod", 0xdaa520), ("gray", 0x808080),
    ("green", 0x008000), ("greenyellow", 0xadff2f), ("grey", 0x808080), ("honeydew", 0xf0fff0),
    ("hotpink", 0xff69b4), ("indianred", 0xcd5c5c), ("indigo", 0x4b0082), ("ivory", 0xfffff0),
    ("khaki", 0xf0e68c), ("lavender", 0xe6e6fa), ("lavenderblush", 0xfff0f5),
    ("lawngreen", 0x7cfc00), ("lemonchiffon", 0xfffacd), ("lightblue", 0xadd8e6),
    ("lightcoral", 0xf08080), ("lightcyan", 0xe0ffff), ("lightgoldenrodyellow", 0xfafad2),
    ("lightgray", 0xd3d3d3), ("lightgreen", 0x90ee90), ("lightgrey", 0xd3d3d3),
    ("lightpink", 0xffb6c1), ("lightsalmon", 0xffa07a), ("lightseagreen", 0x20b2aa),
    ("lightskyblue", 0x87cefa), ("lightslategray", 0x778899), ("lightslategrey", 0x778899),
    ("lightsteelblue", 0xb0c4de), ("lightyellow", 0xffffe0), ("lime", 0x00ff00),
    ("limegreen", 0x32cd32), ("linen", 0xfaf0e6), ("magenta", 0xff00ff), ("maroon", 0x800000),
    ("mediumaquamarine", 0x66cdaa), ("mediumblue", 0x0000cd), ("mediumorchid", 0xba55d3),
    ("mediumpurple", 0x9370db), ("mediumseagreen", 0x3cb371), ("mediumslateblue", 0x7b68ee),
    ("mediumspringgreen", 0x00fa9a), ("mediumturquoise", 0x48d1cc), ("mediumvioletred", 0xc71585),
    ("midnightblue", 0x191970), ("mintcream", 0xf5fffa), ("mistyrose", 0xffe4e1),
    ("moccasin", 0xffe4b5), ("navajowhite", 0xffdead), ("navy", 0x000080), ("oldlace", 0xfdf5e6),
    ("olive", 0x808000), ("olivedrab", 0x6b8e23), ("orange", 0xffa500), ("orangered", 0xff4500),
    ("orchid", 0xda70d6), ("palegoldenrod", 0xeee8aa), ("palegreen", 0x98fb98),
    ("paleturquoise", 0xafeeee), ("palevioletred", 0xdb7093), ("papayawhip", 0xffefd5),
    ("peachpuff", 0xffdab9), ("peru", 0xcd853f), ("pink", 0xffc0cb), ("plum", 0xdda0dd),
    ("powderblue", 0xb0e0e6), ("purple", 0x800080), ("rebeccapurple", 0x663399),
    ("red", 0xff0000), ("rosybrown", 0xbc8f8f), ("royalblue", 0x4169e1),
    ("saddlebrown", 0x8b4513), ("salmon", 0xfa8072), ("sandybrown", 0xf4a460),
    ("seagreen", 0x2e8b57), ("seashell", 0xfff5ee), ("sienna", 0xa0522d), ("silver", 0xc0c0c0),
    ("skyblue", 0x87ceeb), ("slateblue", 0x6a5acd), ("slategray", 0x708090),
    ("slategrey", 0x708090), ("snow", 0xfffafa), ("springgreen", 0x00ff7f),
    ("steelblue", 0x4682b4), ("tan", 0xd2b48c), ("teal", 0x008080), ("thistle", 0xd8bfd8),
    ("tomato", 0xff6347), ("turquoise", 0x40e0d0), ("violet", 0xee82ee), ("wheat", 0xf5deb3),
    ("white", 0xffffff), ("whitesmoke", 0xf5f5f5), ("yellow", 0xffff00),
    ("yellowgreen", 0x9acd32),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_red_is_red() {
        for raw in [
            "\"#f00\"",
            "\"#FF0000\"",
            "\"#ff0000ff\"",
            "\"Red\"",
            "[255,0,0]",
            "[255,0,0,255]",
            "[255.0,0,0]",
            r#"{"r":255,"g":0,"b":0}"#,
        ] {
            assert_eq!(Rgba::parse(raw), Some(Rgba::opaque(255, 0, 0)), "{raw}");
        }
    }

    #[test]
    fn a_fraction_anywhere_makes_the_whole_colour_a_share_of_one() {
        assert_eq!(Rgba::parse("[1,0.5,0]"), Some(Rgba::opaque(255, 128, 0)));
        assert_eq!(Rgba::parse("[1,0,0,0.5]"), Some(Rgba::new(255, 0, 0, 128)));
        assert_eq!(Rgba::parse("[1,0,0]"), Some(Rgba::opaque(1, 0, 0)));
        assert_eq!(Rgba::parse("[2,0.5,0]"), None);
    }

    #[test]
    fn out_of_range_is_refused_never_wrapped() {
        for raw in ["[256,0,0]", "[-1,0,0]", "[1,2]", "[1,2,3,4,5]", "\"#12345\"", "\"#+12\"", "5"]
        {
            assert_eq!(Rgba::parse(raw), None, "{raw}");
        }
    }

    #[test]
    fn the_names_are_sorted_and_known() {
        assert!(CSS_NAMES.is_sorted_by_key(|(name, _)| *name));
        assert_eq!(from_text("RebeccaPurple"), Some(Rgba::opaque(0x66, 0x33, 0x99)));
        assert_eq!(from_text("transparent"), Some(Rgba::EMPTY));
        assert_eq!(from_text("nocolor"), None);
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        let color = Rgba::new(1, 171, 255, 0);
        assert_eq!(to_hex(color), "#01ABFF00");
        assert_eq!(from_text(&to_hex(color)), Some(color));
    }
}
