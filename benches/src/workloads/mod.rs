//! What the contenders do. One file a question.

mod c;
mod calls;
mod crowd;
mod flooding;
mod hand_over;
mod mixed;
mod owners;
mod pairs;
mod threads;
mod waiting;
mod weight;

use crate::measure::Plan;
use crate::peers::{self, Keyed};
use crate::results::Results;

/// A workload: its name on the command line and in the results, what it is, and
/// what runs it.
pub struct Workload {
    /// Short, in lower case.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// Runs it and keeps what it finds.
    pub run: fn(&Workload, &Plan, &mut Results),
}

/// All of them, in the order of the report.
pub const ALL: &[Workload] = &[
    Workload {
        name: "one-segment",
        title: "acquire + release of one of 1,000 keys of 16 bytes, one thread",
        run: pairs::one_segment,
    },
    Workload {
        name: "three-segments",
        title: "acquire + release of one of 1,000 paths of three segments, one thread",
        run: pairs::three_segments,
    },
    Workload {
        name: "ten-keys",
        title: "ten keys in one request, one thread",
        run: pairs::ten_keys,
    },
    Workload {
        name: "ten-deep-same",
        title: "ten paths of three segments with one first segment, in one request, one thread",
        run: pairs::ten_deep_same,
    },
    Workload {
        name: "ten-deep-different",
        title: "ten paths of three segments with ten first segments, in one request, one thread",
        run: pairs::ten_deep_different,
    },
    Workload {
        name: "two-threads-apart",
        title: "two threads, each with 1,000 keys of its own",
        run: threads::apart,
    },
    Workload {
        name: "two-threads-apart-deep",
        title: "two threads, each with 100 paths of three segments below a first segment of its own",
        run: threads::apart_deep,
    },
    Workload {
        name: "two-threads-siblings",
        title: "two threads, the same first two segments, 500 leaves each",
        run: threads::siblings,
    },
    Workload {
        name: "two-threads-reading",
        title: "two threads that read one key",
        run: threads::reading,
    },
    Workload {
        name: "two-threads-reading-deep",
        title: "two threads that read one path of three segments",
        run: threads::reading_deep,
    },
    Workload {
        name: "two-threads-one-key",
        title: "two threads that write one key",
        run: threads::one_key,
    },
    Workload {
        name: "internal-mutex",
        title: "two threads, different keys under one first segment: the smallest share of either",
        run: threads::internal_mutex,
    },
    Workload {
        name: "mixed",
        title: "two threads, 1,000 keys, some of the claims write",
        run: mixed::run,
    },
    Workload {
        name: "waiting",
        title: "one key with so many waiting requests: enqueue, grant, cancel",
        run: waiting::run,
    },
    Workload {
        name: "owners",
        title: "owners that hold one thing and wait for another, beside so many others",
        run: owners::run,
    },
    Workload {
        name: "crowd",
        title: "acquire + release while so many unrelated locks are held",
        run: crowd::run,
    },
    Workload {
        name: "hand-over",
        title: "from a release to the thread that was parked for it",
        run: hand_over::run,
    },
    Workload {
        name: "flooding",
        title: "a million names chosen to collide under an unseeded hash, and random ones",
        run: flooding::run,
    },
    Workload {
        name: "calls",
        title: "other calls, one thread",
        run: calls::run,
    },
    Workload {
        name: "c-calls",
        title: "the same calls through the C library and through the Rust one, one thread",
        run: c::calls,
    },
    Workload {
        name: "c-waiting",
        title: "a grant that is waited for, in the ways of the C library, one thread",
        run: c::waiting,
    },
    Workload {
        name: "c++-mutexes",
        title: "oarlock::mutex beside those of C++: lock + unlock",
        run: c::mutexes,
    },
    Workload {
        name: "weight",
        title: "bytes of what is held and of what waits; heap allocations once warm",
        run: weight::run,
    },
];

/// Something to do for every kind of keyed lock.
trait Visitor {
    fn visit<P: Keyed + 'static>(&mut self);
}

/// Every peer that is there, Oarlock first.
fn everybody(visitor: &mut impl Visitor) {
    visitor.visit::<peers::Oarlock>();
    visitor.visit::<peers::ByHand>();
    visitor.visit::<peers::Lockmap>();
    visitor.visit::<peers::Lockable>();
    visitor.visit::<peers::Dashmap>();
    visitor.visit::<peers::Tokio>();
    if peers::Berkeley::THERE {
        visitor.visit::<peers::Berkeley>();
    }
    if peers::Rocks::THERE {
        visitor.visit::<peers::Rocks>();
    }
}

/// One contender for each peer, made by an expression that is generic over it and
/// may use `plan`.
macro_rules! contenders {
    (|$peer:ident, $plan:ident| $make:expr) => {{
        struct Made<'p>(Vec<Contender<'static>>, &'p Plan);
        impl super::Visitor for Made<'_> {
            fn visit<$peer: Keyed + 'static>(&mut self) {
                let $plan = self.1;
                self.0.push($make);
            }
        }
        let mut made = Made(Vec::new(), $plan);
        super::everybody(&mut made);
        made.0
    }};
}
use contenders;
