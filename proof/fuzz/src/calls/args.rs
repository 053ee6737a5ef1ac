//! Arguments from bytes: mostly such that make sense.

use std::ffi::c_char;
use std::ptr::null;

use oarlock_capi::claim::oarlock_claim;
use oarlock_capi::error::{
    oarlock_error, oarlock_error_code, oarlock_error_free, oarlock_error_message,
    oarlock_error_parties,
};
use oarlock_capi::owner::{oarlock_owner, oarlock_owner_id};
use oarlock_capi::path::oarlock_path;
use oarlock_capi::request::oarlock_request_options;
use oarlock_capi::status::OARLOCK_OK;
use oarlock_capi::text::oarlock_str;
use oarlock_proof::words::ENTRY;

use super::told::{Held, Plain};
use crate::bytes::Bytes;

const HOUR: i64 = 3_600_000_000_000;

/// An output with something in it before the call.
pub(super) struct Out<T> {
    place: [T; 2],
    given: Given,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    Right,
    Null,
    /// One byte beside: nothing is written there.
    Misaligned,
}

impl<T: Copy + PartialEq + std::fmt::Debug> Out<T> {
    pub(super) fn new(bytes: &mut Bytes<'_>, junk: T) -> Self {
        let given = match bytes.next() {
            0xfe => Given::Null,
            0xff => Given::Misaligned,
            _ => Given::Right,
        };
        Self { place: [junk; 2], given }
    }

    pub(super) fn pointer(&mut self) -> *mut T {
        let right = self.place.as_mut_ptr();
        match self.given {
            Given::Right => right,
            Given::Null => std::ptr::null_mut(),
            Given::Misaligned => right.cast::<u8>().wrapping_add(1).cast(),
        }
    }

    pub(super) fn is_right(&self) -> bool {
        self.given == Given::Right
    }

    /// What lies there, where nothing is junk.
    pub(super) fn peek(&self) -> T {
        self.place[0]
    }

    /// What was written; blank if nothing could be.
    pub(super) fn read(&self, junk: T, blank: T) -> T {
        if self.given == Given::Right {
            assert_ne!(self.place[0], junk, "it is always written");
            return self.place[0];
        }
        assert_eq!(self.place, [junk; 2], "nothing is written there");
        blank
    }
}

/// Where an error goes, and what is said about it.
pub(super) struct ErrorOut(Out<*mut oarlock_error>);

/// No error's address.
const JUNK: *mut oarlock_error = std::ptr::without_provenance_mut(8);

impl ErrorOut {
    pub(super) fn new(bytes: &mut Bytes<'_>) -> Self {
        Self(Out::new(bytes, JUNK))
    }

    pub(super) fn pointer(&mut self) -> *mut *mut oarlock_error {
        self.0.pointer()
    }

    /// Looks at it and frees it.
    pub(super) fn check(self, status: i32) {
        let wanted = self.0.given == Given::Right;
        let error = self.0.read(JUNK, std::ptr::null_mut());
        assert_eq!(!error.is_null(), wanted && status != OARLOCK_OK, "status {status}");
        free_error(error, status);
    }
}

/// Looks at an error, which may be null, and frees it.
pub(super) fn free_error(error: *mut oarlock_error, status: i32) {
    // SAFETY: null, or one that was just handed out.
    unsafe {
        assert!(error.is_null() || oarlock_error_code(error) == status);
        let mut count = 7;
        let parties = oarlock_error_parties(error, &raw mut count);
        assert_eq!(parties.is_null(), count == 0);
        for at in 0..count {
            let party = *parties.add(at);
            assert_ne!(party.lock, 0);
            assert!(str_bytes(party.label).is_some_and(|label| std::str::from_utf8(label).is_ok()));
        }
        let message = std::ffi::CStr::from_ptr(oarlock_error_message(error));
        assert_eq!(message.is_empty(), error.is_null());
        assert!(message.to_str().is_ok(), "{message:?}");
        oarlock_error_free(error);
    }
}

/// # Safety
/// Of the library's making, or with readable bytes.
unsafe fn str_bytes<'a>(text: oarlock_str) -> Option<&'a [u8]> {
    if text.ptr.is_null() {
        return (text.len == 0).then_some(&[]);
    }
    // SAFETY: by the caller's promise.
    Some(unsafe { std::slice::from_raw_parts(text.ptr.cast(), text.len) })
}

/// A timeout that does not pass by itself while the fuzzer runs, or passes at once.
pub(super) fn timeout(bytes: &mut Bytes<'_>, may_last: bool) -> i64 {
    match bytes.next() & 15 {
        0 => -2,
        1 => i64::MIN,
        2 | 3 => 0,
        4 if may_last => i64::MAX,
        5..=8 if may_last => HOUR,
        _ if may_last => -1,
        _ => 1,
    }
}

/// A path and all it points to.
pub(super) struct PathArg {
    text: Vec<u8>,
    segments: Vec<oarlock_str>,
    path: oarlock_path,
    /// What it means, if it means anything.
    pub(super) plain: Vec<Vec<u8>>,
}

fn str_of(bytes: &[u8]) -> oarlock_str {
    oarlock_str { ptr: bytes.as_ptr().cast::<c_char>(), len: bytes.len() }
}

const NONE: oarlock_str = oarlock_str { ptr: null(), len: 0 };

impl PathArg {
    pub(super) fn new(bytes: &mut Bytes<'_>) -> Self {
        const NAMES: [&[u8]; 4] = [b"a", b"b", b"", b"c/\0\xff"];
        let choice = bytes.next();
        let depth = usize::from(choice & 3);
        let names: Vec<&'static [u8]> =
            (0..depth).map(|level| NAMES[usize::from(choice >> (2 + 2 * level)) & 1]).collect();
        let path =
            oarlock_path { text: NONE, segments: null(), segment_count: 0, entry: 0, reserved: 0 };
        let plain = names.iter().map(|name| name.to_vec()).collect();
        let mut new = Self { text: Vec::new(), segments: Vec::new(), path, plain };
        if choice & 0x28 == 0x28 {
            new.path.entry = 1;
            new.plain.push(ENTRY.to_vec());
        }
        match bytes.next() {
            0..0x70 => {
                new.text = names.join(&b'/');
                new.path.text = str_of(&new.text);
            }
            0x70..0xe0 => {
                new.segments = names.iter().map(|name| str_of(name)).collect();
                // The address of an empty list is not null either.
                new.path.segments = new.segments.as_ptr();
                new.path.segment_count = new.segments.len();
            }
            0xe0..0xe8 => {
                let odd = [NAMES[2], NAMES[3]][usize::from(choice >> 7)];
                new.segments = vec![str_of(odd)];
                new.path.segments = new.segments.as_ptr();
                new.path.segment_count = 1;
                new.plain = vec![odd.to_vec()];
                new.path.entry = 0;
            }
            // What is refused, or nearly.
            0xe8..0xea => new.path.text = oarlock_str { ptr: null(), len: 3 },
            0xea => new.path.entry = 2 + i32::from(choice),
            0xeb => new.path.reserved = 1 + u32::from(choice),
            0xec..0xf0 => new.path.segment_count = 1 + usize::from(choice),
            0xf0..0xf4 => {
                new.path.text = oarlock_str { ptr: c"a".as_ptr(), len: usize::MAX };
            }
            0xf4..0xf8 => {
                new.text = b"a//b".to_vec();
                new.path.text = str_of(&new.text);
            }
            0xf8..0xfc => {
                new.segments = vec![NONE; 1100];
                new.path.segments = new.segments.as_ptr();
                new.path.segment_count = new.segments.len();
            }
            _ => {
                new.segments = vec![NONE, NONE];
                new.path.segments = new.segments.as_ptr().cast::<u8>().wrapping_add(1).cast();
                new.path.segment_count = 1;
            }
        }
        new
    }

    pub(super) fn path(&self) -> oarlock_path {
        self.path
    }
}

/// Claims and options, and all they point to.
pub(super) struct RequestArg {
    paths: Vec<PathArg>,
    claims: Vec<oarlock_claim>,
    count: usize,
    give_claims: u8,
    options: Options,
    give_options: u8,
    /// Its owner's number.
    owner: Option<u64>,
}

/// Options, with room behind them as a later version would have.
#[repr(C)]
struct Options {
    known: oarlock_request_options,
    later: [u64; 4],
}

impl RequestArg {
    pub(super) fn new(bytes: &mut Bytes<'_>, owners: &[*mut oarlock_owner]) -> Self {
        let count = [1, 1, 1, 1, 2, 2, 3, 0][bytes.below(8)];
        let paths: Vec<PathArg> = (0..count).map(|_| PathArg::new(bytes)).collect();
        let claim = |path: &PathArg| {
            let kind = bytes.next();
            let (mode, limit) = match kind {
                0..0x60 => (2, 0),
                0x60..0xc0 => (1, 0),
                0xc0..0xf0 => (3, 1 + u32::from(kind & 3)),
                0xf0..0xf4 => (i32::from(kind), 0),
                0xf4..0xf8 => (3, 0),
                0xf8..0xfc => (1 + i32::from(kind & 1), 1),
                _ => (-1, u32::MAX),
            };
            oarlock_claim { mode, limit, path: path.path() }
        };
        let claims = paths.iter().map(claim).collect();
        let choice = bytes.next();
        let owner = owners.get(usize::from(choice & 3)).copied();
        let label = match choice >> 2 & 7 {
            0 => str_of(b"label"),
            1 => str_of("l\u{e4}bel".as_bytes()),
            2 if choice > 0xf0 => str_of(b"\xff"),
            3 if choice > 0xf0 => oarlock_str { ptr: null(), len: 1 },
            _ => NONE,
        };
        let size = size_of::<oarlock_request_options>() as u32;
        let (struct_size, reserved, later) = match bytes.next() {
            0xf0..0xf4 => (0, 0, 0),
            0xf4..0xf8 => (size, 1, 0),
            0xf8..0xfa => (size + 8, 0, 0),
            0xfa..0xfc => (size + 32, 0, 1),
            0xfc..=0xff => (size - 8, 0, 0),
            _ => (size, 0, 0),
        };
        let owner_handle = owner.map_or(null(), <*mut _>::cast_const);
        // SAFETY: the owners live.
        let owner = owner.map(|owner| unsafe { oarlock_owner_id(owner) });
        Self {
            paths,
            claims,
            count,
            give_claims: bytes.next(),
            options: Options {
                known: oarlock_request_options {
                    struct_size,
                    reserved,
                    owner: owner_handle,
                    label,
                },
                later: [later; 4],
            },
            give_options: bytes.next(),
            owner,
        }
    }

    pub(super) fn claims(&self) -> *const oarlock_claim {
        match self.give_claims {
            0xfe => null(),
            0xff => self.claims.as_ptr().cast::<u8>().wrapping_add(1).cast(),
            _ => self.claims.as_ptr(),
        }
    }

    pub(super) fn count(&self) -> usize {
        if self.give_claims == 0xfd { usize::MAX } else { self.count }
    }

    pub(super) fn options(&self) -> *const oarlock_request_options {
        let options: *const Options = &raw const self.options;
        match self.give_options {
            0x80..0xff => null(),
            0xff => options.cast::<u8>().wrapping_add(1).cast(),
            _ => options.cast(),
        }
    }

    /// What is held if it is granted.
    pub(super) fn held(&self, manager: usize) -> Held {
        let plain = |(path, claim): (&PathArg, &oarlock_claim)| Plain {
            path: path.plain.clone(),
            write: claim.mode == 2,
        };
        let owner = if self.options().is_null() { None } else { self.owner };
        let claims = self.paths.iter().zip(&self.claims).map(plain).collect();
        Held { manager, owner, claims }
    }
}
