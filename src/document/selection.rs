//! Selections: a box, or a mask of single voxels, and what can be done to them.
//!
//! A mask is a volume whose voxels are white where they are selected. Operations work on bits, 64
//! voxels at a time, and in slices: a selection may be as large as the document.

mod masks;
mod spread;

pub use masks::{
    Cut, cut, in_color, invert, laid, mask_of, mask_of_box, mask_of_color, mask_of_set,
};
pub use spread::{grow, shrink};

use super::{BlendMode, Document};
use crate::job::Slice;
use crate::voxel::{Bounds, MemoryLimit, Point, Volume};

/// The part of a box where a volume has blocks.
fn within(bounds: Bounds, volume: &Volume) -> Option<Bounds> {
    volume.block_bounds()?.intersect(&bounds)
}

/// How a new selection goes together with the one that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Combine {
    /// The new one alone.
    #[default]
    Replace,
    /// Both.
    Add,
    /// The old one without the new one.
    Subtract,
    /// What both have.
    Intersect,
}

impl Combine {
    /// The way with a name, in any case.
    pub fn from_name(name: &str) -> Option<Combine> {
        let all = [
            ("replace", Combine::Replace),
            ("add", Combine::Add),
            ("subtract", Combine::Subtract),
            ("intersect", Combine::Intersect),
        ];
        all.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, way)| way)
    }

    /// What is selected once a new mask goes together with an old one.
    ///
    /// # Errors
    /// The memory limit is reached.
    pub async fn together(
        self,
        old: Volume,
        new: Volume,
        slice: &Slice,
    ) -> Result<Volume, MemoryLimit> {
        let mode = match self {
            Combine::Replace => return Ok(new),
            Combine::Add => BlendMode::Over,
            Combine::Subtract => BlendMode::Subtract,
            Combine::Intersect => BlendMode::Intersect,
        };
        laid(old, &new, mode, slice).await
    }
}

/// What is selected at some time: the mask within the box. It shares its blocks with the document.
#[derive(Clone)]
pub struct Selected {
    /// The box, if there is one.
    pub bounds: Option<Bounds>,
    /// Single voxels; empty if none are selected by themselves.
    pub mask: Volume,
}

impl Selected {
    /// Whether nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.bounds.is_none() && self.mask.is_empty()
    }

    /// The box, if it alone selects.
    pub fn box_alone(&self) -> Option<Bounds> {
        self.bounds.filter(|_| self.mask.is_empty())
    }

    /// The selected cells; none if nothing is selected.
    ///
    /// # Errors
    /// The memory limit is reached.
    pub async fn cells(self, slice: &Slice) -> Result<Volume, MemoryLimit> {
        match self.bounds {
            None => Ok(self.mask),
            Some(bounds) if self.mask.is_empty() => mask_of_box(bounds, slice).await,
            Some(bounds) => match within(bounds, &self.mask) {
                Some(cells) => {
                    let cells = mask_of_box(cells, slice).await?;
                    laid(self.mask, &cells, BlendMode::Intersect, slice).await
                }
                None => Ok(Volume::new()),
            },
        }
    }

    /// The same as far as a volume has voxels there, to a few more cells.
    ///
    /// # Errors
    /// The memory limit is reached.
    pub async fn cells_of(self, volume: &Volume, slice: &Slice) -> Result<Volume, MemoryLimit> {
        match self.box_alone() {
            None => self.cells(slice).await,
            Some(bounds) => match within(bounds, volume) {
                Some(cells) => mask_of_box(cells, slice).await,
                None => Ok(Volume::new()),
            },
        }
    }
}

impl Document {
    /// What is selected now.
    pub fn selected(&self) -> Selected {
        Selected { bounds: self.selection, mask: self.mask.clone() }
    }

    /// Selects nothing, neither box nor voxels.
    pub fn select_nothing(&mut self) {
        self.selection = None;
        self.mask = Volume::new();
    }

    /// Whether edits are to reach a voxel: it lies in the box, if there is one, and in the mask, if
    /// that selects anything.
    pub fn is_selected(&self, point: Point) -> bool {
        self.selection.is_none_or(|bounds| bounds.contains(point))
            && (self.mask.is_empty() || !self.mask.get(point).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Budget, Job, Step, Work};
    use crate::voxel::Rgba;

    /// What work comes to, the same for slices of any length.
    fn made<F: Future<Output = Volume> + 'static>(make: impl Fn(Slice) -> F) -> Volume {
        let whole = Work::new(&make).finish();
        for units in [1, 3] {
            let mut sliced = Work::new(&make);
            let volume = loop {
                if let Step::Done(volume) = sliced.step(&mut Budget::units(units)) {
                    break volume;
                }
            };
            assert_eq!(volume.state_hash(), whole.state_hash());
        }
        whole
    }

    fn grown(mask: &Volume, steps: u32) -> Volume {
        made(|slice| {
            let mask = mask.clone();
            async move { grow(mask, steps, &slice).await }
        })
    }

    fn shrunk(mask: &Volume, steps: u32) -> Volume {
        made(|slice| {
            let mask = mask.clone();
            async move { shrink(mask, steps, &slice).await }
        })
    }

    fn boxed(bounds: Bounds) -> Volume {
        made(move |slice| async move { mask_of_box(bounds, &slice).await.expect("memory") })
    }

    fn inverse(mask: &Volume, within: Bounds) -> Volume {
        made(|slice| {
            let mask = mask.clone();
            async move { invert(&mask, within, &slice).await.expect("memory") }
        })
    }

    fn of(points: &[[i32; 3]]) -> Volume {
        let mut mask = Volume::new();
        points.iter().for_each(|&point| {
            mask.set(point.into(), Rgba::WHITE);
        });
        mask
    }

    fn same(a: &Volume, b: &Volume) -> bool {
        a.count() == b.count() && a.voxels().all(|(point, _)| !b.get(point).is_empty())
    }

    #[test]
    fn growing_adds_the_six_neighbours_across_blocks_too() {
        for point in [[0, 0, 0], [15, 15, 15], [-1, 7, 16], [8, 8, 8], [3, 4, 15], [16, 3, 4]] {
            let grown = grown(&of(&[point]), 1);
            let mut expected = vec![point];
            for axis in 0..3 {
                for step in [-1, 1] {
                    let mut near = point;
                    near[axis] += step;
                    expected.push(near);
                }
            }
            assert!(same(&grown, &of(&expected)), "{point:?}");
        }
    }

    #[test]
    fn growing_twice_is_an_octahedron_and_shrinking_takes_it_back() {
        let one = of(&[[15, 0, -1]]);
        let grown = grown(&one, 2);
        assert_eq!(grown.count(), 25);
        assert!(same(&shrunk(&grown, 2), &one));
        assert!(shrunk(&one, 1).is_empty());
    }

    #[test]
    fn shrinking_a_box_takes_a_layer_off_each_side() {
        let bounds = Bounds { min: [-20, 3, 0], max: [20, 30, 17] };
        let inner = Bounds { min: [-19, 4, 1], max: [19, 29, 16] };
        let whole = boxed(bounds);
        assert!(same(&shrunk(&whole, 1), &boxed(inner)));
    }

    #[test]
    fn inverting_twice_gives_the_mask_within_the_box() {
        let within = Bounds { min: [0, 0, 0], max: [20, 20, 20] };
        let mask = of(&[[1, 2, 3], [17, 18, 19]]);
        let inverted = inverse(&mask, within);
        assert_eq!(inverted.count(), 8000 - 2);
        assert!(same(&inverse(&inverted, within), &mask));
    }

    #[test]
    fn selections_are_combined() {
        let mut document = Document::default();
        let select = |document: &mut Document, points: &[[i32; 3]], how: Combine| {
            document.mask = made(|slice| {
                let (old, new) = (document.mask.clone(), of(points));
                async move { how.together(old, new, &slice).await.expect("memory") }
            });
        };
        select(&mut document, &[[0, 0, 0], [1, 0, 0]], Combine::Replace);
        select(&mut document, &[[2, 0, 0]], Combine::Add);
        assert_eq!(document.mask.count(), 3);
        select(&mut document, &[[0, 0, 0]], Combine::Subtract);
        select(&mut document, &[[2, 0, 0], [3, 0, 0]], Combine::Intersect);
        assert!(same(&document.mask, &of(&[[2, 0, 0]])));
        assert!(document.is_selected([2, 0, 0].into()) && !document.is_selected([1, 0, 0].into()));
        document.select_nothing();
        assert!(document.is_selected([1, 0, 0].into()));
    }

    #[test]
    fn voxels_are_selected_by_colour() {
        let mut volume = of(&[[0, 0, 0]]);
        volume.set([1, 0, 0].into(), Rgba::opaque(250, 250, 250));
        volume.set([2, 0, 0].into(), Rgba::opaque(200, 250, 250));
        let of_color = made(|slice| {
            let volume = volume.clone();
            async move { mask_of_color(volume, Rgba::WHITE, 5, &slice).await }
        });
        assert_eq!(of_color.count(), 2);
        let of_all = made(|slice| {
            let volume = volume.clone();
            async move { mask_of(volume, &slice).await }
        });
        assert_eq!(of_all.count(), 3);
        let colored = made(|slice| {
            let volume = volume.clone();
            async move { in_color(volume, Rgba::opaque(1, 2, 3), &slice).await }
        });
        assert!(colored.voxels().all(|(_, color)| color == Rgba::opaque(1, 2, 3)));
        assert!(same(&colored, &volume));
    }

    #[test]
    fn large_masks_grow_and_shrink_as_their_cells_do() {
        let bounds = Bounds { min: [-50, 3, -20], max: [40, 70, 61] };
        let hole = Bounds { min: [-10, 20, 0], max: [10, 40, 33] };
        let mut mask = Volume::new();
        mask.fill(bounds, Rgba::WHITE);
        mask.fill(hole, Rgba::EMPTY);
        let near = |point: Point| {
            (0..6).map(move |side| {
                let mut at = point.array();
                at[side / 2] += if side % 2 == 0 { -1 } else { 1 };
                Point::from(at)
            })
        };
        let (grown, shrunk) = (grown(&mask, 1), shrunk(&mask, 1));
        let mut expected = mask.clone();
        for (point, _) in mask.voxels() {
            near(point).for_each(|at| _ = expected.set(at, Rgba::WHITE));
        }
        assert!(same(&grown, &expected));
        for (point, _) in mask.voxels() {
            if near(point).any(|at| mask.get(at).is_empty()) {
                expected.set(point, Rgba::EMPTY);
            }
        }
        let inner = shrunk.voxels().all(|(point, _)| !expected.get(point).is_empty());
        let left = mask.voxels().filter(|&(at, _)| near(at).all(|at| !mask.get(at).is_empty()));
        assert!(inner && left.count() as u64 == shrunk.count());
    }

    #[test]
    fn a_volume_is_cut_at_the_edge_of_cells() {
        let mut volume = Volume::new();
        volume.fill(Bounds { min: [0, 0, 0], max: [40, 40, 40] }, Rgba::opaque(9, 8, 7));
        let cells = Bounds { min: [-5, 10, 10], max: [20, 90, 90] };
        let mut work = Work::new({
            let volume = volume.clone();
            |slice| async move {
                let cells = mask_of_box(cells, &slice).await.expect("memory");
                cut(&volume, &cells, &slice).await.expect("memory")
            }
        });
        let mut slices = 1;
        let cut = loop {
            match work.step(&mut Budget::units(1)) {
                Step::More => slices += 1,
                Step::Done(cut) => break cut,
            }
        };
        assert!(slices > 20, "{slices}");
        assert_eq!(cut.part.count(), 20 * 30 * 30);
        assert_eq!(cut.rest.count(), 64_000 - cut.part.count());
        assert!(cut.part.voxels().all(|(point, _)| cells.contains(point)));
    }
}
