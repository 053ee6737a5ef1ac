//! Another static library in Rust, with a standard library of its own.

use std::collections::HashMap;

/// Allocates, hashes, starts a thread and catches a panic.
#[unsafe(no_mangle)]
pub extern "C" fn second_works() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    let caught = std::thread::spawn(|| std::panic::catch_unwind(|| panic!("on purpose")).is_err());
    let numbers: HashMap<String, i32> = (0..100).map(|i| (i.to_string(), i)).collect();
    i32::from(caught.join().unwrap_or(false) && numbers["42"] == 42)
}
