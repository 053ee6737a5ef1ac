//! The engine alone: the rules one by one, and nothing left behind.

use super::*;
use crate::claim::{Claim, read, write};
use crate::limits::Limits;

fn set<'a>(claims: impl IntoIterator<Item = Claim<'a>>) -> ClaimSet<'a> {
    match ClaimSet::new(claims, &Limits::default()) {
        Ok(set) => set,
        Err(error) => panic!("{error}"),
    }
}

struct World {
    engine: Engine<()>,
}

impl World {
    fn new() -> Self {
        Self {
            engine: Engine::new(1),
        }
    }

    fn submit<'a>(&mut self, claims: impl IntoIterator<Item = Claim<'a>>) -> RequestId {
        match self.engine.submit(&set(claims), None) {
            Ok(submitted) => submitted.id,
            Err(error) => panic!("{error}"),
        }
    }

    fn end(&mut self, id: RequestId) -> Vec<RequestId> {
        let mut granted = Vec::new();
        assert!(self.engine.end(id, &mut granted).is_some());
        granted
    }

    fn waits(&self, id: RequestId) -> bool {
        self.engine.state(id) == Some(State::Waiting)
    }

    fn token(&self, id: RequestId) -> u64 {
        match self.engine.state(id) {
            Some(State::Granted { token }) => token,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn conflicts_are_a_prefix_and_a_write() {
    for (held, asked, conflict) in [
        (write("a"), write("a"), true),
        (write("a"), read("a"), true),
        (read("a"), write("a"), true),
        (read("a"), read("a"), false),
        (write("a"), write("a/b"), true),
        (write("a/b"), write("a"), true),
        (write("a/b"), read(""), true),
        (read("a/b"), read(""), false),
        (read("a/b"), write(""), true),
        (write("a/b"), write("a/c"), false),
        (write("a"), write("ab"), false),
        (read(""), write("x/y/z"), true),
        (write(""), read(""), true),
    ] {
        let mut world = World::new();
        world.submit(held.clone());
        let free = world.engine.would_grant(&set(asked.clone()), None) == Ok(true);
        let second = world.submit(asked.clone());
        assert_eq!(world.waits(second), conflict, "{held:?} then {asked:?}");
        assert_eq!(free, !conflict, "{held:?} then {asked:?}");
    }
}

#[test]
fn a_cancelled_writer_lets_readers_pass_at_once() {
    let mut world = World::new();
    let reader = world.submit(read("a"));
    let writer = world.submit(write("a/b"));
    let behind = world.submit([read("a/b"), read("")]);
    assert!(world.waits(writer) && world.waits(behind));
    assert_eq!(world.end(writer), [behind]);
    assert!(world.end(reader).is_empty());
    world.end(behind);
    assert!(world.engine.is_idle());
}

#[test]
fn later_requests_do_not_overtake_earlier_ones_that_they_conflict_with() {
    let mut world = World::new();
    let first = world.submit(write("a"));
    let both = world.submit([write("a"), write("b")]);
    let third = world.submit(write("b"));
    let other = world.submit(write("c"));
    assert!(world.waits(both) && world.waits(third) && !world.waits(other));
    assert_eq!(world.end(first), [both]);
    assert_eq!(world.end(both), [third]);
}

#[test]
fn readers_do_not_wait_behind_readers_that_wait_elsewhere() {
    let mut world = World::new();
    world.submit(write("a"));
    let waiting = world.submit([read("a"), read("b")]);
    let reader = world.submit(read("b"));
    assert!(world.waits(waiting) && !world.waits(reader));
}

#[test]
fn one_end_grants_in_the_order_of_arrival() {
    let mut world = World::new();
    let writer = world.submit(write(""));
    let waiting: Vec<_> = ["d", "b", "c", "a"]
        .map(|name| world.submit(write(name)))
        .into_iter()
        .collect();
    assert_eq!(world.end(writer), waiting);
}

#[test]
fn tokens_grow_from_one_conflicting_request_to_the_next() {
    let mut world = World::new();
    let mut last = 0;
    let mut held = world.submit(write("a/b"));
    for claim in [
        read("a"),
        write("a/b"),
        write(""),
        read("a/b/c"),
        write("a"),
    ] {
        let next = world.submit(claim);
        last = world.token(held).max(last);
        world.end(held);
        assert!(world.token(next) > last);
        held = next;
    }
    world.engine.observe(1_000);
    world.end(held);
    let next = world.submit(read("x"));
    assert!(world.token(next) > 1_000);
}

#[test]
fn a_stale_id_changes_nothing() {
    let mut world = World::new();
    let gone = world.submit(write("a"));
    world.end(gone);
    let held = world.submit(write("a"));
    let mut granted = Vec::new();
    assert!(world.engine.end(gone, &mut granted).is_none());
    assert_eq!(world.engine.state(gone), None);
    assert!(!world.waits(held));
    assert!(granted.is_empty());
}

#[test]
fn asking_whether_it_is_free_leaves_nothing_behind() {
    let mut world = World::new();
    let held = world.submit(write("a/b"));
    let both = set([read("x/y/z"), write("a/b/c/d")]);
    assert_eq!(world.engine.would_grant(&both, None), Ok(false));
    let one = set([read("x/y/z")]);
    assert_eq!(world.engine.would_grant(&one, None), Ok(true));
    world.end(held);
    assert!(world.engine.is_idle());
}

#[test]
fn memory_is_given_back_after_a_crowd() {
    const KEPT: usize = 4_096;
    let mut world = World::new();
    let names: Vec<String> = (0..3 * KEPT).map(|name| name.to_string()).collect();
    for _ in 0..2 {
        let live: Vec<_> = names.iter().map(|name| world.submit(write(name))).collect();
        let root = world.submit(write(""));
        let waiting: Vec<_> = names.iter().map(|name| world.submit(write(name))).collect();
        assert!(world.engine.tree.capacity() > 3 * KEPT);
        for id in live {
            world.end(id);
        }
        assert_eq!(world.end(root).len(), waiting.len());
        for id in waiting {
            world.end(id);
        }
        assert!(world.engine.is_idle());
        assert!(world.engine.tree.capacity() <= 4 * KEPT);
    }
}

fn owner(number: u64) -> Option<OwnerId> {
    OwnerId::from_u64(number)
}

impl World {
    fn submit_as<'a>(
        &mut self,
        owner: Option<OwnerId>,
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> RequestId {
        match self.engine.submit(&set(claims), owner) {
            Ok(submitted) => submitted.id,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_permit_does_not_outlast_the_wait_for_a_mode() {
    let mut world = World::new();
    let held = world.submit_as(owner(1), write("a"));
    let waits = world.submit_as(owner(2), read("").limit(1));
    let later = world.submit_as(owner(1), read("").limit(2));
    assert_eq!(world.end(held), [waits]);
    world.end(later);
    world.end(waits);
    assert!(world.engine.is_idle());
}

#[test]
fn what_an_owner_holds_goes_ahead_of_an_upgrade_that_waits() {
    let mut world = World::new();
    let root = world.submit_as(owner(1), read(""));
    let upgrading = world.submit_as(owner(2), read("a"));
    assert_eq!(world.engine.upgrade(upgrading), Ok(Upgraded::Waiting));
    let behind = world.submit(read(""));
    let inherited = world.submit_as(owner(1), read("a"));
    assert!(world.waits(behind) && !world.waits(inherited));
    assert!(world.end(root).is_empty());
    assert_eq!(world.end(inherited), [upgrading]);
}

#[test]
fn what_an_owner_holds_goes_ahead_of_what_has_passed_and_waits_elsewhere() {
    let mut world = World::new();
    let root = world.submit_as(owner(1), write(""));
    let waits = world.submit(write("a"));
    let inherited = world.submit_as(owner(1), read("a"));
    assert!(world.end(root).is_empty());
    assert_eq!(world.engine.blockers(waits), [inherited]);
    assert_eq!(world.end(inherited), [waits]);
}

#[test]
fn a_class_is_idle_when_nobody_has_a_claim_below_its_first_segments() {
    let mut world = World::new();
    let class = class(NameHasher::new(1).hash(b"a"));
    assert!(world.engine.is_class_idle(class));
    let simple = world.submit(write("a"));
    let record = world.submit_as(owner(1), [read("a/b"), read("a/c")]);
    assert!(!world.engine.is_class_idle(class));
    world.end(simple);
    assert!(!world.engine.is_class_idle(class));
    world.end(record);
    assert!(world.engine.is_class_idle(class));
}

/// The steps that one more request takes, or its upgrade, until it is known whether it
/// may wait.
fn steps_of_a_wait<'a>(
    world: &mut World,
    owner: Option<OwnerId>,
    claims: impl IntoIterator<Item = Claim<'a>>,
) -> u64 {
    let before = world.engine.steps();
    let id = world.submit_as(owner, claims);
    assert!(world.waits(id));
    let outcome = world.engine.untangle(id, &mut Vec::new());
    assert_eq!(outcome, Untangled::Clear);
    world.engine.steps() - before
}

#[test]
fn owners_that_queue_for_one_path_take_as_many_steps_however_many_they_are() {
    let mut world = World::new();
    world.submit(write("hot"));
    let mut steps = Vec::new();
    for number in 1..=5_000 {
        let row = format!("rows/{number}");
        world.submit_as(owner(number), write(row.as_str()));
        steps.push(steps_of_a_wait(&mut world, owner(number), write("hot")));
    }
    assert!(steps.iter().all(|&it| it == steps[0]), "{steps:?}");
    assert!(steps[0] < 20, "{}", steps[0]);
}

#[test]
fn those_that_wait_elsewhere_are_not_looked_at() {
    let mut world = World::new();
    let other = world.submit(read("x/y"));
    let second = world.submit(read("x/z"));
    let held = world.submit_as(owner(1), read("x/y"));
    let few = steps_of_a_wait(&mut world, owner(1), write("x/z"));
    for number in 0..5_000 {
        let path = format!("elsewhere/{number}");
        world.submit(write(path.as_str()));
        world.submit_as(owner(2 + number), write(path.as_str()));
    }
    let many = steps_of_a_wait(&mut world, owner(1), write("x/z"));
    // The second wait of the owner is one request more of it to look at.
    assert!(many <= 2 * few + 4, "{few} {many}");
    let before = world.engine.steps();
    assert_eq!(world.engine.upgrade(held), Ok(Upgraded::Waiting));
    assert_eq!(
        world.engine.untangle(held, &mut Vec::new()),
        Untangled::Clear
    );
    assert!(world.engine.steps() - before < 30);
    // What ends looks for nothing.
    let before = world.engine.steps();
    world.end(second);
    world.end(other);
    assert_eq!(world.engine.steps(), before);
}

#[test]
fn a_blocked_upgrade_takes_steps_in_proportion_to_its_claims() {
    let mut each = Vec::new();
    for claims in [50_u64, 500] {
        let mut world = World::new();
        let names: Vec<String> = (0..claims).map(|it| format!("t/{it}")).collect();
        let all: Vec<Claim<'_>> = names.iter().map(|it| read(it.as_str())).collect();
        let upgraded = world.submit_as(owner(1), all);
        let last = names.last().map_or("", String::as_str);
        world.submit(read(last));
        for _ in 0..5_000 {
            world.submit(write(last));
        }
        let before = world.engine.steps();
        assert_eq!(world.engine.upgrade(upgraded), Ok(Upgraded::Waiting));
        each.push((world.engine.steps() - before) / claims);
    }
    assert!(each[1] <= 2 * each[0].max(1), "{each:?}");
}

/// More paths than are kept empty, so that some are given up at every step: no step
/// may give up what it is about to look at itself.
#[test]
fn paths_come_and_go_in_every_order() {
    let mut world = World::new();
    // A generator of Marsaglia's, "Xorshift RNGs", 2003: the order is the same in
    // every run.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut below = move |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % n
    };
    let mut live = Vec::new();
    for _ in 0..20_000 {
        let mut path = || {
            let deep = format!("{}/{}", below(40), below(40));
            match below(3) {
                0 => format!("{}", below(40)),
                1 => deep,
                _ => format!("{deep}/{}", below(3)),
            }
        };
        let paths = [path(), path(), path()];
        let claims = paths.iter().take(1 + below(3) as usize);
        if below(2) == 0 {
            live.push(world.submit(claims.map(|path| write(path.as_str()))));
        } else {
            let claims = set(claims.map(|path| write(path.as_str())));
            assert!(world.engine.would_grant(&claims, None).is_ok());
        }
        while live.len() > below(6) as usize {
            let one = below(live.len() as u64) as usize;
            world.end(live.swap_remove(one));
        }
    }
    for id in live {
        world.end(id);
    }
    assert!(world.engine.tree.is_sound());
}

/// A claim that another one covers needs no node; giving that up may not give up a
/// node that the request is about to stand at.
#[test]
fn a_request_keeps_its_own_paths_while_it_gives_up_what_it_does_not_need() {
    for others in (0..16).chain(1_000..1_050) {
        let mut world = World::new();
        let first = world.submit(write("z"));
        world.end(first);
        for other in 0..others {
            let id = world.submit(write(format!("other {other}")));
            world.end(id);
        }
        let holder = world.submit([write("a"), write("a/b"), write("z")]);
        assert!(world.engine.tree.is_sound(), "{others}");
        world.submit(write("new"));
        let waiter = world.submit(write("z"));
        assert!(world.waits(waiter), "{others}");
        assert_eq!(world.end(holder), [waiter], "{others}");
    }
}

#[test]
fn an_upgrade_that_has_not_been_looked_at_is_granted_by_that_only() {
    let mut world = World::new();
    let owner = owner(1);
    let first = world.submit_as(owner, read("a"));
    let other = world.submit(read("a"));
    world.submit(write("b"));
    world.submit_as(owner, write("b"));
    assert!(world.engine.upgrade(first).is_ok());
    assert_eq!(world.end(other), []);
    assert!(world.engine.is_upgrading(first));
    let mut granted = Vec::new();
    assert_eq!(world.engine.untangle(first, &mut granted), Untangled::Clear);
    assert_eq!(granted, [first]);
    assert!(!world.engine.is_upgrading(first));
}

/// A crowd goes while somebody holds on, and somebody else waits, in the middle of it.
#[test]
fn memory_is_given_back_while_the_engine_is_in_use() {
    const CROWD: usize = if cfg!(debug_assertions) {
        10_000
    } else {
        100_000
    };
    let mut world = World::new();
    let first = world.submit(write("first"));
    let hot = world.submit(write("hot"));
    let mut gone = Vec::new();
    let mut kept = Vec::new();
    for number in 0..CROWD {
        let path = format!("places/{number}");
        gone.push(world.submit(write(path.as_str())));
        gone.push(world.submit([write("hot"), write(format!("other/{number}"))]));
        if number == CROWD / 50 {
            kept = vec![world.submit(write("kept")), world.submit(read("kept"))];
        }
    }
    let full = (
        world.engine.requests.capacity(),
        world.engine.tree.capacity(),
    );
    // In another order than that in which they came.
    for step in 0..gone.len() {
        let id = gone[step * 7_919 % gone.len()];
        world.end(id);
    }
    assert!(world.engine.requests.capacity() * 10 < full.0, "requests");
    assert!(world.engine.tree.capacity() * 10 < full.1, "nodes");
    // All that was there is there, and nothing else.
    assert!(gone.iter().all(|&id| world.engine.state(id).is_none()));
    assert!(world.waits(kept[1]) && !world.waits(kept[0]));
    assert!(world.engine.tree.is_sound());
    let again: Vec<_> = (0..1_000).map(|_| world.submit(write("hot"))).collect();
    assert!(
        again
            .iter()
            .all(|id| world.waits(*id) && !gone.contains(id))
    );
    assert_eq!(world.end(kept[0]), [kept[1]]);
    assert_eq!(world.end(hot), [again[0]]);
    for id in again.into_iter().chain([first, kept[1]]) {
        world.end(id);
    }
    assert!(world.engine.is_idle());
}

/// What is tried and not granted leaves the nodes on its way empty, from the leaf up, and
/// one of them may be given up for the sake of another.
#[test]
fn a_try_that_fails_gives_up_its_whole_way() {
    let mut world = World::new();
    let root = world.submit(write(""));
    for round in 0..3_000 {
        let path = format!("{}/{}/{}/{}", round % 3, round % 5, round % 7, round % 2);
        for path in [path.as_str(), &path[..3], &path[..5]] {
            let id = world.submit(write(path));
            assert!(world.waits(id));
            world.end(id);
            let claims = set(write(path));
            assert_eq!(world.engine.would_grant(&claims, None), Ok(false));
        }
        assert!(world.engine.tree.is_sound(), "{round}");
    }
    world.end(root);
    assert!(world.engine.is_idle());
}
