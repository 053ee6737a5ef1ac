//! The oracle alone: the rules' examples, one by one.
//!
//! A world is a short text, so that a test reads like the rule that it is for.

use crate::oracle::Oracle;
use crate::words::{Claim, Id, Outcome, Owner, Refused, normal_form};

/// Claims such as `w a/b`, `r a`, `r2 pool`, several separated by commas. A
/// lone mode is the root.
fn claims(text: &str) -> Vec<Claim> {
    let claim = |text: &str| {
        let text = text.trim();
        let (mode, path) = text.split_once(' ').unwrap_or((text, ""));
        let segments = path.split('/').filter(|s| !s.is_empty());
        Claim {
            write: mode.starts_with('w'),
            path: segments.map(|s| s.as_bytes().to_vec()).collect(),
            limit: mode[1..].parse().ok(),
            inherited: false,
        }
    };
    text.split(',').map(claim).collect()
}

/// The oracle with short calls. Owners are 1, 2, …; 0 is none.
#[derive(Default)]
struct World(Oracle);

fn owner(number: Owner) -> Option<Owner> {
    Some(number).filter(|n| *n > 0)
}

impl World {
    fn lock(&mut self, id: Id, who: Owner, text: &str) -> Result<bool, Refused> {
        self.0.submit(id, owner(who), &claims(text))?;
        Ok(!self.0.waits(id))
    }

    #[track_caller]
    fn granted(&mut self, id: Id, who: Owner, text: &str) {
        assert_eq!(self.lock(id, who, text), Ok(true), "{text}");
    }

    #[track_caller]
    fn waits(&mut self, id: Id, who: Owner, text: &str) {
        assert_eq!(self.lock(id, who, text), Ok(false), "{text}");
    }

    #[track_caller]
    fn deadlock(&mut self, id: Id, who: Owner, text: &str) {
        let before = self.0.clone();
        assert_eq!(self.lock(id, who, text), Err(Refused::Deadlock), "{text}");
        assert_eq!(self.0, before);
    }

    fn ask(&self, who: Owner, text: &str) -> Outcome {
        self.0.would_grant(owner(who), &claims(text))
    }

    #[track_caller]
    fn end(&mut self, id: Id) {
        assert_eq!(self.0.end(id), Ok(()));
    }

    #[track_caller]
    fn upgrade(&mut self, id: Id, granted: bool) {
        assert_eq!(self.0.upgrade(id), Ok(()));
        assert_eq!(!self.0.waits(id), granted);
    }

    /// What became of requests since the last call.
    fn news(&mut self) -> Vec<(Id, Outcome)> {
        std::mem::take(&mut self.0.events)
    }

    #[track_caller]
    fn grants(&mut self, ids: &[Id]) {
        let expected: Vec<(Id, Outcome)> = ids.iter().map(|&id| (id, Ok(()))).collect();
        assert_eq!(self.news(), expected);
    }

    fn blockers(&self, id: Id) -> Vec<Id> {
        let this = self.0.live.iter().find(|r| r.id == id).expect("it is live");
        self.0.blockers(this).iter().map(|r| r.id).collect()
    }

    fn held(&self, id: Id) -> Vec<Claim> {
        let request = self.0.live.iter().find(|r| r.id == id);
        request.map_or(Vec::new(), |r| r.claims.clone())
    }
}

#[test]
fn normal_form_drops_what_is_covered() {
    for (given, kept) in [
        ("w a/b, w a", "w a"),
        ("r a/b, w a", "w a"),
        ("r a/b, r a, r a", "r a"),
        ("r a, w a/b", "r a, w a/b"),
        ("w, r x, r2 x", "w"),
        // A limited read covers plain reads, and only a write covers it.
        ("r2 a, r a/b, r a", "r2 a"),
        ("r a, r2 a/b", "r a, r2 a/b"),
        ("r2 a, r2 a/b", "r2 a, r2 a/b"),
        ("w a, r2 a, r3 a/b", "w a"),
        // Of several limits on one path the smallest.
        ("r3 a, r2 a, r5 a", "r2 a"),
    ] {
        assert_eq!(normal_form(claims(given)), claims(kept), "{given}");
    }
}

#[test]
fn conflicting_requests_are_served_in_order() {
    let mut world = World::default();
    world.granted(1, 0, "r a");
    world.waits(2, 0, "w a/b");
    world.waits(3, 0, "r a/b, r");
    world.granted(4, 0, "r b, r a/c");
    world.waits(5, 0, "w b");
    world.end(2);
    world.grants(&[1, 4, 3]);
    world.end(4);
    world.grants(&[]);
    world.end(3);
    world.grants(&[5]);
    world.end(5);
    assert_eq!(world.0.end(5), Err(Refused::Stale));
}

#[test]
fn a_try_leaves_nothing() {
    let mut world = World::default();
    world.granted(1, 0, "r a");
    let before = world.0.clone();
    assert_eq!(world.0.try_submit(2, None, &claims("w a")), Err(Refused::WouldBlock));
    assert_eq!(world.ask(0, "w a/b"), Err(Refused::WouldBlock));
    assert_eq!(world.ask(0, "r a/b"), Ok(()));
    assert_eq!(world.0, before);
    assert_eq!(world.0.try_submit(2, None, &claims("r a")), Ok(()));
    world.grants(&[1, 2]);
}

#[test]
fn what_cannot_be_asked_for() {
    let mut world = World::default();
    assert_eq!(world.0.submit(1, None, &[]), Err(Refused::Invalid));
    for text in ["r0 a", "w2 a", "r b, w1 a"] {
        assert_eq!(world.lock(1, 0, text), Err(Refused::Invalid), "{text}");
    }
    assert_eq!(world.0, Oracle::default());
}

#[test]
fn owners_claim_again_what_they_hold_past_a_waiting_writer() {
    let mut world = World::default();
    world.granted(1, 1, "r a");
    world.waits(2, 0, "w a");
    world.waits(3, 0, "r a");
    world.granted(4, 1, "r a/b");
    world.granted(5, 1, "r a");
    // Not what they do not hold.
    assert_eq!(world.ask(1, "r a/b, r c"), Ok(()));
    assert_eq!(world.ask(2, "r a/b"), Err(Refused::WouldBlock));
    let claimed = world.0.with(6, Some(1), &claims("r2 a, r a/b")).map(|with| with.live);
    let inherited = claimed.map(|live| live[5].claims.iter().map(|c| c.inherited).collect());
    assert_eq!(inherited, Ok(vec![false]));
    world.end(1);
    world.end(4);
    assert!(world.0.waits(2));
    world.end(5);
    assert!(!world.0.waits(2));
}

#[test]
fn requests_of_one_owner_never_conflict() {
    let mut world = World::default();
    world.granted(1, 1, "w a");
    world.granted(2, 1, "w a/b");
    world.granted(3, 1, "r");
    world.waits(4, 0, "w a/b");
    world.end(1);
    world.end(2);
    assert!(world.0.waits(4));
    world.end(3);
    assert!(!world.0.waits(4));
}

#[test]
fn an_inherited_claim_stays_when_what_it_came_from_ends() {
    let mut world = World::default();
    world.granted(1, 1, "w a");
    world.granted(2, 2, "w b");
    world.waits(3, 1, "w a/c, r b");
    world.end(1);
    // Held by a request that waits: nobody else may have it.
    world.waits(4, 3, "r a/c");
    assert_eq!(world.ask(3, "r a/d"), Ok(()));
    world.end(2);
    assert_eq!((world.0.waits(3), world.0.waits(4)), (false, true));
}

#[test]
fn who_holds_an_inherited_claim_alone_can_claim_it_again() {
    let mut world = World::default();
    world.granted(1, 1, "w a");
    world.granted(2, 2, "w b");
    world.waits(3, 1, "w a/c, r b");
    world.end(1);
    world.granted(4, 1, "w a/c/d");
    // It is held in every respect: here is a cycle of holders.
    world.deadlock(5, 2, "r a/c");
    world.end(2);
    assert!(!world.0.waits(3));
}

#[test]
fn two_owners_in_a_cycle() {
    let mut world = World::default();
    world.granted(1, 1, "w a");
    world.granted(2, 2, "w b");
    world.waits(3, 1, "w b");
    world.deadlock(4, 2, "r a");
    // Not in the cycle, or free: nothing is refused.
    world.granted(5, 2, "w c");
    world.waits(6, 3, "w a");
    world.end(2);
    world.grants(&[1, 2, 5, 3]);
}

#[test]
fn three_owners_in_a_cycle_and_one_who_only_queues() {
    let mut world = World::default();
    for id in 1..=3 {
        world.granted(id, id, &format!("w {id}"));
    }
    world.waits(4, 1, "w 2");
    world.waits(5, 2, "w 3");
    world.waits(6, 0, "w 1");
    world.deadlock(7, 3, "w 1");
    // A request that waits behind another waits for that one, too.
    world.waits(8, 4, "w 1");
}

#[test]
fn who_holds_nothing_is_not_refused() {
    let mut world = World::default();
    world.granted(1, 1, "w a");
    world.granted(2, 2, "w b");
    world.waits(3, 1, "w b");
    world.waits(4, 0, "w a, w b");
    world.waits(5, 3, "w a");
}

#[test]
fn a_second_row_goes_in_front_of_whoever_waits_for_the_first() {
    let mut world = World::default();
    world.granted(1, 1, "w t/1");
    world.waits(2, 0, "r t");
    world.granted(3, 1, "w t/2");
    // Only whoever the auditor waits for goes in front of it.
    world.waits(4, 2, "w t/3");
    world.waits(5, 0, "w t/4");
    world.end(1);
    assert!(world.0.waits(2));
    world.end(3);
    assert!(!world.0.waits(2));
}

#[test]
fn a_wider_or_exclusive_claim_goes_in_front_of_writers_that_wait_for_its_owner() {
    for (held, wanted) in
        [("w x/a", "r x"), ("r x/a", "w x/a"), ("r x/a", "w"), ("r x/a", "r2 x/a")]
    {
        let mut world = World::default();
        world.granted(1, 1, held);
        world.waits(2, 0, "w x/a");
        world.waits(3, 2, "w x/a/b");
        world.granted(4, 1, wanted);
        world.end(1);
        assert!(world.0.waits(2));
        world.end(4);
        assert_eq!((world.0.waits(2), world.0.waits(3)), (false, true));
    }
}

#[test]
fn what_goes_in_front_still_waits_for_holders() {
    let mut world = World::default();
    world.granted(1, 1, "w t/1");
    world.granted(2, 0, "r t/2");
    world.waits(3, 0, "r t");
    world.waits(4, 0, "w t/2");
    world.waits(5, 1, "w t/2");
    // All three are put in order; of 4 and 5, for which nothing of 1 is held, the
    // earlier first.
    assert_eq!(world.blockers(4), [2]);
    assert_eq!(world.blockers(5), [2, 4]);
    assert_eq!(world.blockers(3), [1, 4, 5]);
    world.news();
    world.end(2);
    world.grants(&[4]);
    world.end(4);
    world.grants(&[5]);
    world.end(1);
    world.end(5);
    world.grants(&[3]);
}

#[test]
fn towards_everybody_else_nothing_changes() {
    let mut world = World::default();
    world.granted(1, 1, "w t/1");
    world.granted(2, 0, "w u");
    world.waits(3, 0, "r t/2, w u");
    world.waits(4, 0, "r t");
    // 4 waits for owner 1, and 3 does not: owner 1 waits for 3.
    world.waits(5, 1, "w t/2");
    assert_eq!(world.blockers(5), [3]);
    assert_eq!(world.blockers(4), [1, 5]);
}

#[test]
fn holders_decide_the_order_and_then_arrival() {
    let mut world = World::default();
    world.granted(1, 1, "w a/1");
    world.waits(2, 0, "w a");
    world.waits(3, 0, "w a/2");
    // It waits for 3, 3 for 2, and 2 for its owner. Nothing is held that keeps 3
    // waiting, and it arrived before 4: so it passes 2, which waits for it anyway.
    world.waits(4, 1, "w a/2");
    assert!(!world.0.waits(3));
    assert_eq!((world.blockers(4), world.blockers(2)), (vec![3], vec![1, 3, 4]));
}

#[test]
fn two_owners_behind_each_other_are_put_in_order() {
    let mut world = World::default();
    world.granted(1, 0, "w p");
    world.granted(2, 0, "w q");
    world.waits(3, 1, "w p");
    world.waits(4, 2, "w q");
    world.waits(5, 1, "w q");
    // Granted as they came, 3 and 4 would make 5 and 6 wait for each other's owner.
    world.waits(6, 2, "w p");
    world.news();
    world.end(2);
    world.grants(&[5]);
    world.end(1);
    world.grants(&[3]);
    world.end(3);
    world.grants(&[6]);
    world.end(5);
    world.grants(&[4]);
}

#[test]
fn a_bypass_holds_while_both_wait() {
    let mut world = World::default();
    world.granted(1, 1, "r t/1");
    world.granted(2, 0, "r t/2");
    world.granted(3, 1, "r c");
    world.granted(4, 0, "r c");
    world.waits(5, 0, "w t");
    world.waits(6, 1, "w t/2");
    assert_eq!(world.0.bypasses, [(6, 5)].into());
    world.end(2);
    assert_eq!((world.0.waits(6), world.0.bypasses.len()), (false, 0));
    world.end(6);
    world.waits(7, 2, "w t/2");
    assert_eq!(world.blockers(7), [5]);
}

#[test]
fn an_upgrade_that_could_be_had_waits_if_it_would_leave_its_owner_stuck() {
    let mut world = World::default();
    world.granted(1, 0, "w b");
    world.granted(2, 2, "w c");
    world.waits(3, 2, "r a, w b");
    world.granted(4, 1, "r a");
    world.waits(5, 1, "w c");
    // Nobody else holds anything of `a`; but 3 would wait for the upgrade, and 5
    // waits for what the owner of 3 holds.
    world.upgrade(4, false);
    assert_eq!(world.blockers(4), [3]);
    world.news();
    world.end(1);
    world.grants(&[3]);
    world.end(2);
    world.grants(&[5]);
    world.end(3);
    world.grants(&[4]);
}

#[test]
fn of_those_that_holders_let_go_first_an_upgrade_goes_first() {
    let mut world = World::default();
    world.granted(1, 0, "w b");
    world.waits(2, 0, "r a, w b");
    world.granted(3, 1, "r a");
    world.waits(4, 1, "w b");
    world.upgrade(3, true);
    assert_eq!((world.blockers(4), world.blockers(2)), (vec![1], vec![1, 3, 4]));
}

#[test]
fn who_an_upgrade_waits_for_passes_it() {
    let mut world = World::default();
    world.granted(1, 1, "r a, w c");
    world.granted(2, 2, "r a");
    world.granted(3, 0, "w b");
    world.waits(4, 2, "w b, r a/x");
    world.upgrade(1, false);
    // Owner 2 holds the one already, and what it waits for is nothing to the upgrade.
    assert_eq!(world.blockers(1), [2, 4]);
    world.waits(5, 0, "r a");
    world.granted(6, 2, "r2 a");
    // Not where the request that is upgraded holds something.
    world.deadlock(7, 2, "w a");
    world.deadlock(8, 2, "r c");
}

#[test]
fn a_try_may_go_in_front() {
    let mut world = World::default();
    world.granted(1, 1, "w t/1");
    world.waits(2, 0, "r t");
    assert_eq!(world.ask(1, "w t/2"), Ok(()));
    assert_eq!(world.ask(2, "w t/2"), Err(Refused::WouldBlock));
    assert_eq!(world.0.try_submit(3, Some(1), &claims("w t/2")), Ok(()));
    // One that would have to wait, or close a cycle, is as if it had never come.
    world.granted(4, 2, "w b");
    world.waits(5, 2, "r t/1");
    let before = world.0.clone();
    for text in ["w b", "w t/2, w b"] {
        assert_eq!(world.0.try_submit(6, Some(1), &claims(text)), Err(Refused::WouldBlock));
    }
    assert_eq!(world.0, before);
}

#[test]
fn what_a_bypass_grants_at_once_is_never_too_many() {
    let mut world = World::default();
    world.0.max_waiting = Some(1);
    world.granted(1, 1, "w t/1");
    world.granted(2, 2, "w u");
    world.waits(3, 2, "r t");
    world.granted(4, 1, "w t/2");
    let before = world.0.clone();
    // It would be a deadlock, too.
    assert_eq!(world.lock(5, 1, "w u"), Err(Refused::TooManyWaiting));
    world.granted(6, 0, "w v");
    assert_eq!(world.lock(7, 1, "w v"), Err(Refused::TooManyWaiting));
    world.end(6);
    assert_eq!(world.0.live, before.live);
    world.0.max_waiting = None;
    world.deadlock(8, 1, "w u");
}

#[test]
fn a_permit_of_any_one_holder_is_enough() {
    let mut world = World::default();
    world.granted(1, 1, "r2 pool");
    world.granted(2, 2, "r2 pool");
    world.granted(3, 3, "w q");
    world.waits(4, 3, "r2 pool");
    // Owner 2 can finish, so owner 3 can have its permit.
    world.waits(5, 1, "w q");
    world.deadlock(6, 2, "r q");
}

#[test]
fn an_upgrade_leaves_the_place_of_its_permit_alone() {
    let mut world = World::default();
    world.granted(1, 0, "r2 a, r b");
    world.granted(2, 2, "r b/a");
    world.granted(3, 3, "r2 a");
    world.waits(4, 2, "r2 a");
    // It waits for owner 2, so 4 stands in front of it; but its permit still
    // stands in front of 4.
    world.upgrade(1, false);
    assert_eq!(world.blockers(1), [2, 3, 4]);
    assert_eq!(world.blockers(4), [1, 3]);
    world.end(3);
    assert!(!world.0.waits(4));
}

#[test]
fn whoever_is_passed_counts_the_permits_that_who_passed_it_counts() {
    let mut world = World::default();
    world.granted(1, 1, "w b");
    world.granted(2, 1, "r a/a");
    world.waits(3, 0, "r2 a/a, w b");
    world.granted(4, 0, "r2 a/a");
    world.waits(5, 0, "w a");
    world.granted(6, 1, "r2 a/a");
    world.end(1);
    // Two permits are taken, by 4 and by 6.
    assert_eq!(world.blockers(3), [4, 6]);
    world.end(6);
    assert!(!world.0.waits(3));
}

#[test]
fn a_permit_that_is_inherited_can_put_its_owner_in_front() {
    let mut world = World::default();
    world.granted(1, 0, "w c");
    world.waits(2, 0, "r1 pool, w c");
    world.granted(3, 1, "r2 pool");
    world.waits(4, 1, "w c");
    // It has its permit at once, and that counts against 2, for which 4 would wait.
    world.granted(5, 1, "r2 pool");
    assert_eq!((world.blockers(4), world.blockers(2)), (vec![1], vec![1, 4, 5]));
}

#[test]
fn a_permit_that_is_inherited_can_be_a_deadlock() {
    let mut world = World::default();
    world.granted(1, 2, "w b");
    world.granted(2, 0, "w c");
    world.waits(3, 2, "r1 pool, w c");
    world.granted(4, 1, "r2 pool");
    world.waits(5, 1, "w b");
    // It would count against 3; and 5 waits for what the owner of 3 holds.
    world.deadlock(6, 1, "r2 pool");
    world.end(2);
    assert!(!world.0.waits(3));
}

#[test]
fn permits_are_served_in_order() {
    let mut world = World::default();
    world.granted(1, 0, "r2 pool");
    world.granted(2, 0, "r2 pool");
    world.waits(3, 0, "r2 pool");
    // Its own limit would do, but one ahead is over its limit.
    world.waits(4, 0, "r9 pool");
    // Readers without a limit, and other paths, do not count.
    world.granted(5, 0, "r pool");
    world.granted(6, 0, "r1 pool/x");
    world.granted(7, 0, "r1 ");
    world.end(1);
    world.grants(&[1, 2, 5, 6, 7, 3, 4]);
}

#[test]
fn a_permit_is_taken_while_the_request_waits_for_another_reason() {
    let mut world = World::default();
    world.granted(1, 0, "w a");
    world.waits(2, 0, "r1 pool, w a");
    world.waits(3, 0, "r1 pool");
    world.granted(4, 0, "r2 pool/x");
    world.end(2);
    assert!(!world.0.waits(3));
}

#[test]
fn a_writer_waits_for_permits_and_holds_them_up() {
    let mut world = World::default();
    world.granted(1, 0, "r2 pool");
    world.waits(2, 0, "w pool");
    world.waits(3, 0, "r2 pool");
    world.end(1);
    assert_eq!((world.0.waits(2), world.0.waits(3)), (false, true));
}

#[test]
fn an_owner_has_its_permit_again() {
    let mut world = World::default();
    world.granted(1, 1, "r1 pool");
    world.waits(2, 0, "r1 pool");
    world.granted(3, 1, "r1 pool");
    // A write covers permits below it.
    world.granted(4, 2, "w disk");
    world.granted(5, 2, "r1 disk/a");
    assert_eq!(world.ask(1, "r1 disk/a"), Err(Refused::WouldBlock));
    world.end(1);
    assert!(world.0.waits(2));
    world.end(3);
    assert!(!world.0.waits(2));
}

#[test]
fn an_upgrade_waits_for_holders_only_and_goes_ahead() {
    let mut world = World::default();
    world.granted(1, 0, "r a");
    world.granted(2, 0, "r a/b");
    world.waits(3, 0, "w a");
    world.upgrade(1, false);
    world.news();
    assert_eq!(world.0.upgrade(1), Err(Refused::UpgradeWaits));
    assert_eq!(world.0.upgrade(3), Err(Refused::Stale));
    // Who came later waits for it; what it held it still holds.
    world.waits(4, 0, "r a/c");
    world.end(2);
    world.grants(&[1]);
    assert_eq!(world.held(1), claims("w a"));
    // Nothing is left to upgrade: the token stays.
    world.upgrade(1, true);
    world.grants(&[]);
    world.end(1);
    world.grants(&[3]);
}

#[test]
fn the_second_of_two_upgraders_is_refused() {
    for owners in [[0, 0], [1, 2]] {
        let mut world = World::default();
        world.granted(1, owners[0], "r a");
        world.granted(2, owners[1], "r a");
        world.upgrade(1, false);
        let before = world.0.clone();
        assert_eq!(world.0.upgrade(2), Err(Refused::Deadlock));
        assert_eq!(world.0, before);
        world.end(2);
        assert_eq!(world.held(1), claims("w a"));
    }
}

#[test]
fn a_cancelled_upgrade_leaves_the_claims() {
    let mut world = World::default();
    world.granted(1, 0, "r2 a, w b");
    world.granted(2, 0, "r a");
    world.upgrade(1, false);
    world.waits(3, 0, "r a");
    world.news();
    assert_eq!(world.0.cancel_upgrade(1), Ok(()));
    world.grants(&[3]);
    assert_eq!(world.held(1), claims("r2 a, w b"));
    assert_eq!(world.0.cancel_upgrade(1), Err(Refused::Stale));
}

#[test]
fn an_upgrade_brings_its_claims_into_normal_form_and_drops_limits() {
    let mut world = World::default();
    world.granted(1, 0, "r2 a, w a/b, r c");
    world.upgrade(1, true);
    assert_eq!(world.held(1), claims("w a, w c"));
}

#[test]
fn downgrade_lets_readers_in() {
    let mut world = World::default();
    world.granted(1, 0, "w a, r2 b");
    world.waits(2, 0, "r a/x");
    world.waits(3, 0, "w a");
    world.waits(4, 0, "r a");
    world.news();
    assert_eq!(world.0.downgrade(1), Ok(()));
    // Not past a writer that waits.
    world.grants(&[2]);
    assert_eq!(world.held(1), claims("r a, r2 b"));
    assert_eq!(world.0.downgrade(3), Err(Refused::Stale));
}

#[test]
fn nothing_else_changes_while_an_upgrade_waits() {
    let mut world = World::default();
    world.granted(1, 0, "r a, w b");
    world.granted(2, 0, "r a");
    world.upgrade(1, false);
    assert_eq!(world.0.downgrade(1), Err(Refused::UpgradeWaits));
    let part = world.0.release_part(1, &[b"b".to_vec()]);
    assert_eq!(part, Err(Refused::UpgradeWaits));
    world.end(1);
    assert_eq!(world.0.live.len(), 1);
}

#[test]
fn a_part_is_released_by_its_exact_path() {
    let mut world = World::default();
    world.granted(1, 0, "w a, w b/c, r x, r x/y");
    world.waits(2, 0, "w a/z");
    world.waits(3, 0, "w b");
    world.news();
    let part = |world: &mut World, path: &[&str]| {
        let path: Vec<Vec<u8>> = path.iter().map(|s| s.as_bytes().to_vec()).collect();
        world.0.release_part(1, &path)
    };
    assert_eq!(part(&mut world, &["b"]), Err(Refused::NotClaimed));
    assert_eq!(part(&mut world, &["a", "z"]), Err(Refused::NotClaimed));
    assert_eq!(part(&mut world, &["x", "y"]), Err(Refused::NotClaimed));
    assert_eq!(part(&mut world, &["a"]), Ok(()));
    world.grants(&[2]);
    assert_eq!(part(&mut world, &["a"]), Err(Refused::NotClaimed));
    assert_eq!(part(&mut world, &["x"]), Ok(()));
    assert_eq!(part(&mut world, &["b", "c"]), Ok(()));
    world.grants(&[3]);
    assert_eq!(part(&mut world, &["b", "c"]), Err(Refused::Stale));
}

#[test]
fn close_ends_whoever_waits() {
    let mut world = World::default();
    world.granted(1, 0, "r a, w b");
    world.granted(2, 0, "r a");
    world.upgrade(1, false);
    world.waits(3, 0, "w b");
    world.news();
    world.0.close();
    assert_eq!(world.news(), [(1, Err(Refused::Closed)), (3, Err(Refused::Closed))]);
    assert_eq!(world.lock(4, 0, "r x"), Err(Refused::Closed));
    assert_eq!(world.ask(0, "r x"), Err(Refused::Closed));
    assert_eq!(world.0.upgrade(1), Err(Refused::Closed));
    assert_eq!(world.0.downgrade(1), Ok(()));
    assert_eq!(world.0.release_part(1, &[b"b".to_vec()]), Ok(()));
    world.end(1);
    world.end(2);
    assert_eq!(world.0.live, []);
}

#[test]
fn so_many_may_wait_and_no_more() {
    let mut world = World::default();
    world.0.max_waiting = Some(1);
    world.granted(1, 0, "r a");
    world.granted(2, 1, "r a");
    world.waits(3, 0, "w a");
    assert_eq!(world.lock(4, 0, "w a"), Err(Refused::TooManyWaiting));
    assert_eq!(world.ask(0, "w a"), Err(Refused::WouldBlock));
    // Upgrades do not count.
    world.upgrade(1, false);
    world.granted(5, 0, "w x");
    world.end(3);
    world.waits(6, 0, "w a");
}

#[test]
fn blockers_are_whoever_is_ahead() {
    let mut world = World::default();
    world.granted(1, 1, "w a");
    world.granted(2, 0, "r b");
    world.waits(3, 0, "r a, w b");
    world.waits(4, 2, "r b");
    assert_eq!(world.blockers(3), [1, 2]);
    assert_eq!(world.blockers(1), []);
    assert_eq!(world.blockers(4), [3]);
}
