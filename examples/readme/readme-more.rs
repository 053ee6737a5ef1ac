use oarlock::{Manager, read, write, write_entry};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manager = Manager::builder().max_waiting(10_000).build(); // more are refused
    let _watch = manager.watch(Duration::from_secs(5), |late| eprintln!("{late:?}"))?;
    let session = manager.owner(); // its requests never conflict with each other
    let all = manager.request(read("accounts")).owner(&session);
    let mut all = all.label("audit").acquire()?;
    all.upgrade()?; // waits for other holders only; a deadlock is refused, with its cycle
    let one = manager.request(write("accounts/1")).owner(&session);
    drop(one.try_acquire()?); // granted: the session holds that already
    all.downgrade()?; // readers come in
    let _connection = manager.acquire(read("pool").limit(8))?; // a semaphore: 8 at a time
    drop(manager.acquire([write_entry("dir"), write("dir/new")])?); // to create a file
    for it in manager.inspect("accounts")? {
        println!("{:?} is {:?}", it.label, it.state);
    }
    let waited = manager.stats().wait_time;
    println!("99 of 100 waited less than {:?}", waited.quantile(0.99));
    Ok(())
}
