//! What a scenario file may look like, and what is refused.

use oarlock_conformance::parse::parse;
use oarlock_conformance::scenario::{Action, Claim, Expect, Mode, Request, Scenario, Verb};

fn one(text: &str) -> Scenario {
    match parse(text) {
        Ok(mut scenarios) if scenarios.len() == 1 => scenarios.remove(0),
        other => panic!("{text}: {other:?}"),
    }
}

fn claims(set: &str) -> Vec<Claim> {
    let scenario = one(&format!(
        r#"[{{"steps": [{{"lock": "q", "set": {set}}}]}}]"#
    ));
    match scenario
        .steps
        .into_iter()
        .next()
        .and_then(|step| step.action)
    {
        Some(Action::Ask {
            verb: Verb::Lock(request),
            ..
        }) => request.claims,
        other => panic!("{set}: {other:?}"),
    }
}

fn path(set: &str) -> Vec<Vec<u8>> {
    let path = claims(set).remove(0).path;
    assert!(!path.entry);
    path.segments
}

#[test]
fn the_example_of_the_design() {
    let scenario = one(
        r#"{"scenarios": [{"name": "a cancelled writer lets readers pass",
          "steps": [
            {"lock": "r1", "set": [["r", ["a"]]],               "expect": "acquired"},
            {"lock": "w",  "set": [["w", ["a", "b"]]],          "expect": "waiting"},
            {"lock": "r2", "set": [["r", ["a", "b"]], ["r", []]], "expect": "waiting"},
            {"unlock": "w"},
            {"acquired": ["r1", "r2"]}, {"waiting": []}]}]}"#,
    );
    assert_eq!(scenario.name, "a cancelled writer lets readers pass");
    assert_eq!(scenario.steps.len(), 6);
    assert_eq!(
        scenario.steps[3].action,
        Some(Action::Unlock(vec!["w".to_owned()]))
    );
    assert_eq!(scenario.steps[5].checks.waiting, Some(Default::default()));
    assert_eq!(
        scenario.steps[1].action,
        Some(Action::Ask {
            id: "w".to_owned(),
            verb: Verb::Lock(Request {
                claims: vec![Claim {
                    mode: Mode::Write,
                    path: [b"a".to_vec(), b"b".to_vec()].into_iter().collect(),
                    limit: None
                }],
                ..Request::default()
            }),
            expect: Some(Expect::Waiting),
            circle: None,
        })
    );
}

#[test]
fn two_forms_of_a_file() {
    let scenario = r#"{"name": "n", "steps": [{"lock": "q", "set": [["r", []]]}]}"#;
    let expected = one(&format!("[{scenario}]"));
    assert_eq!(one(&format!(r#"{{"scenarios": [{scenario}]}}"#)), expected);
    assert_eq!(one(&format!("\u{feff}[{scenario}]")), expected);
    assert_eq!(parse("[]"), Ok(vec![]));
}

#[test]
fn other_keys_are_ignored_where_they_change_nothing() {
    let scenario = one(
        r#"{"$schema": "s", "version": [1, {"\ud800": "\ud800"}], "name": {"any": 1}, "steps": 4,
            "scenarios": [{"rule": "order", "id": 7, "steps": [
              {"comment": "x", "note": null, "_line": 3, "lock": "q", "set": [["r", ["a"]]]}]}]}"#,
    );
    assert_eq!(scenario.name, "scenario 1");
    assert_eq!(scenario.validate(), Ok(()));
}

#[test]
fn an_unknown_step_key_fails_its_scenario_alone() {
    let scenarios = parse(
        r#"[{"steps": [{"share": "q", "set": [["r", ["a"]]], "expect": "acquired"}]},
            {"steps": [{"lock": "q", "set": [["r", ["a"]]]}]}]"#,
    );
    let scenarios = scenarios.expect("both are read");
    assert_eq!(
        scenarios[0].validate(),
        Err("step 1: the key \"share\" is not supported".to_owned())
    );
    assert_eq!(scenarios[1].validate(), Ok(()));
}

#[test]
fn modes_by_either_name_in_any_case() {
    for (word, mode) in [
        ("r", Mode::Read),
        ("R", Mode::Read),
        ("read", Mode::Read),
        ("Read", Mode::Read),
        ("w", Mode::Write),
        ("W", Mode::Write),
        ("WRITE", Mode::Write),
    ] {
        assert_eq!(
            claims(&format!(r#"[["{word}", ["a"]]]"#))[0].mode,
            mode,
            "{word}"
        );
    }
}

#[test]
fn strings_are_bytes() {
    assert_eq!(path(r#"[["r", []]]"#), Vec::<Vec<u8>>::new());
    assert_eq!(
        path(r#"[["r", ["", "a/b", "\u0000"]]]"#),
        [&b""[..], b"a/b", b"\0"]
    );
    assert_eq!(
        path(r#"[["r", ["é", "\ud83d\ude00"]]]"#),
        ["é".as_bytes(), "😀".as_bytes()]
    );
    // A lone surrogate has three bytes of its own.
    assert_eq!(
        path(r#"[["r", ["\ud800", "\udc00x", "\ufffd"]]]"#),
        [&b"\xed\xa0\x80"[..], b"\xed\xb0\x80x", b"\xef\xbf\xbd"]
    );
}

#[test]
fn a_path_may_be_text() {
    assert_eq!(path(r#"[["r", "a/b"]]"#), [b"a", b"b"]);
    assert_eq!(path(r#"[["r", ""]]"#), Vec::<Vec<u8>>::new());
}

#[test]
fn an_entry_is_a_null_behind_its_path() {
    for (set, segments) in [
        (r#"[["r", [null]]]"#, vec![]),
        (r#"[["w", ["a", "null", null]]]"#, vec!["a", "null"]),
        (r#"[["r", ["a/b", "", null], 2]]"#, vec!["a/b", ""]),
    ] {
        let claim = claims(set).remove(0);
        assert!(claim.path.entry, "{set}");
        assert_eq!(
            claim.path.segments,
            segments.iter().map(|s| s.as_bytes()).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_limit_is_kept() {
    assert_eq!(claims(r#"[["r", ["pool"], 2]]"#)[0].limit, Some(2));
    assert_eq!(claims(r#"[["r", ["pool"], null]]"#)[0].limit, None);
    // The surface refuses these.
    assert_eq!(claims(r#"[["r", ["pool"], 0]]"#)[0].limit, Some(0));
    assert_eq!(claims(r#"[["w", ["pool"], 1]]"#)[0].limit, Some(1));
}

#[test]
fn what_is_refused() {
    for (step, why) in [
        (
            r#"{"lock": "q", "set": [["x", ["a"]]]}"#,
            "unknown mode \"x\"",
        ),
        (r#"{"lock": "q", "set": [[1, ["a"]]]}"#, "expected a string"),
        (r#"{"lock": "q", "set": [["r", [1]]]}"#, "expected a string"),
        (
            r#"{"lock": "q", "set": [["r", ["a"]], ["r"]]}"#,
            "expected a claim",
        ),
        (r#"{"lock": "q", "set": [["r", {}]]}"#, "expected a path"),
        (
            r#"{"lock": "q", "set": [["r", [null, "a"]]]}"#,
            "null is an entry",
        ),
        (
            r#"{"lock": "q", "set": [["r", ["a", null, null]]]}"#,
            "null is an entry",
        ),
        (r#"{"lock": "q", "set": [["r", "a//b"]]}"#, "empty segment"),
        (r#"{"lock": "q", "set": [["r", ["a"], -1]]}"#, "-1"),
        (
            r#"{"lock": "q", "set": [["r", ["a"], 2, 3]]}"#,
            "at most three",
        ),
        (r#"{"lock": "q", "set": "r"}"#, "sequence"),
        (r#"{"lock": "q"}"#, "\"lock\" without \"set\""),
        (r#"{"lock": 1, "set": []}"#, "expected a string"),
        (
            r#"{"lock": "q", "set": [], "expect": "yes"}"#,
            "unknown \"expect\" \"yes\"",
        ),
        (
            r#"{"lock": "q", "set": [], "unlock": "q"}"#,
            "both \"lock\" and \"unlock\"",
        ),
        (
            r#"{"lock": "q", "lock": "p", "set": []}"#,
            "duplicate field `lock`",
        ),
        (r#"{"set": []}"#, "\"set\" without \"lock\""),
        (
            r#"{"unlock": "q", "expect": "waiting"}"#,
            "\"expect\" without \"lock\"",
        ),
        (
            r#"{"try": "q", "lock": "p", "set": []}"#,
            "both \"lock\" and \"try\"",
        ),
        (r#"{"try": "q"}"#, "\"try\" without \"set\""),
        (
            r#"{"release_part": "q"}"#,
            "\"release_part\" without \"path\"",
        ),
        (r#"{"path": ["a"]}"#, "\"path\" without \"release_part\""),
        (
            r#"{"unlock": "q", "owner": "A"}"#,
            "\"owner\" without \"lock\"",
        ),
        (
            r#"{"upgrade": "q", "expect": "waiting", "circle": ["q"]}"#,
            "\"circle\" without",
        ),
        (r#"{"close": false}"#, "\"close\" is true"),
        (
            r#"{"blockers": "q"}"#,
            "\"blockers\" and \"are\" belong together",
        ),
        (r#"{"labels": ["q"]}"#, "an object of ids and labels"),
        (r#"{"acquired": {}}"#, "expected a list of ids"),
        (r#"{"waiting": 1}"#, "expected a list of ids"),
        (r#""unlock""#, "expected a step"),
    ] {
        let text = format!("[{{\"steps\": [\n{step}]}}]");
        let error = parse(&text).expect_err(step);
        assert!(error.contains(why), "{step}: {error}");
        assert!(error.contains("line 2"), "{step}: {error}");
    }
    for text in [
        "",
        "{",
        "7",
        "null",
        "{}",
        "{\"scenarios\": {}}",
        "{\"scenarios\": [{\"name\": \"n\"}]}",
        "{\"scenarios\": [{\"steps\": 1}]}",
        "[] []",
    ] {
        assert!(parse(text).is_err(), "{text:?}");
    }
}
