//! Oarlock beside its peers, measured in one run.
//!
//! [`peers`] are what is compared, [`workloads`] what they do, [`measure`] how
//! rounds interleave, [`goals`] what was promised, and [`report`] what is left
//! behind. `docs/benchmarks/README.md` explains the method.

#![allow(clippy::unwrap_used)]

pub mod foreign;
pub mod goals;
pub mod instructions;
pub mod keys;
pub mod measure;
pub mod peers;
pub mod report;
pub mod results;
pub mod weigh;
pub mod workloads;
