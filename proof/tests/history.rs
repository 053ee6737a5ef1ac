//! Threads that do what they like to managers with one shard, three and sixteen: there
//! is an order of their calls in which the rules give the same answers. And histories that
//! have none are seen.
//!
//! `OARLOCK_SEED=N` repeats the plans; `cargo run -p oarlock-proof --release --bin history`
//! makes as many calls as one likes, and `scripts/shuttle.sh` picks the order of the threads'
//! steps.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use oarlock_proof::history::call::{Answer, Call};
use oarlock_proof::history::check::{Verdict, check};
use oarlock_proof::history::hunt::{Figures, Why, least, wrong};
use oarlock_proof::history::plan::{Plan, Shape};
use oarlock_proof::history::record::record;
use oarlock_proof::history::{Event, History, NEVER};
use oarlock_proof::ops::Op;
use oarlock_proof::words::Refused;

mod text;

/// Calls of the short form.
const CALLS: usize = 10_000;

#[test]
fn threads_are_answered_as_the_rules_allow() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = match env::var("OARLOCK_SEED") {
        Ok(seed) => seed.parse().expect("OARLOCK_SEED is a number"),
        Err(_) => now.map_or(0, |now| now.as_nanos() as u64),
    };
    println!("OARLOCK_SEED={seed}");
    let mut figures = Figures::default();
    for run in 0.. {
        if let Err(failure) = figures.try_one(seed.wrapping_add(run), &Shape::default()) {
            panic!("OARLOCK_SEED={seed}\n{failure}");
        }
        if figures.calls >= CALLS {
            break;
        }
    }
    println!("{figures}");
    assert_eq!(figures.given_up, 0);
}

/// What one thread does has one order, and in that every answer is the only right one.
#[test]
fn any_wrong_answer_to_one_thread_is_seen() {
    let shape = Shape { threads: Some(1), length: 30, ..Shape::default() };
    let mut seen = 0;
    for seed in 0..20 {
        let history = record(&Plan::by_chance(seed, &shape));
        assert!(wrong(&history).is_none(), "{history}");
        for at in 0..history.events.len() {
            let mut other = history.clone();
            other.events[at].answer = other_answer(&history.events[at].answer);
            let differs = matches!(check(&other).verdict, Verdict::Differs(_));
            assert!(differs, "{}\ninstead of\n{}", other.events[at], history.events[at]);
            seen += 1;
        }
    }
    println!("{seen} wrong answers were seen");
}

fn other_answer(answer: &Answer) -> Answer {
    match answer {
        Answer::Granted(_) => Answer::Waits,
        Answer::Waits | Answer::Cancelled => Answer::Granted(1 << 40),
        Answer::Done => Answer::Refused(Refused::WouldBlock),
        Answer::Refused(_) | Answer::NotGranted | Answer::NotUpgraded => Answer::Done,
        Answer::Counts(held, waiting) => Answer::Counts(held + 1, *waiting),
        Answer::Seen(all) if all.is_empty() => Answer::Done,
        Answer::Seen(all) => Answer::Seen(all[1..].to_vec()),
    }
}

#[test]
fn calls_at_the_same_time_may_have_any_order() {
    // The second one came first.
    agrees(
        "thread 0 0..5 1 submits [w /a]: waits
         thread 1 1..4 2 submits [w /a]: granted, token 1
         thread 1 6..7 2 ends: yes
         thread 0 8..9 how is 1?: granted, token 2",
    );
    // What it would be refused for has ended, or has not yet.
    for answer in ["granted, token 2", "no, WouldBlock"] {
        agrees(&format!(
            "thread 0 0..1 1 submits [w /a]: granted, token 1
             thread 0 2..5 1 ends: yes
             thread 1 3..4 2 tries [r /a]: {answer}"
        ));
    }
    // A callback is told in the midst of the release.
    agrees(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 1 2..3 2 submits [w /a]: waits
         thread 0 4..9 1 ends: yes
         thread 1 5..6 2 is cancelled: granted, token 2
         thread 0 7..8 a callback is told of 2: granted, token 2",
    );
}

#[test]
fn what_has_not_returned_may_have_been_done_or_not() {
    for answer in ["granted, token 2", "no, WouldBlock"] {
        agrees(&format!(
            "thread 0 0..1 1 submits [w /a]: granted, token 1
             thread 0 2.. 1 ends: yes
             thread 1 3..4 2 tries [r /a]: {answer}"
        ));
    }
}

#[test]
fn grants_that_are_too_early_are_seen() {
    differs(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 1 2..3 2 submits [w /a/b]: granted, token 2",
    );
    // Both at the same time: one of them had to wait.
    differs(
        "thread 0 0..3 1 submits [w /a]: granted, token 1
         thread 1 1..2 2 submits [r /]: granted, token 2",
    );
    // Past one that waits.
    differs(
        "thread 0 0..1 1 submits [r /a]: granted, token 1
         thread 1 2..3 2 submits [w /a]: waits
         thread 2 4..5 3 submits [r /a]: granted, token 2",
    );
    // A permit too many.
    differs(
        "thread 0 0..1 1 submits [r1 /a]: granted, token 1
         thread 1 2..3 2 tries [r1 /a]: granted, token 1",
    );
    differs(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 1 2..3 2 submits [w /a]: waits
         thread 1 4..5 2 is cancelled: granted, token 2
         thread 0 6..7 1 ends: yes",
    );
    differs(
        "thread 0 0..1 1 submits [r /a]: granted, token 1
         thread 1 2..3 2 submits [r /a]: granted, token 1
         thread 0 4..5 1 upgrades: granted, token 2",
    );
}

#[test]
fn grants_that_are_too_late_are_seen() {
    differs(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 1 2..3 2 submits [w /a]: waits
         thread 0 4..5 1 ends: yes
         thread 1 6..7 how is 2?: waits",
    );
    differs(
        "thread 0 0..1 1 submits [w /a, w /b]: granted, token 1
         thread 1 2..3 2 submits [w /a]: waits
         thread 0 4..5 1 releases /a: yes
         thread 1 6..7 2 is cancelled: yes",
    );
    differs(
        "thread 0 0..1 1 submits [r /a]: granted, token 1
         thread 1 2..3 2 submits [r /a]: granted, token 1
         thread 0 4..5 1 upgrades: waits
         thread 1 6..7 2 ends: yes
         thread 1 8..9 how is the upgrade of 1?: waits",
    );
}

#[test]
fn wrong_refusals_are_seen() {
    differs(
        "thread 0 0..1 1 submits [r /a]: granted, token 1
         thread 1 2..3 2 tries [r /a]: no, WouldBlock",
    );
    differs("thread 0 0..1 would grant [w /a]?: no, WouldBlock");
    differs(
        "thread 0 0..1 1 submits [r /a]: granted, token 1
         thread 1 2..3 would grant [w /a]?: yes",
    );
    // Two owners crosswise: one of them has to be refused, and only one.
    let crosswise = |first: &str, second: &str| {
        format!(
            "thread 0 0..1 1 submits [w /a] for owner 1: granted, token 1
             thread 1 2..3 2 submits [w /b] for owner 2: granted, token 1
             thread 0 4..7 3 submits [w /b] for owner 1: {first}
             thread 1 5..6 4 submits [w /a] for owner 2: {second}"
        )
    };
    agrees(&crosswise("waits", "no, Deadlock"));
    agrees(&crosswise("no, Deadlock", "waits"));
    differs(&crosswise("no, Deadlock", "no, Deadlock"));
    differs(&crosswise("waits", "waits"));
    // Nobody has closed it; or somebody has.
    differs("thread 0 0..1 1 submits [r /a]: no, Closed");
    differs(
        "thread 0 0..1 close: yes
         thread 1 2..3 1 submits [r /a]: granted, token 1",
    );
    differs(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 1 2..3 2 submits [w /a]: no, TooManyWaiting",
    );
}

#[test]
fn locks_that_are_called_stale_and_are_not_are_seen() {
    for call in ["1 ends", "1 downgrades", "1 upgrades", "how is 1?", "1 releases /a"] {
        differs(&format!(
            "thread 0 0..1 1 submits [w /a]: granted, token 1
             thread 1 2..3 {call}: no, Stale"
        ));
    }
    // Of two ends one is the first.
    let ends = |first: &str, second: &str| {
        format!(
            "thread 0 0..1 1 submits [w /a]: granted, token 1
             thread 0 2..5 1 ends: {first}
             thread 1 3..4 1 ends: {second}"
        )
    };
    agrees(&ends("yes", "no, Stale"));
    agrees(&ends("no, Stale", "yes"));
    differs(&ends("yes", "yes"));
    differs(&ends("no, Stale", "no, Stale"));
}

#[test]
fn what_has_returned_comes_first() {
    // As in `calls_at_the_same_time_may_have_any_order`, but one after the other.
    differs(
        "thread 0 0..1 1 submits [w /a]: waits
         thread 1 2..3 2 submits [w /a]: granted, token 1",
    );
    differs(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 0 2..3 1 ends: yes
         thread 1 4..5 2 tries [r /a]: no, WouldBlock",
    );
    // Each by itself could be, but the one that saw the release came before.
    differs(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 0 2..9 1 ends: yes
         thread 1 3..4 would grant [r /a]?: yes
         thread 2 5..6 2 tries [r /a]: no, WouldBlock",
    );
}

#[test]
fn tokens_that_do_not_rise_are_seen() {
    for second in [1, 2] {
        differs(&format!(
            "thread 0 0..1 1 submits [w /a]: granted, token 2
             thread 0 2..3 1 ends: yes
             thread 1 4..5 2 submits [r /]: granted, token {second}"
        ));
    }
    // They tell the order of what happened at the same time.
    differs(
        "thread 0 0..5 1 tries [w /a]: granted, token 2
         thread 1 1..2 2 tries [w /a]: granted, token 1
         thread 1 6..7 how is 1?: no, Stale
         thread 1 8..9 2 ends: yes",
    );
    // A grant has one.
    differs(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 1 2..3 how is 1?: granted, token 2",
    );
}

#[test]
fn callbacks_that_are_told_what_is_not_so_are_seen() {
    let told = |answer: &str| {
        format!(
            "thread 0 0..1 1 submits [w /a]: granted, token 1
             thread 1 2..3 2 submits [w /a]: waits
             thread 0 4..7 2 is cancelled: yes
             thread 0 5..6 a callback is told of 2: {answer}"
        )
    };
    agrees(&told("cancelled"));
    differs(&told("granted, token 2"));
    differs(&told("no, Closed"));
    // Told before it is granted.
    differs(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 1 2..3 2 submits [w /a]: waits
         thread 0 4..5 a callback is told of 2: granted, token 2
         thread 0 6..7 1 ends: yes",
    );
}

#[test]
fn a_callback_that_is_called_never_or_twice_is_seen() {
    let mut history = history(
        "thread 0 0..1 1 submits [w /a]: granted, token 1
         thread 1 2..3 2 submits [w /a]: waits
         thread 0 4..7 1 ends: yes
         thread 0 5..6 a callback is told of 2: granted, token 2",
    );
    history.callbacks.push(2);
    assert!(wrong(&history).is_none());
    let told = history.events.pop().expect("there are some");
    assert!(matches!(wrong(&history), Some(Why::Told(2, 0))));
    history.events.extend([told.clone(), told]);
    assert!(matches!(wrong(&history), Some(Why::Told(2, 2))));
}

/// What is shown ends with what shows that it is wrong, and has no looks but that.
#[test]
fn what_is_shown_is_small() {
    let history = history(
        "thread 0 0..1 1 submits [r /a]: granted, token 1
         thread 1 2..3 how is 1?: granted, token 1
         thread 1 4..5 would grant [w /a]?: no, WouldBlock
         thread 0 6..9 2 submits [w /a]: waits
         thread 1 7..8 3 tries [r /a]: no, WouldBlock
         thread 1 10..11 how is 2?: granted, token 2
         thread 0 12..13 1 ends: yes",
    );
    let (least, dead_end) = least(&history);
    let shown: Vec<String> = least.events.iter().map(|event| event.call.to_string()).collect();
    assert_eq!(shown, ["1 submits [r /a]", "2 submits [w /a]", "how is 2?"]);
    assert_eq!((dead_end.order.len(), dead_end.next.len()), (2, 1));
}

/// The worst there is to look for: all threads at the same time, and no order.
#[test]
fn a_search_that_finds_nothing_ends() {
    let mut lines = vec!["thread 0 0..1 1 submits [w /a]: granted, token 1".to_owned()];
    for own in 2..6 {
        let times = format!("{own}..{}", 20 + own);
        lines.push(format!("thread {own} {times} {own} submits [r /b/x{own}]: granted, token 1"));
    }
    lines.push("thread 1 10..11 9 tries [r /a]: granted, token 2".to_owned());
    differs(&lines.join("\n"));
}

fn agrees(text: &str) {
    let checked = check(&history(text));
    assert!(matches!(checked.verdict, Verdict::Agrees), "{text}\n{:?}", checked.verdict);
}

fn differs(text: &str) {
    let checked = check(&history(text));
    assert!(matches!(checked.verdict, Verdict::Differs(_)), "{text}\n{:?}", checked.verdict);
}

/// A history as it is shown, read back.
fn history(text: &str) -> History {
    let event = |line| event(line).unwrap_or_else(|| panic!("not understood: {line}"));
    let events = text.lines().map(|line| event(line.trim())).collect();
    History { events, ..History::default() }.with_meetings()
}

fn event(line: &str) -> Option<Event> {
    let (thread, rest) = line.strip_prefix("thread ")?.split_once(' ')?;
    let (times, rest) = rest.split_once(' ')?;
    let (began, returned) = times.split_once("..")?;
    let (called, answer) = rest.rsplit_once(": ")?;
    let (call, answer) = (call(called)?, self::answer(answer)?);
    let step = match &call {
        Call::Rule(Op::Upgrade(id)) | Call::ToldOfUpgrade(id) => 1_000 + id,
        Call::Rule(op) => op.id().unwrap_or_default(),
        call => call.target().unwrap_or_default(),
    };
    let (thread, began) = (thread.parse().ok()?, began.parse().ok()?);
    let returned = if returned.is_empty() { NEVER } else { returned.parse().ok()? };
    Some(Event { thread, step, call, answer, began, returned, alone: false })
}

fn call(text: &str) -> Option<Call> {
    type About = fn(u64) -> Call;
    let forms: [(&str, &str, About); 6] = [
        ("how is the upgrade of ", "?", Call::UpgradeState),
        ("how is ", "?", Call::State),
        ("waits for ", "", Call::Wait),
        ("a callback is told of the upgrade of ", "", Call::ToldOfUpgrade),
        ("a callback is told of ", "", Call::Told),
        ("", " is cancelled", Call::Cancel),
    ];
    let about = forms.iter().find_map(|(before, after, call)| {
        let id = text.strip_prefix(before)?.strip_suffix(after)?;
        Some(call(id.parse().ok()?))
    });
    match text {
        "close" => Some(Call::Rule(Op::Close)),
        _ => about.or_else(|| text::op(text).map(Call::Rule)),
    }
}

fn answer(text: &str) -> Option<Answer> {
    let refusals = [
        Refused::WouldBlock,
        Refused::Deadlock,
        Refused::TooManyWaiting,
        Refused::Closed,
        Refused::Stale,
    ];
    Some(match text {
        "waits" => Answer::Waits,
        "yes" => Answer::Done,
        "cancelled" => Answer::Cancelled,
        _ => match (text.strip_prefix("granted, token "), text.strip_prefix("no, ")) {
            (Some(token), _) => Answer::Granted(token.parse().ok()?),
            (_, Some(why)) => {
                let of_name = |refusal: &&Refused| format!("{refusal:?}") == why;
                Answer::Refused(*refusals.iter().find(of_name)?)
            }
            _ => return None,
        },
    })
}
