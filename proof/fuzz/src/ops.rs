//! Operations from bytes, on the engine against the rules as a list.

use std::fmt::Write;

use oarlock_proof::compare::Comparison;
use oarlock_proof::ops::Op;
use oarlock_proof::oracle::Oracle;
use oarlock_proof::subject::Subject;
use oarlock_proof::subject::engine::Pure;
use oarlock_proof::words::Id;

use crate::bytes::Bytes;
use crate::choice::{claims, owner, path};

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
    on(&mut Pure::new(), data, false);
}

/// The same on any subject; with `close` it may be closed.
///
/// # Panics
///
/// At the first difference.
pub fn on(subject: &mut dyn Subject, data: &[u8], close: bool) {
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
        let op = op(&mut bytes, id, &comparison.oracle, close);
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
fn op(bytes: &mut Bytes<'_>, id: Id, oracle: &Oracle, close: bool) -> Op {
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
        0xff if close => Op::Close,
        // One that has ended, perhaps.
        _ => Op::End(1 + Id::from(bytes.next()) % id),
    }
}
