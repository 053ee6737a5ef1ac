//! Threads that do a plan on a manager, and what they see.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use oarlock::{
    AcquireError, CancelError, ChangeError, Enqueued, EnqueuedById, Guard, LockId, LockState,
    Manager, Path, TryAcquireError, UpgradeBegun, UpgradeError, UpgradeState, WaitError,
};

use super::call::{Answer, Call, Shown, plain};
use super::plan::{Plan, Step};
use super::threads::{self, Gate};
use super::{Event, History};
use crate::ops::Op;
use crate::paths;
use crate::subject::engine::{claim, claim_back};
use crate::words::{Claim, Id, Owner, Refused};

/// How long a thread waits for a request. Mostly nobody grants it meanwhile.
const MOMENT: Duration = Duration::from_micros(20);

/// Does a plan on a manager of its own. At the end one thread looks at what there is,
/// ends it, and looks once more.
#[must_use]
pub fn record(plan: &Plan) -> History {
    let stage = Stage::new(plan);
    let rounds = (0..plan.threads).map(|thread| own(plan, thread).count()).max().unwrap_or(0);
    let gate = Gate::default();
    let act = |thread| act(&stage, &gate, plan, thread, rounds);
    let mut events = threads::on_all(plan.threads, act).concat();
    threads::be(plan.threads);
    events.extend(stage.close_down(plan));
    events.append(&mut stage.notes.told.lock().unwrap_or_else(PoisonError::into_inner));
    stage.name_all(&mut events);
    let waits = |step: &&Step| {
        let began = |event: &&Event| event.step == step.name && event.answer == Answer::Waits;
        let call = events.iter().find(began).map(|event| &event.call);
        matches!(call, Some(Call::Rule(Op::Submit(..) | Op::Upgrade(_))))
    };
    let callbacks = plan.steps.iter().filter(|step| step.callback).filter(waits);
    let callbacks = callbacks.map(|step| step.name).collect();
    History { max_waiting: plan.max_waiting, events, callbacks }.with_meetings()
}

/// The steps of one thread.
fn own(plan: &Plan, thread: usize) -> impl Iterator<Item = &Step> {
    plan.steps.iter().filter(move |step| step.thread == thread)
}

fn act(stage: &Stage, gate: &Gate, plan: &Plan, thread: usize, rounds: usize) -> Vec<Event> {
    let mut events = Vec::new();
    gate.pass(plan.threads);
    let mut passed = 0;
    for (round, step) in (1..).zip(own(plan, thread)) {
        if plan.in_step {
            gate.pass(plan.threads * (round + 1));
            passed = round;
            // No longer than a call takes.
            threads::pause(step.pause / 16);
        } else {
            threads::pause(step.pause);
        }
        events.extend(stage.step(step));
    }
    // Nobody waits for one that has no more to do.
    gate.leave(rounds - passed);
    events
}

/// What the threads share besides the manager.
struct Stage {
    manager: Manager,
    owners: BTreeMap<Owner, oarlock::Owner>,
    /// By the step that has made it.
    locks: BTreeMap<u64, OnceLock<LockId>>,
    notes: Arc<Notes>,
}

/// What callbacks need, too.
#[derive(Default)]
struct Notes {
    clock: AtomicU64,
    told: Mutex<Vec<Event>>,
}

impl Notes {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn tell(&self, step: u64, call: Call, answer: Answer) {
        let (thread, began) = (threads::own(), self.now());
        // The call that this is in the midst of is not over for others.
        threads::give_way();
        let returned = self.now();
        let event = Event { thread, step, call, answer, began, returned, alone: false };
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

impl Stage {
    fn new(plan: &Plan) -> Stage {
        let builder = Manager::builder().shards(plan.shards).spread_after(plan.spread_after);
        let manager = match plan.max_waiting {
            Some(max) => builder.max_waiting(max).build(),
            None => builder.build(),
        };
        let owner = |step: &Step| match &step.call {
            Call::Rule(op) => *op.clone().owner_mut()?,
            _ => None,
        };
        Stage {
            owners: plan.steps.iter().filter_map(owner).map(|it| (it, manager.owner())).collect(),
            locks: plan.steps.iter().map(|step| (step.name, OnceLock::new())).collect(),
            notes: Arc::default(),
            manager,
        }
    }

    /// The library's name of a request, once the call that made it has returned.
    fn lock(&self, id: Id) -> Option<LockId> {
        self.locks.get(&id)?.get().copied()
    }

    fn made(&self, id: Id, lock: LockId) {
        if let Some(place) = self.locks.get(&id) {
            // Nobody else sets it.
            let _ = place.set(lock);
        }
    }

    /// Does a step, if there is the request that it is about.
    fn step(&self, step: &Step) -> Option<Event> {
        let lock = match step.call.target() {
            Some(id) => Some(self.lock(id)?),
            None => None,
        };
        let began = self.notes.now();
        let (answer, made) = self.call(step, lock);
        let returned = self.notes.now();
        if let Some(made) = made {
            self.made(step.name, made);
        }
        let (thread, name, call) = (step.thread, step.name, step.call.clone());
        Some(Event { thread, step: name, call, answer, began, returned, alone: false })
    }

    /// The answer, and the request that was made.
    fn call(&self, step: &Step, lock: Option<LockId>) -> (Answer, Option<LockId>) {
        let manager = &self.manager;
        let answer = match (&step.call, lock) {
            (Call::Rule(Op::Submit(id, owner, claims)), _) => {
                let submitted = if step.callback {
                    self.enqueue_with(*id, *owner, claims)
                } else {
                    self.enqueue(*owner, claims)
                };
                return match submitted {
                    Ok((answer, lock)) => (answer, Some(lock)),
                    Err(why) => (Answer::Refused(not_taken_in(why)), None),
                };
            }
            (Call::Rule(Op::Try(_, owner, claims)), _) => {
                return match self.request(*owner, claims).try_acquire_by_id() {
                    Ok((lock, token)) => (Answer::Granted(token), Some(lock)),
                    Err(why) => (Answer::Refused(not_granted(why)), None),
                };
            }
            (Call::Rule(Op::WouldGrant(owner, claims)), _) => {
                match self.request(*owner, claims).would_grant() {
                    Ok(true) => Answer::Done,
                    Ok(false) => Answer::Refused(Refused::WouldBlock),
                    Err(why) => Answer::Refused(not_taken_in(why)),
                }
            }
            (Call::Rule(Op::Close), _) => {
                manager.close();
                Answer::Done
            }
            (Call::Inspect, _) => self.inspect(),
            (Call::Count, _) => {
                let stats = manager.stats();
                Answer::Counts(stats.held as usize, stats.waiting as usize)
            }
            (call, Some(lock)) => self.call_about(step, call, lock),
            (call, None) => panic!("{call}: of which request?"),
        };
        (answer, None)
    }

    fn call_about(&self, step: &Step, call: &Call, lock: LockId) -> Answer {
        let manager = &self.manager;
        match call {
            Call::Rule(Op::Upgrade(id)) if step.callback => self.upgrade_with(step.name, *id, lock),
            Call::Rule(Op::Upgrade(_)) => match manager.upgrade(lock) {
                Ok(state) => upgrade_state(state),
                Err(why) => not_upgraded(why),
            },
            Call::Rule(Op::CancelUpgrade(_)) => done(manager.cancel_upgrade(lock)),
            Call::Rule(Op::Downgrade(_)) => changed(manager.downgrade(lock)),
            Call::Rule(Op::ReleasePart(_, path)) => {
                changed(manager.release_part(lock, paths::to_library(path)))
            }
            Call::Rule(_) => done(manager.release(lock)),
            Call::Cancel(_) => match manager.cancel(lock) {
                Ok(()) => Answer::Done,
                Err(CancelError::Granted(token)) => Answer::Granted(token),
                Err(_) => Answer::Refused(Refused::Stale),
            },
            Call::Wait(_) => match manager.wait(lock, Some(Instant::now() + MOMENT)) {
                Ok(token) => Answer::Granted(token),
                Err(WaitError::Timeout) => Answer::Waits,
                Err(WaitError::Cancelled) => Answer::Cancelled,
                Err(WaitError::Closed) => Answer::Refused(Refused::Closed),
                Err(_) => Answer::Refused(Refused::Stale),
            },
            Call::UpgradeState(_) => match manager.upgrade_state(lock) {
                Ok(state) => upgrade_state(state),
                Err(_) => Answer::Refused(Refused::Stale),
            },
            _ => match manager.state(lock) {
                Ok(LockState::Waiting) => Answer::Waits,
                Ok(LockState::Granted(token)) => Answer::Granted(token),
                Err(_) => Answer::Refused(Refused::Stale),
            },
        }
    }

    fn request(
        &self,
        owner: Option<Owner>,
        claims: &[Claim],
    ) -> oarlock::Request<'_, Vec<oarlock::Claim<'static>>> {
        let request = self.manager.request(claims.iter().map(claim).collect());
        match owner.and_then(|owner| self.owners.get(&owner)) {
            Some(owner) => request.owner(owner),
            None => request,
        }
    }

    fn enqueue(
        &self,
        owner: Option<Owner>,
        claims: &[Claim],
    ) -> Result<(Answer, LockId), AcquireError> {
        Ok(match self.request(owner, claims).enqueue_by_id()? {
            EnqueuedById::Granted { id, token } => (Answer::Granted(token), id),
            EnqueuedById::Waiting(pending) => (Answer::Waits, pending.into_id()),
        })
    }

    fn enqueue_with(
        &self,
        id: Id,
        owner: Option<Owner>,
        claims: &[Claim],
    ) -> Result<(Answer, LockId), AcquireError> {
        let notes = Arc::clone(&self.notes);
        let told = move |outcome: Result<Guard, AcquireError>| {
            let answer = match outcome {
                Ok(guard) => {
                    let token = guard.token();
                    let _ = guard.into_id();
                    Answer::Granted(token)
                }
                Err(AcquireError::Cancelled) => Answer::Cancelled,
                Err(why) => Answer::Refused(not_taken_in(why)),
            };
            notes.tell(id, Call::Told(id), answer);
        };
        Ok(match self.request(owner, claims).enqueue_with(told)? {
            Enqueued::Granted(guard) => (Answer::Granted(guard.token()), guard.into_id()),
            Enqueued::Waiting(lock) => (Answer::Waits, lock),
        })
    }

    fn upgrade_with(&self, step: u64, id: Id, lock: LockId) -> Answer {
        let notes = Arc::clone(&self.notes);
        let told = move |outcome| {
            let answer = match outcome {
                Ok(token) => Answer::Granted(token),
                Err(UpgradeError::Cancelled) => Answer::Cancelled,
                Err(why) => not_upgraded(why),
            };
            notes.tell(step, Call::ToldOfUpgrade(id), answer);
        };
        match self.manager.upgrade_with(lock, told) {
            Ok(UpgradeBegun::Done(token)) => Answer::Granted(token),
            Ok(UpgradeBegun::Waiting(_)) => Answer::Waits,
            Err(why) => not_upgraded(why),
        }
    }

    /// What an inspection shows. The names are those of the library: of some requests
    /// only their own thread knows them yet.
    fn inspect(&self) -> Answer {
        let seen = self.manager.inspect(Path::root()).unwrap_or_default();
        let shown = seen.into_iter().map(|info| {
            let claims: Vec<Claim> = info.claims.iter().map(claim_back).collect();
            Shown {
                id: Some(info.id.to_u64()),
                token: match info.state {
                    LockState::Waiting => None,
                    LockState::Granted(token) => Some(token),
                },
                upgrading: info.upgrading,
                claims: plain(&claims),
            }
        });
        Answer::Seen(shown.collect())
    }

    /// Gives requests that an inspection shows their names.
    fn name_all(&self, events: &mut [Event]) {
        let named = |(id, lock): (&u64, &OnceLock<LockId>)| Some((lock.get()?.to_u64(), *id));
        let names: BTreeMap<u64, Id> = self.locks.iter().filter_map(named).collect();
        for event in events {
            if let Answer::Seen(all) = &mut event.answer {
                for shown in &mut *all {
                    shown.id = shown.id.and_then(|lock| names.get(&lock).copied());
                }
                all.sort_by_key(|shown| shown.id);
            }
        }
    }

    /// Ends all that is left.
    fn close_down(&self, plan: &Plan) -> Vec<Event> {
        let do_it = |call| {
            let (name, thread, callback, pause) = (u64::MAX, plan.threads, false, 0);
            self.step(&Step { name, thread, call, callback, pause })
        };
        let mut events: Vec<Event> = [do_it(Call::Inspect)].into_iter().flatten().collect();
        let live = |id: &u64| self.lock(*id).is_some_and(|lock| self.manager.state(lock).is_ok());
        // Each as long as it is there.
        for id in self.locks.keys().filter(|id| live(id)) {
            events.extend(do_it(Call::Rule(Op::End(*id))));
        }
        events.extend(do_it(Call::Inspect));
        events.extend(do_it(Call::Count));
        events
    }
}

fn done<E>(outcome: Result<(), E>) -> Answer {
    outcome.map_or(Answer::Refused(Refused::Stale), |()| Answer::Done)
}

fn upgrade_state(state: UpgradeState) -> Answer {
    match state {
        UpgradeState::Done(token) => Answer::Granted(token),
        UpgradeState::Waiting => Answer::Waits,
        UpgradeState::NotUpgraded => Answer::NotUpgraded,
    }
}

fn not_upgraded(why: UpgradeError) -> Answer {
    Answer::Refused(match why {
        UpgradeError::NotGranted => return Answer::NotGranted,
        UpgradeError::AlreadyWaiting => Refused::UpgradeWaits,
        UpgradeError::Deadlock(_) => Refused::Deadlock,
        UpgradeError::Closed => Refused::Closed,
        UpgradeError::Stale => Refused::Stale,
        other => panic!("{other:?}"),
    })
}

fn changed(outcome: Result<(), ChangeError>) -> Answer {
    match outcome {
        Ok(()) => Answer::Done,
        Err(ChangeError::NotGranted) => Answer::NotGranted,
        Err(ChangeError::Stale) => Answer::Refused(Refused::Stale),
        Err(ChangeError::UpgradeWaiting) => Answer::Refused(Refused::UpgradeWaits),
        Err(ChangeError::NotClaimed) => Answer::Refused(Refused::NotClaimed),
        Err(other) => panic!("{other:?}"),
    }
}

fn not_granted(why: TryAcquireError) -> Refused {
    match why {
        TryAcquireError::Invalid(_) => Refused::Invalid,
        TryAcquireError::WouldBlock => Refused::WouldBlock,
        TryAcquireError::Closed => Refused::Closed,
        other => panic!("{other:?}"),
    }
}

fn not_taken_in(why: AcquireError) -> Refused {
    match why {
        AcquireError::Invalid(_) => Refused::Invalid,
        AcquireError::Closed => Refused::Closed,
        AcquireError::TooManyWaiting { .. } => Refused::TooManyWaiting,
        AcquireError::Deadlock(_) => Refused::Deadlock,
        other => panic!("{other:?}"),
    }
}
