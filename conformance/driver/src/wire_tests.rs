use super::*;

fn claim(mode: Mode, path: &[&[u8]], limit: Option<u32>) -> Claim {
    let path = path.iter().map(|s| s.to_vec()).collect();
    Claim { mode, path, limit }
}

#[test]
fn a_call_is_the_line_that_the_protocol_says() {
    let mut request = Request {
        claims: vec![
            claim(Mode::Write, &[b"a", b"b"], None),
            claim(Mode::Read, &[], None),
            claim(Mode::Read, &[b""], Some(2)),
            claim(Mode::Read, &[b"", b"/\0"], None),
        ],
        ..Request::default()
    };
    let line = |call: Call| {
        let line = call.to_line();
        assert_eq!(Call::from_line(&line), Ok(call), "{line}");
        line
    };
    let lock = Call::Ask("w1".to_owned(), Verb::Lock(request.clone()));
    assert_eq!(line(lock), "lock w1 w:s61/s62 r:- r2:s r:s/s2f00");
    request.claims.truncate(1);
    request.owner = Some("A".to_owned());
    request.label = Some("x y".to_owned());
    let attempt = Call::Ask("é".to_owned(), Verb::Try(request.clone()));
    assert_eq!(line(attempt), "try .c3.a9 owner=A label=x.20y w:s61/s62");
    let ask = line(Call::WouldGrant(request));
    assert_eq!(ask, "would-grant owner=A label=x.20y w:s61/s62");
    let part = Verb::ReleasePart([b"a".to_vec()].into_iter().collect());
    assert_eq!(line(Call::Ask("q".to_owned(), part)), "release-part q s61");
    for (segments, word) in [
        (vec![], "e"),
        (vec![b"n".to_vec()], "s6e/e"),
        (vec![vec![]], "s/e"),
    ] {
        let path = Path {
            segments,
            entry: true,
        };
        let ask = line(Call::Ask("q".to_owned(), Verb::ReleasePart(path)));
        assert_eq!(ask, format!("release-part q {word}"));
    }
    assert_eq!(line(Call::New(None)), "new");
    assert_eq!(line(Call::New(Some(3))), "new 3");
    assert_eq!(line(Call::Close), "close");
    for word in [
        "unlock",
        "state",
        "token",
        "blockers",
        "label",
        "upgrade",
        "downgrade",
    ] {
        let text = format!("{word} q");
        let call = Call::from_line(&text).expect("a call");
        assert_eq!(line(call), text);
    }
    let empty = Verb::Lock(Request::default());
    assert_eq!(
        Call::from_line("lock x"),
        Ok(Call::Ask("x".to_owned(), empty))
    );
}

#[test]
fn ids_are_one_word_and_stay_distinct() {
    let ids = ["", ".", "a b", "a.20b", "é", "\n", "a-b_c"];
    let words: BTreeSet<String> = ids.iter().map(|id| escape(id)).collect();
    assert_eq!(words.len(), ids.len());
    for (id, word) in ids.iter().map(|id| (id, escape(id))) {
        assert!(word.is_ascii() && !word.contains([' ', '\n']));
        assert_eq!(unescape(&word).as_deref(), Some(*id));
    }
    assert_eq!(escape("a-b_c"), "a-b_c");
}

#[test]
fn what_is_no_call_is_refused() {
    for line in [
        "",
        "new x",
        "new 1 2",
        "lock",
        "lock a r",
        "lock a x:-",
        "lock a r:61",
        "lock a r:s6",
        "lock a rx:-",
        "lock a owner=.",
        "release-part a",
        "unlock",
        "unlock a b",
        "state",
        "State a",
        "close x",
        "lock .x",
    ] {
        // An empty owner is one like any other.
        if line.ends_with("owner=.") {
            assert!(Call::from_line(line).is_ok());
        } else {
            assert!(Call::from_line(line).is_err(), "{line:?}");
        }
    }
}

#[test]
fn answers_are_taken_word_for_word() {
    let circle = vec!["q".to_owned(), "a b".to_owned()];
    for (line, answer) in [
        ("acquired", Answer::Acquired),
        ("waiting", Answer::Waiting),
        ("ok", Answer::Done),
        ("released", Answer::Released),
        ("refused", Answer::Refused),
        ("closed", Answer::Closed),
        ("too-many-waiting", Answer::TooManyWaiting),
        ("deadlock q a.20b", Answer::Deadlock(circle)),
        ("error no-claims", Answer::Error("no-claims".to_owned())),
    ] {
        assert_eq!(parse_answer(line).as_ref(), Some(&answer));
        assert_eq!(answer_line(&answer), line);
    }
    assert_eq!(parse_answer("yes"), None);
    assert_eq!(parse_state("waiting"), Some(State::Waiting));
    assert_eq!(parse_state("Waiting"), None);
    assert_eq!(parse_token("token 7"), Some(7));
    assert_eq!(parse_token("7"), None);
    assert_eq!(parse_blockers("blockers"), Some(BTreeSet::new()));
    assert_eq!(parse_label("label x.20y").as_deref(), Some("x y"));
}
