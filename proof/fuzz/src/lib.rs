//! What the fuzz targets do with their bytes: paths, operations on the engine, and
//! calls on the manager, each beside the rules as a list; and calls of the C interface.
//!
//! Here, and not in `fuzz/`, so that a test with the stable compiler can do the
//! same with the corpus that was found.

pub mod bytes;
pub mod calls;
pub mod choice;
pub mod manager;
pub mod ops;
pub mod path;
mod wild;
