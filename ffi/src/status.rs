//! Status codes: one table of numbers, names and sentences.
//!
//! A number is part of the ABI for ever: new ones are appended, none is reused
//! and none is inserted between others.

use std::ffi::{CStr, c_char};

/// The result of a call: 0 for success, a negative number for an error.
pub type oarlock_status = i32;

/// Success.
pub const OARLOCK_OK: oarlock_status = 0;
/// The lock is not free at once, and the call was one that does not wait.
pub const OARLOCK_ERR_WOULD_BLOCK: oarlock_status = -1;
/// The timeout passed before the request was granted.
pub const OARLOCK_ERR_TIMEOUT: oarlock_status = -2;
/// The request was cancelled while it waited.
pub const OARLOCK_ERR_CANCELLED: oarlock_status = -3;
/// What others hold would keep the request or upgrade waiting for ever: they wait for
/// what its owner holds. Only of the calls that make a request or begin an upgrade;
/// never of a wait, a callback or a completion.
pub const OARLOCK_ERR_DEADLOCK: oarlock_status = -4;
/// The manager is closed.
pub const OARLOCK_ERR_CLOSED: oarlock_status = -5;
/// There is no such request any more, or there never was: it has ended, or it is
/// another manager's. Of an upgrade: none waits any more.
pub const OARLOCK_ERR_STALE: oarlock_status = -6;
/// The handle was made before a fork and is used in the child.
pub const OARLOCK_ERR_FORKED: oarlock_status = -7;
/// A bug in the library: a panic was caught at the boundary.
pub const OARLOCK_ERR_PANIC: oarlock_status = -8;
/// Cancelling came too late: the request is granted and the caller holds it.
pub const OARLOCK_ERR_GRANTED: oarlock_status = -9;
/// The system refused something that the library needs, or an error of a kind
/// that this version of the header has no number for.
pub const OARLOCK_ERR_INTERNAL: oarlock_status = -10;
/// The request waits still; the call is for granted ones.
pub const OARLOCK_ERR_NOT_GRANTED: oarlock_status = -11;
/// The request has no claim on exactly this path.
pub const OARLOCK_ERR_NOT_CLAIMED: oarlock_status = -12;
/// An upgrade of the request waits already.
pub const OARLOCK_ERR_UPGRADE_WAITING: oarlock_status = -13;
/// The system that the library was built for has no such thing.
pub const OARLOCK_ERR_UNSUPPORTED: oarlock_status = -14;
/// A null or misaligned pointer where a value is needed, a struct_size that no
/// version has, a reserved field that is not 0, or fields that contradict each
/// other, as a path both as text and as segments.
pub const OARLOCK_ERR_INVALID_ARGUMENT: oarlock_status = -20;
/// A mode that is none of the OARLOCK_READ, OARLOCK_WRITE, ... numbers.
pub const OARLOCK_ERR_INVALID_MODE: oarlock_status = -21;
/// A request without claims.
pub const OARLOCK_ERR_NO_CLAIMS: oarlock_status = -22;
/// An empty segment in the text of a path: "a//b", "/a" or "a/".
pub const OARLOCK_ERR_EMPTY_SEGMENT: oarlock_status = -23;
/// More claims in a request than the manager's limit.
pub const OARLOCK_ERR_TOO_MANY_CLAIMS: oarlock_status = -24;
/// More segments in a path than the manager's limit.
pub const OARLOCK_ERR_TOO_MANY_SEGMENTS: oarlock_status = -25;
/// More bytes in a path than the manager's limit.
pub const OARLOCK_ERR_PATH_TOO_LONG: oarlock_status = -26;
/// A timeout below -1.
pub const OARLOCK_ERR_INVALID_TIMEOUT: oarlock_status = -27;
/// A timeout that cannot be added to the present time.
pub const OARLOCK_ERR_TIMEOUT_TOO_LARGE: oarlock_status = -28;
/// More requests alive at once than the manager can number.
pub const OARLOCK_ERR_TOO_MANY_REQUESTS: oarlock_status = -29;
/// A manager's name or a label that is not UTF-8.
pub const OARLOCK_ERR_INVALID_NAME: oarlock_status = -30;
/// More segments in all the paths of a request together than the manager's
/// limit.
pub const OARLOCK_ERR_REQUEST_TOO_LARGE: oarlock_status = -31;
/// A limited read whose limit is 0.
pub const OARLOCK_ERR_ZERO_LIMIT: oarlock_status = -32;
/// A limit in a claim that writes.
pub const OARLOCK_ERR_LIMIT_ON_WRITE: oarlock_status = -33;
/// An owner that another manager made.
pub const OARLOCK_ERR_FOREIGN_OWNER: oarlock_status = -34;
/// The request would have to wait, and as many wait as the manager's limit.
pub const OARLOCK_ERR_TOO_MANY_WAITING: oarlock_status = -35;

/// One row: the number, its short name, its sentence.
struct Row(oarlock_status, &'static CStr, &'static CStr);

const ROWS: &[Row] = &[
    Row(OARLOCK_OK, c"ok", c"success"),
    Row(
        OARLOCK_ERR_WOULD_BLOCK,
        c"would-block",
        c"the lock is not free at once",
    ),
    Row(
        OARLOCK_ERR_TIMEOUT,
        c"timeout",
        c"the timeout passed before the request was granted",
    ),
    Row(
        OARLOCK_ERR_CANCELLED,
        c"cancelled",
        c"the request was cancelled while it waited",
    ),
    Row(
        OARLOCK_ERR_DEADLOCK,
        c"deadlock",
        c"the request would wait in a cycle",
    ),
    Row(OARLOCK_ERR_CLOSED, c"closed", c"the manager is closed"),
    Row(
        OARLOCK_ERR_STALE,
        c"stale",
        c"the lock is not one of this manager's, or it has ended already",
    ),
    Row(
        OARLOCK_ERR_FORKED,
        c"forked",
        c"the handle was made before a fork and cannot be used in the child",
    ),
    Row(
        OARLOCK_ERR_PANIC,
        c"panic",
        c"a bug in the library: a panic was caught at the boundary",
    ),
    Row(
        OARLOCK_ERR_GRANTED,
        c"granted",
        c"the request is granted already and cannot be cancelled",
    ),
    Row(
        OARLOCK_ERR_INTERNAL,
        c"internal",
        c"the library could not do its work",
    ),
    Row(
        OARLOCK_ERR_NOT_GRANTED,
        c"not-granted",
        c"the request is not granted yet",
    ),
    Row(
        OARLOCK_ERR_NOT_CLAIMED,
        c"not-claimed",
        c"the request has no claim on exactly this path",
    ),
    Row(
        OARLOCK_ERR_UPGRADE_WAITING,
        c"upgrade-waiting",
        c"an upgrade of the request waits already",
    ),
    Row(
        OARLOCK_ERR_UNSUPPORTED,
        c"unsupported",
        c"this system has no such thing",
    ),
    Row(
        OARLOCK_ERR_INVALID_ARGUMENT,
        c"invalid-argument",
        c"a null or misaligned pointer, a wrong struct_size, or a reserved field that is not 0",
    ),
    Row(
        OARLOCK_ERR_INVALID_MODE,
        c"invalid-mode",
        c"the mode is not one that there is",
    ),
    Row(
        OARLOCK_ERR_NO_CLAIMS,
        c"no-claims",
        c"a request needs at least one claim",
    ),
    Row(
        OARLOCK_ERR_EMPTY_SEGMENT,
        c"empty-segment",
        c"the text of a path has an empty segment",
    ),
    Row(
        OARLOCK_ERR_TOO_MANY_CLAIMS,
        c"too-many-claims",
        c"the request has more claims than the manager's limit",
    ),
    Row(
        OARLOCK_ERR_TOO_MANY_SEGMENTS,
        c"too-many-segments",
        c"a path has more segments than the manager's limit",
    ),
    Row(
        OARLOCK_ERR_PATH_TOO_LONG,
        c"path-too-long",
        c"a path has more bytes than the manager's limit",
    ),
    Row(
        OARLOCK_ERR_INVALID_TIMEOUT,
        c"invalid-timeout",
        c"the timeout is below -1",
    ),
    Row(
        OARLOCK_ERR_TIMEOUT_TOO_LARGE,
        c"timeout-too-large",
        c"the timeout cannot be added to the present time",
    ),
    Row(
        OARLOCK_ERR_TOO_MANY_REQUESTS,
        c"too-many-requests",
        c"the manager has no number left for another request",
    ),
    Row(
        OARLOCK_ERR_INVALID_NAME,
        c"invalid-name",
        c"a name or label is not UTF-8",
    ),
    Row(
        OARLOCK_ERR_REQUEST_TOO_LARGE,
        c"request-too-large",
        c"the paths of the request have more segments together than the manager's limit",
    ),
    Row(
        OARLOCK_ERR_ZERO_LIMIT,
        c"zero-limit",
        c"the limit of a limited read is 0",
    ),
    Row(
        OARLOCK_ERR_LIMIT_ON_WRITE,
        c"limit-on-write",
        c"a write claim has a limit",
    ),
    Row(
        OARLOCK_ERR_FOREIGN_OWNER,
        c"foreign-owner",
        c"the owner was made by another manager",
    ),
    Row(
        OARLOCK_ERR_TOO_MANY_WAITING,
        c"too-many-waiting",
        c"as many requests wait as the manager's limit",
    ),
];

fn row(status: oarlock_status) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.0 == status)
}

/// The sentence of a status.
pub(crate) fn message(status: oarlock_status) -> &'static CStr {
    row(status).map_or(c"an unknown status", |row| row.2)
}

/// Gives the short name of a status: that of its macro, without OARLOCK_ or
/// OARLOCK_ERR_ and in small letters: "ok", "would-block", "no-claims", ...
///
/// Ownership: the text is static; do not free it.
/// Lifetimes: valid until the library is unloaded.
/// Threads: any.
/// Blocks: never.
/// Statuses: none; an unknown number gives "unknown".
#[unsafe(no_mangle)]
pub extern "C" fn oarlock_status_name(status: oarlock_status) -> *const c_char {
    row(status).map_or(c"unknown", |row| row.1).as_ptr()
}

/// Gives the sentence of a status, for a person to read. It may change between
/// versions; an oarlock_error says more.
///
/// Ownership: the text is static; do not free it.
/// Lifetimes: valid until the library is unloaded.
/// Threads: any.
/// Blocks: never.
/// Statuses: none; an unknown number gives "an unknown status".
#[unsafe(no_mangle)]
pub extern "C" fn oarlock_status_message(status: oarlock_status) -> *const c_char {
    message(status).as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_and_names_are_unique() {
        let numbers: HashSet<_> = ROWS.iter().map(|row| row.0).collect();
        let names: HashSet<_> = ROWS.iter().map(|row| row.1).collect();
        assert_eq!(numbers.len(), ROWS.len());
        assert_eq!(names.len(), ROWS.len());
    }

    /// Numbers never move: this list only grows.
    #[test]
    fn numbers_are_frozen() {
        let numbers: Vec<_> = ROWS.iter().map(|row| row.0).collect();
        let frozen: Vec<_> = (-14..=0).rev().chain((-35..=-20).rev()).collect();
        assert_eq!(numbers, frozen);
    }

    #[test]
    fn an_unknown_number_has_a_name_too() {
        for status in [1, -15, -19, -36, i32::MIN, i32::MAX] {
            assert!(row(status).is_none());
            assert_eq!(message(status), c"an unknown status");
        }
    }
}
