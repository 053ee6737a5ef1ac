//! What a scenario is, once it has been read: steps that ask for locks, change and
//! end them, and what must hold after each of them.

use std::collections::{BTreeMap, BTreeSet};

/// Whether a claim shares its path or has it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Shared with other reads.
    Read,
    /// Exclusive.
    Write,
}

/// One claim of a request, as the scenario wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Read or write.
    pub mode: Mode,
    /// What is claimed.
    pub path: Path,
    /// The limit of a limited read claim (a semaphore).
    pub limit: Option<u32>,
}

/// A path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The segments, taken as they are. None at all is the root.
    pub segments: Vec<Vec<u8>>,
    /// Whether it is the entry of the path of these segments.
    pub entry: bool,
}

impl FromIterator<Vec<u8>> for Path {
    fn from_iter<I: IntoIterator<Item = Vec<u8>>>(segments: I) -> Self {
        Path {
            segments: segments.into_iter().collect(),
            entry: false,
        }
    }
}

/// What a request asks for, and for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The claims, in the order in which they were written.
    pub claims: Vec<Claim>,
    /// The scenario's name for the owner.
    pub owner: Option<String>,
    /// What people call the request.
    pub label: Option<String>,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Granted and not yet ended.
    Acquired,
    /// In the queue.
    Waiting,
    /// Granted, and an upgrade of it waits.
    Upgrading,
    /// Ended by close, while it waited.
    Closed,
}

/// What a surface answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Granted; to `would_grant`: it would be.
    Acquired,
    /// In the queue.
    Waiting,
    /// Done.
    Done,
    /// Done, and with the last part the request has ended.
    Released,
    /// A try would have to wait.
    Refused,
    /// It would wait for ever in this cycle; the refused request is the first.
    Deadlock(Vec<String>),
    /// The manager is closed.
    Closed,
    /// No more requests may wait.
    TooManyWaiting,
    /// Refused with this kind of error, for people.
    Error(String),
}

/// What a step says about the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// As [`Answer`].
    Acquired,
    /// As [`Answer`].
    Waiting,
    /// As [`Answer`].
    Done,
    /// As [`Answer`].
    Released,
    /// As [`Answer`].
    Refused,
    /// As [`Answer`].
    Deadlock,
    /// As [`Answer`].
    Closed,
    /// As [`Answer`].
    TooManyWaiting,
    /// As [`Answer`].
    Error,
    /// Granted or waiting: nothing else is asserted.
    Either,
}

/// What is asked of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It takes its place in the queue.
    Lock(Request),
    /// It is granted at once, or refused.
    Try(Request),
    /// Its reads become writes, now or later.
    Upgrade,
    /// The upgrade that waits does not any more.
    CancelUpgrade,
    /// Its writes become reads.
    Downgrade,
    /// Its claim on exactly this path ends.
    ReleasePart(Path),
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Something is asked of one request.
    Ask {
        /// The scenario's name for the request.
        id: String,
        /// What is asked.
        verb: Verb,
        /// The answer asserted, if any.
        expect: Option<Expect>,
        /// The cycle asserted, if any.
        circle: Option<Vec<String>>,
    },
    /// Somebody asks what a try would be answered.
    WouldGrant {
        /// What the try would ask for.
        request: Request,
        /// The answer asserted, if any.
        expect: Option<Expect>,
    },
    /// These requests end, one after the other, granted or waiting.
    Unlock(Vec<String>),
    /// Nobody waits any more, and no request comes.
    Close,
}

/// One step: at most one action, then what must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The action, done before anything is checked.
    pub action: Option<Action>,
    /// What must hold then.
    pub checks: Checks,
    /// Nothing is asserted about these.
    pub either: BTreeSet<String>,
    /// A key that this driver does not know: it may change the meaning of the
    /// step, so the scenario fails instead of being replayed without it.
    pub unknown_key: Option<String>,
}

/// What must hold after the action of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Exactly these requests are granted.
    pub acquired: Option<BTreeSet<String>>,
    /// Exactly these requests wait.
    pub waiting: Option<BTreeSet<String>>,
    /// Exactly these requests are granted and wait for an upgrade.
    pub upgrading: Option<BTreeSet<String>>,
    /// Exactly these have been ended by close and not been named so yet.
    pub closed: Option<BTreeSet<String>>,
    /// The tokens of these granted requests grow in this order.
    pub tokens: Option<Vec<String>>,
    /// A waiting request, and exactly those that keep it waiting.
    pub blockers: Option<(String, BTreeSet<String>)>,
    /// Requests and their labels.
    pub labels: BTreeMap<String, String>,
}

/// A named list of steps, replayed on a fresh manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenario {
    /// Its name, or its number in the file when it has none.
    pub name: String,
    /// How many requests may wait.
    pub max_waiting: Option<usize>,
    /// The steps in order.
    pub steps: Vec<Step>,
}

impl Checks {
    /// The list for one state.
    #[must_use]
    pub fn list(&self, state: State) -> Option<&BTreeSet<String>> {
        match state {
            State::Acquired => self.acquired.as_ref(),
            State::Waiting => self.waiting.as_ref(),
            State::Upgrading => self.upgrading.as_ref(),
            State::Closed => self.closed.as_ref(),
        }
    }

    /// Every name of a request in it.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let lists = State::ALL.into_iter();
        let lists = lists.filter_map(|state| self.list(state)).flatten();
        let blockers = self
            .blockers
            .iter()
            .flat_map(|(id, by)| by.iter().chain([id]));
        lists
            .chain(self.tokens.iter().flatten())
            .chain(blockers)
            .chain(self.labels.keys())
    }
}

impl State {
    /// Every state.
    pub const ALL: [State; 4] = [
        State::Acquired,
        State::Waiting,
        State::Upgrading,
        State::Closed,
    ];

    /// Whether a list for the other state has to name a request in this one. Who
    /// is being upgraded is granted all the same.
    #[must_use]
    pub fn is_listed_as(self, other: State) -> bool {
        self == other || (self == State::Upgrading && other == State::Acquired)
    }

    /// Whether the request has ended by itself.
    #[must_use]
    pub fn is_end(self) -> bool {
        self == State::Closed
    }
}

impl Expect {
    /// Whether the answer is the one expected.
    #[must_use]
    pub fn is_met_by(self, answer: &Answer) -> bool {
        match self {
            Expect::Acquired => *answer == Answer::Acquired,
            Expect::Waiting => *answer == Answer::Waiting,
            Expect::Done => *answer == Answer::Done,
            Expect::Released => *answer == Answer::Released,
            Expect::Refused => *answer == Answer::Refused,
            Expect::Deadlock => matches!(answer, Answer::Deadlock(_)),
            Expect::Closed => *answer == Answer::Closed,
            Expect::TooManyWaiting => *answer == Answer::TooManyWaiting,
            Expect::Error => matches!(answer, Answer::Error(_)),
            Expect::Either => matches!(answer, Answer::Acquired | Answer::Waiting),
        }
    }

    /// Whether the request is there after such an answer.
    #[must_use]
    pub fn leaves_request(self) -> bool {
        matches!(self, Expect::Acquired | Expect::Waiting | Expect::Either)
    }
}

impl Verb {
    /// What may be expected of it.
    #[must_use]
    pub fn expectations(&self) -> &'static [Expect] {
        use Expect::{
            Acquired, Closed, Deadlock, Done, Either, Error, Refused, Released, TooManyWaiting,
            Waiting,
        };
        match self {
            Verb::Lock(_) => &[
                Acquired,
                Waiting,
                Either,
                Deadlock,
                Closed,
                TooManyWaiting,
                Error,
            ],
            Verb::Try(_) => &[Acquired, Refused, Closed, Error],
            Verb::Upgrade => &[Acquired, Waiting, Either, Deadlock, Closed, Error],
            Verb::CancelUpgrade | Verb::Downgrade => &[Done, Error],
            Verb::ReleasePart(_) => &[Done, Released, Error],
        }
    }

    /// The request, if it is one that arrives.
    #[must_use]
    pub fn request(&self) -> Option<&Request> {
        match self {
            Verb::Lock(request) | Verb::Try(request) => Some(request),
            _ => None,
        }
    }
}

/// What may be expected of `would_grant`.
pub const WOULD_GRANT: [Expect; 4] = [
    Expect::Acquired,
    Expect::Refused,
    Expect::Closed,
    Expect::Error,
];
