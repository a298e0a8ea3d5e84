//! The messages between the daemon and the process of a script: a kind (1 byte), a length (4,
//! little endian), a payload.

/// The kind of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// To the process: what to run and how, in JSON.
    Job = 1,
    /// A document but for its layers' voxels.
    Document = 2,
    /// Some blocks of a layer.
    Blocks = 3,
    /// To the process: the script may begin. For each layer of whose voxels it got none yet, its
    /// number and its blocks.
    Run = 4,
    /// From the process: what it gave up, in JSON. The first message.
    Ready = 5,
    /// From the process: how far the script is, in JSON.
    Progress = 6,
    /// From the process: a new layer begins as another one was.
    Copy = 7,
    /// From the process: the script is over, in JSON. The last message.
    Ended = 8,
    /// From the process: everything of a document that changed but for its layers' voxels.
    Changed = 9,
    /// From the process: it needs the blocks of a box of a layer.
    Wanted = 10,
    /// To the process: all that it asked for is there.
    There = 11,
}

impl Kind {
    const ALL: [Kind; 11] = [
        Kind::Job,
        Kind::Document,
        Kind::Blocks,
        Kind::Run,
        Kind::Ready,
        Kind::Progress,
        Kind::Copy,
        Kind::Ended,
        Kind::Changed,
        Kind::Wanted,
        Kind::There,
    ];
}

/// Bytes before a payload.
const HEAD: usize = 5;

/// Appends a message whose payload is written by a function.
pub fn put(kind: Kind, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(kind as u8);
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// Bytes that are no messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("malformed message")]
pub struct Malformed;

/// The messages in bytes that come bit by bit.
#[derive(Default)]
pub struct Frames {
    bytes: Vec<u8>,
    start: usize,
}

impl Frames {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        if self.start == self.bytes.len() {
            self.bytes.clear();
        } else if self.start > 0 {
            self.bytes.drain(..self.start);
        }
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if all of it is there.
    pub fn take(&mut self) -> Result<Option<(Kind, &[u8])>, Malformed> {
        let rest = &self.bytes[self.start..];
        let Some((head, _)) = rest.split_first_chunk::<HEAD>() else { return Ok(None) };
        let [kind, a, b, c, d] = *head;
        let kind = Kind::ALL.into_iter().find(|known| *known as u8 == kind).ok_or(Malformed)?;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        match rest.get(HEAD..HEAD + length) {
            None => Ok(None),
            Some(payload) => {
                self.start += HEAD + length;
                Ok(Some((kind, payload)))
            }
        }
    }

    /// Bytes that are held.
    pub fn held(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in_however_they_are_cut() {
        let mut bytes = Vec::new();
        put(Kind::Job, &mut bytes, |out| out.extend_from_slice(b"{}"));
        put(Kind::Run, &mut bytes, |_| {});
        put(Kind::Blocks, &mut bytes, |out| out.extend_from_slice(&[7; 300]));
        for size in [1, 3, 7, 1000] {
            let (mut frames, mut seen) = (Frames::default(), Vec::new());
            for part in bytes.chunks(size) {
                frames.add(part);
                while let Some((kind, payload)) = frames.take().unwrap() {
                    seen.push((kind, payload.len()));
                }
            }
            assert_eq!(seen, [(Kind::Job, 2), (Kind::Run, 0), (Kind::Blocks, 300)]);
        }
    }

    #[test]
    fn an_unknown_kind_is_refused() {
        let mut frames = Frames::default();
        frames.add(&[99, 0, 0, 0, 0]);
        assert_eq!(frames.take(), Err(Malformed));
    }
}
