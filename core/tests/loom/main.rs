//! Models of the hand-over, run by loom: every interleaving of a few threads that
//! has at most so many preemptions. `scripts/loom.sh` runs them; what they cover
//! and what they do not is in `docs/proof-concurrency.md`.
//!
//! A model is a closure that makes a manager and two or three threads. Loom runs it
//! once for each order of their steps on mutexes, condition variables and atomics,
//! and fails if one of them panics, or if all are parked: a wake that was lost.
#![cfg(loom)]

mod bypass;
mod cancel;
mod close;
mod future;
mod hand_over;
mod owners;
mod spread;
mod support;
mod timeout;
mod upgrade;
mod upgrade_with;
