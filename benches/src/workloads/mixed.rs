//! Some read, some write.

use std::hint::black_box;
use std::time::Duration;

use super::Workload;
use crate::keys::{Random, keys};
use crate::measure::{Contender, DISTURBED, Figures, Plan, disturbed, interleave, race, rate};
use crate::peers::{self, Keyed};
use crate::results::Results;

/// Figures by how many of 100 claims write.
const MIXES: [(u64, &str); 3] = [
    (1, "M/s, 1% write"),
    (10, "M/s, 10% write"),
    (50, "M/s, 50% write"),
];

pub fn run(workload: &Workload, plan: &Plan, results: &mut Results) {
    fn contender<P: Keyed + 'static>(window: Duration) -> Contender<'static> {
        Contender::new(P::NAME, move || {
            let peer = &P::open(1000);
            let mut most = 0.0_f64;
            let one = |(percent, figure): (u64, &'static str)| {
                let done = race(2, window, |thread| {
                    let keys = keys(70, 1000);
                    let mut random = Random::new(thread as u64);
                    let mut session = peer.session();
                    move || {
                        let drawn = random.next();
                        let key = &keys[(drawn >> 32) as usize % 1000];
                        if drawn % 100 < percent {
                            drop(black_box(peer.hold(&mut session, key)));
                        } else {
                            drop(black_box(peer.hold_read(&mut session, key)));
                        }
                        false
                    }
                });
                most = most.max(disturbed(&done));
                (figure, rate(&done))
            };
            let mut figures: Figures = MIXES.into_iter().map(one).collect();
            figures.push((DISTURBED, most));
            figures
        })
    }
    let window = plan.window() / 2;
    let mut contenders = vec![
        contender::<peers::Oarlock>(window),
        contender::<peers::RwByHand>(window),
        contender::<peers::RwKept>(window),
    ];
    if peers::Berkeley::THERE {
        contenders.push(contender::<peers::Berkeley>(window));
    }
    results.extend(workload.name, interleave(plan.rounds(8), &mut contenders));
}
