//! The hottest paths, to be counted by callgrind or profiled:  hot PATH TIMES

use std::hint::black_box;

use oarlock::{Manager, write};
use oarlock_bench::foreign;
use oarlock_bench::keys::keys;
use oarlock_bench::peers::{ByHand, Keyed};

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_default();
    let times: usize = args
        .next()
        .and_then(|times| times.parse().ok())
        .unwrap_or(0);
    if let Some(name) = path.strip_prefix("C, ") {
        let case = foreign::case("calls", name).expect("a case of calls.c");
        return case.open().run(times as u64);
    }
    let manager = Manager::new();
    let keys = keys(1, 64);
    let deep: Vec<_> = keys
        .windows(3)
        .map(|names| {
            names
                .iter()
                .map(|name| name.text())
                .collect::<Vec<_>>()
                .join("/")
        })
        .collect();
    let ten = |first: fn(usize) -> usize| -> Vec<String> {
        let path = |i| {
            [first(i), 10 + i, 20 + i]
                .map(|name: usize| keys[name].text())
                .join("/")
        };
        (0..10).map(path).collect()
    };
    let (same, different) = (ten(|_| 0), ten(|i| i));
    let by_hand = ByHand::open(64);
    for i in 0..times {
        let key = black_box(&keys[i % 64]);
        match path.as_str() {
            "one segment" => drop(manager.acquire(write(key.text())).expect("free")),
            "three segments" => {
                let path = black_box(&deep[i % deep.len()]);
                drop(manager.acquire(write(path)).expect("free"));
            }
            "two claims" => {
                let other = black_box(&keys[(i + 1) % 64]);
                drop(
                    manager
                        .acquire([write(key.text()), write(other.text())])
                        .expect("free"),
                );
            }
            "ten claims, one first segment" => {
                drop(
                    manager
                        .acquire(black_box(&same).iter().map(write))
                        .expect("free"),
                );
            }
            "ten claims, ten first segments" => {
                drop(
                    manager
                        .acquire(black_box(&different).iter().map(write))
                        .expect("free"),
                );
            }
            "keyed mutex by hand" => drop(by_hand.hold(&mut (), key)),
            other => panic!("no path is called {other}"),
        }
    }
}
