//! What threads do to one manager at the same time, held against the rules.
//!
//! A [`plan`] says what each thread does. [`record`] does it on a manager and notes when
//! each call began and returned, and what it answered: the history. [`check`] looks for
//! an order of the calls in which the [`rules`] give the same answers, and in which a
//! call that had returned before another one began stands before it: whether the
//! history is *linearizable* (Herlihy and Wing, 1990). If there is no such order, the
//! manager has answered as no sequence of calls could have been answered.
//!
//! A grant that comes later is no call of anybody. What is known of it is what a later
//! look shows, or a callback is told; those are calls of the history like the others.
//!
//! ```
//! use oarlock_proof::history::{plan::{Plan, Shape}, record::record, check::{Verdict, check}};
//!
//! let plan = Plan::by_chance(1, &Shape::default());
//! let history = record(&plan);
//! assert!(matches!(check(&history).verdict, Verdict::Agrees));
//! ```

pub mod call;
pub mod check;
pub mod hunt;
mod known;
pub mod plan;
pub mod record;
pub mod rules;
mod threads;

use call::{Answer, Call};

/// One call, from its beginning to its return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who made it.
    pub thread: usize,
    /// Which step of the plan it was, or has come from: the name of the request or of
    /// the upgrade that it began.
    pub step: u64,
    /// What was called.
    pub call: Call,
    /// What it answered.
    pub answer: Answer,
    /// When it began. All times of a history differ.
    pub began: u64,
    /// When it returned; [`NEVER`] if it has not.
    pub returned: u64,
    /// Whether no other thread was in a call meanwhile.
    pub alone: bool,
}

/// A call that has not returned may have had its effect, or not.
pub const NEVER: u64 = u64::MAX;

/// What threads did to one manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// How many requests could wait.
    pub max_waiting: Option<usize>,
    /// At most [`check::MOST`], in any order.
    pub events: Vec<Event>,
    /// The steps that have left a callback.
    pub callbacks: Vec<u64>,
}

impl Event {
    /// Whether neither of the two had returned when the other one began.
    #[must_use]
    pub fn overlaps(&self, other: &Event) -> bool {
        self.began < other.returned && other.began < self.returned
    }
}

impl History {
    /// What was known of it at this time: calls that had not returned may have had
    /// their effect.
    #[must_use]
    pub fn until(&self, time: u64) -> History {
        let begun = self.events.iter().filter(|event| event.began <= time);
        let seen = |event: &Event| {
            let returned = if event.returned <= time { event.returned } else { NEVER };
            Event { returned, ..event.clone() }
        };
        History { events: begun.map(seen).collect(), ..self.clone() }
    }

    /// Finds out which calls were alone.
    #[must_use]
    pub fn with_meetings(self) -> History {
        let meets = |one: &Event, other: &Event| one.thread != other.thread && one.overlaps(other);
        let alone = |one: &Event| !self.events.iter().any(|other| meets(one, other));
        let events = self.events.iter().map(|one| Event { alone: alone(one), ..one.clone() });
        History { events: events.collect(), ..self }
    }
}

impl std::fmt::Display for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(max) = self.max_waiting {
            writeln!(f, "{max} may wait")?;
        }
        let mut events: Vec<&Event> = self.events.iter().collect();
        events.sort_by_key(|event| event.began);
        events.iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Event { thread, began, call, answer, .. } = self;
        let times = match self.returned {
            NEVER => format!("{began}.."),
            returned => format!("{began}..{returned}"),
        };
        write!(f, "thread {thread} {times:>9}  {call}: {answer}")
    }
}
