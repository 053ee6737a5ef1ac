//! Answers what `oarlock_bench::weigh` is asked, as JSON.

use oarlock_bench::weigh::{Asked, Counting};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let Some(asked) = Asked::parse(&args) else {
        eprintln!("usage: weigh held WHO COUNT | waiting WHO COUNT | allocations");
        std::process::exit(2);
    };
    println!(
        "{}",
        serde_json::to_string(&asked.answer()).expect("plain numbers")
    );
}
