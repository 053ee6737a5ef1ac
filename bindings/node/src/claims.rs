//! Claims as `lib/encode.js` writes them.
//!
//! A claim is a mode (1 byte: 0 read, 1 write; 2 more if it is on the path's own
//! entry), a form (1 byte) and then, for form 0, text: its length and bytes; for
//! form 1, segments: their count, and for each its length and bytes. Numbers are
//! little-endian `u32`.

use oarlock::{Claim, Mode, Path};

/// Reads claims until the bytes end.
///
/// An iterator cannot fail, so [`Claims::check`] walks the bytes before it does.
#[derive(Clone)]
pub(crate) struct Claims<'a> {
    rest: &'a [u8],
}

impl<'a> Claims<'a> {
    /// The claims in these bytes; `None` if the bytes are something else.
    pub(crate) fn check(bytes: &'a [u8]) -> Option<Self> {
        let claims = Self { rest: bytes };
        let mut reader = claims.clone();
        while !reader.rest.is_empty() {
            let _ = reader.claim()?;
        }
        Some(claims)
    }

    fn claim(&mut self) -> Option<Claim<'a>> {
        let (mode, entry) = match self.byte()? {
            0 => (Mode::Read, false),
            1 => (Mode::Write, false),
            2 => (Mode::Read, true),
            3 => (Mode::Write, true),
            _ => return None,
        };
        let path = match self.byte()? {
            0 => Path::text_bytes(self.bytes()?),
            1 => self.segments()?,
            _ => return None,
        };
        Some(Claim::new(mode, if entry { path.entry() } else { path }))
    }

    fn segments(&mut self) -> Option<Path<'static>> {
        let count = self.number()?;
        let mut complete = true;
        let path = Path::from_segments((0..count).map_while(|_| {
            let segment = self.bytes();
            complete &= segment.is_some();
            segment
        }));
        complete.then_some(path)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn number(&mut self) -> Option<usize> {
        let (bytes, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Claims<'a> {
    type Item = Claim<'a>;

    fn next(&mut self) -> Option<Claim<'a>> {
        self.claim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oarlock::{read, read_entry, write, write_entry};

    const TEXT: &[u8] = b"\x01\x00\x03\x00\x00\x00a/b";
    const SEGMENTS: &[u8] = b"\x00\x01\x02\x00\x00\x00\x03\x00\x00\x00a/b\x00\x00\x00\x00";

    #[test]
    fn text_and_segments_are_read() {
        let bytes = [TEXT, SEGMENTS].concat();
        let claims: Vec<_> = Claims::check(&bytes).into_iter().flatten().collect();
        assert_eq!(claims, [write("a/b"), read(["a/b", ""])]);
    }

    #[test]
    fn entries_are_read() {
        let bytes = [b"\x03", &TEXT[1..], b"\x02", &SEGMENTS[1..]].concat();
        let claims: Vec<_> = Claims::check(&bytes).into_iter().flatten().collect();
        assert_eq!(claims, [write_entry("a/b"), read_entry(["a/b", ""])]);
    }

    #[test]
    fn no_bytes_are_no_claims() {
        assert_eq!(Claims::check(b"").map_or(1, Iterator::count), 0);
    }

    #[test]
    fn every_cut_is_noticed() {
        for whole in [TEXT, SEGMENTS] {
            for end in 1..whole.len() {
                assert!(Claims::check(&whole[..end]).is_none(), "{end}");
            }
        }
    }

    #[test]
    fn a_length_beyond_the_end_and_unknown_bytes_are_noticed() {
        for bytes in [
            &b"\x04\x00\x00\x00\x00\x00"[..],
            b"\x00\x02\x00\x00\x00\x00",
            b"\x00\x00\xff\xff\xff\xff",
            b"\x00\x01\xff\xff\xff\xff",
        ] {
            assert!(Claims::check(bytes).is_none(), "{bytes:?}");
        }
    }
}
