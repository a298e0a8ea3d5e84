//! A look at a model: one view, or several side by side with labels, in one picture of a given
//! size.
//!
//! Views are drawn one after the other, each into a cell of its own, and then put in front of what
//! is behind them. A background that is chosen by what is seen is chosen once for the whole
//! picture.

use super::drawing::draw;
use super::edges;
use super::floor::Pane;
use super::font::{self, ADVANCE, HEIGHT};
use super::framing;
use super::furniture::Cell;
use super::picture::Picture;
use super::projector::Projector;
use super::settings::{RenderError, RenderSettings};
use super::silhouette::Silhouette;
use super::survey::Survey;
use super::viewpoint::Viewpoint;
use crate::job::{Slice, Work};
use crate::voxel::{Bounds, Rgba, Volume};

/// Pixels between a label and the edges of its cell.
const INSET: u32 = 3;
/// Dots that are left free around a view whose edges are written at.
const RIM: u32 = 18;
/// The same if there are both coordinates and lengths.
const RIM_OF_BOTH: u32 = 34;
/// Dots between a length and an edge that has coordinates.
const BESIDE_TICKS: f64 = 12.0;
/// Pixels of a picture for each pixel of a dot of its letters.
const DOT_PER: u32 = 700;
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
    /// Pixels of the whole picture; each view has a part of it. The viewpoint and the background
    /// are not used.
    pub settings: RenderSettings,
    /// What is behind the model.
    pub backdrop: Backdrop,
    /// Whether views are labelled.
    pub labels: bool,
    /// Whether each view has a small cross of its axes.
    pub axes: bool,
    /// Whether each view tells how many voxels it is wide, deep and high.
    pub dimensions: bool,
    /// Whether there is a grid under or behind the model.
    pub grid: bool,
    /// Whether the model stands on a ground.
    pub ground: bool,
    /// Lines that are drawn.
    pub edges: Edges,
}

/// Lines that are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Edges {
    /// None.
    #[default]
    None,
    /// Around each voxel.
    Voxels,
    /// Around the model, and where its depth jumps.
    Outline,
}

impl Look {
    /// A picture of this look at a volume, as work over a snapshot of it.
    ///
    /// # Errors
    /// No view, more of them than the size has room for, a size beyond the limits, an unusable
    /// viewpoint or light.
    pub fn drawing(self, volume: Volume) -> Result<Work<Picture>, RenderError> {
        self.check()?;
        self.settings.probe(Some(&volume))?;
        Ok(Work::new(|slice| async move { self.draw(volume, &slice).await.0 }))
    }

    /// The frames of a turn around a model, with one framing for all.
    ///
    /// # Errors
    /// What [`Look::drawing`] would refuse.
    pub(crate) async fn turn(
        &self,
        volume: &Volume,
        count: u32,
        slice: &Slice,
    ) -> Result<Vec<Look>, RenderError> {
        self.check()?;
        let degrees = (0..count).map(|step| f64::from(step) * 360.0 / f64::from(count.max(1)));
        let model =
            Silhouette::of_volume(volume, self.settings.crop, self.has_writing(), slice).await;
        Ok(self.settled(&model, &degrees.collect::<Vec<_>>()))
    }

    /// The same look with a framing that all states of a model fit into.
    ///
    /// # Errors
    /// What [`Look::drawing`] would refuse.
    pub(crate) async fn still(
        &self,
        states: &[Volume],
        slice: &Slice,
    ) -> Result<Look, RenderError> {
        self.check()?;
        let mut all: Option<Bounds> = None;
        for state in states {
            let bounds = state.bounds_in_slices(true, slice).await;
            let seen = match (bounds, self.settings.crop) {
                (Some(bounds), Some(crop)) => bounds.intersect(&crop),
                (bounds, _) => bounds,
            };
            all = Bounds::union_of(all, seen);
            slice.spend(1).await;
        }
        let model = all.map_or_else(Silhouette::default, Silhouette::from);
        Ok(self.settled(&model, &[0.0]).into_iter().next().unwrap_or_else(|| self.clone()))
    }

    /// This look turned by so many degrees each, with one framing for all.
    fn settled(&self, model: &Silhouette, degrees: &[f64]) -> Vec<Look> {
        let mut looks = vec![self.clone(); degrees.len()];
        let grid = self.grid();
        for (index, (_, viewpoint)) in self.views.iter().enumerate() {
            let Cell { width, height, .. } = grid.room(index);
            let rim = self.rim([width, height]);
            let size = [width, height].map(|side| (side - 2 * rim).max(1));
            let views = framing::turn(viewpoint, model, size, degrees);
            for (look, view) in looks.iter_mut().zip(views) {
                look.views[index].1 = view;
            }
        }
        looks
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
        let Cell { width, height, .. } = grid.cell(0);
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

    /// The picture, and what is behind the model once it was chosen.
    pub(crate) async fn draw(&self, volume: Volume, slice: &Slice) -> (Picture, Backdrop) {
        let grid = self.grid();
        // A floor lies between the model and what is behind both.
        let behind = match self.backdrop {
            Backdrop::Color(color) if !self.has_floor() => color,
            _ => Rgba::EMPTY,
        };
        let mut sheet = Picture::to_be_filled(self.settings.width, self.settings.height);
        while sheet.fill_some(behind) {
            slice.spend(1).await;
        }
        let mut seen = Vec::with_capacity(self.views.len());
        let mut samples = u32::MAX;
        for (index, (_, viewpoint)) in self.views.iter().enumerate() {
            let (at, view) = ((grid, index), (*viewpoint, behind));
            let (drawn, found) = self.draw_view(&mut sheet, &volume, at, view, slice).await;
            samples = samples.min(drawn);
            seen.push(found);
        }
        let colors = match self.backdrop {
            Backdrop::Color(color) => [color; 2],
            Backdrop::Gradient(colors) => colors,
            Backdrop::Auto => [contrast(&sheet, slice).await; 2],
        };
        let ink = readable_on(colors[0]);
        for (index, (projector, bounds)) in
            seen.iter().enumerate().filter_map(|(index, seen)| Some((index, seen.as_ref()?)))
        {
            let Cell { left, top, width, height, .. } = grid.room(index);
            let pane = Pane { projector, bounds: *bounds, left, top, width, height };
            if self.ground {
                pane.draw_ground(&mut sheet, &volume, slice).await;
            }
            if self.grid {
                pane.draw_grid(&mut sheet, ink, slice).await;
            }
        }
        if !matches!(self.backdrop, Backdrop::Color(_)) || self.has_floor() {
            put_behind(&mut sheet, colors, slice).await;
        }
        self.furnish(&mut sheet, grid, &seen, ink);
        sheet.set_samples(samples);
        let chosen = match self.backdrop {
            Backdrop::Auto => Backdrop::Gradient(colors),
            known => known,
        };
        (sheet, chosen)
    }

    /// Whether the edges of the box around the model are written at.
    fn has_writing(&self) -> bool {
        self.axes || self.dimensions
    }

    fn has_floor(&self) -> bool {
        self.grid || self.ground
    }

    /// Draws one view into its cell; its samples, where it is in the sheet, and the box around what
    /// it shows.
    async fn draw_view(
        &self,
        sheet: &mut Picture,
        volume: &Volume,
        (grid, index): (Grid, usize),
        (viewpoint, background): (Viewpoint, Rgba),
        slice: &Slice,
    ) -> (u32, Option<(Projector, Bounds)>) {
        let Cell { left, top, width, height, .. } = grid.room(index);
        let rim = self.rim([width, height]);
        let [width, height] = [width - 2 * rim, height - 2 * rim];
        let fits_box = self.has_writing();
        let settings = RenderSettings {
            width,
            height,
            viewpoint,
            background,
            fits_box,
            ..self.settings.clone()
        };
        let (mut picture, _) = draw(volume.clone(), &settings, slice).await;
        let mut seen = None;
        if self.edges != Edges::None || self.has_writing() || self.has_floor() {
            let survey = Survey::of(volume.clone(), &settings, slice).await;
            let parts = survey.as_ref().and_then(|survey| survey.bounds().zip(Some(survey)));
            seen = parts.map(|(bounds, survey)| (survey.projector.clone(), bounds));
            if let Some(survey) = survey.filter(|_| self.edges != Edges::None) {
                let survey = survey.finer(settings.samples);
                let samples = settings.samples;
                edges::draw(&mut picture, &survey, samples, self.edges, slice).await;
            }
        }
        for row in 0..picture.height() {
            sheet.paste_row(&picture, row, left + rim, top + rim);
            slice.spend(1).await;
        }
        let moved = |projector: Projector| projector.moved([left + rim, top + rim]);
        (picture.samples(), seen.map(|(projector, bounds)| (moved(projector), bounds)))
    }

    /// Pixels around a view that are left free for what is written there.
    fn rim(&self, size: [u32; 2]) -> u32 {
        let dots = match (self.axes, self.dimensions) {
            (true, true) => RIM_OF_BOTH,
            (false, false) => 0,
            _ => RIM,
        };
        (dots * self.dot()).min(size[0] / 8).min(size[1] / 8)
    }

    /// Labels, and what each view is read by.
    fn furnish(
        &self,
        sheet: &mut Picture,
        grid: Grid,
        seen: &[Option<(Projector, Bounds)>],
        ink: Rgba,
    ) {
        for (index, (label, viewpoint)) in self.views.iter().enumerate() {
            if self.labels {
                let Cell { left, top, width, dot, .. } = grid.cell(index);
                let room = (width.saturating_sub(2 * INSET) / (ADVANCE * dot)) as usize;
                let label: String = label.chars().take(room).collect();
                font::write(sheet, [left + INSET, top + INSET], &label, (ink, dot));
            }
            let cell = grid.room(index);
            if let Some(Some((projector, bounds))) = seen.get(index) {
                if self.axes {
                    cell.draw_ticks(sheet, projector, bounds, ink);
                }
                if self.dimensions {
                    let gap = if self.axes { BESIDE_TICKS } else { 0.0 };
                    cell.draw_lengths(sheet, projector, bounds, (ink, gap));
                }
            }
            let middle =
                seen.get(index).and_then(Option::as_ref).map_or([0.0; 3], |(_, bounds)| {
                    [0, 1, 2].map(|axis| (bounds.min[axis] + bounds.max[axis]) as f64 / 2.0)
                });
            if let (true, Ok(pose)) = (self.axes, viewpoint.toward(middle).pose()) {
                cell.draw_cross(sheet, &pose.frame, ink);
            }
        }
    }

    /// Pixels of a dot of a letter: large pictures are looked at from farther away.
    fn dot(&self) -> u32 {
        (self.settings.width.min(self.settings.height) / DOT_PER).max(1)
    }

    /// How the views are laid out: as large as possible, with room for the longest label if there
    /// is any.
    fn grid(&self) -> Grid {
        let size = [self.settings.width, self.settings.height];
        let count = u32::try_from(self.views.len()).unwrap_or(u32::MAX).max(1);
        let dot = self.dot();
        let strip = if self.labels { HEIGHT * dot + 2 * INSET } else { 0 };
        let longest = self.views.iter().map(|(label, _)| label.chars().count() as u32).max();
        let label = longest.unwrap_or(0).saturating_mul(ADVANCE * dot) + 2 * INSET;
        let grids = (1..=count).map(|columns| Grid { columns, count, strip, size, dot });
        let worth = |grid: &Grid| {
            let Cell { width, height, .. } = grid.cell(0);
            let is_legible = strip == 0 || width >= label;
            (is_legible, width.min(height.saturating_sub(strip)))
        };
        // Of equal ones the one with more columns: pictures are looked at across.
        grids.max_by_key(worth).unwrap_or(Grid { columns: 1, count: 1, strip, size, dot })
    }
}

/// Cells of a sheet, row by row; together they are the whole picture.
#[derive(Clone, Copy)]
struct Grid {
    columns: u32,
    count: u32,
    strip: u32,
    size: [u32; 2],
    /// Pixels of a dot of a letter.
    dot: u32,
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

    fn cell(self, index: usize) -> Cell {
        let [left, top] = self.corner(index);
        let index = index as u32;
        let rows = self.count.div_ceil(self.columns);
        let width = share(self.size[0], index % self.columns + 1, self.columns) - left;
        let height = share(self.size[1], index / self.columns + 1, rows) - top;
        Cell { left, top, width, height, dot: self.dot }
    }

    /// The cell without its label.
    fn room(self, index: usize) -> Cell {
        let Cell { left, top, width, height, dot } = self.cell(index);
        let strip = self.strip.min(height.saturating_sub(1));
        Cell { left, top: top + strip, width, height: height - strip, dot }
    }
}

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
pub(super) fn over(front: Rgba, behind: Rgba) -> Rgba {
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
            grid: false,
            ground: false,
            edges: Edges::None,
        }
    }

    #[test]
    fn cells_fill_the_whole_picture_and_labels_have_room() {
        for (views, size) in [(1, 128), (2, 128), (6, 128), (6, 511), (10, 1536)] {
            let grid = look(views, size).grid();
            let cells: Vec<_> = (0..views).map(|index| grid.cell(index)).collect();
            assert!(cells.iter().all(|cell| cell.left + cell.width <= size));
            let is_last =
                |cell: &Cell| cell.left + cell.width == size || cell.top + cell.height == size;
            assert!(cells.iter().any(is_last));
            let look = look(views, size);
            let longest = look.views.iter().map(|(label, _)| label.len() as u32 * ADVANCE).max();
            let room = longest.unwrap() + 2 * INSET;
            assert!(cells.iter().all(|cell| cell.width >= room), "{views} {size}");
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
