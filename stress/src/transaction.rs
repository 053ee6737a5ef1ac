//! An owner that holds several requests at a time, claims what it has claimed
//! before, changes what it holds, and runs into circles with others like it.
//!
//! It waits for more while it holds something, so only the refusal of circles keeps
//! everybody moving: a circle that is missed stops the run, and one that is seen
//! where there is none would be an error without a reason.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use oarlock::{
    AcquireError, AcquireTimeoutError, Circle, Guard, Owner, TryAcquireError, UpgradeError,
};

use crate::actor::Counts;
use crate::arena::Arena;
use crate::platform::{block_on, poll_once};
use crate::random::Random;
use crate::world::Spot;

/// One owner, from its first request to its last.
pub struct Transaction<'a> {
    arena: &'a Arc<Arena>,
    random: &'a mut Random,
    counts: &'a mut Counts,
    owner: Owner,
    /// The owner's number on the side.
    agent: u64,
    held: Vec<Held>,
}

struct Held {
    guard: Guard,
    spots: Vec<Spot>,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    On,
    /// A circle or a close: everything has to be given back.
    Back,
}

impl<'a> Transaction<'a> {
    /// An owner that holds nothing yet.
    pub fn new(arena: &'a Arc<Arena>, random: &'a mut Random, counts: &'a mut Counts) -> Self {
        let owner = arena.manager.owner();
        // Ids of requests, which stand for those without an owner, are below that.
        let agent = owner.id().to_u64() | 1 << 63;
        Self {
            arena,
            random,
            counts,
            owner,
            agent,
            held: Vec::new(),
        }
    }

    /// Up to so many steps, and the release of what is held then.
    pub fn run(mut self, steps: usize, most: usize) {
        for _ in 0..=self.random.below(steps) {
            let next = match self.random.below(10) {
                0..=4 => self.request(most),
                5 => self.upgrade(),
                6 => self.downgrade(),
                7 => self.release_part(),
                8 => self.look(),
                _ => self.release(),
            };
            if next == Next::Back {
                break;
            }
        }
        while !self.held.is_empty() {
            self.release();
        }
    }

    fn request(&mut self, most: usize) -> Next {
        let spots = self.arena.world.choose(self.random, most);
        self.counts.requests += 1;
        let claims = self.arena.world.claims(&spots);
        let request = self.arena.manager.request(claims).owner(&self.owner);
        let result = match self.random.below(6) {
            0..=2 => request.label("waits").acquire(),
            3 => return self.tried(spots, request.try_acquire()),
            4 => {
                let timeout = self.some_time();
                return self.timed(spots, request.acquire_timeout(timeout));
            }
            _ => {
                let mut future = request.acquire_async();
                if self.random.one_in(2) {
                    block_on(future)
                } else if let Poll::Ready(result) = poll_once(&mut future) {
                    result
                } else {
                    self.counts.dropped += 1;
                    return Next::On;
                }
            }
        };
        match result {
            Ok(guard) => self.inside(spots, guard),
            Err(AcquireError::Deadlock(circle)) => self.circle(&circle),
            Err(AcquireError::Closed) => self.closed(),
            Err(AcquireError::TooManyWaiting { .. }) => self.too_many(),
            Err(error) => panic!("{error}"),
        }
    }

    fn tried(&mut self, spots: Vec<Spot>, result: Result<Guard, TryAcquireError>) -> Next {
        match result {
            Ok(guard) => self.inside(spots, guard),
            Err(TryAcquireError::WouldBlock) => {
                self.counts.refused += 1;
                Next::On
            }
            Err(TryAcquireError::Closed) => self.closed(),
            Err(error) => panic!("{error}"),
        }
    }

    fn timed(&mut self, spots: Vec<Spot>, result: Result<Guard, AcquireTimeoutError>) -> Next {
        match result {
            Ok(guard) => self.inside(spots, guard),
            Err(AcquireTimeoutError::Timeout) => {
                self.counts.timed_out += 1;
                Next::On
            }
            Err(AcquireTimeoutError::Deadlock(circle)) => self.circle(&circle),
            Err(AcquireTimeoutError::Closed) => self.closed(),
            Err(AcquireTimeoutError::TooManyWaiting { .. }) => self.too_many(),
            Err(error) => panic!("{error}"),
        }
    }

    fn inside(&mut self, spots: Vec<Spot>, guard: Guard) -> Next {
        self.counts.granted += 1;
        self.arena.world.enter(self.agent, guard.token(), &spots);
        self.arena.world.work(&spots);
        self.held.push(Held { guard, spots });
        Next::On
    }

    /// Only who holds something can be in a circle, and it is told who is with it.
    fn circle(&mut self, circle: &Circle) -> Next {
        assert!(!self.held.is_empty(), "{circle:?}, and nothing is held");
        let own = Some(self.owner.id());
        let members = circle.members();
        assert!(
            members.iter().any(|member| member.owner == own),
            "{circle:?}"
        );
        assert!(
            members.iter().any(|member| member.owner != own),
            "{circle:?}"
        );
        self.counts.deadlocks += 1;
        Next::Back
    }

    fn closed(&mut self) -> Next {
        self.counts.closed += 1;
        Next::Back
    }

    fn too_many(&mut self) -> Next {
        self.counts.too_many += 1;
        Next::On
    }

    fn some_time(&mut self) -> Duration {
        Duration::from_micros(self.random.below(300) as u64)
    }

    /// One of those held.
    fn any(&mut self) -> Option<usize> {
        (!self.held.is_empty()).then(|| self.random.below(self.held.len()))
    }

    fn upgrade(&mut self) -> Next {
        let Some(at) = self.any() else {
            return Next::On;
        };
        let timeout = self.some_time();
        let how = self.random.below(3);
        let Held { guard, spots } = &mut self.held[at];
        let before = guard.token();
        let result = match how {
            0 => guard.try_upgrade(),
            1 => guard.upgrade_timeout(timeout),
            _ => guard.upgrade(),
        };
        match result {
            Ok(()) => {
                let reads = spots.iter().any(|spot| !spot.writes());
                assert_eq!(guard.token() > before, reads, "a new token for new claims");
                self.counts.upgraded += 1;
                self.arena.world.upgrade(self.agent, guard.token(), spots);
                self.arena.world.work(spots);
                Next::On
            }
            Err(UpgradeError::WouldBlock) => {
                self.counts.refused += 1;
                Next::On
            }
            Err(UpgradeError::Timeout) => {
                self.counts.timed_out += 1;
                Next::On
            }
            Err(UpgradeError::Deadlock(circle)) => self.circle(&circle),
            Err(UpgradeError::Closed) => self.closed(),
            Err(error) => panic!("{error}"),
        }
    }

    fn downgrade(&mut self) -> Next {
        if let Some(at) = self.any() {
            let Held { guard, spots } = &mut self.held[at];
            let before = guard.token();
            self.arena.world.downgrade(self.agent, spots);
            assert_eq!(guard.downgrade(), Ok(()));
            assert_eq!(guard.token(), before);
            self.arena.world.work(spots);
            self.counts.downgraded += 1;
        }
        Next::On
    }

    fn release_part(&mut self) -> Next {
        if let Some(at) = self.any() {
            let Held { guard, spots } = &mut self.held[at];
            let part = spots.swap_remove(self.random.below(spots.len()));
            self.arena.world.leave(self.agent, &[part]);
            let path = self.arena.world.path(part.at);
            assert_eq!(guard.release_part(path), Ok(()));
            if spots.is_empty() {
                // That was the last part.
                drop(self.held.swap_remove(at));
            }
        }
        Next::On
    }

    fn release(&mut self) -> Next {
        if let Some(at) = self.any() {
            let Held { guard, spots } = self.held.swap_remove(at);
            self.arena.world.leave(self.agent, &spots);
            assert_eq!(guard.release(), Ok(()));
        }
        Next::On
    }

    /// What it holds it can have again at once, and others cannot.
    fn look(&mut self) -> Next {
        let Some(at) = self.any() else {
            return Next::On;
        };
        let Held { guard, spots } = &self.held[at];
        let manager = &self.arena.manager;
        let again = || manager.request(self.arena.world.claims(spots));
        if let Ok(granted) = again().owner(&self.owner).would_grant() {
            assert!(granted, "what is held is granted again");
        }
        self.arena.look(guard.id(), guard.token(), spots);
        if self.random.one_in(4) {
            self.arena.inspect(guard.id(), guard.token(), spots);
        }
        Next::On
    }
}
