//! Calls of the C interface, in any order and with any arguments that the header
//! gives a meaning, if only that they are refused.
//!
//! What is looked at: outputs are written, and blank on failure; errors say the
//! status that was returned; a callback is called exactly once if its request had to
//! wait, and user data is given back exactly once; every completion comes exactly
//! once; no two locks that a caller was told of exclude each other; the counts agree
//! with what an inspection shows; nothing is left at the end.

mod args;
mod ask;
mod change;
mod told;
mod world;

use crate::bytes::Bytes;

/// The most calls of one run.
const CALLS: usize = 120;

/// Does what the bytes say.
///
/// # Panics
///
/// At the first thing that is not as the header has it.
pub fn run(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let mut world = world::World::new(&mut bytes);
    for _ in 0..CALLS {
        if bytes.is_empty() {
            break;
        }
        match bytes.next() {
            0..0x60 => world.request(&mut bytes),
            0x60..0x80 => world.upgrade(&mut bytes),
            0x80..0xb0 => world.change(&mut bytes),
            0xb0..0xd0 => world.ask(&mut bytes),
            0xd0..0xf0 => world.fetch(&mut bytes),
            _ => world.make_or_free(&mut bytes),
        }
        world.look();
    }
    world.finish();
}
