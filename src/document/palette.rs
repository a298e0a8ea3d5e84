//! A palette: named colours offered for picking.

use super::palette_sets;
use crate::voxel::Rgba;

/// A list of colours, each with an optional name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Palette {
    /// The palette's name.
    pub name: String,
    /// Its colours in order.
    pub colors: Vec<(Rgba, Option<String>)>,
}

impl Palette {
    /// A palette of colours without names.
    pub fn of_colors(name: &str, colors: impl IntoIterator<Item = Rgba>) -> Palette {
        let colors = colors.into_iter().map(|color| (color, None)).collect();
        Palette { name: name.to_owned(), colors }
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> u64 {
        let names = self.colors.iter().flat_map(|(_, name)| name).map(String::capacity);
        let colors = self.colors.capacity() * size_of::<(Rgba, Option<String>)>();
        (self.name.capacity() + colors + names.sum::<usize>()) as u64
    }

    /// The palettes that come with this program.
    pub fn built_in() -> Vec<Palette> {
        palette_sets::all()
    }

    /// A built-in palette by its name, in any case.
    pub fn named(name: &str) -> Option<Palette> {
        Palette::built_in().into_iter().find(|palette| palette.name.eq_ignore_ascii_case(name))
    }

    /// The place of the colour nearest to another one (sum of squared differences of the channels;
    /// the first of equally near ones), or `None` if the palette is empty.
    pub fn nearest(&self, color: Rgba) -> Option<usize> {
        let distance = |other: Rgba| -> u32 {
            let pairs = color.bytes().into_iter().zip(other.bytes());
            pairs.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
        };
        (0..self.colors.len()).min_by_key(|&index| distance(self.colors[index].0))
    }

    /// The colour with a name, in any case.
    pub fn color_named(&self, name: &str) -> Option<Rgba> {
        let is = |known: &Option<String>| {
            known.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        self.colors.iter().find(|(_, known)| is(known)).map(|(color, _)| *color)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_palettes_have_different_names_and_no_colour_twice() {
        let all = Palette::built_in();
        for (index, palette) in all.iter().enumerate() {
            assert!(all[..index].iter().all(|other| other.name != palette.name));
            let mut colors: Vec<Rgba> = palette.colors.iter().map(|(color, _)| *color).collect();
            colors.sort_unstable();
            colors.dedup();
            assert_eq!(colors.len(), palette.colors.len(), "{}", palette.name);
            assert!(colors.iter().all(|color| color.a == 255));
        }
        assert!(all.len() >= 6);
    }

    #[test]
    fn colours_are_found_by_nearness_and_by_name() {
        let palette = Palette::named("BASIC").unwrap_or_default();
        assert_eq!(
            palette.color_named("Red").map(|red| palette.nearest(red).is_some()),
            Some(true)
        );
        let near = palette.nearest(Rgba::opaque(3, 2, 1)).map(|index| palette.colors[index].0);
        assert_eq!(near, palette.color_named("black"));
        assert_eq!(Palette::default().nearest(Rgba::WHITE), None);
    }
}
