//! Namespaces: a lock manager each, alive while anything uses it.
//!
//! Lock ids are the fencing tokens of this protocol: they grow with every lock of
//! a namespace, and go on growing when the namespace comes back after it went, and
//! when the server does after a restart. Nothing is stored for that: a namespace
//! begins to count at the time of its birth, in microseconds since 1970, and above
//! every id that this server has given in a namespace that went. So it holds as
//! long as the clock is not set back across a restart and a namespace gives fewer
//! than a million ids a second over its life. Until the year 2255 an id is below
//! 2⁵³, the greatest whole number that every JavaScript program can hold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use oarlock::{Acquire, AcquireError, Claim, Guard, Limits, Manager};

use crate::config::ServerLimits;
use crate::stats::Counters;

/// One namespace.
#[derive(Debug)]
pub struct Namespace {
    name: Arc<str>,
    manager: Manager,
    /// Held while a request takes its place, so that ids follow the order of
    /// arrival: of two conflicting locks the later one has the greater id.
    last_id: Mutex<u64>,
    counters: Counters,
    born: Instant,
}

/// A request that was taken.
#[derive(Debug)]
pub enum Submitted {
    /// Granted at once.
    Granted(Guard),
    /// Queued.
    Waiting(Acquire),
}

impl Namespace {
    /// Its ids will be greater than `before`.
    fn new(name: Arc<str>, limits: &ServerLimits, before: u64) -> Self {
        let manager = Manager::builder()
            .max_claims(limits.max_claims)
            .max_segments(limits.max_segments)
            .max_path_bytes(limits.max_path_bytes)
            .max_request_segments(limits.max_request_segments)
            .build();
        Self {
            name,
            manager,
            last_id: Mutex::new(before),
            counters: Counters::default(),
            born: Instant::now(),
        }
    }

    /// Takes a request; says its id and whether it was granted at once.
    ///
    /// # Errors
    ///
    /// What the manager has against it. It has then no id and leaves no trace.
    pub fn submit(&self, claims: Vec<Claim<'static>>) -> Result<(u64, Submitted), AcquireError> {
        let mut last_id = lock(&self.last_id);
        let mut acquire = self.manager.acquire_async(claims);
        let submitted = match (&mut acquire).now_or_never() {
            Some(guard) => Submitted::Granted(guard?),
            None => Submitted::Waiting(acquire),
        };
        *last_id += 1;
        Ok((*last_id, submitted))
    }

    /// What a request may hold.
    pub fn limits(&self) -> Limits {
        self.manager.limits()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the latest lock; before the first, the number below its id.
    pub fn last_id(&self) -> u64 {
        *lock(&self.last_id)
    }

    /// Its statistics.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Since its first connection.
    pub fn age(&self) -> Duration {
        self.born.elapsed()
    }
}

/// All namespaces of a server.
#[derive(Debug)]
pub struct Namespaces {
    limits: ServerLimits,
    by_name: Mutex<HashMap<Arc<str>, Entry>>,
    /// The greatest id of any namespace that went. Locked within `by_name`.
    greatest_gone: Mutex<u64>,
}

#[derive(Debug)]
struct Entry {
    namespace: Arc<Namespace>,
    /// How many [`Membership`]s there are; the entry goes with the last.
    members: usize,
}

impl Namespaces {
    /// None yet.
    pub fn new(limits: &ServerLimits) -> Arc<Self> {
        Arc::new(Self {
            limits: limits.clone(),
            by_name: Mutex::default(),
            greatest_gone: Mutex::default(),
        })
    }

    /// Enters the namespace `name`, which comes into being with its first
    /// member. `None` where that would be one namespace too many.
    pub fn join(self: &Arc<Self>, name: &str) -> Option<Membership> {
        let mut by_name = lock(&self.by_name);
        if !by_name.contains_key(name) {
            if by_name.len() >= self.limits.max_namespaces {
                return None;
            }
            let name: Arc<str> = name.into();
            let before = microseconds_since_1970().max(*lock(&self.greatest_gone));
            let entry = Entry {
                namespace: Arc::new(Namespace::new(Arc::clone(&name), &self.limits, before)),
                members: 0,
            };
            by_name.insert(name, entry);
        }
        let entry = by_name.get_mut(name)?;
        entry.members += 1;
        Some(Membership {
            namespaces: Arc::clone(self),
            namespace: Arc::clone(&entry.namespace),
        })
    }

    /// The namespace `name`, if anything uses it.
    pub fn find(&self, name: &str) -> Option<Arc<Namespace>> {
        let by_name = lock(&self.by_name);
        by_name.get(name).map(|entry| Arc::clone(&entry.namespace))
    }

    /// How many there are, and `most` of them in the order of their names.
    pub fn list(&self, most: usize) -> (usize, Vec<Arc<Namespace>>) {
        let mut all: Vec<_> = {
            let by_name = lock(&self.by_name);
            let entries = by_name.values();
            entries.map(|entry| Arc::clone(&entry.namespace)).collect()
        };
        let count = all.len();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.truncate(most);
        (count, all)
    }
}

/// Keeps a namespace alive.
#[derive(Debug)]
pub struct Membership {
    namespaces: Arc<Namespaces>,
    namespace: Arc<Namespace>,
}

impl Membership {
    /// The namespace.
    pub fn namespace(&self) -> &Arc<Namespace> {
        &self.namespace
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut by_name = lock(&self.namespaces.by_name);
        if let Some(entry) = by_name.get_mut(&self.namespace.name) {
            entry.members -= 1;
            if entry.members == 0 {
                let mut greatest = lock(&self.namespaces.greatest_gone);
                *greatest = greatest.max(self.namespace.last_id());
                by_name.remove(&self.namespace.name);
            }
        }
    }
}

fn microseconds_since_1970() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(0))
}

/// A panic elsewhere must not take the namespaces along: what these mutexes
/// guard is whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_lives_while_it_has_members() {
        let namespaces = Namespaces::new(&ServerLimits::default());
        assert!(namespaces.find("n").is_none());
        let first = namespaces.join("n").expect("room");
        let second = namespaces.join("n").expect("room");
        assert!(Arc::ptr_eq(first.namespace(), second.namespace()));
        drop(first);
        assert!(namespaces.find("n").is_some());
        drop(second);
        assert!(namespaces.find("n").is_none());
        assert_eq!(namespaces.list(10).0, 0);
    }

    #[test]
    fn namespaces_are_bounded() {
        let limits = ServerLimits {
            max_namespaces: 1,
            ..ServerLimits::default()
        };
        let namespaces = Namespaces::new(&limits);
        let only = namespaces.join("a").expect("room");
        assert!(namespaces.join("b").is_none());
        assert!(namespaces.join("a").is_some());
        drop(only);
        assert!(namespaces.join("b").is_some());
    }

    #[test]
    fn ids_grow_and_a_refused_request_takes_none() {
        let namespaces = Namespaces::new(&ServerLimits::default());
        let member = namespaces.join("n").expect("room");
        let submit = |claims| member.namespace().submit(claims);
        let (first, granted) = submit(vec![oarlock::write("a").into_owned()]).expect("good");
        assert!(matches!(granted, Submitted::Granted(_)));
        assert!(submit(vec![]).is_err());
        let (second, waiting) = submit(vec![oarlock::read("a").into_owned()]).expect("good");
        assert!(matches!(waiting, Submitted::Waiting(_)));
        assert_eq!(second, first + 1);
    }

    #[test]
    fn ids_go_on_growing_when_a_namespace_comes_back() {
        let namespaces = Namespaces::new(&ServerLimits::default());
        let one_lock = || {
            let member = namespaces.join("n").expect("room");
            let claims = vec![oarlock::write("a").into_owned()];
            member.namespace().submit(claims).expect("good").0
        };
        let before = microseconds_since_1970();
        let first = one_lock();
        // As after a restart: above all that the clock had reached.
        assert!(first > before);
        // As if the clock were set back: above all that this server gave.
        *lock(&namespaces.greatest_gone) = u64::MAX / 2;
        assert_eq!(one_lock(), u64::MAX / 2 + 1);
        assert_eq!(one_lock(), u64::MAX / 2 + 2);
    }
}
