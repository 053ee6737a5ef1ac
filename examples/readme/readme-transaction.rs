use oarlock::{AcquireError, Manager, Owner, write};

fn attempt(manager: &Manager, mine: &Owner, rows: [&str; 2]) -> Result<(), AcquireError> {
    let row = |path| manager.request(write(path)).owner(mine).acquire();
    let _first = row(rows[0])?; // a guard that goes by `?` releases: the rollback
    let _second = row(rows[1])?;
    println!("{rows:?} are both mine");
    Ok(())
}

fn main() -> Result<(), AcquireError> {
    let manager = Manager::new();
    let mine = manager.owner();
    loop {
        match attempt(&manager, &mine, ["t/1", "t/2"]) {
            Err(AcquireError::Deadlock(_)) => {} // rolled back: once more
            ended => return ended,
        }
    }
}
