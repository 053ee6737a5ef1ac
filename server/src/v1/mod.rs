//! The v1 protocol without I/O: what a message means, what may follow what, and
//! what is said in return. `docs/protocol.md` describes it for clients.

mod reply;
mod request;
mod session;
mod words;

pub use reply::{Action, CLOSE_REFUSED, Refusal, Reply, State};
pub use request::{Request, parse};
pub use session::{Session, Step};
