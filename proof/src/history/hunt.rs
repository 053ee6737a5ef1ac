//! Plans that are done and checked, and the least that is left of one that fails.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};

use super::call::Call;
use super::check::{Checked, DeadEnd, Verdict, check};
use super::plan::{Plan, Shape};
use super::record::record;
use super::{Event, History};

/// How often a smaller plan is done before it is taken for one that does not fail.
const AGAIN: usize = 300;

/// How often plans are done for one failure.
const PATIENCE: usize = 30_000;

/// Figures of what has been done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Histories that were checked.
    pub histories: usize,
    /// Calls in them.
    pub calls: usize,
    /// Calls that met one of another thread.
    pub overlapping: usize,
    /// Calls that the searches have tried.
    pub steps: usize,
    /// Histories whose search was too long.
    pub given_up: usize,
}

/// A history that no order of its calls explains.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was done.
    pub plan: Plan,
    /// What was seen.
    pub history: History,
    /// Why it is.
    pub why: Why,
}

/// What is wrong with a history.
#[derive(Clone, Debug)]
pub enum Why {
    /// No order of the calls has these answers by the rules.
    NoOrder(DeadEnd),
    /// The callback that this step has left was called so often.
    Told(u64, usize),
    /// A thread panicked.
    Panicked(String),
}

impl Figures {
    /// Does the plan of this seed once.
    ///
    /// # Errors
    /// What is wrong, made small.
    pub fn try_one(&mut self, seed: u64, shape: &Shape) -> Result<(), Box<Failure>> {
        let plan = Plan::by_chance(seed, shape);
        let found = match done(&plan) {
            Ok(history) => self.take_in(plan, history),
            Err(text) => Err(Box::new(Failure::panicked(plan, text))),
        };
        found.map_err(|failure| Box::new(failure.smaller().least()))
    }

    /// Checks what became of a plan.
    ///
    /// # Errors
    /// What is wrong.
    pub fn take_in(&mut self, plan: Plan, history: History) -> Result<(), Box<Failure>> {
        self.histories += 1;
        self.calls += history.events.len();
        self.overlapping += history.events.iter().filter(|event| !event.alone).count();
        let (why, checked) = judge(&history);
        self.steps += checked.steps;
        self.given_up += usize::from(matches!(checked.verdict, Verdict::GaveUp));
        match why {
            None => Ok(()),
            Some(why) => Err(Box::new(Failure { plan, history, why })),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { histories, calls, .. } = self;
        let met = 100 * self.overlapping / calls.max(&1);
        let steps = self.steps as f64 / *calls.max(&1) as f64;
        write!(
            f,
            "{calls} calls in {histories} histories agree, {met} % of them overlapped, \
             {steps:.2} steps a call, {} searches given up",
            self.given_up
        )
    }
}

/// What is wrong with a history, if anything is.
fn judge(history: &History) -> (Option<Why>, Checked) {
    let checked = check(history);
    let why = match &checked.verdict {
        Verdict::Differs(dead_end) => Some(Why::NoOrder(dead_end.clone())),
        _ => told_once(history),
    };
    (why, checked)
}

/// What is wrong with a history, if anything is. A search that gives up finds nothing.
#[must_use]
pub fn wrong(history: &History) -> Option<Why> {
    judge(history).0
}

/// Every callback that is owed a call is called once.
fn told_once(history: &History) -> Option<Why> {
    let calls = |step: &u64| {
        let told = |event: &&Event| matches!(event.call, Call::Told(_) | Call::ToldOfUpgrade(_));
        history.events.iter().filter(told).filter(|event| event.step == *step).count()
    };
    let counted = history.callbacks.iter().map(|step| (*step, calls(step)));
    counted.filter(|(_, count)| *count != 1).map(|(step, count)| Why::Told(step, count)).next()
}

/// Does a plan, or panics.
fn done(plan: &Plan) -> Result<History, String> {
    panic::catch_unwind(AssertUnwindSafe(|| record(plan))).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        text.unwrap_or("for an unknown reason").to_owned()
    })
}

impl Failure {
    fn panicked(plan: Plan, text: String) -> Failure {
        Failure { plan, history: History::default(), why: Why::Panicked(text) }
    }

    /// One of a smaller plan, if such a plan fails as well within some tries.
    #[must_use]
    pub fn smaller(self) -> Failure {
        let mut failure = self;
        let mut patience = PATIENCE;
        while let Some(smaller) = smaller(&failure, &mut patience) {
            failure = smaller;
        }
        failure
    }

    /// The same without what was seen and does not matter.
    #[must_use]
    pub fn least(self) -> Failure {
        if !matches!(self.why, Why::NoOrder(_)) {
            return self;
        }
        let (history, dead_end) = least(&self.history);
        Failure { history, why: Why::NoOrder(dead_end), ..self }
    }
}

/// A plan with fewer steps that fails.
fn smaller(failure: &Failure, patience: &mut usize) -> Option<Failure> {
    let steps = &failure.plan.steps;
    let mut length = steps.len() / 2;
    while length > 0 {
        for start in (0..=steps.len() - length).rev() {
            let steps = [&steps[..start], &steps[start + length..]].concat();
            let plan = Plan { steps, ..failure.plan.clone() };
            for _ in 0..AGAIN {
                *patience = patience.checked_sub(1)?;
                match done(&plan) {
                    Ok(history) => {
                        if let Some(why) = wrong(&history) {
                            return Some(Failure { plan, history, why });
                        }
                    }
                    Err(text) => return Some(Failure::panicked(plan, text)),
                }
            }
        }
        length /= 2;
    }
    None
}

/// As much of a history as shows that it is wrong: until the call whose return shows it,
/// and without calls that have changed nothing, if it is wrong without them.
#[must_use]
pub fn least(history: &History) -> (History, DeadEnd) {
    let differs = |history: &History| match check(history).verdict {
        Verdict::Differs(dead_end) => Some(dead_end),
        _ => None,
    };
    let mut times: Vec<u64> = history.events.iter().map(|event| event.returned).collect();
    times.sort_unstable();
    let untils = times.into_iter().map(|time| history.until(time));
    let found = untils.filter_map(|until| Some((differs(&until)?, until))).next();
    let Some((mut dead_end, mut least)) = found else {
        return (history.clone(), differs(history).unwrap_or_default());
    };
    let mut at = 0;
    while at < least.events.len() {
        let mut without = least.clone();
        let event = without.events.remove(at);
        match differs(&without).filter(|_| event.call.is_look(&event.answer)) {
            Some(found) => (dead_end, least) = (found, without),
            None => at += 1,
        }
    }
    (least, dead_end)
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { plan, history, why } = self;
        writeln!(f, "{plan}\n\n{history}")?;
        match why {
            Why::Told(step, count) => {
                write!(f, "the callback that step {step} has left was called {count} times")
            }
            Why::Panicked(text) => {
                for step in &plan.steps {
                    writeln!(f, "thread {}  {}", step.thread, step.call)?;
                }
                write!(f, "panicked: {text}")
            }
            Why::NoOrder(DeadEnd { order, next }) => {
                writeln!(f, "no order of these calls has these answers by the rules; as far as")?;
                for &at in order {
                    writeln!(f, "    {}", history.events[at])?;
                }
                f.write_str("they can be, and then none of")?;
                for (at, differs) in next {
                    write!(f, "\n    {}\n        {differs}", history.events[*at])?;
                }
                Ok(())
            }
        }
    }
}
