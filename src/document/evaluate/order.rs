//! In which order layers are evaluated: bases before their clones, else from the bottom up. Takes
//! time in proportion to the number of layers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use crate::document::{Document, Layer, LayerContent, LayerId};

/// The layers that have to be looked at, by their places.
pub(super) struct Order {
    /// The next one last.
    left: Vec<usize>,
    /// How many of the layers that are left are clones of themselves, or stand behind those.
    in_circle: usize,
    /// The layers that others are clones of.
    bases: FxHashMap<LayerId, usize>,
}

impl Order {
    pub(super) fn new(document: &Document) -> Self {
        let layers = document.layers();
        let places: FxHashMap<LayerId, usize> =
            layers.iter().enumerate().map(|(place, layer)| (layer.id, place)).collect();
        let (mut bases, mut free) = (FxHashMap::default(), BinaryHeap::new());
        let mut clones: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        let computed = || layers.iter().enumerate().filter(|(_, layer)| layer.is_computed());
        for (place, layer) in computed() {
            let base = match &layer.content {
                LayerContent::Clone { base } => places.get(base).map(|&found| (*base, found)),
                _ => None,
            };
            bases.extend(base);
            match base {
                Some((_, base)) if layers[base].is_computed() => {
                    clones.entry(base).or_default().push(place);
                }
                _ => free.push(Reverse(place)),
            }
        }
        let mut order = Vec::new();
        while let Some(Reverse(place)) = free.pop() {
            order.push(place);
            free.extend(clones.remove(&place).into_iter().flatten().map(Reverse));
        }
        // What nothing led to are clones of each other, and those behind them.
        let mut circles: Vec<usize> = clones.into_values().flatten().collect();
        circles.sort_unstable();
        let in_circle = circles.len();
        order.append(&mut circles);
        order.reverse();
        Order { left: order, in_circle, bases }
    }

    /// How many layers have not been looked at.
    pub(super) fn left(&self) -> usize {
        self.left.len()
    }

    /// The next layer, and whether it is a clone of itself.
    pub(super) fn next(&mut self) -> Option<(usize, bool)> {
        let is_in_circle = self.left.len() <= self.in_circle;
        self.left.pop().map(|place| (place, is_in_circle))
    }

    /// The layer that the content of another one shows.
    pub(super) fn base_of<'a>(
        &self,
        document: &'a Document,
        content: &LayerContent,
    ) -> Option<&'a Layer> {
        let LayerContent::Clone { base } = content else { return None };
        document.layers().get(*self.bases.get(base)?)
    }
}
