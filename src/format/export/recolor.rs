//! Fewer colours for a whole document.

use crate::document::Document;
use crate::format::fidelity::{Kind, Report};
use crate::format::quantise::{ColorCounts, Numbers, choose, rgb};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::{BLOCK_VOXELS, BlockWalk, Rgba, Volume};

/// How far colours are moved before the nearest one is chosen, for each cell of a pattern of 4 by
/// 4.
const PATTERN: [i32; 16] = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5];

/// Gives all voxels one of so many colours.
pub(super) async fn recolor(
    document: &mut Document,
    colors: u32,
    dither: bool,
    report: &mut Report,
    slice: &Slice,
) {
    let mut counts = ColorCounts::default();
    for layer in document.layers() {
        let mut walk = BlockWalk::new();
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        while let Some(at) = walk.next_in(&layer.volume, slice).await {
            if let Some(block) = layer.volume.block(at) {
                block.copy_to(&mut voxels);
                voxels.iter().for_each(|&color| counts.add(color, 1));
            }
            slice.spend(1).await;
        }
    }
    let chosen = choose(counts, Vec::new(), colors as usize, slice).await;
    let changed = chosen.colors.saturating_sub(chosen.palette.len()) as u64;
    let (before, after) = (chosen.colors, chosen.palette.len());
    let before = in_words(before as u64, ["colour is", "colours are"]);
    let note = format!("{before} reduced to {after} (RMS {:.1})", chosen.rms());
    report.lose(Kind::Color, changed, note);
    let palette = chosen.palette.clone();
    let mut numbers = Numbers::new(chosen.index);
    let is_reduced = changed > 0;
    for layer in document.layers_mut() {
        let volume = std::mem::take(&mut layer.volume);
        layer.volume = mapped(&volume, &palette, &mut numbers, dither && is_reduced, slice).await;
    }
}

async fn mapped(
    volume: &Volume,
    palette: &[[u8; 3]],
    numbers: &mut Numbers,
    dither: bool,
    slice: &Slice,
) -> Volume {
    let (mut mapped, mut walk) = (Volume::new(), BlockWalk::new());
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    while let Some(at) = walk.next_in(volume, slice).await {
        let Some(block) = volume.block(at) else { continue };
        block.copy_to(&mut voxels);
        for (index, voxel) in voxels.iter_mut().enumerate().filter(|(_, v)| !v.is_empty()) {
            let number = if dither {
                nearest(palette, shifted(*voxel, index))
            } else {
                usize::from(numbers.of(*voxel).wrapping_sub(1))
            };
            let [r, g, b] = palette.get(number).copied().unwrap_or(rgb(*voxel));
            *voxel = Rgba::new(r, g, b, voxel.a);
        }
        mapped.set_block(at, &voxels);
        slice.spend(1).await;
    }
    mapped
}

fn shifted(color: Rgba, index: usize) -> [i32; 3] {
    let by = 2 * PATTERN[index & 3 | (index >> 4 & 3 ^ index >> 8 & 3) << 2] - 15;
    rgb(color).map(|channel| i32::from(channel) + by)
}

fn nearest(palette: &[[u8; 3]], color: [i32; 3]) -> usize {
    let distance =
        |other: &[u8; 3]| -> i32 { (0..3).map(|c| (color[c] - i32::from(other[c])).pow(2)).sum() };
    (0..palette.len()).min_by_key(|&index| distance(&palette[index])).unwrap_or(0)
}
