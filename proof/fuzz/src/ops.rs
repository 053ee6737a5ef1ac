//! Operations from bytes, on the engine against the rules as a list.

use std::fmt::Write;

use oarlock_proof::compare::Comparison;
use oarlock_proof::ops::{Op, Path};
use oarlock_proof::oracle::Oracle;
use oarlock_proof::subject::Subject;
use oarlock_proof::subject::engine::Pure;
use oarlock_proof::words::{Claim, Id, Owner};

use crate::bytes::Bytes;

/// The most requests that are live at once.
const LIVE: usize = 12;
/// The most operations of one run.
const STEPS: usize = 150;

/// Does what the bytes say, on an engine and in the rules.
///
/// # Panics
///
/// At the first difference.
pub fn run(data: &[u8]) {
    on(&mut Pure::new(), data);
}

/// The same on any subject.
///
/// # Panics
///
/// At the first difference.
pub fn on(subject: &mut dyn Subject, data: &[u8]) {
    let mut bytes = Bytes::new(data);
    // Seldom there is a bound on those who wait.
    let max_waiting = match bytes.next() {
        bound @ 0..8 => Some(usize::from(bound)),
        _ => None,
    };
    let mut comparison = Comparison::new(subject, max_waiting);
    let mut story = String::new();
    for id in 1..=STEPS as Id {
        if bytes.is_empty() {
            break;
        }
        let op = op(&mut bytes, id, &comparison.oracle);
        let _ = writeln!(story, "  {op}");
        if let Err(difference) = comparison.step(&op) {
            panic!("{difference}\nafter, with at most {max_waiting:?} waiting,\n{story}");
        }
    }
    if let Err(difference) = comparison.finish() {
        panic!("{difference}\nafter, with at most {max_waiting:?} waiting,\n{story}");
    }
}

/// One operation; `id` is what a request that arrives by it is called.
fn op(bytes: &mut Bytes<'_>, id: Id, oracle: &Oracle) -> Op {
    let what = bytes.next();
    let live = oracle.live.len();
    if what < 0x68 && live < LIVE || live == 0 {
        let (owner, claims) = (owner(bytes), claims(bytes));
        return match what & 7 {
            0 => Op::Try(id, owner, claims),
            1 => Op::WouldGrant(owner, claims),
            _ => Op::Submit(id, owner, claims),
        };
    }
    let request = &oracle.live[bytes.below(live)];
    let at = request.id;
    match what {
        0..0xa0 => Op::End(at),
        0xa0..0xc0 => Op::Upgrade(at),
        0xc0..0xd0 => Op::CancelUpgrade(at),
        0xd0..0xe0 => Op::Downgrade(at),
        0xe0..0xf8 => match request.claims.get(bytes.below(request.claims.len() + 1)) {
            Some(claim) => Op::ReleasePart(at, claim.path.clone()),
            None => Op::ReleasePart(at, path(bytes)),
        },
        // One that has ended, perhaps.
        _ => Op::End(1 + Id::from(bytes.next()) % id),
    }
}

/// Half of the requests have no owner.
fn owner(bytes: &mut Bytes<'_>) -> Option<Owner> {
    let choice = 1 + bytes.below(8);
    (choice <= 4).then_some(choice as Owner)
}

/// Up to four claims; a third of them write. One in some dozens makes no sense.
fn claims(bytes: &mut Bytes<'_>) -> Vec<Claim> {
    let count = [1, 1, 1, 1, 2, 2, 3, 4][bytes.below(8)];
    let one = |_| {
        let kind = bytes.next();
        Claim {
            write: kind % 6 < 2,
            limit: (kind % 6 > 3 || kind == 0xff)
                .then(|| u32::from(kind >> 6) + u32::from(kind < 0xf0)),
            path: path(bytes),
            inherited: false,
        }
    };
    (0..count).map(one).collect()
}

/// Up to three segments. The names are few, so that paths meet; one of them is
/// empty and one is long.
fn path(bytes: &mut Bytes<'_>) -> Path {
    let choice = bytes.next();
    let depth = [0, 1, 1, 2, 2, 2, 3, 3][usize::from(choice & 7)];
    let names: [&[u8]; 4] = [b"a", b"b", b"", b"a/long/name/that/does/not/fit/inline"];
    (0..depth).map(|level| names[usize::from(choice >> (3 + level)) & 3].to_vec()).collect()
}
