//! Every state of small worlds: the engine against the rules as a list.
//!
//! A world is a tree of seven paths, the requests that can be made there, some
//! owners, and a bound of up to five on the live requests. From the empty state
//! on, every operation is done in every state, on the engine and in the rules, and
//! everything that can be seen is compared: answers, grants, states, claims,
//! tokens, who waits for whom, and that nothing is left when all have ended.
//!
//! A state is what the rules keep. What the engine keeps beside that comes from
//! its history; so each state is looked at by its shortest history and by others.

pub mod check;
pub mod compare;
pub mod op;
pub mod search;
pub mod side;
pub mod state;
pub mod world;

pub use search::{Bounds, Report, search};
pub use world::World;
