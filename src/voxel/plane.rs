//! Planes of voxels as rows of characters: made to be read by people and by language models, and
//! read back.
//!
//! A plane lies across an axis. Its columns run along the first of the two other axes, its rows
//! along the second; the first row is the highest. `.` is an empty voxel; which character stands
//! for which colour is decided for all planes of a stack together, the most frequent colour first.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Axis, Bounds, Point, Rgba, Volume};
use crate::job::Slice;

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

/// Cells, or characters, in one unit of work.
const CELLS_A_UNIT: usize = 2048;

/// Counts what is done, and spends a unit of work where it is enough for one.
struct Pace<'a> {
    slice: &'a Slice,
    done: usize,
}

impl Pace<'_> {
    async fn advance(&mut self, cells: usize) {
        self.done += cells;
        if self.done >= CELLS_A_UNIT {
            self.done = 0;
            self.slice.spend(1).await;
        }
    }
}

impl Planes {
    /// The planes of a box, in slices.
    ///
    /// # Errors
    /// More cells than [`MAX_PLANE_CELLS`], or more colours than there are characters for.
    pub async fn of(
        volume: &Volume,
        axis: Axis,
        bounds: Bounds,
        slice: &Slice,
    ) -> Result<Planes, PlaneError> {
        let cells = bounds.capacity();
        if cells > MAX_PLANE_CELLS {
            return Err(PlaneError::TooLarge { cells });
        }
        let [columns, rows] = plane_axes(axis);
        let grid = Grid { bounds, axis, columns, rows };
        let mut pace = Pace { slice, done: 0 };
        let mut counts: BTreeMap<Rgba, u64> = BTreeMap::new();
        for point in grid.points() {
            let color = volume.get(point);
            if !color.is_empty() {
                *counts.entry(color).or_default() += 1;
            }
            pace.advance(1).await;
        }
        let legend = legend_of(&counts)?;
        let known: BTreeMap<Rgba, char> =
            legend.iter().map(|&(sign, color)| (color, sign)).collect();
        let mut planes = Vec::new();
        for across in grid.range(axis) {
            let mut plane = Vec::new();
            for up in grid.range(rows).rev() {
                let mut row = String::new();
                for along in grid.range(columns) {
                    let color = volume.get(grid.point(across, along, up));
                    row.push(known.get(&color).copied().unwrap_or('.'));
                    pace.advance(1).await;
                }
                plane.push(row);
            }
            planes.push(plane);
        }
        Ok(Planes { axis, bounds, legend, rows: planes, count: counts.values().sum() })
    }

    /// The planes with the numbers of their rows and columns, and the legend.
    pub async fn text(&self, slice: &Slice) -> String {
        let mut pace = Pace { slice, done: 0 };
        let [columns, rows] = plane_axes(self.axis);
        let mut text = String::new();
        let first = self.bounds.min[self.axis.index()];
        for (at, plane) in (first..).zip(&self.rows) {
            let (across, along, up) = (name(self.axis), name(columns), name(rows));
            let _ = writeln!(text, "{across}={at} (columns {along}, rows {up})");
            self.rulers(columns, &mut text, &mut pace).await;
            let top = self.bounds.max[rows.index()] - 1;
            for (number, row) in plane.iter().enumerate() {
                let _ = writeln!(text, "{:>LABEL$} {row}", top - number as i64);
                pace.advance(LABEL + row.len()).await;
            }
        }
        for (sign, Rgba { r, g, b, a }) in &self.legend {
            let _ = writeln!(text, "{sign} #{r:02X}{g:02X}{b:02X}{a:02X}");
        }
        text
    }

    /// Two lines above a plane: the numbers of every tenth column, and a mark below each.
    async fn rulers(&self, columns: Axis, text: &mut String, pace: &mut Pace<'_>) {
        let (min, max) = (self.bounds.min[columns.index()], self.bounds.max[columns.index()]);
        let (mut numbers, mut marks) = (String::new(), String::new());
        for column in min..max {
            // All of it is ASCII.
            let before = (column - min) as usize;
            let is_marked = column % 10 == 0 || column == min;
            if is_marked && numbers.len() <= before {
                let fill = before - numbers.len();
                let _ = write!(numbers, "{:fill$}{column} ", "");
                marks.push('|');
            } else {
                marks.push(' ');
            }
            pace.advance(1).await;
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

    fn points(&self) -> impl Iterator<Item = Point> {
        self.range(self.axis).flat_map(move |across| {
            self.range(self.rows).flat_map(move |up| {
                self.range(self.columns).map(move |along| self.point(across, along, up))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Budget, Job, Step, Work, effort};

    fn planes_of(volume: &Volume, axis: Axis, bounds: Bounds) -> Result<Planes, PlaneError> {
        let volume = volume.clone();
        Work::new(move |slice| async move { Planes::of(&volume, axis, bounds, &slice).await })
            .finish()
    }

    fn text_of(planes: Planes) -> String {
        Work::new(|slice| async move { planes.text(&slice).await }).finish()
    }

    #[test]
    fn a_plane_has_its_highest_row_first_and_the_numbers_beside_it() {
        let mut volume = Volume::new();
        volume.set([-1, 0, 3].into(), Rgba::opaque(255, 0, 0));
        volume.set([1, 2, 3].into(), Rgba::opaque(255, 0, 0));
        volume.set([0, 1, 3].into(), Rgba::opaque(0, 0, 255));
        let bounds = Bounds::inclusive([-1, 0, 3], [1, 2, 3]);
        let planes = planes_of(&volume, Axis::Z, bounds).unwrap();
        assert_eq!(planes.rows, [["..a", ".b.", "a.."]]);
        let text = "z=3 (columns x, rows y)\n      -1\n      |\n    2 ..a\n    1 .b.\n    0 a..\n\
                    a #FF0000FF\nb #0000FFFF\n";
        assert_eq!(planes.count, 3);
        assert_eq!(text_of(planes), text);
    }

    #[test]
    fn planes_across_x_run_along_y_and_z() {
        let mut volume = Volume::new();
        volume.set([5, 1, 2].into(), Rgba::WHITE);
        let bounds = Bounds::inclusive([4, 0, 2], [5, 2, 3]);
        let planes = planes_of(&volume, Axis::X, bounds).unwrap();
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
    fn a_plane_as_wide_as_may_be_is_made_and_written_in_slices() {
        let mut volume = Volume::new();
        let edge = MAX_PLANE_CELLS as i32;
        [0, edge - 1].into_iter().for_each(|x| _ = volume.set([x, 0, 0].into(), Rgba::WHITE));
        let bounds = Bounds::inclusive([0; 3], [edge - 1, 0, 0]);
        let mut work = Work::new(|slice| async move {
            let planes = Planes::of(&volume, Axis::Z, bounds, &slice).await?;
            Ok::<_, PlaneError>(planes.text(&slice).await)
        });
        let mut turns = 1;
        effort::take();
        let text = loop {
            if let Step::Done(text) = work.step(&mut Budget::units(1)) {
                break text.unwrap();
            }
            turns += 1;
            assert!(effort::take() <= 2 * CELLS_A_UNIT as u64);
        };
        assert!(turns > 3 * edge as usize / CELLS_A_UNIT, "{turns} turns");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1].trim().split(' ').filter(|number| !number.is_empty()).count(), 26_215);
        assert!(lines[1].ends_with(" 262140") && lines[3].starts_with("    0 a...."));
        assert_eq!(lines[3].len(), 6 + edge as usize);
    }

    #[test]
    fn planes_that_are_too_large_are_refused() {
        let bounds = Bounds { min: [0; 3], max: [1 << 20, 1, 1] };
        let refused = planes_of(&Volume::new(), Axis::Z, bounds);
        assert_eq!(refused, Err(PlaneError::TooLarge { cells: 1 << 20 }));
    }
}
