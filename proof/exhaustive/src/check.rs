//! One state: every operation in it, on the engine and in the rules.

use std::collections::BTreeSet;

use oarlock_proof::circle;
use oarlock_proof::oracle::Oracle;
use oarlock_proof::words::{Agent, Claim, Id, Outcome, Refused, Request};

use crate::compare::{same, same_answer, same_events};
use crate::op::{self, Op};
use crate::side::{Sets, Side};
use crate::state::{self, Canon, Key, Renaming};
use crate::world::{self, Kind, OWNERLESS, World};

/// An operation that leads to another state.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// What was done, in the names of the state that it was done in.
    pub op: Op,
    /// The representative of where it leads.
    pub to: Key,
    /// How the names there come from those here.
    pub names: Renaming,
    /// Nothing is different there but what history the engine has.
    pub stays: bool,
}

/// What looking at one state came to.
#[derive(Debug, Default)]
pub struct Looked {
    /// Where it leads. Of those that change nothing, one.
    pub moves: Vec<Move>,
    /// How many operations there were.
    pub operations: u64,
    /// How many of them were refused because of a deadlock.
    pub deadlocks: u64,
    /// How many of them changed the order of those that wait.
    pub bypasses: u64,
}

/// What is the same for all states of a world.
#[derive(Debug)]
pub struct Checker<'w> {
    /// The world.
    pub world: &'w World,
    /// Its claims, prepared.
    pub sets: Sets,
    /// Its symmetries.
    pub canon: Canon,
    /// Whether only the rules are looked at.
    pub rules: bool,
}

/// A grant in the course of a history: who, with which claims, and which token.
type Grant = (u8, u32, u64);

impl<'w> Checker<'w> {
    /// For this world.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        let canon = Canon::new(&world.symmetries());
        Self { world, sets: Sets::new(world), canon, rules: false }
    }

    /// Looks at a state that the engine reaches by this history: does every
    /// operation there.
    ///
    /// # Errors
    ///
    /// What was different, as a story that a person can follow.
    pub fn look(&self, key: Key, history: &[Op]) -> Result<Looked, String> {
        let oracle = state::unpack(key);
        let tell = |at: Option<Op>, what: String| {
            let done: Vec<Op> = history.iter().copied().chain(at).collect();
            format!("{what}\nafter {}", story(self.world, &done))
        };
        state_is_sound(&oracle).map_err(|what| tell(None, what))?;
        let mut looked = Looked::default();
        let (mut still, mut moving) = (Vec::new(), Vec::new());
        let mut spare = None;
        // What a try of each request would answer.
        let mut tries = Vec::new();
        for op in op::all(self.world, &oracle.live) {
            if matches!(op, Op::Submit { .. }) && oracle.live.len() == self.world.live {
                if self.world.tries {
                    looked.operations += 1;
                    tries.push((op, op::would_grant(self.world, &oracle, op)));
                }
                continue;
            }
            looked.operations += 1;
            // Whatever was refused has changed nothing, so its copy can serve again.
            let mut next = spare.take().unwrap_or_else(|| oracle.clone());
            let answer = op::ask(self.world, &mut next, op);
            if matches!(op, Op::Submit { .. }) {
                tries.push((op, answer.is_ok() && !next.waits(oracle.live.len() as Id)));
            }
            looked.deadlocks += u64::from(matches!(answer, Err(Refused::Deadlock)));
            let sound = operation_is_sound(self.world, &oracle, op, &answer, &next);
            looked.bypasses += u64::from(sound.map_err(|what| tell(Some(op), what))?);
            if next == oracle {
                still.push((op, answer));
                spare = Some(next);
            } else {
                moving.push((op, answer, next));
            }
        }
        if self.rules {
            looked.moves.extend(moving.iter().map(|(op, _, next)| {
                let (to, names) = self.canon.of(next);
                Move { op: *op, to, names, stays: false }
            }));
            return Ok(looked);
        }
        // All that changes nothing, one after the other, on one engine; then one
        // that does. Each other one on an engine of its own.
        let rounds = moving.len().max(1);
        for round in 0..rounds {
            let (mut side, grants) = self.replay(history).map_err(|what| tell(None, what))?;
            same(&oracle, &side, true).map_err(|what| tell(None, what))?;
            if round == 0 {
                self.try_all(&tries, &oracle, &mut side).map_err(|what| tell(None, what))?;
                for (op, answer) in &still {
                    let told = side.step(&self.sets, *op);
                    same_answer(answer, &told)
                        .and_then(|()| same_events(&oracle, &side))
                        .and_then(|()| same(&oracle, &side, false))
                        .map_err(|what| tell(Some(*op), what))?;
                }
            }
            if let Some((op, answer, next)) = moving.get(round) {
                let told = side.step(&self.sets, *op);
                same_answer(answer, &told)
                    .and_then(|()| same_events(next, &side))
                    .and_then(|()| same(next, &side, true))
                    .and_then(|()| self.tokens(&oracle, next, &side, &grants))
                    .map_err(|what| tell(Some(*op), what))?;
                let (to, names) = self.canon.of(next);
                looked.moves.push(Move { op: *op, to, names, stays: false });
            }
            if !side.drain(round % 2 == 1) {
                let op = moving.get(round).map(|it| it.0);
                return Err(tell(op, "something is left behind when all have ended".into()));
            }
        }
        // A history that ends in a refusal leads here, too: one with a cycle, if
        // there is one, since most was taken back for it.
        let cycle = still.iter().find(|(_, answer)| matches!(answer, Err(Refused::Deadlock)));
        looked.moves.extend(cycle.or(still.first()).map(|&(op, _)| Move {
            op,
            to: key,
            names: Renaming::NONE,
            stays: true,
        }));
        Ok(looked)
    }

    /// Asks the engine of everything that could arrive whether it would be granted.
    fn try_all(
        &self,
        tries: &[(Op, bool)],
        oracle: &Oracle,
        side: &mut Side,
    ) -> Result<(), String> {
        for &(op, rules) in tries {
            let Op::Submit { request, owner } = op else { continue };
            let engine = side.would_grant(self.sets.of(request), state::owner_of(owner));
            if rules != engine {
                let what = story(self.world, &[op]);
                return Err(format!(
                    "would be granted: {rules} by the rules, {engine} by the engine\n{what}"
                ));
            }
        }
        same(oracle, side, false)
    }

    /// An engine with this history, and the grants in it.
    fn replay(&self, history: &[Op]) -> Result<(Side, Vec<Grant>), String> {
        let mut side = Side::default();
        let mut grants: Vec<Grant> = Vec::new();
        for &op in history {
            // What was refused on the way was compared where it was found.
            let _ = side.step(&self.sets, op);
            for (name, outcome) in &side.events {
                if outcome.is_ok()
                    && let Some(at) = (0..side.live()).find(|&at| side.at(at).0 == *name)
                {
                    let (_, token, _) = side.at(at);
                    grants.push((side.owner(at), pack_claims(&side.claims(at)), token));
                }
            }
            side.rename();
        }
        Ok((side, grants))
    }

    /// Every new token is greater than those of all others before whose claims
    /// conflict; an old one is as it was.
    fn tokens(
        &self,
        before: &Oracle,
        next: &Oracle,
        side: &Side,
        grants: &[Grant],
    ) -> Result<(), String> {
        let mut earlier = grants.to_vec();
        for (name, outcome) in &next.events {
            let Some(at) = next.live.iter().position(|r| r.id == *name) else { continue };
            if outcome.is_err() {
                continue;
            }
            let request = &next.live[at];
            let (owner, claims) = (state::label(request.owner), state::pack_claims(request));
            let (_, token, _) = side.at(at);
            for &(other, held, old) in &earlier {
                let strangers = other == OWNERLESS || other != owner;
                if strangers && conflict(held, claims) && old >= token {
                    return Err(format!("token {token} is not above {old}, which conflicts"));
                }
            }
            // Its own earlier one, if this is an upgrade.
            earlier.push((owner, claims, token));
        }
        let granted = |request: &&Request| request.granted;
        for request in before.live.iter().filter(granted) {
            let same = next.live.iter().position(|r| r.id == request.id);
            let new = next.events.iter().any(|(name, _)| *name == request.id);
            if let Some(at) = same
                && !new
                && !earlier.iter().any(|&(_, _, token)| token == side.at(at).1)
            {
                return Err(format!("the token of request {} is another one now", request.id));
            }
        }
        Ok(())
    }
}

/// Without what only the rules know.
fn pack_claims(claims: &[Claim]) -> u32 {
    claims.iter().fold(0, |bits, claim| {
        let (path, kind) = world::small(claim);
        bits | (1 + 2 * kind as u32) << (4 * u32::from(path))
    })
}

/// Whether two packed lists of claims conflict.
fn conflict(one: u32, other: u32) -> bool {
    state::claims(one).any(|((path, kind), _)| {
        state::claims(other).any(|((there, theirs), _)| {
            let (a, b) = (world::segments(path), world::segments(there));
            (a.starts_with(&b) || b.starts_with(&a))
                && (kind == Kind::Write || theirs == Kind::Write)
        })
    })
}

/// What has to be true of every state, by the meaning of the rules.
fn state_is_sound(oracle: &Oracle) -> Result<(), String> {
    let live = &oracle.live;
    // Mutual exclusion.
    for one in live {
        for other in live.iter().filter(|r| r.agent() != one.agent()) {
            if one.held().any(|c| other.held().any(|d| c.conflicts(d))) {
                return Err(format!("{one:?} and {other:?} both hold what conflicts"));
            }
        }
    }
    // Permits: never more agents than the greatest limit among them, but for those
    // who had one already when they asked.
    for path in 0..world::PATHS as u8 {
        let permit = |request: &&Request| {
            let at = |claim: &&Claim| world::small(claim).0 == path && !claim.inherited;
            request.held().find(at).and_then(|claim| claim.limit)
        };
        let holders = live.iter().filter(|r| permit(r).is_some());
        let most = holders.clone().filter_map(|r| permit(&r)).max();
        let agents: BTreeSet<Agent> = holders.map(Request::agent).collect();
        if agents.len() as u32 > most.unwrap_or(0) {
            return Err(format!("more than {most:?} permits of path {path} are taken"));
        }
    }
    // Who was put in front of whom is a matter of such as wait, and of owners.
    let waits = |id: Id| live.iter().any(|r| r.id == id && r.waits());
    if !oracle.bypasses.iter().all(|&(one, other)| waits(one) && waits(other)) {
        return Err(format!("not all of {:?} wait", oracle.bypasses));
    }
    let order = oracle.bypasses.len() + oracle.places.len();
    if order > 0 && live.iter().all(|r| r.owner.is_none()) {
        return Err("somebody was put in front without any owner".into());
    }
    for request in live.iter().filter(|r| r.waits()) {
        is_served(oracle, request.id)?;
    }
    nobody_is_stuck(oracle)
}

/// Who waits is granted as soon as those that it waits for have ended.
fn is_served(oracle: &Oracle, id: Id) -> Result<(), String> {
    let mut rest = oracle.clone();
    while let Some(request) = rest.live.iter().find(|r| r.id == id && r.waits()) {
        let blockers: Vec<Id> = rest.blockers(request).iter().map(|r| r.id).collect();
        if blockers.is_empty() {
            return Err(format!("{request:?} waits for nobody"));
        }
        for id in blockers {
            rest.end(id).map_err(|why| format!("the end of {id} is refused: {why:?}"))?;
        }
    }
    Ok(())
}

/// If all agents of which nothing waits end what they have, and so on, nothing is left.
fn nobody_is_stuck(oracle: &Oracle) -> Result<(), String> {
    let mut rest = oracle.clone();
    while !rest.live.is_empty() {
        let busy: Vec<Agent> = rest.live.iter().filter(|r| r.waits()).map(Request::agent).collect();
        let done = rest.live.iter().find(|r| !busy.contains(&r.agent())).map(|r| r.id);
        let done = done.ok_or_else(|| format!("{busy:?} are stuck"))?;
        rest.end(done).map_err(|why| format!("the end of {done} is refused: {why:?}"))?;
    }
    Ok(())
}

/// What has to be true of every operation; whether it changed the order of those that
/// wait.
fn operation_is_sound(
    world: &World,
    before: &Oracle,
    op: Op,
    answer: &Outcome,
    next: &Oracle,
) -> Result<bool, String> {
    if answer.is_err() && next != before {
        return Err("what is refused has changed something".into());
    }
    let deadlock = matches!(answer, Err(Refused::Deadlock));
    let mut passed: Vec<(Id, Id)> = next.bypasses.difference(&before.bypasses).copied().collect();
    let asks = match op {
        Op::Submit { .. } => before.live.len() as Id,
        Op::Upgrade(at) => Id::from(at),
        _ if deadlock || !passed.is_empty() => {
            return Err("only a new wait can be a deadlock or a bypass".into());
        }
        _ => return Ok(false),
    };
    let granted = matches!(op, Op::Submit { .. }) && answer.is_ok() && !next.waits(asks);
    let owned = next.live.last().is_some_and(|request| request.owner.is_some());
    if !deadlock && passed.is_empty() && !(granted && owned) {
        return Ok(false);
    }
    // As if it just waited.
    let with = op::world_with(world, before, op);
    let find = |id: Id| with.live.iter().find(|r| r.id == id);
    let agent = |id: Id| find(id).map(Request::agent);
    if granted && let Some(request) = find(asks) {
        // Whoever was in the way of what is granted now was passed.
        passed.extend(with.blockers(request).iter().map(|other| (asks, other.id)));
    }
    let stuck = circle::stuck(&with);
    if deadlock != agent(asks).is_some_and(|agent| stuck.contains(&agent)) {
        return Err(format!("refused: {deadlock}, and stuck by what is held: {stuck:?}"));
    }
    for (one, other) in &passed {
        let mut reached: Vec<Agent> = agent(*other).into_iter().collect();
        for _ in &with.live {
            let own = with.live.iter().filter(|r| reached.contains(&r.agent()));
            let next = own.flat_map(|r| with.blockers(r)).map(Request::agent);
            reached.extend(next.collect::<Vec<_>>());
        }
        if !agent(*one).is_some_and(|one| reached.contains(&one)) {
            return Err(format!("{one} was put in front of {other}, which does not wait for it"));
        }
    }
    Ok(!passed.is_empty())
}

/// The operations in words.
#[must_use]
pub fn story(world: &World, ops: &[Op]) -> String {
    let path = |path: u8| {
        let names: Vec<String> = world::segments(path)
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        format!("{:?}", names.join("/"))
    };
    let line = |op: &Op| match *op {
        Op::Submit { request, owner } => {
            let claims = world.requests[request as usize]
                .iter()
                .map(|&(at, kind)| format!("{kind:?} {}", path(at)));
            let by =
                state::owner_of(owner).map_or("nobody".into(), |owner| format!("owner {owner}"));
            format!("  arrives: {} of {by}", claims.collect::<Vec<_>>().join(", "))
        }
        Op::ReleasePart(at, part) => {
            format!("  release_part {} of the live request at {at}", path(part))
        }
        other => format!("  {other:?}"),
    };
    ops.iter().map(line).collect::<Vec<_>>().join("\n")
}
