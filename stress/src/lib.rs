//! The lock manager under load, and a [`World`] on the side that sees every breach
//! of the rules: who is inside which path, and with which token.
//!
//! The same [`Actor`]s are driven in two ways: by threads, for as long as one likes
//! (the program `stress`), and by shuttle, which picks the order of their steps
//! (`tests/shuttle.rs`). So are transactions on a [`Table`], of whose deadlocks is known
//! what is true.

pub mod actor;
pub mod arena;
pub mod platform;
pub mod random;
pub mod table;
pub mod tokens;
pub mod transaction;
pub mod world;

pub use actor::Actor;
pub use arena::{Arena, Arenas};
pub use random::Random;
pub use table::Table;
pub use world::World;
