//! The buffer in which JavaScript and this crate pass numbers and claims.

use napi::bindgen_prelude::Uint8Array;

/// Words (native-endian `u32`) of the header, by position. `lib/native.js` has
/// the same table.
#[derive(Clone, Copy)]
pub(crate) enum Word {
    /// In: the manager's number.
    Manager = 0,
    /// In and out: the slot's number.
    Slot = 1,
    /// In: bytes of claims behind the header.
    Length = 2,
    /// Out: 1 if the mailbox holds something to take, else 0.
    Mail = 3,
    /// Out: the request's id, low half; the high half follows.
    Id = 4,
    /// Out: the grant's token, low half; the high half follows.
    Token = 6,
}

/// Bytes before the claims.
pub(crate) const HEADER: usize = 32;

/// One environment's buffer.
///
/// Invariant: `lib/native.js` made the buffer, shows it to nobody, never detaches
/// it, and touches it only on this thread while no call is in progress here.
pub(crate) struct Frame {
    array: Uint8Array,
}

impl Frame {
    /// Takes the buffer, or `None` if it is shorter than a header.
    pub(crate) fn new(array: Uint8Array) -> Option<Self> {
        (array.len() >= HEADER).then_some(Self { array })
    }

    /// A word of the header.
    pub(crate) fn get(&self, word: Word) -> u32 {
        let at = word as usize * 4;
        let bytes = &self.array[at..at + 4];
        u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// Writes a word of the header.
    pub(crate) fn set(&mut self, word: Word, value: u32) {
        self.write(word as usize * 4, &value.to_ne_bytes());
    }

    /// Writes a number over two words, low half first.
    pub(crate) fn set_wide(&mut self, word: Word, value: u64) {
        let at = word as usize * 4;
        self.write(at, &(value as u32).to_ne_bytes());
        self.write(at + 4, &((value >> 32) as u32).to_ne_bytes());
    }

    /// The claims behind the header, or `None` if the header gives a length that
    /// the buffer does not have.
    pub(crate) fn claims(&self) -> Option<&[u8]> {
        let length = self.get(Word::Length) as usize;
        self.array.get(HEADER..)?.get(..length)
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        // SAFETY: by the invariant of `Frame` the memory is live, of this length,
        // and nothing else reads or writes it during this call.
        let memory = unsafe { self.array.as_mut() };
        memory[at..at + bytes.len()].copy_from_slice(bytes);
    }
}
