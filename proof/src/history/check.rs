//! Whether a history is one that the rules allow: a search for an order of its calls.
//!
//! Depth first, after Wing and Gong (1993): next in the order may be any call that no
//! other one left had returned before. Where an order cannot be gone on with, the calls
//! that it has and the state that it has led to are kept, and not come to again (Lowe,
//! 2017). A look that answers as the rules do, and adds nothing to what is known, may
//! stand wherever it can: nothing else is tried there.

use std::collections::HashSet;

use super::known::may_be_otherwise;
use super::rules::{Differs, Rules};
use super::{Event, History, NEVER};

/// So many calls can be in a history.
pub const MOST: usize = 128;

/// After so many steps a search gives up.
const PATIENCE: usize = 200_000;

/// What has been found out.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Whether there is an order.
    pub verdict: Verdict,
    /// How many calls were done on the oracle for that.
    pub steps: usize,
}

/// Whether there is an order of the calls in which the rules give the same answers.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// There is.
    Agrees,
    /// There is none.
    Differs(DeadEnd),
    /// Nobody knows: the search was too long.
    GaveUp,
}

/// The longest order that could be found, and why none of the calls that may come next
/// can.
#[derive(Clone, Debug, Default)]
pub struct DeadEnd {
    /// By their places in the history.
    pub order: Vec<usize>,
    /// Likewise.
    pub next: Vec<(usize, Differs)>,
}

/// Looks for an order.
///
/// # Panics
/// If the history has more than [`MOST`] calls.
#[must_use]
pub fn check(history: &History) -> Checked {
    let events = &history.events;
    assert!(events.len() <= MOST, "a history of {} calls", events.len());
    let mut by_return: Vec<usize> = (0..events.len()).collect();
    by_return.sort_by_key(|&at| events[at].returned);
    let mut search = Search { events, by_return, ..Search::default() };
    let verdict = match search.goes_on(0, &Rules::new(history.max_waiting)) {
        Some(true) => Verdict::Agrees,
        Some(false) => Verdict::Differs(search.dead_end),
        None => Verdict::GaveUp,
    };
    Checked { verdict, steps: search.steps }
}

fn is_look(event: &Event) -> bool {
    event.call.is_look(&event.answer)
}

#[derive(Default)]
struct Search<'h> {
    events: &'h [Event],
    /// The calls in the order of their returns, which is tried first.
    by_return: Vec<usize>,
    /// The order so far.
    order: Vec<usize>,
    /// Sets of calls with the states after them that lead nowhere.
    dead: HashSet<(u128, Rules)>,
    dead_end: DeadEnd,
    steps: usize,
}

impl Search<'_> {
    /// Whether the calls that are not `done` can follow this state; `None` if that
    /// takes too long.
    fn goes_on(&mut self, done: u128, rules: &Rules) -> Option<bool> {
        let events = self.events;
        let left = |at: &usize| done & (1 << at) == 0;
        let left: Vec<usize> = self.by_return.iter().copied().filter(left).collect();
        let end = left.first().map_or(NEVER, |&at| events[at].returned);
        if end == NEVER {
            return Some(true);
        }
        let mut branches = Vec::new();
        let mut next = Vec::new();
        for at in left.into_iter().filter(|&at| events[at].began < end) {
            self.steps += 1;
            if self.steps > PATIENCE {
                return None;
            }
            let mut then = rules.clone();
            match then.apply(&events[at], false) {
                Ok(()) if then == *rules && is_look(&events[at]) => {
                    branches = vec![(at, then)];
                    break;
                }
                Ok(()) => branches.push((at, then)),
                Err(differs) => next.push((at, differs)),
            }
            if may_be_otherwise(&events[at]) {
                let mut then = rules.clone();
                if then.apply(&events[at], true).is_ok() {
                    branches.push((at, then));
                }
            }
        }
        if branches.is_empty() && self.order.len() >= self.dead_end.order.len() {
            self.dead_end = DeadEnd { order: self.order.clone(), next };
        }
        for (at, then) in branches {
            let key = (done | 1 << at, then);
            if self.dead.contains(&key) {
                continue;
            }
            self.order.push(at);
            let found = self.goes_on(key.0, &key.1)?;
            self.order.pop();
            if found {
                return Some(true);
            }
            self.dead.insert(key);
        }
        Some(false)
    }
}
