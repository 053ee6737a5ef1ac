use oarlock::{Manager, read, write};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manager = Manager::new();
    let transfer = manager.acquire([write("accounts/1"), write("accounts/2")])?; // both or neither
    println!("fencing token {}", transfer.token());
    assert!(manager.try_acquire(read("accounts")).is_err()); // would have to wait
    drop(transfer); // a guard releases when it goes
    let _report = manager.acquire_timeout(read("accounts"), Duration::from_secs(1))?;
    println!("nobody writes anything below accounts now");
    Ok(())
}
