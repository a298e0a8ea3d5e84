//! Planes of voxels as rows of characters: made to be read by people and by language models, and
//! read back.
//!
//! A plane lies across an axis. Its columns run along the first of the two other axes, its rows
//! along the second; the first row is the highest. `.` is an empty voxel; which character stands
//! for which colour is decided for all planes of a stack together, the most frequent colour first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Axis, Bounds, Point, Rgba, Volume};

/// The most voxels that a stack of planes shows.
pub const MAX_PLANE_CELLS: u128 = 1 << 18;

/// Why planes cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaneError {
    /// They hold too many voxels.
    #[error("the planes hold {cells} voxels, and at most {MAX_PLANE_CELLS} are shown at once")]
    TooLarge {
        /// How many.
        cells: u128,
    },
    /// There are more colours than characters for them.
    #[error("the planes have {colors} colours, and there are characters for {known}")]
    TooManyColors {
        /// How many colours there are.
        colors: usize,
        /// How many characters there are.
        known: usize,
    },
}

/// Planes that lie one behind the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes {
    /// The axis across them.
    pub axis: Axis,
    /// The part of space that they show.
    pub bounds: Bounds,
    /// Which character stands for which colour.
    pub legend: Vec<(char, Rgba)>,
    /// The rows of each plane, the first row the highest; the planes by their place on the axis.
    pub rows: Vec<Vec<String>>,
    /// How many voxels they hold.
    pub count: u64,
}

/// The axes along the columns and along the rows of a plane.
pub fn plane_axes(axis: Axis) -> [Axis; 2] {
    match axis {
        Axis::X => [Axis::Y, Axis::Z],
        Axis::Y => [Axis::X, Axis::Z],
        Axis::Z => [Axis::X, Axis::Y],
    }
}

/// The characters of a legend in the order they are given out: letters, digits, signs, then
/// accented letters.
fn characters() -> impl Iterator<Item = char> + Clone {
    let signs = ('!'..='~').filter(|sign| sign.is_ascii_punctuation() && !".\"\\".contains(*sign));
    ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .chain(signs)
        .chain('\u{c0}'..='\u{24f}')
        .filter(|character| *character != '\u{d7}' && *character != '\u{f7}')
}

impl Planes {
    /// The planes of a box.
    pub fn of(volume: &Volume, axis: Axis, bounds: Bounds) -> Result<Planes, PlaneError> {
        let cells = bounds.capacity();
        if cells > MAX_PLANE_CELLS {
            return Err(PlaneError::TooLarge { cells });
        }
        let [columns, rows] = plane_axes(axis);
        let grid = Grid { bounds, axis, columns, rows };
        let mut counts: BTreeMap<Rgba, u64> = BTreeMap::new();
        grid.each(|point| {
            let color = volume.get(point);
            if !color.is_empty() {
                *counts.entry(color).or_default() += 1;
            }
        });
        let legend = legend_of(&counts)?;
        let known: BTreeMap<Rgba, char> =
            legend.iter().map(|&(sign, color)| (color, sign)).collect();
        let sign = |point| known.get(&volume.get(point)).copied().unwrap_or('.');
        let rows = grid.rows(sign);
        Ok(Planes { axis, bounds, legend, rows, count: counts.values().sum() })
    }

    /// The planes with the numbers of their rows and columns, and the legend.
    pub fn text(&self) -> String {
        let [columns, rows] = plane_axes(self.axis);
        let mut text = String::new();
        let first = self.bounds.min[self.axis.index()];
        for (at, plane) in (first..).zip(&self.rows) {
            let (across, along, up) = (name(self.axis), name(columns), name(rows));
            let _ = writeln!(text, "{across}={at} (columns {along}, rows {up})");
            self.rulers(columns, &mut text);
            let top = self.bounds.max[rows.index()] - 1;
            for (number, row) in plane.iter().enumerate() {
                let _ = writeln!(text, "{:>LABEL$} {row}", top - number as i64);
            }
        }
        for (sign, Rgba { r, g, b, a }) in &self.legend {
            let _ = writeln!(text, "{sign} #{r:02X}{g:02X}{b:02X}{a:02X}");
        }
        text
    }

    /// Two lines above a plane: the numbers of every tenth column, and a mark below each.
    fn rulers(&self, columns: Axis, text: &mut String) {
        let (min, max) = (self.bounds.min[columns.index()], self.bounds.max[columns.index()]);
        let (mut numbers, mut marks) = (String::new(), String::new());
        for column in min..max {
            let is_marked = column % 10 == 0 || column == min;
            let room = numbers.chars().count() <= (column - min) as usize;
            if is_marked && room {
                let fill = (column - min) as usize - numbers.chars().count();
                let _ = write!(numbers, "{}{column} ", " ".repeat(fill));
                marks.push('|');
            } else {
                marks.push(' ');
            }
        }
        let _ = writeln!(text, "{:LABEL$} {}", "", numbers.trim_end());
        let _ = writeln!(text, "{:LABEL$} {}", "", marks.trim_end());
    }
}

/// How many characters the number of a row has room for.
const LABEL: usize = 5;

fn name(axis: Axis) -> char {
    [b'x', b'y', b'z'][axis.index()] as char
}

fn legend_of(counts: &BTreeMap<Rgba, u64>) -> Result<Vec<(char, Rgba)>, PlaneError> {
    let known = characters().count();
    if counts.len() > known {
        return Err(PlaneError::TooManyColors { colors: counts.len(), known });
    }
    let mut colors: Vec<_> = counts.iter().map(|(&color, &count)| (color, count)).collect();
    colors.sort_by_key(|&(color, count)| (std::cmp::Reverse(count), color));
    Ok(characters().zip(colors).map(|(sign, (color, _))| (sign, color)).collect())
}

/// The cells of the planes of a box.
struct Grid {
    bounds: Bounds,
    axis: Axis,
    columns: Axis,
    rows: Axis,
}

impl Grid {
    fn range(&self, axis: Axis) -> std::ops::Range<i64> {
        self.bounds.min[axis.index()]..self.bounds.max[axis.index()]
    }

    fn point(&self, across: i64, along: i64, up: i64) -> Point {
        let mut point = [0; 3];
        point[self.axis.index()] = across as i32;
        point[self.columns.index()] = along as i32;
        point[self.rows.index()] = up as i32;
        point.into()
    }

    fn each(&self, mut visit: impl FnMut(Point)) {
        for across in self.range(self.axis) {
            for up in self.range(self.rows) {
                self.range(self.columns).for_each(|along| visit(self.point(across, along, up)));
            }
        }
    }

    fn rows(&self, sign: impl Fn(Point) -> char) -> Vec<Vec<String>> {
        let row = |across, up| {
            self.range(self.columns).map(|along| sign(self.point(across, along, up))).collect()
        };
        let plane = |across| self.range(self.rows).rev().map(|up| row(across, up)).collect();
        self.range(self.axis).map(plane).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_has_its_highest_row_first_and_the_numbers_beside_it() {
        let mut volume = Volume::new();
        volume.set([-1, 0, 3].into(), Rgba::opaque(255, 0, 0));
        volume.set([1, 2, 3].into(), Rgba::opaque(255, 0, 0));
        volume.set([0, 1, 3].into(), Rgba::opaque(0, 0, 255));
        let bounds = Bounds::inclusive([-1, 0, 3], [1, 2, 3]);
        let planes = Planes::of(&volume, Axis::Z, bounds).unwrap();
        assert_eq!(planes.rows, [["..a", ".b.", "a.."]]);
        let text = "z=3 (columns x, rows y)\n      -1\n      |\n    2 ..a\n    1 .b.\n    0 a..\n\
                    a #FF0000FF\nb #0000FFFF\n";
        assert_eq!(planes.text(), text);
        assert_eq!(planes.count, 3);
    }

    #[test]
    fn planes_across_x_run_along_y_and_z() {
        let mut volume = Volume::new();
        volume.set([5, 1, 2].into(), Rgba::WHITE);
        let bounds = Bounds::inclusive([4, 0, 2], [5, 2, 3]);
        let planes = Planes::of(&volume, Axis::X, bounds).unwrap();
        assert_eq!(planes.rows, [["...", "..."], ["...", ".a."]]);
    }

    #[test]
    fn the_characters_of_a_legend_are_all_different_and_never_mean_empty() {
        let all: Vec<char> = characters().collect();
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert!(all.len() > 400);
        assert!(!all.contains(&'.') && !all.contains(&' '));
    }

    #[test]
    fn planes_that_are_too_large_are_refused() {
        let bounds = Bounds { min: [0; 3], max: [1 << 20, 1, 1] };
        let refused = Planes::of(&Volume::new(), Axis::Z, bounds);
        assert_eq!(refused, Err(PlaneError::TooLarge { cells: 1 << 20 }));
    }
}
