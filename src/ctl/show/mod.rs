//! `goxelctl show`: a model drawn in the terminal.
//!
//! Half blocks are two pixels a letter, in 24-bit colour where the terminal has it, else in the 256
//! of all. Terminals that show pictures get one, if they say so: kitty, iTerm2 and those that know
//! sixels.

mod letters;
mod pictures;

use std::io::IsTerminal;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::context::Context;
use super::convert::load_file;
use super::exit::Failure;
use super::render::{Flags, drawn_here, read_params};
use crate::format::ReadOptions;
use crate::render::Picture;

/// Draw a file in the terminal. Works by itself, without a daemon.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl show castle.vox\n  \
    goxelctl show castle.gox --camera front --as 256\n  \
    curl -s $URL | goxelctl show - --style flat")]
pub struct Arguments {
    /// The model; - is stdin
    pub file: PathBuf,
    /// How it is drawn; without this the terminal is asked by its variables
    #[arg(long = "as", value_enum, value_name = "WAY")]
    way: Option<Way>,
    /// Letters across; without this as many as the terminal has
    #[arg(long, value_name = "COLUMNS")]
    columns: Option<u32>,
    #[command(flatten)]
    flags: Flags,
}

/// A way of drawing in a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Way {
    /// Half blocks in 24-bit colour
    Blocks,
    /// Half blocks in 256 colours
    #[value(name = "256")]
    Blocks256,
    /// The pictures of kitty
    Kitty,
    /// The pictures of iTerm2
    Iterm,
    /// Sixels
    Sixel,
}

/// Letters across where nobody says how many there are.
const COLUMNS: u32 = 80;
/// Lines where nobody says how many there are.
const LINES: u32 = 40;
/// The most letters across that are drawn.
const MOST_COLUMNS: u32 = 1000;
/// Pixels of a letter, where the terminal does not say.
const LETTER: [u32; 2] = [8, 16];

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let loaded = load_file(&arguments.file, None, ReadOptions::default(), &mut |_| {})?;
    loaded.warnings.iter().for_each(|warning| context.output.say(&format!("warning: {warning}")));
    let is_terminal = std::io::stdout().is_terminal();
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let way = arguments.way.unwrap_or_else(|| way_of(&variable, is_terminal));
    let mut params = arguments.flags.params()?;
    if !params.contains_key("size") {
        params.insert("size".into(), json!(pixels(way, arguments.columns)));
    }
    // A terminal has a background of its own.
    params.entry("background").or_insert(Value::from("transparent"));
    for name in ["turntable", "timelapse", "format"] {
        if params.contains_key(name) {
            return Err(Failure::Usage(format!("--{name} is of files: see goxelctl render")));
        }
    }
    let wish = read_params(&loaded.document, &Value::Object(params))?;
    let file = drawn_here(&loaded.document, wish, &mut |_| {})?.bytes.into_vec();
    let picture = Picture::decode_png(&file)
        .map_err(|error| Failure::Failed(format!("the picture cannot be shown: {error}")))?;
    let text = match way {
        Way::Blocks => letters::blocks(&picture, true),
        Way::Blocks256 => letters::blocks(&picture, false),
        Way::Kitty => pictures::kitty(&file),
        Way::Iterm => pictures::iterm(&file),
        Way::Sixel => pictures::sixel(&picture),
    };
    context.output.bytes(text.as_bytes())
}

/// How a terminal draws, by what its variables say.
fn way_of(variable: &dyn Fn(&str) -> String, is_terminal: bool) -> Way {
    let is_set = |name: &str| !variable(name).is_empty();
    let (term, program) = (variable("TERM"), variable("TERM_PROGRAM"));
    // What goes through a multiplexer does not reach the terminal as it is.
    let is_inside = is_set("TMUX") || term.starts_with("screen") || term.starts_with("tmux");
    if is_terminal && !is_inside {
        if term == "xterm-kitty" || is_set("KITTY_WINDOW_ID") || program == "ghostty" {
            return Way::Kitty;
        }
        if program == "iTerm.app" || program == "WezTerm" || variable("LC_TERMINAL") == "iTerm2" {
            return Way::Iterm;
        }
        if term.contains("sixel") || term.starts_with("foot") || term.starts_with("mlterm") {
            return Way::Sixel;
        }
    }
    let has_all = ["truecolor", "24bit"].contains(&&*variable("COLORTERM"));
    if has_all || term.contains("direct") || !is_terminal { Way::Blocks } else { Way::Blocks256 }
}

/// The size of the picture that fits the terminal.
fn pixels(way: Way, columns: Option<u32>) -> [u32; 2] {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let known = |letters: u16, usual: u32| if letters > 0 { u32::from(letters) } else { usual };
    let across = size.map_or(COLUMNS, |size| known(size.ws_col, COLUMNS));
    let down = size.map_or(LINES, |size| known(size.ws_row, LINES));
    let across = columns.unwrap_or(across).clamp(4, MOST_COLUMNS);
    // The prompt needs a line, too; a picture as wide as high is enough.
    let down = down.saturating_sub(2).clamp(2, across.div_ceil(2).max(2));
    match way {
        Way::Blocks | Way::Blocks256 => [across, 2 * down],
        Way::Kitty | Way::Iterm | Way::Sixel => {
            let of = |pixels: u16, letters: u16, usual: u32| match (pixels, letters) {
                (0, _) | (_, 0) => usual,
                (pixels, letters) => u32::from(pixels / letters).max(1),
            };
            let letter = size.map_or(LETTER, |size| {
                [
                    of(size.ws_xpixel, size.ws_col, LETTER[0]),
                    of(size.ws_ypixel, size.ws_row, LETTER[1]),
                ]
            });
            [across * letter[0], down * letter[1]].map(|side| side.clamp(16, 4096))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_known_by_what_they_say() {
        let way = |set: &[(&str, &str)], is_terminal| {
            let set = set.to_vec();
            let variable = move |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map_or_else(String::new, |(_, value)| (*value).to_owned())
            };
            way_of(&variable, is_terminal)
        };
        assert_eq!(way(&[("TERM", "xterm-kitty")], true), Way::Kitty);
        assert_eq!(way(&[("TERM", "xterm-kitty"), ("TMUX", "x")], true), Way::Blocks256);
        assert_eq!(way(&[("TERM_PROGRAM", "iTerm.app")], true), Way::Iterm);
        assert_eq!(way(&[("TERM", "foot")], true), Way::Sixel);
        assert_eq!(way(&[("TERM", "xterm-256color")], true), Way::Blocks256);
        assert_eq!(way(&[("COLORTERM", "truecolor")], true), Way::Blocks);
        assert_eq!(way(&[("TERM", "xterm-kitty")], false), Way::Blocks);
        assert_eq!(way(&[], false), Way::Blocks);
    }
}
