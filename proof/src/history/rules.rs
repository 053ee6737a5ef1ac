//! The rules, one call after the other: the oracle, and what callers may know of its
//! grants.

use std::collections::BTreeMap;

use super::Event;
use super::call::{Answer, Call, Shown, plain};
use crate::ops::Op;
use crate::oracle::{Oracle, Pairs};
use crate::words::{Agent, Claim, Id, Outcome, Refused, Request};

/// What the rules say after some calls. Equal states go on in the same way, whatever
/// the order of the calls before them was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Its ids are the places of the live requests, from 1.
    pub(super) oracle: Oracle,
    /// The names of the live requests.
    names: Vec<Id>,
    /// Every grant that ever was: of a request the first, second and so on.
    grants: BTreeMap<(Id, u32), Grant>,
    /// Of a request that waits, or whose upgrade does, the step that began it.
    waits: BTreeMap<Id, u64>,
    /// What became of waits that are over.
    fates: BTreeMap<u64, Fate>,
}

/// What a grant was of, and its token if that is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Grant {
    agent: Agent,
    claims: Vec<Claim>,
    token: Option<u64>,
    /// The grants before it whose tokens are smaller.
    after: Vec<(Id, u32)>,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fate {
    Granted((Id, u32)),
    Cancelled,
    Closed,
}

/// Why a call cannot have come next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Differs {
    /// This would have been the answer; a token of 0 is any.
    Answer(Answer),
    /// The grant had another token, or one that is not greater than those of the
    /// grants before it that conflict.
    Token,
}

impl std::fmt::Display for Differs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Differs::Answer(answer) => write!(f, "by the rules: {answer}"),
            Differs::Token => f.write_str("the token does not rise"),
        }
    }
}

impl Rules {
    /// Of an empty manager.
    #[must_use]
    pub fn new(max_waiting: Option<usize>) -> Self {
        Rules { oracle: Oracle { max_waiting, ..Oracle::default() }, ..Rules::default() }
    }

    /// Does a call, if its answer is what the rules say; in the way that is known to
    /// occur, too, instead of what they say, if it is `otherwise`.
    ///
    /// # Errors
    /// What differs; the state is of no use then.
    pub fn apply(&mut self, event: &Event, otherwise: bool) -> Result<(), Differs> {
        let rules = match &event.call {
            Call::Rule(op) if otherwise => self.operate_with(op, event.step, Rules::ask_without),
            Call::Rule(op) if self.may_be_one_too_many(event) => {
                let max_waiting = self.oracle.max_waiting.replace(0);
                let answer = self.operate(op, event.step);
                self.oracle.max_waiting = max_waiting;
                answer
            }
            Call::Rule(op) => self.operate(op, event.step),
            Call::Cancel(id) => match self.state(*id) {
                Answer::Waits => self.operate(&Op::End(*id), event.step),
                other => other,
            },
            Call::State(id) => self.state(*id),
            Call::Wait(id) => self.waited(*id, &event.answer),
            Call::UpgradeState(id) => self.upgrade_state(*id),
            // It shows each request as it stood at a moment of its own.
            Call::Inspect if !event.alone => return Ok(()),
            Call::Inspect => return self.compare_inspection(&event.answer),
            Call::Count => {
                let granted = self.oracle.live.iter().filter(|r| r.granted).count();
                Answer::Counts(granted, self.oracle.live.len() - granted)
            }
            Call::Told(id) | Call::ToldOfUpgrade(id) => return self.compare_told(event, *id),
        };
        match (&event.answer, rules) {
            (Answer::Granted(token), Answer::Granted(_)) => match self.current_grant(event) {
                Some(grant) => self.note(grant, *token),
                None => Err(Differs::Token),
            },
            (answer, rules) if *answer == rules => Ok(()),
            (_, rules) => Err(Differs::Answer(rules)),
        }
    }

    fn operate(&mut self, op: &Op, step: u64) -> Answer {
        self.operate_with(op, step, |oracle, op| op.apply(oracle))
    }

    fn operate_with(
        &mut self,
        op: &Op,
        step: u64,
        apply: fn(&mut Oracle, &Op) -> Outcome,
    ) -> Answer {
        let next = self.oracle.live.len() as Id + 1;
        let place = |id: &Id| self.place(*id).unwrap_or(Id::MAX);
        let op_there = match op {
            Op::Submit(_, owner, claims) => Op::Submit(next, *owner, claims.clone()),
            Op::Try(_, owner, claims) => Op::Try(next, *owner, claims.clone()),
            Op::End(id) => Op::End(place(id)),
            Op::Upgrade(id) => Op::Upgrade(place(id)),
            Op::CancelUpgrade(id) => Op::CancelUpgrade(place(id)),
            Op::Downgrade(id) => Op::Downgrade(place(id)),
            Op::ReleasePart(id, path) => Op::ReleasePart(place(id), path.clone()),
            Op::WouldGrant(..) | Op::Close => op.clone(),
        };
        let changes = matches!(op, Op::Upgrade(_) | Op::Downgrade(_) | Op::ReleasePart(..));
        if changes && op.id().map(|id| self.state(id)) == Some(Answer::Waits) {
            return Answer::NotGranted;
        }
        if let Err(why) = apply(&mut self.oracle, &op_there) {
            return Answer::Refused(why);
        }
        let waits = op_there.id().is_some_and(|place| self.oracle.waits(place));
        match op {
            Op::Submit(id, ..) | Op::Try(id, ..) => self.names.push(*id),
            _ => {}
        }
        match op {
            Op::Submit(id, ..) | Op::Upgrade(id) if waits => drop(self.waits.insert(*id, step)),
            _ => {}
        }
        self.take_events();
        match op {
            Op::Submit(..) | Op::Try(..) | Op::Upgrade(_) if waits => Answer::Waits,
            Op::Submit(..) | Op::Try(..) | Op::Upgrade(_) => Answer::Granted(0),
            _ => Answer::Done,
        }
    }

    /// Where a live request stands among them.
    fn place(&self, id: Id) -> Option<Id> {
        let at = self.names.iter().position(|name| *name == id)?;
        Some(at as Id + 1)
    }

    fn live(&self, id: Id) -> Option<&Request> {
        let at = self.names.iter().position(|name| *name == id)?;
        self.oracle.live.get(at)
    }

    fn state(&self, id: Id) -> Answer {
        match self.live(id) {
            None => Answer::Refused(Refused::Stale),
            Some(request) if request.granted => Answer::Granted(0),
            Some(_) => Answer::Waits,
        }
    }

    /// Who waits for a request hears how its wait ended, if it ended meanwhile.
    fn waited(&self, id: Id, answer: &Answer) -> Answer {
        match (self.state(id), self.fates.get(&id)) {
            (Answer::Refused(_), Some(Fate::Cancelled)) if *answer == Answer::Cancelled => {
                Answer::Cancelled
            }
            (Answer::Refused(_), Some(Fate::Closed)) if *answer == closed() => closed(),
            (state, _) => state,
        }
    }

    fn upgrade_state(&self, id: Id) -> Answer {
        match self.live(id) {
            Some(request) if !request.granted => Answer::Refused(Refused::Stale),
            None => Answer::Refused(Refused::Stale),
            Some(request) if request.upgrading => Answer::Waits,
            Some(request) if request.claims.iter().all(|c| c.write) => Answer::Granted(0),
            Some(_) => Answer::NotUpgraded,
        }
    }

    fn compare_inspection(&mut self, answer: &Answer) -> Result<(), Differs> {
        let live = self.names.iter().zip(&self.oracle.live);
        let shown = live.map(|(name, request)| Shown {
            id: Some(*name),
            token: request.granted.then_some(0),
            upgrading: request.upgrading,
            claims: plain(&request.claims),
        });
        let mut rules: Vec<Shown> = shown.collect();
        rules.sort_by_key(|shown| shown.id);
        let mut tokens = Vec::new();
        if let Answer::Seen(seen) = answer {
            let mut plain = seen.clone();
            for shown in &mut plain {
                if let (Some(id), Some(token)) = (shown.id, &mut shown.token) {
                    tokens.push((id, std::mem::take(token)));
                }
            }
            if plain == rules {
                return tokens.into_iter().try_for_each(|(id, token)| {
                    let grant = self.latest(id).ok_or(Differs::Token)?;
                    self.note(grant, token)
                });
            }
        }
        Err(Differs::Answer(Answer::Seen(rules)))
    }

    /// What a callback is told is how the wait has ended some time before; of an
    /// upgrade whose request has ended since, that it was cancelled.
    fn compare_told(&mut self, event: &Event, id: Id) -> Result<(), Differs> {
        let of_upgrade = matches!(event.call, Call::ToldOfUpgrade(_));
        let ended = of_upgrade && self.live(id).is_none();
        match (self.fates.get(&event.step), &event.answer) {
            (Some(Fate::Granted(grant)), Answer::Granted(token)) => self.note(*grant, *token),
            (Some(Fate::Granted(_)), Answer::Cancelled) if ended => Ok(()),
            (Some(Fate::Cancelled), Answer::Cancelled) => Ok(()),
            (Some(Fate::Closed), answer) if *answer == closed() => Ok(()),
            (Some(Fate::Granted(_)), _) => Err(Differs::Answer(Answer::Granted(0))),
            (Some(Fate::Cancelled), _) => Err(Differs::Answer(Answer::Cancelled)),
            (Some(Fate::Closed), _) => Err(Differs::Answer(closed())),
            (None, _) => Err(Differs::Answer(Answer::Waits)),
        }
    }

    /// The grant that a call was told of.
    fn current_grant(&self, event: &Event) -> Option<(Id, u32)> {
        let id = match &event.call {
            Call::Rule(op) => op.id(),
            other => other.target(),
        };
        self.latest(id?)
    }

    /// The last grant of a request.
    fn latest(&self, id: Id) -> Option<(Id, u32)> {
        self.grants.range((id, 0)..=(id, u32::MAX)).next_back().map(|(grant, _)| *grant)
    }

    /// A grant turns out to have this token.
    pub(super) fn note(&mut self, grant: (Id, u32), token: u64) -> Result<(), Differs> {
        let Some(this) = self.grants.get_mut(&grant) else { return Err(Differs::Token) };
        if let Some(known) = this.token {
            return if known == token { Ok(()) } else { Err(Differs::Token) };
        }
        this.token = Some(token);
        let (this, grants) = (&self.grants[&grant], &self.grants);
        let mut before = this.after.iter().filter_map(|before| grants.get(before));
        let mut later = grants.iter().filter(|(_, later)| later.after.contains(&grant));
        let rises = before.all(|before| before.token.is_none_or(|it| it < token))
            && later.all(|(_, later)| later.token.is_none_or(|it| token < it));
        if rises { Ok(()) } else { Err(Differs::Token) }
    }

    /// Takes note of the grants and ends that an operation has caused, and gives the
    /// live requests their places anew.
    fn take_events(&mut self) {
        for (place, outcome) in std::mem::take(&mut self.oracle.events) {
            let Some(&name) = self.names.get(place as usize - 1) else { continue };
            let fate = self.fate(place, name, outcome);
            if let Some(step) = self.waits.remove(&name) {
                self.fates.insert(step, fate);
            }
        }
        let waits = |name: &Id| {
            let at = self.names.iter().position(|it| it == name);
            at.is_some_and(|at| self.oracle.waits(at as Id + 1))
        };
        let over = self.waits.extract_if(.., |name, _| !waits(name));
        self.fates.extend(over.map(|(_, step)| (step, Fate::Cancelled)));
        self.give_places();
    }

    fn fate(&mut self, place: Id, name: Id, outcome: Outcome) -> Fate {
        let granted = self.oracle.live.iter().find(|r| r.id == place);
        let (Ok(()), Some(request)) = (outcome, granted) else { return Fate::Closed };
        let (agent, claims) = (request.owner.ok_or(name), request.claims.clone());
        let number = self.latest(name).map_or(0, |(_, number)| number + 1);
        let conflicts = |(other, grant): &(&(Id, u32), &Grant)| {
            let mut theirs = grant.claims.iter();
            other.0 == name
                || grant.agent != agent && theirs.any(|c| claims.iter().any(|own| own.conflicts(c)))
        };
        let after = self.grants.iter().filter(conflicts).map(|(other, _)| *other).collect();
        self.grants.insert((name, number), Grant { agent, claims, token: None, after });
        Fate::Granted((name, number))
    }

    /// The places are those of the live requests, from 1.
    fn give_places(&mut self) {
        let Oracle { live, bypasses, places, .. } = &mut self.oracle;
        let old: Vec<Id> = live.iter().map(|r| r.id).collect();
        if old.iter().zip(1..).all(|(old, new)| *old == new) && old.len() == self.names.len() {
            return;
        }
        let new = |id: Id| Some(old.iter().position(|old| *old == id)? as Id + 1);
        let moved = |pairs: &Pairs| -> Pairs {
            pairs.iter().filter_map(|&(one, other)| Some((new(one)?, new(other)?))).collect()
        };
        (*bypasses, *places) = (moved(bypasses), moved(places));
        self.names =
            old.iter().filter_map(|&id| self.names.get(id as usize - 1).copied()).collect();
        for (request, place) in live.iter_mut().zip(1..) {
            request.id = place;
        }
    }
}

fn closed() -> Answer {
    Answer::Refused(Refused::Closed)
}
