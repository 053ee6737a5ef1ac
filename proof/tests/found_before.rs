//! What was found by chance once, in the form in which it was shown, and what only
//! seldom comes by chance.

use oarlock_proof::ops::Op;
use oarlock_proof::shrink::replay;
use oarlock_proof::subject::Subject;
use oarlock_proof::subject::engine::Pure;
use oarlock_proof::subject::manager::Managed;

mod text;

use text::ops;

const FOUND: [(&str, &str); 29] = [
    (
        "a component over several shards",
        "2 submits [r /a] for owner 2
         21 submits [w /a]
         41 submits [r /c/a] for owner 1
         46 submits [w /c]
         48 submits [r /] for owner 1
         41 ends
         51 submits [w /c/a/b/c] for owner 2",
    ),
    (
        "two of one owner take permits together",
        "1 submits [r2 /a, w /b]
         2 submits [r2 /a, w /b] for owner 1
         3 submits [r /a, w /b]
         4 submits [r2 /a]
         5 submits [r2 /a, w /b] for owner 1
         3 ends
         6 submits [r2 /a] for owner 1
         2 ends
         7 submits [w /a] for owner 1
         1 ends",
    ),
    (
        "would be granted although a permit that is ready counts for another's sake",
        "1 submits [r /a, w /b] for owner 1
         2 submits [r2 /a, w /b]
         3 submits [r2 /a] for owner 1
         4 submits [r2 /a]
         5 submits [w /a] for owner 1
         1 ends
         would grant [r2 /a, w /b] for owner 1?",
    ),
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
        "a waiting request of a new holder behind another one of its own",
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
        "a grant at once in front of those that wait for its owner",
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
        "two owners that become holders in one step",
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
        "who waits behind those that two owners keep waiting",
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
    (
        "a second row behind somebody who waits for the first",
        "1 submits [w /t/1] for owner 1
         2 submits [r /t]
         would grant [w /t/2] for owner 1?
         3 submits [w /t/2] for owner 1
         1 ends",
    ),
    (
        "a wider claim behind a writer",
        "1 submits [w /x/a] for owner 1
         2 submits [w /x/a]
         3 submits [r /x] for owner 1
         4 submits [w /x/a] for owner 1",
    ),
    (
        "of those that are passed, too, holders decide the order",
        "1 submits [w /a/1] for owner 1
         2 submits [w /a]
         3 submits [w /a/2]
         4 submits [w /a/2] for owner 1
         3 ends
         4 ends
         1 ends",
    ),
    (
        "an upgrade leaves the place of its permit alone",
        "1 submits [r2 /a, r /b]
         2 submits [r /b/a] for owner 2
         3 submits [r2 /a] for owner 3
         4 submits [r2 /a] for owner 2
         1 upgrades
         3 ends",
    ),
    (
        "who is passed counts the permits that who passed it counts",
        "1 submits [w /b] for owner 1
         2 submits [r /a/a] for owner 1
         3 submits [r2 /a/a, w /b]
         4 submits [r2 /a/a]
         5 submits [w /a]
         6 submits [r2 /a/a] for owner 1
         1 ends",
    ),
    (
        "an upgrade that could be had waits if it would leave its owner stuck",
        "1 submits [w /b]
         2 submits [w /c] for owner 2
         3 submits [r /a, w /b] for owner 2
         4 submits [r /a] for owner 1
         5 submits [w /c] for owner 1
         4 upgrades
         1 ends
         2 ends
         3 ends",
    ),
    (
        "of those that holders let go first an upgrade goes first",
        "1 submits [w /b]
         2 submits [r /a, w /b]
         3 submits [r /a] for owner 1
         4 submits [w /b] for owner 1
         3 upgrades
         1 ends",
    ),
    (
        "an inherited permit puts another wait of its owner in front",
        "1 submits [w /c]
         2 submits [r1 /p, w /c]
         3 submits [r2 /p] for owner 1
         4 submits [w /c] for owner 1
         5 submits [r2 /p] for owner 1",
    ),
    (
        "an inherited permit closes a cycle",
        "1 submits [w /b] for owner 2
         2 submits [w /c]
         3 submits [r1 /p, w /c] for owner 2
         4 submits [r2 /p] for owner 1
         5 submits [w /b] for owner 1
         would grant [r2 /p] for owner 1?
         6 submits [r2 /p] for owner 1",
    ),
    (
        "what a waiting request has inherited is held",
        "1 submits [w /a] for owner 1
         2 submits [w /b] for owner 2
         3 submits [w /a/c, r /b] for owner 1
         1 ends
         4 submits [w /a/c/d] for owner 1
         5 submits [r /a/c] for owner 2",
    ),
    (
        "who passes with a permit that is inherited makes nobody count others",
        "1 submits [r /a, w /b]
         2 submits [r /a, w /b] for owner 1
         3 submits [r2 /a, w /b]
         4 submits [r2 /a] for owner 1
         5 submits [r2 /a, w /b] for owner 1
         2 ends
         6 submits [r /a, w /b] for owner 1
         1 ends",
    ),
];

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
                for mut manager in [Managed::new(shards), Managed::unasked(shards)] {
                    let agrees = replay(&mut manager, None, &ops);
                    let why = agrees.err().map(|why| format!("{shards} shards: {name}: {why}"));
                    wrong.extend(why);
                }
            }
        }
    }
    wrong.dedup();
    assert_eq!(wrong, Vec::<String>::new());
}
