//! How much of a file that is being written the disk already has.
//!
//! Invariant: `arrived <= begun <= written`; the first two are multiples of [`WINDOW`] until all is begun.

use std::fs::File;

use super::disk;

/// Bytes that the disk is given, and asked for, in one go.
const WINDOW: u64 = 1 << 20;
/// Bytes that may be under way before the writer should rest.
const UNDER_WAY_MAX: u64 = 8 << 20;
/// Questions without news after which no news is expected any more.
const PATIENCE: u32 = 250;

/// The way of a file's bytes to the disk.
#[derive(Default)]
pub(super) struct WriteBack {
    written: u64,
    begun: u64,
    arrived: u64,
    /// Questions since something arrived.
    asked: u32,
    /// Nothing can be told: there is no disk, or it does not say.
    is_silent: bool,
}

impl WriteBack {
    pub(super) fn new(file: &File) -> Self {
        WriteBack { is_silent: disk::is_in_memory(file), ..WriteBack::default() }
    }

    /// Notes that bytes were appended, and sends whole windows on their way.
    pub(super) fn wrote(&mut self, file: &File, count: u64) {
        self.written += count;
        while self.written - self.begun >= WINDOW {
            disk::start_writing(file, self.begun, WINDOW);
            self.begun += WINDOW;
        }
    }

    /// Whether so much is under way that it is better to rest than to write on.
    pub(super) fn is_congested(&mut self, file: &File) -> bool {
        !self.is_silent && self.begun - self.arrived > UNDER_WAY_MAX && !self.has_news(file)
    }

    /// Whether the disk has everything, as far as that can be told. Call it after the last byte was written,
    /// and rest in between.
    pub(super) fn is_settled(&mut self, file: &File) -> bool {
        if self.begun < self.written {
            disk::start_writing(file, self.begun, self.written - self.begun);
            self.begun = self.written;
        }
        while self.has_news(file) {}
        self.is_silent || self.arrived == self.written
    }

    /// From now on nothing is asked and everything counts as settled.
    pub(super) fn stop_asking(&mut self) {
        self.is_silent = true;
    }

    /// Asks for the oldest window under way; whether it has arrived.
    fn has_news(&mut self, file: &File) -> bool {
        if self.is_silent || self.arrived == self.begun {
            return false;
        }
        let end = self.begun.min(self.arrived + WINDOW);
        match disk::has_arrived(file, end) {
            Some(true) => {
                (self.arrived, self.asked) = (end, 0);
                return true;
            }
            Some(false) => self.asked += 1,
            None => self.is_silent = true,
        }
        self.is_silent |= self.asked > PATIENCE;
        false
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn all_of_a_file_arrives_or_the_disk_is_silent() -> std::io::Result<()> {
        let mut file = tempfile::tempfile()?;
        let mut way = WriteBack::new(&file);
        let piece = vec![7; 300_000];
        for _ in 0..9 {
            file.write_all(&piece)?;
            way.wrote(&file, piece.len() as u64);
            assert!(way.arrived <= way.begun && way.begun <= way.written);
            assert!(way.written - way.begun < WINDOW);
        }
        let mut questions = 0;
        while !way.is_settled(&file) {
            questions += 1;
            assert!(questions <= 10 * PATIENCE, "it neither arrives nor falls silent");
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert!(way.is_silent || way.arrived == 9 * 300_000);
        Ok(())
    }

    #[test]
    fn a_silent_disk_is_neither_congested_nor_waited_for() -> std::io::Result<()> {
        let file = tempfile::tempfile()?;
        let mut way = WriteBack { is_silent: true, ..WriteBack::default() };
        way.wrote(&file, 100 << 20);
        assert!(way.is_settled(&file));
        Ok(())
    }
}
