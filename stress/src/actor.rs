//! One thread of many that do everything that can be done with a manager.

use std::fmt;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use oarlock::{
    AcquireError, AcquireTimeoutError, CancelError, Enqueued, Guard, LockState,
    PendingTimeoutError, TryAcquireError,
};

use crate::arena::{Arena, Arenas};
use crate::platform::{block_on, poll_once};
use crate::random::Random;
use crate::transaction::Transaction;
use crate::world::Spot;

/// How often what was done, and how it ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Calls of any kind that asked for a lock.
    pub requests: u64,
    /// Times inside.
    pub granted: u64,
    /// Refused by a try.
    pub refused: u64,
    /// Ended by a deadline.
    pub timed_out: u64,
    /// Ended by a cancel, somebody's or one's own.
    pub cancelled: u64,
    /// Futures dropped before they were ready.
    pub dropped: u64,
    /// Left to a callback.
    pub callbacks: u64,
    /// Ended because the manager was closed.
    pub closed: u64,
    /// Refused, or ended, because of a circle.
    pub deadlocks: u64,
    /// Refused because too many wait.
    pub too_many: u64,
    /// Upgrades that were granted.
    pub upgraded: u64,
    /// Downgrades.
    pub downgraded: u64,
}

impl Counts {
    fn fields(&mut self) -> [(&'static str, &mut u64); 12] {
        [
            ("requests", &mut self.requests),
            ("granted", &mut self.granted),
            ("refused", &mut self.refused),
            ("timed out", &mut self.timed_out),
            ("cancelled", &mut self.cancelled),
            ("dropped", &mut self.dropped),
            ("callbacks", &mut self.callbacks),
            ("closed", &mut self.closed),
            ("deadlocks", &mut self.deadlocks),
            ("too many", &mut self.too_many),
            ("upgraded", &mut self.upgraded),
            ("downgraded", &mut self.downgraded),
        ]
    }

    /// Adds those of another actor.
    pub fn add(&mut self, mut other: Self) {
        let others = other.fields();
        for ((_, sum), (_, more)) in self.fields().into_iter().zip(others) {
            *sum += *more;
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, count)) in self.clone().fields().into_iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {name}")?;
        }
        Ok(())
    }
}

/// Does one thing after the other, at random.
#[derive(Debug)]
pub struct Actor {
    arenas: Arc<Arenas>,
    random: Random,
    /// The most claims in one request.
    pub most: usize,
    /// The most steps of one transaction.
    pub length: usize,
    /// What it has done so far.
    pub counts: Counts,
}

impl Actor {
    /// An actor that does the same for the same seed, as far as others let it.
    #[must_use]
    pub fn new(arenas: Arc<Arenas>, seed: u64) -> Self {
        Self {
            arenas,
            random: Random::new(seed),
            most: 4,
            length: 8,
            counts: Counts::default(),
        }
    }

    /// One request, from its claims to its end.
    pub fn step(&mut self) {
        let arena = self.arenas.open();
        if self.random.one_in(4) {
            let counts = &mut self.counts;
            let transaction = Transaction::new(&arena, &mut self.random, counts);
            return transaction.run(self.length, self.most);
        }
        let spots = arena.world.choose(&mut self.random, self.most);
        self.counts.requests += 1;
        match self.random.below(10) {
            0 | 1 => self.acquire(&arena, &spots),
            2 => self.try_acquire(&arena, &spots),
            3 => self.acquire_timeout(&arena, &spots),
            4 => self.future(&arena, &spots),
            5 => self.dropped_future(&arena, &spots),
            6 => self.cancelled(&arena, &spots),
            7 => self.offered(&arena, &spots),
            8 => self.callback(&arena, &spots),
            _ => self.patience(&arena, &spots),
        }
        if self.random.one_in(4)
            && let Some(id) = arena.offered()
        {
            // Its own waiting, or stale, or granted: all the same to this one.
            let _ = arena.manager.cancel(id);
        }
    }

    fn acquire(&mut self, arena: &Arc<Arena>, spots: &[Spot]) {
        let result = arena.manager.acquire(arena.world.claims(spots));
        self.ended(arena, spots, result);
    }

    fn try_acquire(&mut self, arena: &Arc<Arena>, spots: &[Spot]) {
        match arena.manager.try_acquire(arena.world.claims(spots)) {
            Ok(guard) => self.inside(arena, spots, guard),
            Err(TryAcquireError::WouldBlock) => self.counts.refused += 1,
            Err(TryAcquireError::Closed) => self.counts.closed += 1,
            Err(error) => panic!("{error}"),
        }
    }

    fn acquire_timeout(&mut self, arena: &Arc<Arena>, spots: &[Spot]) {
        let timeout = self.some_time();
        let claims = arena.world.claims(spots);
        match arena.manager.acquire_timeout(claims, timeout) {
            Ok(guard) => self.inside(arena, spots, guard),
            Err(AcquireTimeoutError::Timeout) => self.counts.timed_out += 1,
            Err(AcquireTimeoutError::Closed) => self.counts.closed += 1,
            Err(AcquireTimeoutError::TooManyWaiting { .. }) => self.counts.too_many += 1,
            Err(error) => panic!("{error}"),
        }
    }

    fn future(&mut self, arena: &Arc<Arena>, spots: &[Spot]) {
        let future = arena.manager.acquire_async(arena.world.claims(spots));
        let result = block_on(future);
        self.ended(arena, spots, result);
    }

    fn dropped_future(&mut self, arena: &Arc<Arena>, spots: &[Spot]) {
        let mut future = arena.manager.acquire_async(arena.world.claims(spots));
        if self.random.one_in(4) {
            self.counts.dropped += 1;
            return;
        }
        match poll_once(&mut future) {
            Poll::Ready(result) => self.ended(arena, spots, result),
            Poll::Pending => self.counts.dropped += 1,
        }
    }

    /// Gives up after a while, or at once.
    fn cancelled(&mut self, arena: &Arc<Arena>, spots: &[Spot]) {
        match arena.manager.enqueue(arena.world.claims(spots)) {
            Ok(pending) => match pending.cancel() {
                Ok(()) => self.counts.cancelled += 1,
                Err(guard) => self.inside(arena, spots, guard),
            },
            Err(error) => self.not_granted(error),
        }
    }

    /// Waits while others may cancel it.
    fn offered(&mut self, arena: &Arc<Arena>, spots: &[Spot]) {
        match arena.manager.enqueue(arena.world.claims(spots)) {
            Ok(pending) => {
                arena.offer(pending.id());
                match pending.wait() {
                    Err(AcquireError::Cancelled) => self.counts.cancelled += 1,
                    result => self.ended(arena, spots, result),
                }
            }
            Err(error) => self.not_granted(error),
        }
    }

    fn callback(&mut self, arena: &Arc<Arena>, spots: &[Spot]) {
        let (there, theirs) = (Arc::clone(arena), spots.to_vec());
        let queued = arena
            .manager
            .enqueue_with(arena.world.claims(spots), move |result| match result {
                Ok(guard) => be_inside(&there, &theirs, guard),
                Err(AcquireError::Closed | AcquireError::Cancelled) => {}
                Err(error) => panic!("{error}"),
            });
        match queued {
            Ok(Enqueued::Granted(guard)) => self.inside(arena, spots, guard),
            Ok(Enqueued::Waiting(id)) => {
                self.counts.callbacks += 1;
                if self.random.one_in(3) {
                    arena.offer(id);
                }
            }
            Err(error) => self.not_granted(error),
        }
    }

    /// Looks at the clock now and then while it waits.
    fn patience(&mut self, arena: &Arc<Arena>, spots: &[Spot]) {
        let mut pending = match arena.manager.enqueue(arena.world.claims(spots)) {
            Ok(pending) => pending,
            Err(error) => return self.not_granted(error),
        };
        for _ in 0..self.random.below(4) {
            match pending.wait_timeout(self.some_time()) {
                Ok(guard) => return self.inside(arena, spots, guard),
                Err(PendingTimeoutError::Timeout(back)) => pending = back,
                Err(PendingTimeoutError::Ended(error)) => return self.not_granted(error),
                Err(error) => panic!("{error}"),
            }
        }
        let id = pending.into_id();
        match arena.manager.cancel(id) {
            Ok(()) => self.counts.cancelled += 1,
            Err(CancelError::Granted(token)) => {
                assert_eq!(arena.manager.state(id), Ok(LockState::Granted(token)));
                let guard = arena.manager.adopt(id).expect("granted, and nobody's");
                self.inside(arena, spots, guard);
            }
            Err(CancelError::Stale) => self.counts.closed += 1,
            Err(error) => panic!("{error}"),
        }
    }

    fn some_time(&mut self) -> Duration {
        Duration::from_micros(self.random.below(300) as u64)
    }

    fn ended(&mut self, arena: &Arc<Arena>, spots: &[Spot], result: Result<Guard, AcquireError>) {
        match result {
            Ok(guard) => self.inside(arena, spots, guard),
            Err(error) => self.not_granted(error),
        }
    }

    fn not_granted(&mut self, error: AcquireError) {
        match error {
            AcquireError::Closed => self.counts.closed += 1,
            AcquireError::TooManyWaiting { .. } => self.counts.too_many += 1,
            error => panic!("{error}"),
        }
    }

    fn inside(&mut self, arena: &Arc<Arena>, spots: &[Spot], guard: Guard) {
        self.counts.granted += 1;
        be_inside(arena, spots, guard);
    }
}

/// The critical section of a request without an owner.
fn be_inside(arena: &Arena, spots: &[Spot], guard: Guard) {
    let agent = guard.id().to_u64();
    arena.world.enter(agent, guard.token(), spots);
    arena.world.work(spots);
    arena.look(guard.id(), guard.token(), spots);
    arena.world.leave(agent, spots);
    assert_eq!(guard.release(), Ok(()));
}
