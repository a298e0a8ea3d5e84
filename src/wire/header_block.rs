//! Blocks of `Name: value` lines that end with an empty line, as HTTP and language servers use
//! them.

/// The length of the block at the front of `bytes`, its empty line included. `searched` bytes are
/// known not to hold the end; it is brought up to date. Lines may end with CR LF or LF.
pub fn block_length(bytes: &[u8], searched: &mut usize) -> Option<usize> {
    // The end may straddle what was searched: LF, CR, LF.
    let from = searched.saturating_sub(2);
    let end = bytes[from..].iter().enumerate().find_map(|(at, byte)| {
        let tail = &bytes[from + at + 1..];
        let blank = match (byte, tail) {
            (b'\n', [b'\n', ..]) => 1,
            (b'\n', [b'\r', b'\n', ..]) => 2,
            _ => return None,
        };
        Some(from + at + 1 + blank)
    });
    *searched = end.unwrap_or(bytes.len());
    end
}

/// The lines of a block, without their ends and without the empty line.
pub fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    block
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
}

/// A header line as name and value.
pub fn name_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_block_is_found_at_any_cut() {
        for block in [&b"A: 1\r\nB: 2\r\n\r\nrest"[..], b"A: 1\nB: 2\n\nrest"] {
            let end = block.len() - 4;
            for cut in 0..block.len() {
                let mut searched = 0;
                let early = block_length(&block[..cut], &mut searched);
                let found = early.or_else(|| block_length(block, &mut searched));
                assert_eq!(found, Some(end), "cut at {cut}");
            }
        }
    }
}
