//! A wrong expectation of every kind is caught, and what asserts nothing is not.

use oarlock_conformance::corpus::{Corpus, Entry};
use oarlock_conformance::judge::{self, Outcome};
use oarlock_conformance::parse;
use oarlock_conformance::runner;
use oarlock_conformance::scenario::{Answer, State, Verb};
use oarlock_conformance::surface::proved::Proved;
use oarlock_conformance::surface::{Broken, Surface};
use oarlock_conformance::validate::Capability;

fn replay_on(surface: &mut dyn Surface, steps: &str) -> Outcome {
    let text = format!("[{{\"name\": \"x\", \"steps\": [{steps}]}}]");
    let scenarios = parse::parse(&text).expect(steps);
    judge::replay(surface, &scenarios[0])
}

/// The failures of these steps on the naive rules. They follow three requests:
/// `r` is granted, `w` waits for it, `x` has no part in that.
fn failures(steps: &str) -> Vec<String> {
    let begin = r#"{"lock": "r", "set": [["r", ["a"]]]}, {"lock": "w", "set": [["w", ["a"]]]},
                   {"lock": "x", "set": [["w", ["x"]]]}"#;
    replay_on(&mut Proved::oracle(), &format!("{begin}, {steps}")).failures
}

#[track_caller]
fn passes(steps: &str) {
    assert_eq!(failures(steps), Vec::<String>::new(), "{steps}");
}

/// The one failure has all these parts.
#[track_caller]
fn fails(steps: &str, parts: &[&str]) {
    let failures = failures(steps);
    assert_eq!(failures.len(), 1, "{steps}: {failures:?}");
    for part in parts {
        assert!(
            failures[0].contains(part),
            "{part:?} is not in {failures:?}"
        );
    }
}

#[test]
fn a_wrong_outcome_of_a_lock() {
    let lock =
        |expect: &str| format!(r#"{{"lock": "q", "set": [["r", ["a"]]], "expect": "{expect}"}}"#);
    passes(&lock("waiting"));
    passes(&lock("either"));
    fails(
        &lock("acquired"),
        &["step 4", "expected acquired, got waiting"],
    );
    fails(&lock("error"), &["expected error, got waiting"]);
    let lock =
        |expect: &str| format!(r#"{{"lock": "q", "set": [["r", ["b"]]], "expect": "{expect}"}}"#);
    passes(&lock("acquired"));
    fails(&lock("waiting"), &["expected waiting, got acquired"]);
}

#[test]
fn a_request_that_is_refused() {
    passes(r#"{"lock": "q", "set": [], "expect": "error"}"#);
    for expect in [
        "",
        r#", "expect": "acquired""#,
        r#", "expect": "waiting""#,
        r#", "expect": "either""#,
    ] {
        fails(
            &format!(r#"{{"lock": "q", "set": []{expect}}}"#),
            &["got error Invalid"],
        );
    }
}

#[test]
fn a_list_of_granted_requests_is_exact() {
    passes(r#"{"acquired": ["x", "r"]}"#);
    fails(
        r#"{"acquired": ["r"]}"#,
        &[
            "step 4",
            "expected acquired [r], got [r, x]; x is acquired, too",
        ],
    );
    fails(
        r#"{"acquired": ["r", "w", "x"]}"#,
        &["expected acquired [r, w, x], got [r, x]; w is waiting"],
    );
    fails(r#"{"acquired": []}"#, &["expected acquired [], got [r, x]"]);
    fails(
        r#"{"unlock": "x", "acquired": ["r", "x"]}"#,
        &["x is not live"],
    );
}

#[test]
fn a_list_of_waiting_requests_is_exact() {
    passes(r#"{"waiting": ["w"]}"#);
    fails(
        r#"{"waiting": []}"#,
        &["expected waiting [], got [w]; w is waiting, too"],
    );
    fails(
        r#"{"waiting": ["w", "x"]}"#,
        &["expected waiting [w, x], got [w]; x is acquired"],
    );
}

#[test]
fn both_lists_are_checked_after_the_action_of_their_step() {
    passes(r#"{"waiting": [], "acquired": ["w", "x"], "unlock": "r"}"#);
    let both = failures(r#"{"unlock": "r", "acquired": ["x"], "waiting": ["w"]}"#);
    assert_eq!(both.len(), 2, "{both:?}");
    passes(r#"{"unlock": ["r", "x"], "acquired": ["w"], "waiting": []}"#);
}

#[test]
fn every_failing_step_is_reported() {
    let all = failures(r#"{"waiting": []}, {"acquired": ["r", "x"]}, {"waiting": ["x"]}"#);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].starts_with("step 4 {\"waiting\": []}: "), "{all:?}");
    assert!(all[1].starts_with("step 6 "), "{all:?}");
}

#[test]
fn nothing_is_asserted_about_either() {
    // Before, after and within the lists of the same moment.
    passes(r#"{"either": ["w", "x"]}, {"acquired": ["r"]}, {"waiting": []}"#);
    passes(r#"{"acquired": ["r"]}, {"waiting": []}, {"either": ["w", "x"]}"#);
    passes(r#"{"acquired": ["r"], "waiting": [], "either": ["w", "x"]}"#);
    // About these alone, though.
    fails(
        r#"{"either": ["w"]}, {"acquired": ["r"]}"#,
        &["x is acquired, too"],
    );
    // What a list names is asserted all the same.
    fails(
        r#"{"either": ["w"]}, {"acquired": ["r", "w", "x"]}"#,
        &["w is waiting"],
    );
}

#[test]
fn either_lasts_until_a_list_names_the_request() {
    let lock = r#"{"lock": "q", "set": [["r", ["a"]]], "expect": "either"}"#;
    passes(&format!(r#"{lock}, {{"waiting": ["w"]}}"#));
    passes(&format!(
        r#"{lock}, {{"unlock": "x"}}, {{"waiting": ["w"], "acquired": ["r"]}}"#
    ));
    fails(
        &format!(r#"{lock}, {{"waiting": ["w", "q"]}}, {{"unlock": "x"}}, {{"waiting": ["w"]}}"#),
        &["step 7", "q is waiting, too"],
    );
    // A new request of the same name is another one.
    fails(
        &format!(
            r#"{lock}, {{"unlock": "q"}}, {{"lock": "q", "set": [["r", ["b"]]]}}, {{"acquired": ["r", "x"]}}"#
        ),
        &["step 7", "q is acquired, too"],
    );
}

#[test]
fn what_cannot_be_replayed_fails() {
    fails(
        r#"{"share": "r", "expect": "waiting"}"#,
        &["the key \"share\" is not supported"],
    );
    fails(
        r#"{"lock": "s", "set": [["r", ["a"]]], "priority": 2}"#,
        &["\"priority\" is not supported"],
    );
    fails(
        r#"{"try": "s", "set": [["r", ["a"]]], "expect": "waiting"}"#,
        &["\"expect\" cannot be waiting here"],
    );
    fails(r#"{"upgrade": "q"}"#, &["\"q\" is changed but is not live"]);
    fails(
        r#"{"upgrade": "q", "expect": "error"}"#,
        &["\"q\" was never locked"],
    );
    fails(
        r#"{"close": true, "closed": ["w"]}, {"unlock": "w"}"#,
        &["\"w\" is unlocked but is not live"],
    );
    fails(
        r#"{"lock": "r", "set": [["r", ["a"]]]}"#,
        &["\"r\" is locked again"],
    );
    fails(r#"{"unlock": "q"}"#, &["\"q\" is unlocked but is not live"]);
    fails(r#"{"acquired": ["q"]}"#, &["\"q\" was never locked"]);
    fails(r#"{"either": ["q"]}"#, &["\"q\" was never locked"]);
}

/// What scenarios say of everything but plain locks.
#[test]
fn wrong_answers_to_everything_else() {
    let lock = |id: &str, set: &str, rest: &str| {
        format!(r#"{{"lock": "{id}", "set": [{set}], "owner": "A"{rest}}}"#)
    };
    fails(
        r#"{"try": "s", "set": [["r", ["b"]]], "expect": "refused"}"#,
        &["expected refused, got acquired"],
    );
    fails(
        r#"{"try": "s", "set": [["w", ["a"]]], "expect": "acquired"}"#,
        &["expected acquired, got refused"],
    );
    passes(r#"{"would_grant": [["w", ["b"]]], "expect": true}"#);
    fails(
        r#"{"would_grant": [["w", ["b"]]], "expect": false}"#,
        &["expected refused, got acquired"],
    );
    fails(
        r#"{"upgrade": "r", "expect": "waiting"}"#,
        &["expected waiting, got acquired"],
    );
    fails(
        r#"{"downgrade": "w", "expect": "done"}"#,
        &["expected done, got error Stale"],
    );
    fails(
        r#"{"release_part": "x", "path": ["x"], "expect": "done"}"#,
        &["expected done, got released"],
    );
    fails(
        r#"{"close": true, "closed": []}"#,
        &["expected closed [], got [w]; w is closed, too"],
    );
    fails(
        r#"{"blockers": "w", "are": ["x"]}"#,
        &["expected w to wait for [x], got [r]"],
    );
    passes(r#"{"tokens": ["r", "x"]}"#);
    fails(
        r#"{"tokens": ["x", "r"]}"#,
        &["expected a greater token of r than x's"],
    );
    fails(r#"{"tokens": ["w"]}"#, &["w, which is not granted"]);
    let labelled = lock("s", r#"["r", ["b"]]"#, r#", "label": "one""#);
    passes(&format!(r#"{labelled}, {{"labels": {{"s": "one"}}}}"#));
    fails(
        &format!(r#"{labelled}, {{"labels": {{"s": "two"}}}}"#),
        &["expected s to be \"two\", got \"one\""],
    );
    let circle = |circle: &str| {
        let one = lock("1", r#"["w", ["1"]]"#, "");
        let two = r#"{"lock": "2", "set": [["w", ["2"]]], "owner": "B"}"#;
        let three = lock("3", r#"["w", ["2"]]"#, "");
        let four = r#"{"lock": "4", "set": [["w", ["1"]]], "owner": "B", "expect": "deadlock""#;
        format!(r#"{one}, {two}, {three}, {four}, "circle": [{circle}]}}"#)
    };
    passes(&circle(r#""4", "3""#));
    fails(
        &circle(r#""3", "4""#),
        &["expected the cycle [3, 4], got [4, 3]"],
    );
}

/// A surface with one wrong answer, else the naive rules.
struct Wrong {
    rules: Proved,
    keep_on_unlock: bool,
    refuse_unlock: bool,
    break_at_state: bool,
    panic_at_unlock: bool,
}

impl Default for Wrong {
    fn default() -> Self {
        Wrong {
            rules: Proved::oracle(),
            keep_on_unlock: false,
            refuse_unlock: false,
            break_at_state: false,
            panic_at_unlock: false,
        }
    }
}

impl Surface for Wrong {
    fn reset(&mut self, max_waiting: Option<usize>) -> Result<(), Broken> {
        self.rules.reset(max_waiting)
    }

    fn ask(&mut self, id: &str, verb: &Verb) -> Result<Answer, Broken> {
        self.rules.ask(id, verb)
    }

    fn unlock(&mut self, id: &str) -> Result<Answer, Broken> {
        assert!(!self.panic_at_unlock, "out of order: {id}");
        if self.refuse_unlock {
            return Ok(Answer::Error("stale".to_owned()));
        }
        if self.keep_on_unlock {
            return Ok(Answer::Done);
        }
        self.rules.unlock(id)
    }

    fn state(&mut self, id: &str) -> Result<State, Broken> {
        if self.break_at_state {
            return Err(Broken("it is gone".to_owned()));
        }
        self.rules.state(id)
    }
}

const HAND_OVER: &str = r#"{"lock": "1", "set": [["w", ["a"]]], "expect": "acquired"},
    {"lock": "2", "set": [["w", ["a"]]], "expect": "waiting"},
    {"unlock": "1"}, {"acquired": ["2"], "waiting": []}"#;

#[test]
fn a_surface_that_is_wrong_is_caught() {
    let outcome = replay_on(&mut Wrong::default(), HAND_OVER);
    assert!(outcome.passed(), "{outcome:?}");

    let mut no_hand_over = Wrong {
        keep_on_unlock: true,
        ..Wrong::default()
    };
    let outcome = replay_on(&mut no_hand_over, HAND_OVER);
    assert_eq!(
        (outcome.failures.len(), outcome.broken),
        (2, false),
        "{outcome:?}"
    );

    let mut refuses = Wrong {
        refuse_unlock: true,
        ..Wrong::default()
    };
    let outcome = replay_on(&mut refuses, HAND_OVER);
    assert!(
        outcome.failures[0].contains("expected 1 to end, got error stale"),
        "{outcome:?}"
    );

    let mut breaks = Wrong {
        break_at_state: true,
        ..Wrong::default()
    };
    let outcome = replay_on(&mut breaks, HAND_OVER);
    assert_eq!(
        (outcome.failures.len(), outcome.broken),
        (1, true),
        "{outcome:?}"
    );
    assert!(outcome.failures[0].contains("it is gone"), "{outcome:?}");
}

#[test]
fn a_surface_that_panics_fails_its_scenario_alone() {
    let quiet = r#"{"lock": "1", "set": [["w", ["a"]]], "expect": "acquired"}"#;
    let text = format!(r#"[{{"steps": [{HAND_OVER}]}}, {{"steps": [{quiet}]}}]"#);
    let entries = parse::parse(&text).expect(&text).into_iter();
    let corpus = Corpus {
        entries: entries
            .map(|scenario| Entry {
                file: "f".to_owned(),
                scenario,
            })
            .collect(),
        errors: Vec::new(),
    };
    let open = || -> Box<dyn Surface> {
        Box::new(Wrong {
            panic_at_unlock: true,
            ..Wrong::default()
        })
    };
    let mut out = Vec::new();
    let totals = runner::run("it", open, &Capability::ALL, &corpus, &mut out)
        .expect("memory can be written");
    let report = String::from_utf8_lossy(&out);
    assert_eq!((totals.passed, totals.failed), (1, 1), "{report}");
    assert!(report.contains("panicked: out of order: 1"), "{report}");
}
