//! The demo runs the same program in every language over one real directory
//! tree, with locks and without, and prints one table.
//!
//! The programs stand in `examples/`. Each stamps files in two steps and looks
//! for files that are half stamped: with locks it must never see one, without
//! locks somebody must, or the check sees nothing. [`verdict`] says which.
//!
//! The way of a run: [`options`] → [`candidates`] and [`tree`] (which files) →
//! [`surface`] (which commands) → [`child`] (run one) → [`report`] (what it
//! said) → [`table`] and [`verdict`].

#![forbid(unsafe_code)]

pub mod candidates;
pub mod child;
pub mod options;
pub mod progress;
pub mod report;
pub mod run;
pub mod serve;
pub mod surface;
pub mod table;
pub mod tree;
pub mod verdict;
