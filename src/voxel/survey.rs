//! What there is to know about a model: counts, size, colours, parts, what floats, symmetry,
//! surface.

use super::{
    BLOCK_VOXELS, BlockPos, BlockWalk, Bounds, ColorCounts, Part, PartsJob, Point, Rgba, Volume,
};
use crate::job::{Slice, sort_in_slices};

/// What one look at all voxels finds out.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The smallest box around all voxels.
    pub bounds: Option<Bounds>,
    /// How many voxels there are.
    pub voxels: u64,
    /// The sums of their coordinates.
    pub sums: [i128; 3],
    /// Faces that no other voxel covers.
    pub open_faces: u64,
    /// Voxels that are there when mirrored across the middle of x, y and z.
    pub mirrored: [u64; 3],
    /// Those of them that have the same colour.
    pub same: [u64; 3],
    /// The colours with their counts, the most frequent first.
    pub colors: Vec<(Rgba, u64)>,
    /// The parts that hang together, the largest first, without their voxels.
    pub parts: Vec<Part>,
    /// Parts that do not reach down to the ground.
    pub floating: usize,
}

/// Parts that are looked at in one unit of work.
const PARTS_A_UNIT: usize = 256;

impl Survey {
    /// Whether a part does not reach down to the ground.
    pub fn is_floating(&self, part: &Part) -> bool {
        self.bounds.is_some_and(|bounds| part.bounds.min[2] > bounds.min[2])
    }

    /// Looks at all voxels of a volume, in slices.
    pub async fn of(volume: Volume, slice: &Slice) -> Survey {
        let bounds = volume.bounds_in_slices(true, slice).await;
        let mut survey = Survey { bounds, ..Survey::default() };
        let Some(bounds) = survey.bounds else { return survey };
        let parts = slice.run(PartsJob::without_voxels(&volume)).await;
        survey.add_parts(parts, slice).await;
        let (mut walk, mut colors) = (BlockWalk::new(), ColorCounts::default());
        slice.expect(volume.block_count() as u64);
        while let Some(at) = walk.next_in(&volume, slice).await {
            survey.add_block(&volume, at, &bounds, &mut colors);
            slice.advance(1).await;
        }
        survey.colors = colors.sorted(true, slice).await;
        survey
    }

    async fn add_parts(&mut self, parts: Vec<Part>, slice: &Slice) {
        let sizes = parts.iter().enumerate().map(|(number, part)| (part.count, number));
        let sizes = sort_in_slices(sizes.collect(), |&(count, _)| !count, slice).await;
        for (number, (_, part)) in sizes.into_iter().enumerate() {
            let part = &parts[part];
            self.floating += usize::from(self.is_floating(part));
            self.parts.push(part.clone());
            if number % PARTS_A_UNIT == PARTS_A_UNIT - 1 {
                slice.spend(1).await;
            }
        }
    }

    fn add_block(
        &mut self,
        volume: &Volume,
        at: BlockPos,
        bounds: &Bounds,
        colors: &mut ColorCounts,
    ) {
        let Some(block) = volume.block(at) else { return };
        self.open_faces += u64::from(volume.open_faces(at));
        let origin = at.origin();
        let ends: [i64; 3] = std::array::from_fn(|axis| bounds.min[axis] + bounds.max[axis] - 1);
        for index in 0..BLOCK_VOXELS {
            let color = block.get(index);
            if color.is_empty() {
                continue;
            }
            let [x, y, z] = [index & 15, index >> 4 & 15, index >> 8].map(|v| v as i32);
            let point = [origin.x + x, origin.y + y, origin.z + z];
            self.voxels += 1;
            colors.add(color, 1);
            for axis in 0..3 {
                self.sums[axis] += i128::from(point[axis]);
                let mut mirrored = point;
                mirrored[axis] = (ends[axis] - i64::from(point[axis])) as i32;
                let other = volume.get(Point::from(mirrored));
                self.mirrored[axis] += u64::from(!other.is_empty());
                self.same[axis] += u64::from(other == color);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Budget, Job, Step, Work};

    fn scattered() -> Volume {
        let mut volume = Volume::new();
        for number in 0..2000 {
            let at = [number * 37 % 400, number * 91 % 300, number * 17 % 200];
            volume.set(Point::from(at), Rgba::opaque(number as u8, (number >> 4) as u8, 3));
        }
        volume
    }

    #[test]
    fn slices_of_any_length_come_to_the_same_and_keep_to_their_units() {
        let whole =
            Work::new(|slice| async move { Survey::of(scattered(), &slice).await }).finish();
        assert_eq!(whole.voxels, scattered().count());
        assert_eq!(whole.parts.iter().map(|part| part.count).sum::<u64>(), whole.voxels);
        assert_eq!(whole.colors.iter().map(|(_, count)| count).sum::<u64>(), whole.voxels);
        assert!(whole.parts.is_sorted_by_key(|part| !part.count));
        let mut work = Work::new(|slice| async move { Survey::of(scattered(), &slice).await });
        let mut turns = 1;
        let sliced = loop {
            match work.step(&mut Budget::units(8)) {
                Step::Done(survey) => break survey,
                Step::More => turns += 1,
            }
        };
        assert!(turns > 2 * scattered().block_count() / 8, "{turns} turns");
        assert_eq!((sliced.colors, sliced.open_faces), (whole.colors, whole.open_faces));
    }
}
