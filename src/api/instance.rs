//! The name of one run of the daemon, by which clients see that it was started anew.

use std::hash::{BuildHasher, Hasher, RandomState};

use super::member::Member;
use super::schema::{Describe, Schema};

/// Sixteen hexadecimal digits, random, new with each start. Answered with every ping, so it is
/// copied, not shared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instance([u8; 16]);

impl Instance {
    /// A new name.
    pub fn random() -> Self {
        // Each RandomState is seeded by the system's random numbers.
        let bits = RandomState::new().build_hasher().finish();
        let digit = |place: usize| b"0123456789abcdef"[(bits >> (4 * place)) as usize & 15];
        Instance(std::array::from_fn(digit))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl serde::Serialize for Instance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Member for Instance {
    fn write(&self, out: &mut Vec<u8>) {
        // Digits need no escapes.
        out.push(b'"');
        out.extend_from_slice(&self.0);
        out.push(b'"');
    }
}

impl Describe for Instance {
    const SCHEMA: Schema = Schema::Text;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_new_and_sixteen_digits_long() {
        let (one, other) = (Instance::random(), Instance::random());
        assert_ne!(one, other);
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        assert!(one.as_str().len() == 16 && one.as_str().bytes().all(is_digit));
    }
}
