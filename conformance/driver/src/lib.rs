//! Replays scenarios through every surface of Oarlock, with one judge for all.
//!
//! [`parse`] reads a scenario file, [`judge`] replays one scenario on a
//! [`Surface`](surface::Surface) and compares; [`runner`] does so for a whole
//! directory and counts. The surfaces are the pure engine, the Rust manager,
//! the naive list of the rules (all three in [`surface::proved`]), and any program
//! that speaks the line protocol of [`wire`]. `conformance/README.md` describes both
//! formats.

pub mod child;
pub mod corpus;
pub mod judge;
pub mod options;
pub mod parse;
pub mod random;
pub mod runner;
pub mod scenario;
pub mod serve;
mod show;
mod step_keys;
pub mod surface;
pub mod table;
pub mod text;
pub mod validate;
pub mod wire;
