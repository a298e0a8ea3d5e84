//! The types of settings: how each is read from text and shown again.
//!
//! Bounds are part of the type, so a value that exists is a value that is allowed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use log::LevelFilter;

/// A type that a setting can have.
pub trait SettingType: Sized {
    /// What its value is called in the help; empty for a switch.
    const VALUE: &'static str;
    /// Whether it can be given several times, all of which count. Otherwise the last one counts.
    const MANY: bool = false;

    /// Reads one value. The error says what was expected.
    fn parse(text: &OsStr) -> Result<Self, String>;

    /// Reads all values that were given in one place; there is at least one.
    fn parse_all(texts: &[OsString]) -> Result<Self, String> {
        Self::parse(texts.last().map_or(OsStr::new(""), OsString::as_os_str))
    }

    /// The value as text that [`SettingType::parse`] reads back.
    fn show(&self) -> String;
}

fn utf8(text: &OsStr) -> Result<&str, String> {
    text.to_str().map(str::trim).ok_or_else(|| "expected UTF-8 text".to_owned())
}

/// On or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch(pub bool);

impl SettingType for Switch {
    const VALUE: &'static str = "";
    fn parse(text: &OsStr) -> Result<Self, String> {
        match utf8(text)?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Switch(true)),
            "false" | "0" | "no" | "off" | "" => Ok(Switch(false)),
            _ => Err("expected true or false".to_owned()),
        }
    }
    fn show(&self) -> String {
        self.0.to_string()
    }
}

/// A whole number within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> SettingType for Count<MIN, MAX> {
    const VALUE: &'static str = "NUM";
    fn parse(text: &OsStr) -> Result<Self, String> {
        let count = utf8(text)?.parse().ok().filter(|count| (MIN..=MAX).contains(count));
        count.map(Count).ok_or_else(|| format!("must be {MIN}-{MAX}"))
    }
    fn show(&self) -> String {
        self.0.to_string()
    }
}

impl<const MIN: u64, const MAX: u64> Count<MIN, MAX> {
    /// As a size of something in memory.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A part of another number: a whole number, or half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Half, rounded up.
    Half,
    /// So many.
    Number(usize),
}

impl SettingType for Share {
    const VALUE: &'static str = "NUM";
    fn parse(text: &OsStr) -> Result<Self, String> {
        match utf8(text)? {
            "half" => Ok(Share::Half),
            number => {
                let number = number.parse().map(Share::Number);
                number.map_err(|_| "expected a whole number or half".to_owned())
            }
        }
    }
    fn show(&self) -> String {
        match self {
            Share::Half => "half".to_owned(),
            Share::Number(number) => number.to_string(),
        }
    }
}

impl Share {
    /// What it is of a number.
    pub fn of(self, all: usize) -> usize {
        match self {
            Share::Half => all.div_ceil(2),
            Share::Number(number) => number,
        }
    }
}

/// A number of bytes within bounds: `65536`, `64KiB`, `16MiB`, `1GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes<const MIN: u64, const MAX: u64>(pub u64);

const BYTE_UNITS: [(&str, u64); 13] = [
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("g", 1 << 30),
    ("m", 1 << 20),
    ("k", 1 << 10),
    ("tib", 1 << 40),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1000),
    ("tb", 1_000_000_000_000),
    ("b", 1),
    ("", 1),
];

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, factor) = BYTE_UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn show_bytes(bytes: u64) -> String {
    for (unit, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    bytes.to_string()
}

impl<const MIN: u64, const MAX: u64> SettingType for Bytes<MIN, MAX> {
    const VALUE: &'static str = "BYTES";
    fn parse(text: &OsStr) -> Result<Self, String> {
        let bytes = parse_bytes(utf8(text)?).filter(|bytes| (MIN..=MAX).contains(bytes));
        bytes.map(Bytes).ok_or_else(|| {
            let (min, max) = (show_bytes(MIN), show_bytes(MAX));
            format!("must be a size from {min} to {max}, as in 64KiB or 16MiB")
        })
    }
    fn show(&self) -> String {
        show_bytes(self.0)
    }
}

impl<const MIN: u64, const MAX: u64> Bytes<MIN, MAX> {
    /// As a size of something in memory.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A time within bounds, which are in microseconds: `500ms`, `30s`, `5m`; a bare number is seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time<const MIN: u64, const MAX: u64>(pub Duration);

/// A microsecond, for the bounds of [`Time`].
pub const MICROSECOND: u64 = 1;
/// A millisecond.
pub const MILLISECOND: u64 = 1000;
/// A second.
pub const SECOND: u64 = 1_000_000;
/// An hour.
pub const HOUR: u64 = 3600 * SECOND;
/// A day.
pub const DAY: u64 = 24 * HOUR;

fn parse_time(text: &str) -> Option<u64> {
    let end = text.find(|letter: char| !(letter.is_ascii_digit() || letter == '.'));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let factor = match unit.trim() {
        "us" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" | "sec" | "" => SECOND,
        "m" | "min" => 60 * SECOND,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    let micros = number.parse::<f64>().ok()? * factor as f64;
    (micros < u64::MAX as f64).then_some(micros.round() as u64)
}

fn show_time(micros: u64) -> String {
    let units = [("d", DAY), ("h", HOUR), ("m", 60 * SECOND), ("s", SECOND), ("ms", MILLISECOND)];
    let exact =
        units.iter().find(|(_, factor)| micros >= *factor && micros.is_multiple_of(*factor));
    match exact {
        _ if micros == 0 => "0".to_owned(),
        Some((unit, factor)) => format!("{}{unit}", micros / factor),
        None => format!("{micros}us"),
    }
}

impl<const MIN: u64, const MAX: u64> SettingType for Time<MIN, MAX> {
    const VALUE: &'static str = "TIME";
    fn parse(text: &OsStr) -> Result<Self, String> {
        let micros = parse_time(utf8(text)?).filter(|micros| (MIN..=MAX).contains(micros));
        micros.map(|micros| Time(Duration::from_micros(micros))).ok_or_else(|| {
            let (min, max) = (show_time(MIN), show_time(MAX));
            format!("must be a time from {min} to {max}, as in 500ms, 30s or 5m")
        })
    }
    fn show(&self) -> String {
        show_time(u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX))
    }
}

/// A share of a whole, 1 to 100 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percent(pub u8);

impl SettingType for Percent {
    const VALUE: &'static str = "PERCENT";
    fn parse(text: &OsStr) -> Result<Self, String> {
        let text = utf8(text)?;
        let number = text.strip_suffix('%').unwrap_or(text).trim_end();
        let percent = number.parse().ok().filter(|percent| (1..=100).contains(percent));
        percent.map(Percent).ok_or_else(|| "must be 1-100 percent".to_owned())
    }
    fn show(&self) -> String {
        format!("{}%", self.0)
    }
}

/// The words for no file at all; `./none` is a file of this name.
const NOWHERE: [&str; 3] = ["none", "0", "off"];

/// Where something is kept, if anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Where it is kept unless somebody says otherwise.
    #[default]
    Default,
    /// Nowhere.
    Nowhere,
    /// There.
    At(PathBuf),
}

impl Place {
    /// The path, if one was given.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Place::At(path) => Some(path),
            Place::Default | Place::Nowhere => None,
        }
    }

    /// The path to be changed, if one was given.
    pub fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Place::At(path) => Some(path),
            Place::Default | Place::Nowhere => None,
        }
    }

    /// Gives a path where none was given and none was refused.
    pub fn default_to(&mut self, path: impl FnOnce() -> PathBuf) {
        if *self == Place::Default {
            *self = Place::At(path());
        }
    }
}

impl SettingType for Place {
    const VALUE: &'static str = "PATH";
    fn parse(text: &OsStr) -> Result<Self, String> {
        Ok(match text {
            text if text.is_empty() => Place::Default,
            text if NOWHERE.iter().any(|word| text == *word) => Place::Nowhere,
            path => Place::At(path.into()),
        })
    }
    fn show(&self) -> String {
        match self {
            Place::Default => String::new(),
            Place::Nowhere => NOWHERE[0].to_owned(),
            Place::At(path) => path.display().to_string(),
        }
    }
}

/// A path, or none.
impl SettingType for Option<PathBuf> {
    const VALUE: &'static str = "PATH";
    fn parse(text: &OsStr) -> Result<Self, String> {
        if text == NOWHERE[0] {
            return Err("there is always one; ./none is a path of this name".to_owned());
        }
        Ok(Some(PathBuf::from(text)).filter(|path| !path.as_os_str().is_empty()))
    }
    fn show(&self) -> String {
        self.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    }
}

/// Several paths.
impl SettingType for Vec<PathBuf> {
    const VALUE: &'static str = "PATH";
    const MANY: bool = true;
    fn parse(text: &OsStr) -> Result<Self, String> {
        Self::parse_all(&[text.to_owned()])
    }
    fn parse_all(texts: &[OsString]) -> Result<Self, String> {
        Ok(texts.iter().filter(|text| !text.is_empty()).map(PathBuf::from).collect())
    }
    fn show(&self) -> String {
        let shown: Vec<_> = self.iter().map(|path| path.display().to_string()).collect();
        shown.join(", ")
    }
}

/// Several users, by name or number; one text may hold several, with commas.
impl SettingType for Vec<u32> {
    const VALUE: &'static str = "USER";
    const MANY: bool = true;
    fn parse(text: &OsStr) -> Result<Self, String> {
        Self::parse_all(&[text.to_owned()])
    }
    fn parse_all(texts: &[OsString]) -> Result<Self, String> {
        let mut all = Vec::new();
        for text in texts {
            for word in utf8(text)?.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                all.push(crate::server::users::user(word)?.id);
            }
        }
        Ok(all)
    }
    fn show(&self) -> String {
        self.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
    }
}

/// A word, or none.
impl SettingType for Option<String> {
    const VALUE: &'static str = "NAME";
    fn parse(text: &OsStr) -> Result<Self, String> {
        Ok(Some(utf8(text)?.to_owned()).filter(|text| !text.is_empty()))
    }
    fn show(&self) -> String {
        self.clone().unwrap_or_default()
    }
}

/// Permissions of a file, in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl SettingType for FileMode {
    const VALUE: &'static str = "MODE";
    fn parse(text: &OsStr) -> Result<Self, String> {
        let mode = u32::from_str_radix(utf8(text)?.trim_start_matches("0o"), 8).ok();
        let mode = mode.filter(|mode| *mode <= 0o777);
        mode.map(FileMode).ok_or_else(|| "must be octal permissions, as in 0600 or 0660".to_owned())
    }
    fn show(&self) -> String {
        format!("0{:o}", self.0)
    }
}

impl SettingType for LevelFilter {
    const VALUE: &'static str = "LEVEL";
    fn parse(text: &OsStr) -> Result<Self, String> {
        let text = match utf8(text)? {
            "warning" => "warn",
            "critical" | "fatal" => "error",
            text => text,
        };
        LevelFilter::from_str(text)
            .map_err(|_| "must be off, error, warn, info, debug or trace".to_owned())
    }
    fn show(&self) -> String {
        self.as_str().to_ascii_lowercase()
    }
}

/// Declares a type with a few words as its values.
macro_rules! choice {
    ($(#[doc = $about:literal])* $name:ident, $value:literal, $expected:literal,
     { $( $(#[doc = $doc:literal])* $word:literal => $variant:ident ),* $(,)? }) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $doc])* $variant ),* }

        impl SettingType for $name {
            const VALUE: &'static str = $value;
            fn parse(text: &OsStr) -> Result<Self, String> {
                match utf8(text)? {
                    $( $word => Ok($name::$variant), )*
                    _ => Err(concat!("must be ", $expected).to_owned()),
                }
            }
            fn show(&self) -> String {
                match self { $( $name::$variant => $word, )* }.to_owned()
            }
        }
    };
}

choice! {
    /// The form of log lines.
    LogFormat, "FORMAT", "text or json", {
        /// For people: time, level, words, `name=value` pairs.
        "text" => Text,
        /// For programs: one JSON object a line.
        "json" => Json,
    }
}

choice! {
    /// When the journal is brought to the disk.
    JournalSync, "WHEN", "always, second or no", {
        /// Before a change is answered.
        "always" => Always,
        /// Within a second or two.
        "second" => Second,
        /// When the system likes.
        "no" => No,
    }
}

choice! {
    /// The dialect that the reference could be limited to.
    Dialect, "DIALECT", "auto, jsonrpc, or mcp", {
        /// Settled by the first bytes.
        "auto" => Auto,
        /// JSON-RPC.
        "jsonrpc" => JsonRpc,
        /// The older tool objects.
        "mcp" => Mcp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<T: SettingType>(text: &str) -> Result<T, String> {
        T::parse(OsStr::new(text))
    }

    #[test]
    fn sizes_have_units_and_bounds() {
        type Size = Bytes<1, { 256 << 20 }>;
        for (text, bytes) in [("1", 1), ("64KiB", 65536), ("16 MiB", 16 << 20), ("1mb", 1_000_000)]
        {
            assert_eq!(parse::<Size>(text), Ok(Bytes(bytes)), "{text}");
        }
        for bad in ["", "0", "-1", "1.5M", "257MiB", "1 parsec", "99999999999999999999"] {
            let error = parse::<Size>(bad).unwrap_err();
            assert_eq!(error, "must be a size from 1 to 256MiB, as in 64KiB or 16MiB", "{bad}");
        }
    }

    #[test]
    fn times_have_units_and_bounds() {
        type Short = Time<0, { 60 * SECOND }>;
        let read = |text| parse::<Short>(text).map(|time| time.0.as_micros());
        assert_eq!(read("30"), Ok(30_000_000));
        assert_eq!(read("0.5s"), Ok(500_000));
        assert_eq!(read("250us"), Ok(250));
        assert_eq!(read("1m"), Ok(60_000_000));
        for bad in ["", "s", "61", "2 weeks", "1e9", ".", "-1s"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read_back() {
        fn round<T: SettingType + PartialEq + std::fmt::Debug>(texts: &[&str]) {
            for text in texts {
                let value = parse::<T>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
                assert_eq!(value.show(), *text);
                assert_eq!(parse::<T>(&value.show()), Ok(value));
            }
        }
        round::<Bytes<0, { u64::MAX }>>(&["0", "1023", "1KiB", "3MiB", "1025KiB", "7GiB"]);
        round::<Time<0, { u64::MAX }>>(&["0", "1500us", "3ms", "90s", "2m", "1500ms", "2d"]);
        round::<Switch>(&["true", "false"]);
        round::<Percent>(&["1%", "100%"]);
        round::<FileMode>(&["0600", "0660"]);
        round::<LevelFilter>(&["off", "info", "trace"]);
        round::<LogFormat>(&["text", "json"]);
        round::<Vec<u32>>(&["0,1000"]);
        round::<Option<String>>(&["", "name"]);
    }
}
