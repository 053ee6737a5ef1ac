//! Calls of a manager and their answers, as values. Requests are named by the step of
//! the plan that made them.

use std::fmt;

use crate::ops::{Op, Path};
use crate::words::{Claim, Id, Refused};

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// An operation of the rules.
    Rule(Op),
    /// Takes a request out of the queue, if it still waits there.
    Cancel(Id),
    /// Asks where a request stands.
    State(Id),
    /// Waits for a request, for a moment at most.
    Wait(Id),
    /// Asks where the upgrade of a request stands.
    UpgradeState(Id),
    /// Looks at all requests at once.
    Inspect,
    /// Asks how many requests are granted, and how many wait.
    Count,
    /// A callback hears what became of a request that had to wait.
    Told(Id),
    /// A callback hears what became of an upgrade of this request that had to wait.
    ToldOfUpgrade(Id),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is granted, with this token.
    Granted(u64),
    /// It waits.
    Waits,
    /// Done; or it would be granted.
    Done,
    /// No, and why.
    Refused(Refused),
    /// The request is not granted yet.
    NotGranted,
    /// No upgrade waits, and none is in force.
    NotUpgraded,
    /// The request, or the upgrade, was ended while it waited.
    Cancelled,
    /// What an inspection shows, in the order of the names.
    Seen(Vec<Shown>),
    /// How many are granted, and how many wait.
    Counts(usize, usize),
}

/// What an inspection shows of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The request; none if it is none that the history knows.
    pub id: Option<Id>,
    /// Its token; none while it waits.
    pub token: Option<u64>,
    /// Whether an upgrade of it waits.
    pub upgrading: bool,
    /// In normal form, sorted.
    pub claims: Vec<(bool, Path, Option<u32>)>,
}

/// Claims as an inspection shows them.
#[must_use]
pub fn plain(claims: &[Claim]) -> Vec<(bool, Path, Option<u32>)> {
    let claims = claims.iter().map(|c| (c.write, c.path.clone(), c.limit));
    let mut claims: Vec<_> = claims.collect();
    claims.sort();
    claims
}

impl Call {
    /// The request that it is about, if there has to be one already.
    #[must_use]
    pub fn target(&self) -> Option<Id> {
        match self {
            Call::Rule(Op::Submit(..) | Op::Try(..)) | Call::Inspect | Call::Count => None,
            Call::Rule(op) => op.id(),
            Call::Cancel(id)
            | Call::State(id)
            | Call::Wait(id)
            | Call::UpgradeState(id)
            | Call::Told(id)
            | Call::ToldOfUpgrade(id) => Some(*id),
        }
    }

    /// Whether a call that was answered so has changed nothing, whenever it was made.
    #[must_use]
    pub fn is_look(&self, answer: &Answer) -> bool {
        match self {
            Call::Rule(Op::WouldGrant(..)) => true,
            Call::Rule(_) => matches!(answer, Answer::Refused(_) | Answer::NotGranted),
            Call::Cancel(_) => *answer != Answer::Done,
            _ => true,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Rule(op) => op.fmt(f),
            Call::Cancel(id) => write!(f, "{id} is cancelled"),
            Call::State(id) => write!(f, "how is {id}?"),
            Call::Wait(id) => write!(f, "waits for {id}"),
            Call::UpgradeState(id) => write!(f, "how is the upgrade of {id}?"),
            Call::Inspect => f.write_str("inspects"),
            Call::Count => f.write_str("how many hold, how many wait?"),
            Call::Told(id) => write!(f, "a callback is told of {id}"),
            Call::ToldOfUpgrade(id) => write!(f, "a callback is told of the upgrade of {id}"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Granted(0) => f.write_str("granted"),
            Answer::Granted(token) => write!(f, "granted, token {token}"),
            Answer::Waits => f.write_str("waits"),
            Answer::Done => f.write_str("yes"),
            Answer::Refused(why) => write!(f, "no, {why:?}"),
            Answer::NotGranted => f.write_str("no, it is not granted"),
            Answer::NotUpgraded => f.write_str("there is none"),
            Answer::Cancelled => f.write_str("cancelled"),
            Answer::Counts(held, waiting) => write!(f, "{held} and {waiting}"),
            Answer::Seen(all) => {
                let all: Vec<String> = all.iter().map(Shown::to_string).collect();
                write!(f, "{{{}}}", all.join("; "))
            }
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "{id}")?,
            None => f.write_str("unknown")?,
        }
        match self.token {
            None => f.write_str(" waits")?,
            Some(0) => f.write_str(" granted")?,
            Some(token) => write!(f, " token {token}")?,
        }
        if self.upgrading {
            f.write_str(" upgrading")?;
        }
        let claim = |(write, path, limit): &(bool, Path, Option<u32>)| {
            let (write, path, limit) = (*write, path.clone(), *limit);
            Claim { write, path, limit, inherited: false }.to_string()
        };
        let claims: Vec<String> = self.claims.iter().map(claim).collect();
        write!(f, " [{}]", claims.join(", "))
    }
}
