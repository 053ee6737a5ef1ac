//! Calls on the manager: operations by id against the rules, or whatever callers
//! should not do.

use oarlock_proof::subject::manager::Managed;

use crate::{ops, wild};

/// Does what the bytes say. The first one chooses how many shards there are and
/// whether the calls make sense.
///
/// # Panics
///
/// At the first difference from the rules, and if the manager is found in a state
/// that it cannot be in.
pub fn run(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let shards = [1, 2, 3, 16][usize::from(first & 3)];
    if first & 4 == 0 {
        ops::on(&mut Managed::new(shards), rest, true);
    } else {
        wild::run(shards, rest);
    }
}
