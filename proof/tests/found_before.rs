//! What was found by chance once, in the form in which it was shown. Each showed a
//! bug of the engine or of the manager.

use oarlock_proof::ops::{Op, Path};
use oarlock_proof::shrink::replay;
use oarlock_proof::subject::Subject;
use oarlock_proof::subject::engine::Pure;
use oarlock_proof::subject::manager::Managed;
use oarlock_proof::words::{Claim, Id, Owner};

const FOUND: [(&str, &str); 15] = [
    (
        "a waiting upgrade is not held yet",
        "1 submits [r /]
         2 submits [r /] for owner 1
         2 upgrades
         3 submits [w /] for owner 1",
    ),
    (
        "inherited claims go ahead of what has passed their node",
        "1 submits [w /] for owner 1
         2 submits [w /a]
         3 submits [r /a] for owner 1
         1 ends",
    ),
    (
        "inherited permits go ahead of those that wait",
        "1 submits [w /] for owner 1
         2 submits [r1 /]
         3 submits [r1 /] for owner 1
         1 ends",
    ),
    (
        "each waiting request of a new holder is looked at",
        "1 submits [w /]
         2 submits [w /] for owner 1
         3 submits [w /]
         4 submits [w /] for owner 1
         5 submits [r /] for owner 1
         1 ends",
    ),
    (
        "a cancelled upgrade keeps its permit",
        "1 submits [w /] for owner 2
         2 submits [r /]
         3 submits [r1 /a/a]
         4 submits [r1 /a/a] for owner 2
         1 ends
         4 upgrades
         5 submits [w /a/a]
         5 ends
         4 cancels its upgrade",
    ),
    (
        "a grant at once makes a holder, too",
        "1 submits [r /]
         2 submits [w /] for owner 2
         3 submits [r /]
         4 submits [w /] for owner 2
         5 submits [r /] for owner 2",
    ),
    (
        "an upgrade that shuts out another wait of its owner",
        "1 submits [r /] for owner 3
         2 submits [r2 /]
         3 submits [r1 /]
         4 submits [w /] for owner 3
         1 upgrades",
    ),
    (
        "an upgrade with nothing to do ends nobody's wait",
        "1 submits [w /c]
         2 submits [w /c] for owner 1
         3 submits [w /a] for owner 2
         4 submits [w /] for owner 2
         5 submits [w /] for owner 1
         3 upgrades",
    ),
    (
        "whose circle is broken first does not depend on shards",
        "1 submits [w /]
         2 submits [w /c] for owner 1
         3 submits [w /a] for owner 2
         4 submits [w /] for owner 2
         5 submits [w /] for owner 1
         1 ends",
    ),
    (
        "an upgrade beside a request in several shards",
        "1 submits [r /] for owner 1
         2 submits [r /a/b]
         3 submits [w /a/b, r /b/a/a] for owner 1
         2 upgrades",
    ),
    (
        "who waits for others' circle is told it",
        "1 submits [r /b] for owner 1
         2 submits [w /a]
         3 submits [r /] for owner 2
         4 submits [w /c]
         5 submits [r /] for owner 2
         6 submits [w /] for owner 1",
    ),
    (
        "a request with an inherited part is not behind those that it keeps out",
        "1 submits [r /] for owner 1
         2 submits [r /]
         3 submits [w /a]
         4 submits [r /, w /c] for owner 1
         1 ends
         2 ends",
    ),
    (
        "the same beside an upgrade",
        "1 submits [r /] for owner 2
         2 submits [r /]
         3 submits [w /a, r /] for owner 2
         4 submits [r /b]
         4 upgrades
         1 ends
         2 ends",
    ),
    (
        "what an upgrade holds in other shards keeps others waiting",
        "1 submits [r /b] for owner 3
         2 submits [w /a, r /b]
         3 submits [r /a/a] for owner 3
         2 upgrades",
    ),
    (
        "a malformed request is malformed after close",
        "1 submits [r0 /]
         2 submits [w1 /]
         would grant [r0 /]?",
    ),
];

/// The operations as they are shown.
fn ops(text: &str) -> Vec<Op> {
    let read = |line: &str| op(line.trim()).unwrap_or_else(|| panic!("not understood: {line}"));
    text.lines().map(read).collect()
}

fn op(line: &str) -> Option<Op> {
    if let Some(asked) = line.strip_prefix("would grant ") {
        let (owner, claims) = asked_for(asked.strip_suffix('?')?)?;
        return Some(Op::WouldGrant(owner, claims));
    }
    let (id, what) = line.split_once(' ')?;
    let id: Id = id.parse().ok()?;
    if let Some(asked) = what.strip_prefix("submits ") {
        let (owner, claims) = asked_for(asked)?;
        return Some(Op::Submit(id, owner, claims));
    }
    match what {
        "ends" => Some(Op::End(id)),
        "upgrades" => Some(Op::Upgrade(id)),
        "cancels its upgrade" => Some(Op::CancelUpgrade(id)),
        "downgrades" => Some(Op::Downgrade(id)),
        _ => None,
    }
}

fn asked_for(text: &str) -> Option<(Option<Owner>, Vec<Claim>)> {
    let (claims, owner) = text.strip_prefix('[')?.split_once(']')?;
    let owner = match owner {
        "" => None,
        owner => Some(owner.strip_prefix(" for owner ")?.parse().ok()?),
    };
    let claims: Option<Vec<Claim>> = claims.split(", ").map(claim).collect();
    Some((owner, claims?))
}

fn claim(text: &str) -> Option<Claim> {
    let (mode, path) = text.split_once(" /")?;
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let path: Path = segments.map(|segment| segment.as_bytes().to_vec()).collect();
    let limit = match &mode[1..] {
        "" => None,
        limit => Some(limit.parse().ok()?),
    };
    Some(Claim { write: mode.starts_with('w'), path, limit, inherited: false })
}

#[test]
fn what_was_found_before_does_not_come_back() {
    let mut wrong = Vec::new();
    for (name, text) in FOUND {
        let ops = ops(text);
        let shown: Vec<String> = ops.iter().map(Op::to_string).collect();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(shown, lines, "a text is read as it is shown");
        let mut engine: Box<dyn Subject> = Box::new(Pure::new());
        let agrees = replay(&mut *engine, None, &ops);
        wrong.extend(agrees.err().map(|why| format!("engine: {name}: {why}")));
        for shards in [1, 2, 3, 16, 64] {
            // Names are hashed with another seed each time: so they come to lie
            // in one shard and in several.
            for _ in 0..8 {
                let agrees = replay(&mut Managed::new(shards), None, &ops);
                let why = agrees.err().map(|why| format!("{shards} shards: {name}: {why}"));
                wrong.extend(why);
            }
        }
    }
    wrong.dedup();
    assert_eq!(wrong, Vec::<String>::new());
}
