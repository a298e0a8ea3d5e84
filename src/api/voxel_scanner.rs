//! One voxel of a list, scanned by hand where its text has the form that programs send.
//!
//! Each step is `None` where the text has another form; what was taken up to there does not count
//! then.

use super::bulk::VoxelEntry;
use super::color_form::from_text;
use crate::voxel::{Point, Rgba};

/// See the module.
pub(super) struct VoxelScanner<'a> {
    pub(super) bytes: &'a [u8],
    /// How far it has come.
    pub(super) at: usize,
}

impl VoxelScanner<'_> {
    /// An array or an object.
    pub(super) fn entry(&mut self) -> Option<VoxelEntry> {
        match self.bytes.get(self.at)? {
            b'[' => self.array(),
            b'{' => self.object(),
            _ => None,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Steps over a comma and the blank that some writers put behind it.
    fn comma(&mut self) -> Option<()> {
        self.expect(b',')?;
        self.blank();
        Some(())
    }

    /// Steps over a blank.
    pub(super) fn blank(&mut self) {
        if self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// A whole number in plain digits.
    fn integer(&mut self) -> Option<i32> {
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let start = self.at;
        let mut value: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value * 10 + i64::from(digit - b'0');
            self.at += 1;
            if self.at - start > 10 {
                return None;
            }
        }
        if self.at == start || matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        i32::try_from(if negative { -value } else { value }).ok()
    }

    fn channel(&mut self) -> Option<u8> {
        u8::try_from(self.integer()?).ok()
    }

    fn array(&mut self) -> Option<VoxelEntry> {
        self.expect(b'[')?;
        let x = self.integer()?;
        self.comma()?;
        let y = self.integer()?;
        self.comma()?;
        let z = self.integer()?;
        let color = match self.peek()? {
            b']' => None,
            _ => {
                self.comma()?;
                Some(self.color()?)
            }
        };
        self.expect(b']')?;
        Some(VoxelEntry { point: Point::new(x, y, z), color })
    }

    fn color(&mut self) -> Option<Rgba> {
        match self.peek()? {
            b'"' => self.hexadecimal(),
            b'[' => {
                self.at += 1;
                let color = self.three_or_four()?;
                self.expect(b']')?;
                Some(color)
            }
            _ => self.three_or_four(),
        }
    }

    fn three_or_four(&mut self) -> Option<Rgba> {
        let r = self.channel()?;
        self.comma()?;
        let g = self.channel()?;
        self.comma()?;
        let b = self.channel()?;
        let a = match self.peek()? {
            b',' => {
                self.comma()?;
                self.channel()?
            }
            _ => 255,
        };
        Some(Rgba::new(r, g, b, a))
    }

    fn hexadecimal(&mut self) -> Option<Rgba> {
        let rest = self.bytes.get(self.at + 1..)?;
        let length = rest.iter().take(10).position(|&byte| byte == b'"')?;
        let color = from_text(std::str::from_utf8(&rest[..length]).ok()?)?;
        self.at += length + 2;
        Some(color)
    }

    fn object(&mut self) -> Option<VoxelEntry> {
        self.expect(b'{')?;
        self.members()
    }

    /// The members of an object from the first or a later one on, up to its end.
    pub(super) fn members(&mut self) -> Option<VoxelEntry> {
        let mut values: [Option<i32>; 7] = [None; 7];
        loop {
            self.expect(b'"')?;
            let slot = b"xyzrgba".iter().position(|&name| Some(name) == self.peek())?;
            self.at += 1;
            self.expect(b'"')?;
            self.expect(b':')?;
            self.blank();
            values[slot] = Some(self.integer()?);
            match self.peek()? {
                b'}' => break,
                _ => self.comma()?,
            }
        }
        self.at += 1;
        let [x, y, z, r, g, b, a] = values;
        let byte = |value: i32| u8::try_from(value).ok();
        let color = match (r, g, b) {
            (Some(r), Some(g), Some(b)) => {
                Some(Rgba::new(byte(r)?, byte(g)?, byte(b)?, byte(a.unwrap_or(255))?))
            }
            (None, None, None) if a.is_none() => None,
            _ => return None,
        };
        Some(VoxelEntry { point: Point::new(x?, y?, z?), color })
    }
}
