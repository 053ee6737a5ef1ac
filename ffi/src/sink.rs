//! Where the outcome of an asynchronous wait goes: to a callback or into a queue.

use crate::callback::Callback;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::queue::{Slot, Tracker};
use crate::target::Target;
use crate::timeout;
use crate::timer::Alarm;
use std::sync::Arc;
use std::time::Duration;

/// Told the outcome once; dropped untold where there is nothing to wait for.
pub(crate) enum Sink {
    Callback(Callback),
    Queue(Slot),
}

/// The other side of a wait, told that it has begun: those who may have to end it.
pub(crate) struct Begun {
    tracker: Option<Tracker>,
    alarm: Option<Arc<Alarm>>,
}

impl Sink {
    /// Makes all that a wait needs: what the core calls with its outcome, and what is
    /// told if it begins. The timeout runs from here on.
    pub(crate) fn prepare(
        self,
        timeout: Option<Duration>,
    ) -> Result<(impl FnOnce(Outcome) + Send + 'static, Begun), Failure> {
        let at = timeout.map(timeout::end).transpose()?;
        let alarm = at.map(Alarm::new).transpose()?;
        let begun = Begun {
            tracker: match &self {
                Self::Callback(_) => None,
                Self::Queue(slot) => Some(slot.tracker()),
            },
            alarm: alarm.clone(),
        };
        let tell = move |outcome| {
            if let Some(alarm) = alarm {
                alarm.disarm();
            }
            match self {
                Self::Callback(callback) => callback.call(outcome),
                Self::Queue(slot) => slot.put(outcome),
            }
        };
        Ok((tell, begun))
    }
}

impl Begun {
    /// This waits. It may have ended already.
    pub(crate) fn waits(self, target: Target) {
        if let Some(tracker) = self.tracker {
            tracker.waits(target.clone());
        }
        if let Some(alarm) = self.alarm {
            alarm.arm(target);
        }
    }
}
