//! Oarlock itself.

use std::marker::PhantomData;

use oarlock::{Claim, Guard, Manager, Mode};

use super::Keyed;
use crate::keys::Key;

/// One manager with default settings; each key is a path of one segment.
pub struct Oarlock<M = Write> {
    /// For what goes beyond one key.
    pub manager: Manager,
    mode: PhantomData<M>,
}

/// The mode in which [`Keyed::hold`] claims.
pub trait Claims: Sync {
    /// As the tables call it.
    const NAME: &'static str;
    /// That mode.
    const MODE: Mode;
}

/// Exclusive.
pub struct Write;
/// Shared.
pub struct Read;

impl Claims for Write {
    const NAME: &'static str = "oarlock";
    const MODE: Mode = Mode::Write;
}

impl Claims for Read {
    const NAME: &'static str = "oarlock";
    const MODE: Mode = Mode::Read;
}

impl<M: Claims> Keyed for Oarlock<M> {
    const NAME: &'static str = M::NAME;
    type Session<'a>
        = ()
    where
        Self: 'a;
    type Held<'a>
        = Guard
    where
        Self: 'a;

    fn open(_most: usize) -> Self {
        Self {
            manager: Manager::new(),
            mode: PhantomData,
        }
    }

    fn session(&self) {}

    #[inline]
    fn hold(&self, (): &mut (), key: &Key) -> Guard {
        self.manager
            .acquire(Claim::new(M::MODE, key.text()))
            .unwrap()
    }

    #[inline]
    fn hold_read(&self, (): &mut (), key: &Key) -> Guard {
        self.manager.acquire(oarlock::read(key.text())).unwrap()
    }

    #[inline]
    fn ten(&self, (): &mut (), keys: &[Key; 10]) {
        let claims = keys.each_ref().map(|key| Claim::new(M::MODE, key.text()));
        drop(std::hint::black_box(self.manager.acquire(claims).unwrap()));
    }
}
