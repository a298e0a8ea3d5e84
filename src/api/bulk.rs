//! Lists of voxels, read straight from the text.
//!
//! A voxel is `[x,y,z]`, `[x,y,z,color]`, `[x,y,z,r,g,b]`, `[x,y,z,r,g,b,a]`, or an object with
//! `x,y,z` or `position`, and `r,g,b[,a]` or `color`. Whole numbers without blanks, the form that
//! programs send, are scanned by hand; whatever that does not know is read again by the general
//! rules, which also find the words for what is wrong.

use super::json::{Elements, few_members, skip_space};
use super::number_row::RowReader;
use super::value::{Value, coordinate};
use super::voxel_scanner::VoxelScanner;
use crate::voxel::{Point, Rgba};

/// One voxel of a list; without a colour it takes that of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoxelEntry {
    /// Where.
    pub point: Point,
    /// Its colour, if the entry has one.
    pub color: Option<Rgba>,
}

/// What a voxel of a list looks like, for error messages.
pub const EXPECTED: &str = "a voxel: [x,y,z], [x,y,z,color], [x,y,z,r,g,b,a], or an object with x, y, z \
     (or position) and r, g, b, a (or color)";

/// The voxels of a JSON array of voxels; an `Err` holds the raw text of an entry that is none.
pub struct VoxelEntries<'a> {
    text: &'a str,
    rows: RowReader<'a>,
    at: usize,
}

impl<'a> VoxelEntries<'a> {
    /// Over a valid JSON array.
    pub fn new(array: &'a str) -> Self {
        let rows = RowReader::new(array.as_bytes());
        VoxelEntries { text: array, rows, at: usize::from(array.starts_with('[')) }
    }

    /// Goes on at an offset that [`VoxelEntries::offset`] gave for the same text.
    pub fn resume(array: &'a str, offset: usize) -> Self {
        VoxelEntries { text: array, rows: RowReader::new(array.as_bytes()), at: offset }
    }

    /// The offset behind the last entry yielded.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// A guess at how many entries there are, to make room for them: as many as a voxel with a
    /// colour has bytes at least.
    pub fn capacity(&self) -> usize {
        self.text.len() / 16
    }

    /// The entry at `at` and the offset behind it, if it is an array of three, six or seven short
    /// whole numbers.
    #[inline]
    fn usual_entry(&mut self, at: usize) -> Option<(VoxelEntry, usize)> {
        let row = self.rows.row(at)?;
        let (&[x, y, z], color) = row.numbers().split_first_chunk()?;
        let color = match color {
            [] => None,
            &[r, g, b] => Some([r, g, b, 255]),
            &[r, g, b, a] => Some([r, g, b, a]),
            _ => return None,
        };
        let color = match color {
            Some([r, g, b, a]) if !(0..=255).contains(&(r | g | b | a)) => return None,
            color => color.map(|rgba| Rgba::from(rgba.map(|channel| channel as u8))),
        };
        Some((VoxelEntry { point: Point::new(x, y, z), color }, at + row.length))
    }
}

impl<'a> Iterator for VoxelEntries<'a> {
    type Item = Result<VoxelEntry, &'a str>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let mut at = skip_space(bytes, self.at);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
        if bytes.get(at) == Some(&b'[')
            && let Some((entry, end)) = self.usual_entry(at)
        {
            self.at = end;
            return Some(Ok(entry));
        }
        let mut scanner = VoxelScanner { bytes, at };
        if let Some(entry) = scanner.entry() {
            self.at = scanner.at;
            return Some(Ok(entry));
        }
        let mut rest = Elements::resume(self.text, at);
        let raw = rest.next()?;
        self.at = rest.offset();
        Some(general(raw).ok_or(raw))
    }
}

/// A voxel with a colour in an object that begins with the text `head`, such as
/// `{"type":"add_voxel",`; `None` where the object has another form than programs usually send.
pub fn voxel_behind(head: &str, object: &str) -> Option<VoxelEntry> {
    let bytes = object.strip_prefix(head)?.as_bytes();
    let mut scanner = VoxelScanner { bytes, at: 0 };
    scanner.blank();
    let entry = scanner.members()?;
    (scanner.at == bytes.len() && entry.color.is_some()).then_some(entry)
}

/// A voxel by the general rules.
fn general(raw: &str) -> Option<VoxelEntry> {
    if raw.starts_with('{') { from_object(raw) } else { from_array(raw) }
}

fn from_array(raw: &str) -> Option<VoxelEntry> {
    let parts: Vec<&str> = Elements::new(raw).take(8).collect();
    let (position, color) = match parts.first()?.as_bytes().first()? {
        b'[' | b'{' => parts.split_at_checked(1)?,
        _ => parts.split_at_checked(3)?,
    };
    let point: [i32; 3] = match position {
        [one] => Value::parse(one)?,
        [x, y, z] => [coordinate(x)?, coordinate(y)?, coordinate(z)?],
        _ => return None,
    };
    let color = match color {
        [] => None,
        [one] => Some(Rgba::parse(one)?),
        [_, _, _] | [_, _, _, _] => Some(channels(color)?),
        _ => return None,
    };
    Some(VoxelEntry { point: point.into(), color })
}

fn channels(parts: &[&str]) -> Option<Rgba> {
    super::color_form::from_numbers(std::array::from_fn(|index| parts.get(index).copied()))
}

/// The members of a voxel.
const MEMBERS: [&str; 9] = ["x", "y", "z", "position", "color", "r", "g", "b", "a"];

fn from_object(raw: &str) -> Option<VoxelEntry> {
    let (mut axes, mut position) = ([None; 3], None);
    let (mut rgba, mut color) = ([None; 4], None);
    for (name, value) in few_members(raw) {
        match &*name {
            "x" => axes[0] = Some(value),
            "y" => axes[1] = Some(value),
            "z" => axes[2] = Some(value),
            "position" | "pos" => position = Some(value),
            "r" => rgba[0] = Some(value),
            "g" => rgba[1] = Some(value),
            "b" => rgba[2] = Some(value),
            "a" => rgba[3] = Some(value),
            "color" => color = Some(value),
            other => super::notes::note_unknown("voxels[].", other, &MEMBERS),
        }
    }
    let point: [i32; 3] = match position {
        Some(raw) => Value::parse(raw)?,
        None => [coordinate(axes[0]?)?, coordinate(axes[1]?)?, coordinate(axes[2]?)?],
    };
    let color = match color {
        Some(raw) => Some(Rgba::parse(raw)?),
        None if rgba.iter().all(Option::is_none) => None,
        None => Some(super::color_form::from_numbers(rgba)?),
    };
    Some(VoxelEntry { point: point.into(), color })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Option<VoxelEntry> {
        let array = format!("[{text}]");
        let mut entries = VoxelEntries::new(&array);
        let entry = entries.next()?.ok();
        assert!(entries.next().is_none(), "{text} is one entry");
        entry
    }

    fn entry(point: [i32; 3], color: Option<[u8; 4]>) -> Option<VoxelEntry> {
        Some(VoxelEntry { point: point.into(), color: color.map(Rgba::from) })
    }

    #[test]
    fn every_form_of_a_voxel_is_read() {
        let red = Some([255, 0, 0, 255]);
        for text in [
            "[1,-2,3,255,0,0]",
            "[1, -2, 3, 255, 0, 0, 255]",
            "[1,-2,3,[255,0,0]]",
            r##"[1,-2,3,"#ff0000"]"##,
            r##"[1,-2,3,"#f00"]"##,
            r#"[1,-2,3,"red"]"#,
            r#"[[1,-2,3],"red"]"#,
            r#"{"x":1,"y":-2,"z":3,"r":255,"g":0,"b":0}"#,
            r#"{"b": 0, "x": 1, "y": -2, "z": 3, "r": 255, "g": 0, "a": 255}"#,
            r#"{"position":[1,-2,3],"color":"red"}"#,
            r#"{ "position" : {"x":1,"y":-2,"z":3}, "color":{"r":255,"g":0,"b":0}, "note":[] }"#,
            "[1.0,-2e0,3,255,0,0]",
            "[ 1 , -1.5 , 3.9 , 1.0 , 0.0 , 0.0 , 0.5 ]",
        ] {
            let expected = if text.contains("0.5") { Some([255, 0, 0, 128]) } else { red };
            assert_eq!(one(text), entry([1, -2, 3], expected), "{text}");
        }
        assert_eq!(one("[1,2,3]"), entry([1, 2, 3], None));
    }

    #[test]
    fn a_voxel_behind_a_known_head_is_read_or_left_to_the_general_rules() {
        let head = r#"{"type":"add_voxel","#;
        let read = |rest: &str| voxel_behind(head, &format!("{head}{rest}"));
        let red = entry([1, -2, 3], Some([255, 0, 0, 255]));
        assert_eq!(read(r#""x":1,"y":-2,"z":3,"r":255,"g":0,"b":0}"#), red);
        assert_eq!(read(r#" "x": 1, "y": -2, "z": 3, "r": 255, "g": 0, "b": 0, "a": 255}"#), red);
        for rest in [
            r#""x":1,"y":-2,"z":3}"#,
            r#""x":1,"y":-2,"z":3,"color":"red"}"#,
            r#""x":1,"y":-2,"z":3,"r":256,"g":0,"b":0}"#,
            r#""x":1,"y":-2,"r":255,"g":0,"b":0}"#,
            r#""x":1,"y":-2,"z":3,"r":255,"g":0,"b":0} "#,
        ] {
            assert_eq!(read(rest), None, "{rest}");
        }
    }

    #[test]
    fn what_is_no_voxel_is_handed_back() {
        for text in [
            "[1,2]",
            "[1,2,3,256,0,0]",
            "[1,2,3,1,2]",
            "5",
            "null",
            "[]",
            "{}",
            "[2147483648,0,0]",
            r#"["1",2,3]"#,
            r#"{"x":1,"y":2}"#,
            r#"{"x":1,"y":2,"z":3,"r":1}"#,
            r#"[1,2,3,"nocolor"]"#,
            "[1,2,3,1,2,3,4,5]",
            "[99999999999999999999,0,0]",
        ] {
            let array = format!("[{text}, [7,7,7]]");
            let mut entries = VoxelEntries::new(&array);
            assert_eq!(entries.next(), Some(Err(text)), "{text}");
            assert_eq!(entries.next().and_then(Result::ok), entry([7, 7, 7], None));
            assert_eq!(entries.next(), None);
        }
        assert_eq!(VoxelEntries::new("[]").next(), None);
    }

    proptest::proptest! {
        #[test]
        fn lists_are_read_as_their_entries_one_by_one(
            rows in proptest::collection::vec(
                proptest::collection::vec(
                    proptest::prop_oneof![-9..300_i64, -3_000_000_000..3_000_000_000_i64],
                    2..9,
                ),
                1..40,
            ),
            gaps in proptest::collection::vec(proptest::sample::select(&[",", ", ", " , "][..]), 1..9),
        ) {
            let mut gap = gaps.iter().cycle();
            let mut join = |parts: Vec<String>| {
                let mut text = String::new();
                for (index, part) in parts.into_iter().enumerate() {
                    text += if index > 0 { gap.next().unwrap() } else { "" };
                    text += &part;
                }
                format!("[{text}]")
            };
            let rows = rows
                .into_iter()
                .map(|row| join(row.iter().map(i64::to_string).collect()))
                .collect::<Vec<_>>();
            let array = join(rows.clone());
            let read: Vec<_> = VoxelEntries::new(&array).collect();
            let expected: Vec<_> = rows.iter().map(|row| general(row).ok_or(&**row)).collect();
            proptest::prop_assert_eq!(read, expected);
        }
    }
}
