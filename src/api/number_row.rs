//! Short rows of whole numbers, `[1,-2,3,255,0,0]`, each read at once.
//!
//! The places of commas and digits in a [`Window`] say where the numbers are, so nothing is decided
//! digit by digit: that a number has one digit or three is the one thing that a processor cannot
//! foresee in such a list. One window serves all the rows that end in it.

use crate::wire::window::{Places, WINDOW, Window, before};

/// The most numbers of a row.
pub const MOST: usize = 7;

/// The most digits of a number: as many as there are bytes in a word.
const MOST_DIGITS: u32 = 8;

/// How many bytes have to be there from the beginning of a row on: a window, and a word from its
/// last byte on.
const NEEDED: usize = WINDOW + MOST_DIGITS as usize;

/// Reads rows of a text that was checked before.
pub struct RowReader<'a> {
    text: &'a [u8],
    /// Where the window begins that the places are of.
    at: usize,
    digits: Places,
    minus: Places,
    commas: Places,
    closed: Places,
    /// What a row may contain between its brackets.
    usual: Places,
}

impl<'a> RowReader<'a> {
    /// Over a valid JSON text.
    pub fn new(text: &'a [u8]) -> Self {
        RowReader { text, at: 0, digits: 0, minus: 0, commas: 0, closed: 0, usual: 0 }
    }

    /// The row whose opening bracket is at `at`. `None` if it is longer than a window or has other
    /// contents than at most [`MOST`] short whole numbers, with a comma and perhaps a space between
    /// them, or if the text is nearly at its end: then others have to read it.
    #[inline]
    pub fn row(&mut self, at: usize) -> Option<Row> {
        let mut shift = at.wrapping_sub(self.at);
        if shift >= WINDOW || self.closed >> shift == 0 {
            self.look(at)?;
            shift = 0;
        }
        let bytes: &[u8; NEEDED] = self.text.get(at..)?.first_chunk()?;
        let end = (self.closed >> shift).trailing_zeros();
        let inside = before(end) & !1;
        if end == Places::BITS || !(self.usual >> shift) & inside != 0 {
            return None;
        }
        let digits = self.digits >> shift & inside;
        let mut starts = digits & !(digits << 1);
        // The commas and the bracket are behind the numbers, the signs in front of them.
        let mut ends = self.commas >> shift & inside | 1 << end;
        let behind_minus = self.minus >> shift << 1;
        let mut row = Row { numbers: [0; MOST], count: 0, length: end as usize + 1 };
        while ends != 0 {
            let start = starts.trailing_zeros() % Places::BITS;
            let digits = ends.trailing_zeros().wrapping_sub(start);
            if !(1..=MOST_DIGITS).contains(&digits) {
                return None;
            }
            let start = start as usize;
            let value = whole_number(&bytes[start..start + MOST_DIGITS as usize], digits);
            let is_negative = (behind_minus >> start & 1) as i32;
            *row.numbers.get_mut(row.count)? = (value ^ -is_negative) + is_negative;
            row.count += 1;
            starts &= starts.wrapping_sub(1);
            ends &= ends - 1;
        }
        Some(row)
    }

    fn look(&mut self, at: usize) -> Option<()> {
        let window = Window::at(self.text, at)?;
        self.at = at;
        self.digits = window.digits();
        self.minus = window.like(b'-');
        self.commas = window.like(b',');
        self.closed = window.like(b']');
        let spaces = window.like(b' ') & self.commas << 1;
        self.usual = self.digits | self.minus | self.commas | spaces;
        Some(())
    }
}

/// The numbers of a row.
pub struct Row {
    numbers: [i32; MOST],
    count: usize,
    /// How many bytes it has, with its brackets.
    pub length: usize,
}

impl Row {
    /// The numbers.
    #[inline]
    pub fn numbers(&self) -> &[i32] {
        &self.numbers[..self.count]
    }
}

/// The number of the first digits of eight bytes: neighbours are added up in pairs, then the pairs,
/// then the fours.
#[inline]
fn whole_number(eight: &[u8], digits: u32) -> i32 {
    let eight = eight.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
    let ones = (eight & 0x0F0F_0F0F_0F0F_0F0F).wrapping_shl(64 - 8 * digits);
    let pairs = (ones.wrapping_mul(1 + (10 << 8)) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(1 + (100 << 16)) >> 16) & 0x0000_FFFF_0000_FFFF;
    (fours.wrapping_mul(1 + (10_000 << 32)) >> 32) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEHIND: &str = ",[[[ what follows is of no interest, but it has to be there ]]]      ";

    fn read(row: &str) -> Option<Vec<i32>> {
        let text = format!("{row}{BEHIND}");
        let read = RowReader::new(text.as_bytes()).row(0)?;
        assert_eq!(read.length, row.len());
        Some(read.numbers().to_vec())
    }

    #[test]
    fn rows_are_read() {
        for (row, numbers) in [
            ("[0]", vec![0]),
            ("[-7]", vec![-7]),
            ("[1,-2,3]", vec![1, -2, 3]),
            (
                "[1, -20, 300, 4000, -50000, 600000, 99999999]",
                vec![1, -20, 300, 4000, -50000, 600000, 99999999],
            ),
            (
                "[-12345678,12345678,-1,-12,-123,-1234,-12345]",
                vec![-12345678, 12345678, -1, -12, -123, -1234, -12345],
            ),
        ] {
            assert_eq!(read(row), Some(numbers), "{row}");
        }
    }

    #[test]
    fn other_rows_are_left_to_others() {
        for row in [
            "[]",
            "[123456789]",
            "[1,2,3,4,5,6,7,8]",
            "[1 ,2]",
            "[ 1,2]",
            "[1,  2]",
            "[1,2 ]",
            "[1.5,2]",
            "[1e3]",
            "[\"1\"]",
            "[[1,2,3],4]",
            "{\"x\":1}",
            "[1,                                                             2]",
            "[1,null]",
        ] {
            assert_eq!(read(row), None, "{row}");
        }
        assert!(RowReader::new(b"[1,2,3]").row(0).is_none(), "less than a window");
    }

    #[test]
    fn a_list_is_read_row_by_row_from_any_place() {
        for gap in [",", ", "] {
            let rows = (0..40).map(|i| [i, -i * 300, i * 70_000]);
            let text = rows.clone().map(|[x, y, z]| format!("[{x},{y},{z}]")).collect::<Vec<_>>();
            let text = text.join(gap) + BEHIND;
            let mut reader = RowReader::new(text.as_bytes());
            let mut at = 0;
            for expected in rows {
                let row = reader.row(at).unwrap();
                assert_eq!(row.numbers(), expected);
                at += row.length + gap.len();
            }
            let again = reader.row(0).unwrap();
            assert_eq!(again.numbers(), [0, 0, 0], "going back is allowed");
        }
    }

    #[test]
    fn text_that_is_no_json_does_no_harm() {
        let good = format!("[1,-2,3]{BEHIND}");
        for place in 0..9 {
            for byte in 0..=255 {
                let mut bytes = good.clone().into_bytes();
                bytes[place] = byte;
                let _ = RowReader::new(&bytes).row(0);
            }
        }
    }
}
