//! Bytes put into an encoder piece by piece: [`unpack`](super::unpack) the other way round.

use std::io::Write;

use crate::job::Slice;

/// Bytes that are put in in one unit of work.
pub(crate) const PIECE: usize = 1 << 14;

/// Puts bytes into an encoder that writes to memory, which cannot fail.
pub(crate) async fn pack(encoder: &mut impl Write, bytes: &[u8], slice: &Slice) {
    for piece in bytes.chunks(PIECE) {
        let _ = encoder.write_all(piece);
        slice.spend(1).await;
    }
}
