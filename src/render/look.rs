//! A look at a model: one view, or several side by side with labels, in one picture of a given size.
//!
//! Views are drawn one after the other, each into a cell of its own, and then put in front of what is behind them. A
//! background that is chosen by what is seen is chosen once for the whole picture.

use super::drawing::draw;
use super::font::{self, ADVANCE, HEIGHT};
use super::picture::Picture;
use super::settings::{RenderError, RenderSettings};
use super::viewpoint::{Frame, Viewpoint};
use crate::job::{Slice, Work};
use crate::voxel::{Rgba, Volume};

/// Pixels above each view that hold its label.
const STRIP: u32 = HEIGHT + 6;
/// Pixels between a label and the edges of its cell.
const INSET: u32 = 3;
/// The least pixels across and down a view in a sheet.
const LEAST_CELL: u32 = 8;
/// The backgrounds that [`Backdrop::Auto`] chooses from: light, grey and dark.
const CHOICES: [Rgba; 3] =
    [Rgba::opaque(240, 240, 240), Rgba::opaque(128, 132, 140), Rgba::opaque(28, 30, 36)];

/// What is behind the model.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Backdrop {
    /// One colour; its alpha is kept.
    Color(Rgba),
    /// From a colour at the top to one at the bottom.
    Gradient([Rgba; 2]),
    /// Whichever of three colours the outline of the model stands out from most.
    Auto,
}

/// What to look at, and how.
#[derive(Clone, PartialEq, Debug)]
pub struct Look {
    /// The views with their labels.
    pub views: Vec<(String, Viewpoint)>,
    /// Pixels of the whole picture; each view has a part of it. The viewpoint and the background are not used.
    pub settings: RenderSettings,
    /// What is behind the model.
    pub backdrop: Backdrop,
    /// Whether views are labelled.
    pub labels: bool,
    /// Whether each view has a small cross of its axes.
    pub axes: bool,
    /// Whether each view tells how many voxels it is wide, deep and high.
    pub dimensions: bool,
}

impl Look {
    /// A picture of this look at a volume, as work over a snapshot of it.
    ///
    /// # Errors
    /// No view, more of them than the size has room for, a size beyond the limits, an unusable viewpoint or light.
    pub fn drawing(self, volume: Volume) -> Result<Work<Picture>, RenderError> {
        self.check()?;
        self.settings.probe()?;
        Ok(Work::new(|slice| async move { self.draw(volume, &slice).await }))
    }

    /// Checks everything that can be checked without the model.
    ///
    /// # Errors
    /// What [`Look::drawing`] would refuse.
    pub fn check(&self) -> Result<(), RenderError> {
        self.settings.check()?;
        for (_, viewpoint) in &self.views {
            viewpoint.pose()?;
        }
        let grid = self.grid();
        let [width, height] = grid.cell(0);
        let room = height.saturating_sub(grid.strip);
        match self.views.len() {
            0 => Err(RenderError::EmptySheet),
            1 => Ok(()),
            views if width < LEAST_CELL || room < LEAST_CELL => Err(RenderError::Views {
                views,
                width: self.settings.width,
                height: self.settings.height,
            }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn draw(&self, volume: Volume, slice: &Slice) -> Picture {
        let grid = self.grid();
        let behind = match self.backdrop {
            Backdrop::Color(color) => color,
            Backdrop::Gradient(_) | Backdrop::Auto => Rgba::EMPTY,
        };
        let mut sheet = Picture::to_be_filled(self.settings.width, self.settings.height);
        while sheet.fill_some(behind) {
            slice.spend(1).await;
        }
        let mut seen = None;
        for (index, (_, viewpoint)) in self.views.iter().enumerate() {
            let [width, height] = grid.cell(index);
            let height = height - grid.strip;
            let viewpoint = *viewpoint;
            let settings = RenderSettings {
                width,
                height,
                viewpoint,
                background: behind,
                ..self.settings.clone()
            };
            let (picture, bounds) = draw(volume.clone(), &settings, slice).await;
            seen = bounds;
            let [left, top] = grid.corner(index);
            for row in 0..picture.height() {
                sheet.paste_row(&picture, row, left, top + grid.strip);
                slice.spend(1).await;
            }
        }
        let colors = match self.backdrop {
            Backdrop::Color(color) => [color; 2],
            Backdrop::Gradient(colors) => colors,
            Backdrop::Auto => [contrast(&sheet, slice).await; 2],
        };
        if !matches!(self.backdrop, Backdrop::Color(_)) {
            put_behind(&mut sheet, colors, slice).await;
        }
        let ink = readable_on(colors[0]);
        if grid.strip > 0 {
            self.label(&mut sheet, grid, ink);
        }
        for (index, (_, viewpoint)) in self.views.iter().enumerate() {
            let ([left, top], [width, height]) = (grid.corner(index), grid.cell(index));
            let cell = Cell { left, top, width, height };
            if let (true, Ok(pose)) = (self.axes, viewpoint.pose()) {
                cell.draw_axes(&mut sheet, &pose.frame, ink);
            }
            if let (true, Some(bounds)) = (self.dimensions, seen) {
                let [x, y, z] = bounds.dimensions();
                cell.write_below(&mut sheet, &format!("{x}X{y}X{z}"), ink);
            }
        }
        sheet
    }

    fn label(&self, sheet: &mut Picture, grid: Grid, ink: Rgba) {
        for (index, (label, _)) in self.views.iter().enumerate() {
            let ([left, top], [width, _]) = (grid.corner(index), grid.cell(index));
            let room = (width.saturating_sub(2 * INSET) / ADVANCE) as usize;
            let label: String = label.chars().take(room).collect();
            font::write(sheet, [left + INSET, top + INSET], &label, ink);
        }
    }

    /// How the views are laid out: as large as possible, with room for the longest label if there is any.
    fn grid(&self) -> Grid {
        let size = [self.settings.width, self.settings.height];
        let count = u32::try_from(self.views.len()).unwrap_or(u32::MAX).max(1);
        let strip = if self.labels { STRIP } else { 0 };
        let longest = self.views.iter().map(|(label, _)| label.chars().count() as u32).max();
        let label = longest.unwrap_or(0).saturating_mul(ADVANCE) + 2 * INSET;
        let grids = (1..=count).map(|columns| Grid { columns, count, strip, size });
        let worth = |grid: &Grid| {
            let [width, height] = grid.cell(0);
            let is_legible = strip == 0 || width >= label;
            (is_legible, width.min(height.saturating_sub(strip)))
        };
        // Of equal ones the one with more columns: pictures are looked at across.
        grids.max_by_key(worth).unwrap_or(Grid { columns: 1, count: 1, strip, size })
    }
}

/// Cells of a sheet, row by row; together they are the whole picture.
#[derive(Clone, Copy)]
struct Grid {
    columns: u32,
    count: u32,
    strip: u32,
    size: [u32; 2],
}

impl Grid {
    fn corner(self, index: usize) -> [u32; 2] {
        let index = index as u32;
        let rows = self.count.div_ceil(self.columns);
        [
            share(self.size[0], index % self.columns, self.columns),
            share(self.size[1], index / self.columns, rows),
        ]
    }

    fn cell(self, index: usize) -> [u32; 2] {
        let [left, top] = self.corner(index);
        let index = index as u32;
        let rows = self.count.div_ceil(self.columns);
        [
            share(self.size[0], index % self.columns + 1, self.columns) - left,
            share(self.size[1], index / self.columns + 1, rows) - top,
        ]
    }
}

/// The part of a sheet that one view has.
struct Cell {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Cell {
    /// Draws the directions of the axes into the lower left corner.
    fn draw_axes(&self, sheet: &mut Picture, frame: &Frame, ink: Rgba) {
        let length = (self.width.min(self.height) / 12).clamp(6, 28);
        let reach = length + ADVANCE + 2;
        if self.width < 2 * reach || self.height < 2 * reach {
            return;
        }
        let middle = [self.left + reach, self.top + self.height - reach].map(f64::from);
        for (axis, (name, color)) in AXES.into_iter().enumerate() {
            let way = [frame.right[axis], -frame.up[axis]].map(|part| part * f64::from(length));
            for step in 0..=length {
                let share = f64::from(step) / f64::from(length);
                let [x, y] = [0, 1].map(|i| (middle[i] + way[i] * share).max(0.0) as u32);
                sheet.set(x, y, color);
            }
            // An axis that points at the viewer has no end to be seen.
            if way.iter().any(|part| part.abs() > 2.0) {
                let half = f64::from(HEIGHT) / 2.0;
                let beyond = 1.0 + f64::from(ADVANCE) / f64::from(length);
                let [x, y] = [0, 1].map(|i| (middle[i] + way[i] * beyond - half).max(0.0) as u32);
                font::write(sheet, [x, y], name, ink);
            }
        }
    }

    /// Writes a line into the lower right corner.
    fn write_below(&self, sheet: &mut Picture, text: &str, ink: Rgba) {
        let width = text.chars().count() as u32 * ADVANCE + INSET;
        if width <= self.width && HEIGHT + INSET <= self.height {
            let place = [self.left + self.width - width, self.top + self.height - HEIGHT - INSET];
            font::write(sheet, place, text, ink);
        }
    }
}

/// The axes as they are drawn.
const AXES: [(&str, Rgba); 3] = [
    ("X", Rgba::opaque(214, 60, 48)),
    ("Y", Rgba::opaque(52, 158, 66)),
    ("Z", Rgba::opaque(58, 96, 220)),
];

/// Where a part of a length begins.
fn share(length: u32, part: u32, of: u32) -> u32 {
    (u64::from(length) * u64::from(part) / u64::from(of)) as u32
}

/// How light a colour looks, 0 to 255.
fn lightness(color: Rgba) -> f32 {
    f32::from(color.r) * 0.3 + f32::from(color.g) * 0.59 + f32::from(color.b) * 0.11
}

/// The background that the outline of what was drawn stands out from most.
async fn contrast(sheet: &Picture, slice: &Slice) -> Rgba {
    let mut sums = [0.0; CHOICES.len()];
    for y in 0..sheet.height() {
        for x in 0..sheet.width() {
            let Some(color) = sheet.get(x, y).filter(|color| color.a > 127) else { continue };
            let is_clear = |x: u32, y: u32| sheet.get(x, y).is_none_or(|color| color.a <= 127);
            let sides = [(x + 1, y), (x, y + 1), (x.wrapping_sub(1), y), (x, y.wrapping_sub(1))];
            if sides.iter().any(|&(x, y)| is_clear(x, y)) {
                for (sum, choice) in sums.iter_mut().zip(CHOICES) {
                    *sum += (lightness(color) - lightness(choice)).abs();
                }
            }
        }
        slice.spend(1).await;
    }
    let best = (1..CHOICES.len()).fold(0, |best, at| if sums[at] > sums[best] { at } else { best });
    CHOICES[best]
}

/// Puts colours behind all pixels, from the first at the top to the second at the bottom.
async fn put_behind(sheet: &mut Picture, [top, bottom]: [Rgba; 2], slice: &Slice) {
    let last = f32::from(u16::try_from(sheet.height()).unwrap_or(u16::MAX)).max(2.0) - 1.0;
    for y in 0..sheet.height() {
        let way = y as f32 / last;
        let mix = |from: u8, to: u8| {
            (f32::from(from) + (f32::from(to) - f32::from(from)) * way + 0.5) as u8
        };
        let behind = Rgba::new(
            mix(top.r, bottom.r),
            mix(top.g, bottom.g),
            mix(top.b, bottom.b),
            mix(top.a, bottom.a),
        );
        let (pixels, _) = sheet.row_mut(y).as_chunks_mut::<4>();
        for pixel in pixels.iter_mut().filter(|pixel| pixel[3] < 255) {
            *pixel = over(Rgba::from(*pixel), behind).bytes();
        }
        slice.spend(1).await;
    }
}

/// A colour in front of another one, as layers of a document come together.
fn over(front: Rgba, behind: Rgba) -> Rgba {
    let (a, b) = (u32::from(front.a), u32::from(behind.a));
    let whole = 255 * a + b * (255 - a);
    if whole == 0 {
        return Rgba::EMPTY;
    }
    let part = |front: u8, behind: u8| {
        ((255 * u32::from(front) * a + u32::from(behind) * b * (255 - a)) / whole) as u8
    };
    let alpha = (whole / 255) as u8;
    Rgba::new(part(front.r, behind.r), part(front.g, behind.g), part(front.b, behind.b), alpha)
}

/// Black or white, whichever stands out more.
fn readable_on(background: Rgba) -> Rgba {
    let is_light = lightness(background) > 110.0 || background.a < 128;
    if is_light { Rgba::opaque(0, 0, 0) } else { Rgba::WHITE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::View;

    fn look(views: usize, size: u32) -> Look {
        let views = View::ALL.iter().cycle().take(views);
        Look {
            views: views.map(|&view| (view.name().to_owned(), Viewpoint::from(view))).collect(),
            settings: RenderSettings { width: size, height: size, ..Default::default() },
            backdrop: Backdrop::Auto,
            labels: true,
            axes: false,
            dimensions: false,
        }
    }

    #[test]
    fn cells_fill_the_whole_picture_and_labels_have_room() {
        for (views, size) in [(1, 128), (2, 128), (6, 128), (6, 511), (10, 1536)] {
            let grid = look(views, size).grid();
            let cells: Vec<_> =
                (0..views).map(|index| (grid.corner(index), grid.cell(index))).collect();
            assert!(cells.iter().all(|([left, _], [width, _])| left + width <= size));
            assert!(cells.iter().any(|([left, top], [width, height])| {
                left + width == size || top + height == size
            }));
            let look = look(views, size);
            let longest = look.views.iter().map(|(label, _)| label.len() as u32 * ADVANCE).max();
            let room = longest.unwrap() + 2 * INSET;
            assert!(cells.iter().all(|(_, [width, _])| *width >= room), "{views} {size}");
        }
    }

    #[test]
    fn more_views_than_there_is_room_for_are_refused_with_the_figures() {
        let error = look(60, 64).check().unwrap_err();
        assert!(error.to_string().contains("60 views"), "{error}");
        assert!(look(0, 64).check().is_err() && look(1, 1).check().is_ok());
    }

    #[test]
    fn what_shines_through_lies_over_the_background_as_layers_do() {
        assert_eq!(over(Rgba::new(255, 0, 0, 128), Rgba::WHITE), Rgba::opaque(255, 127, 127));
        assert_eq!(over(Rgba::EMPTY, Rgba::EMPTY), Rgba::EMPTY);
        assert_eq!(over(Rgba::opaque(1, 2, 3), Rgba::WHITE), Rgba::opaque(1, 2, 3));
    }
}
