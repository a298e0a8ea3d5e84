//! Whether slabs of blocks shall be huge pages.
//!
//! A fresh huge page is zeroed as a whole, mostly in a quarter of a millisecond. In a virtual
//! machine whose host has yet to find the memory it takes more than five, all at once, and
//! everybody waits: then the next slabs get small pages, which cost the same in many small parts.

use std::time::Duration;

/// Time for the first touch of a huge page from which on it counts as slow.
const SLOW_PAGE: Duration = Duration::from_millis(1);
/// Slabs of small pages after a slow huge page; twice as many after the next one, up to a limit.
const SMALL_PAGES_FIRST: u32 = 32;
const SMALL_PAGES_MAX: u32 = 1024;

/// See the module.
pub(super) struct PageSize {
    small_left: u32,
    small_next: u32,
}

impl PageSize {
    /// Huge pages until one is slow.
    pub(super) const fn new() -> Self {
        PageSize { small_left: 0, small_next: SMALL_PAGES_FIRST }
    }

    /// Whether the next slab shall be a huge page.
    pub(super) fn is_huge(&mut self) -> bool {
        let is_huge = self.small_left == 0;
        self.small_left = self.small_left.saturating_sub(1);
        is_huge
    }

    /// Notes how long the first touch of a huge page took.
    pub(super) fn huge_page_took(&mut self, time: Duration) {
        if time < SLOW_PAGE {
            self.small_next = SMALL_PAGES_FIRST;
        } else {
            self.small_left = self.small_next;
            self.small_next = (2 * self.small_next).min(SMALL_PAGES_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_huge_page_is_followed_by_small_pages_for_a_while() {
        let mut pages = PageSize::new();
        let huge = |pages: &mut PageSize| (0..2000).filter(|_| pages.is_huge()).count();
        assert_eq!(huge(&mut pages), 2000);
        for expected in [SMALL_PAGES_FIRST, 2 * SMALL_PAGES_FIRST, 4 * SMALL_PAGES_FIRST] {
            pages.huge_page_took(SLOW_PAGE);
            assert_eq!(huge(&mut pages), 2000 - expected as usize);
        }
        (0..20).for_each(|_| pages.huge_page_took(SLOW_PAGE));
        assert_eq!(huge(&mut pages), 2000 - SMALL_PAGES_MAX as usize);
        pages.huge_page_took(Duration::ZERO);
        pages.huge_page_took(SLOW_PAGE);
        assert_eq!(huge(&mut pages), 2000 - SMALL_PAGES_FIRST as usize);
    }
}
