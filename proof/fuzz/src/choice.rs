//! Claims, owners and paths from bytes.

use oarlock_proof::ops::Path;
use oarlock_proof::words::{Claim, ENTRY, Owner};

use crate::bytes::Bytes;

/// Half of the requests have no owner.
pub fn owner(bytes: &mut Bytes<'_>) -> Option<Owner> {
    let choice = 1 + bytes.below(8);
    (choice <= 4).then_some(choice as Owner)
}

/// Up to four claims; a third of them write. One in some dozens makes no sense.
pub fn claims(bytes: &mut Bytes<'_>) -> Vec<Claim> {
    let count = [1, 1, 1, 1, 2, 2, 3, 4][bytes.below(8)];
    let one = |_| {
        let kind = bytes.next();
        let limited = kind % 6 > 3 || kind == 0xff;
        Claim {
            write: kind % 6 < 2,
            limit: limited.then(|| u32::from(kind >> 6) + u32::from(kind < 0xf0)),
            path: path(bytes),
            inherited: false,
        }
    };
    (0..count).map(one).collect()
}

/// Up to three segments. The names are few, so that paths meet; one of them is
/// empty and one is long. One path in sixteen is the entry of one.
pub fn path(bytes: &mut Bytes<'_>) -> Path {
    let choice = bytes.next();
    if choice & 15 == 8 {
        let names: [&[u8]; 2] = [b"a", b"b"];
        let depth = usize::from(choice >> 4 & 3) % 3;
        let plain = (0..depth).map(|level| names[usize::from(choice >> (6 + level)) & 1]);
        return plain.chain([ENTRY]).map(<[u8]>::to_vec).collect();
    }
    let depth = [0, 1, 1, 2, 2, 2, 3, 3][usize::from(choice & 7)];
    let names: [&[u8]; 4] = [b"a", b"b", b"", b"a/long/name/that/does/not/fit/inline"];
    (0..depth).map(|level| names[usize::from(choice >> (3 + level)) & 3].to_vec()).collect()
}
