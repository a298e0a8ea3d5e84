//! The first form of a chunk: a list of its blocks with their places.

use super::{Head, Places, Slot, Stored, Table};
use crate::memory::{self, Kind};

/// Blocks of a list that are looked for one by one.
pub(super) const SCANNED: usize = 8;
/// The most blocks of a list.
pub(super) const MOST_LISTED: usize = 64;

/// A list of blocks with their places. Those that were emptied stay until the list has to grow.
pub(crate) struct List {
    pub(super) head: Head,
    /// Which of them the recording has an entry for, by their numbers.
    pub(super) touched: u64,
    pub(super) places: Vec<u16>,
    pub(super) slots: Vec<Slot>,
    /// The number of each place plus one, once there are many.
    pub(super) numbers: Option<Box<[u8; 4096]>>,
}

impl Stored for List {
    const KIND: Kind = Kind::Tables;

    fn heap(&self) -> usize {
        let numbers = if self.numbers.is_some() { 4096 } else { 0 };
        self.places.capacity() * 2 + self.slots.capacity() * size_of::<Slot>() + numbers
    }
}

impl Clone for List {
    fn clone(&self) -> Self {
        List {
            head: self.head.copied(),
            touched: self.touched,
            places: self.places.clone(),
            slots: self.slots.clone(),
            numbers: self.numbers.clone(),
        }
    }
}

impl List {
    pub(super) fn new() -> List {
        let (places, slots) = (Vec::new(), Vec::new());
        List { head: Head::new(), touched: 0, places, slots, numbers: None }
    }

    #[inline]
    pub(super) fn number(&self, place: usize) -> Option<usize> {
        match &self.numbers {
            Some(numbers) => usize::from(numbers[place & 4095]).checked_sub(1),
            None => self.places.iter().position(|&there| usize::from(there) == place),
        }
    }

    #[inline(never)]
    pub(super) fn slot(&self, place: usize) -> &Slot {
        self.number(place).map_or(&Slot::Empty, |number| &self.slots[number])
    }

    /// The number of a place, made if it has none; `None` if the list is full.
    pub(super) fn number_or_new(&mut self, place: usize) -> Option<usize> {
        if let Some(number) = self.number(place) {
            return Some(number);
        }
        if self.slots.len() == self.slots.capacity() || self.slots.len() == MOST_LISTED {
            self.make_room();
        }
        let number = self.slots.len();
        if number == MOST_LISTED {
            return None;
        }
        self.places.push(place as u16);
        self.slots.push(Slot::Empty);
        if let Some(numbers) = &mut self.numbers {
            numbers[place & 4095] = number as u8 + 1;
        }
        Some(number)
    }

    /// Makes room for another block, if need be by forgetting those that are empty and that no
    /// recording knows.
    fn make_room(&mut self) {
        let before = self.heap();
        self.forget_empty();
        if self.slots.len() == self.slots.capacity() {
            let more = self.slots.len().clamp(1, MOST_LISTED);
            self.places.reserve_exact(more);
            self.slots.reserve_exact(more);
        }
        self.numbers = (self.slots.len() >= SCANNED).then(|| {
            let mut numbers = self.numbers.take().unwrap_or_else(|| Box::new([0; 4096]));
            numbers.fill(0);
            for (number, &place) in (1..).zip(&self.places) {
                numbers[usize::from(place)] = number;
            }
            numbers
        });
        memory::took(Kind::Tables, self.heap());
        memory::gave(Kind::Tables, before);
    }

    fn forget_empty(&mut self) {
        let mut kept = 0;
        let mut touched = 0;
        for number in 0..self.slots.len() {
            let is_touched = self.touched >> number & 1;
            if self.slots[number].is_empty() && is_touched == 0 {
                continue;
            }
            touched |= is_touched << kept;
            self.slots.swap(kept, number);
            self.places[kept] = self.places[number];
            kept += 1;
        }
        self.touched = touched;
        self.slots.truncate(kept);
        self.places.truncate(kept);
    }

    pub(super) fn occupied(&self) -> Places {
        let mut occupied = [0; 64];
        for (&place, slot) in self.places.iter().zip(&self.slots) {
            let bit = u64::from(!slot.is_empty()) << (place & 63);
            occupied[usize::from(place >> 6)] |= bit;
        }
        occupied
    }

    /// A table with the same blocks, for more of them.
    pub(super) fn make_table(&mut self) -> Table {
        let mut table = Table {
            head: self.head.copied(),
            touched: [0; 64],
            occupied: [0; 64],
            slots: [const { Slot::Empty }; 4096],
        };
        for (number, &place) in self.places.iter().enumerate() {
            let place = usize::from(place);
            table.replace(place, self.slots[number].clone());
            table.touched[place >> 6] |= (self.touched >> number & 1) << (place & 63);
        }
        table
    }
}
