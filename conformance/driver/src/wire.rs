//! The line protocol between the driver and an adapter: how a call and its
//! answer look. Segments go in hexadecimal, so no byte needs escaping.

use crate::scenario::{Claim, Mode, State};
use crate::surface::{Locked, Unlocked};
use crate::text::{from_hex, to_hex};

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A fresh manager.
    New,
    /// A request takes its place.
    Lock(String, Vec<Claim>),
    /// A request ends.
    Unlock(String),
    /// Where a request stands.
    State(String),
}

impl Call {
    /// The call as one line, without the line end.
    #[must_use]
    pub fn to_line(&self) -> String {
        match self {
            Call::New => "new".to_owned(),
            Call::Lock(id, claims) => {
                let mut line = format!("lock {}", escape_id(id));
                for claim in claims {
                    line.push(' ');
                    line.push_str(&claim_word(claim));
                }
                line
            }
            Call::Unlock(id) => format!("unlock {}", escape_id(id)),
            Call::State(id) => format!("state {}", escape_id(id)),
        }
    }

    /// The call that a line is; ids stay as the line has them.
    ///
    /// # Errors
    /// A sentence, if the line is no call.
    pub fn from_line(line: &str) -> Result<Call, String> {
        let mut words = line.split(' ');
        let (verb, id) = (words.next().unwrap_or_default(), words.next());
        let call = match (verb, id) {
            ("new", None) => Call::New,
            ("lock", Some(id)) => {
                let claims: Option<Vec<Claim>> = words.by_ref().map(parse_claim).collect();
                let claims = claims.ok_or_else(|| format!("a claim is not understood: {line}"))?;
                Call::Lock(id.to_owned(), claims)
            }
            ("unlock", Some(id)) => Call::Unlock(id.to_owned()),
            ("state", Some(id)) => Call::State(id.to_owned()),
            _ => return Err(format!("not a call: {line}")),
        };
        match words.next() {
            None => Ok(call),
            Some(_) => Err(format!("too many words: {line}")),
        }
    }
}

/// The answer to a `lock` line, or `None` if it is none.
#[must_use]
pub fn parse_locked(answer: &str) -> Option<Locked> {
    match parse_error(answer) {
        Some(kind) => Some(Locked::Refused(kind)),
        None => parse_state(answer).map(Locked::As),
    }
}

/// The answer to an `unlock` line, or `None` if it is none.
#[must_use]
pub fn parse_unlocked(answer: &str) -> Option<Unlocked> {
    match parse_error(answer) {
        Some(kind) => Some(Unlocked::Refused(kind)),
        None => (answer == "ok").then_some(Unlocked::Done),
    }
}

/// The answer to a `state` line, or `None` if it is none.
#[must_use]
pub fn parse_state(answer: &str) -> Option<State> {
    match answer {
        "acquired" => Some(State::Acquired),
        "waiting" => Some(State::Waiting),
        _ => None,
    }
}

fn parse_error(answer: &str) -> Option<String> {
    answer.strip_prefix("error ").map(str::to_owned)
}

/// An id as one word: whatever is not a letter, digit, `-` or `_` becomes `.XX`
/// for each of its bytes, and the empty id is `.`.
fn escape_id(id: &str) -> String {
    if id.is_empty() {
        return ".".to_owned();
    }
    id.bytes()
        .map(|byte| match byte {
            b'-' | b'_' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!(".{byte:02x}"),
        })
        .collect()
}

fn claim_word(claim: &Claim) -> String {
    let mode = match claim.mode {
        Mode::Read => 'r',
        Mode::Write => 'w',
    };
    if claim.path.is_empty() {
        return format!("{mode}:-");
    }
    let segments: Vec<String> = claim
        .path
        .iter()
        .map(|s| format!("s{}", to_hex(s)))
        .collect();
    format!("{mode}:{}", segments.join("/"))
}

fn parse_claim(word: &str) -> Option<Claim> {
    let (mode, path) = word.split_once(':')?;
    let mode = match mode {
        "r" => Mode::Read,
        "w" => Mode::Write,
        _ => return None,
    };
    let path = match path {
        "-" => Some(Vec::new()),
        path => path
            .split('/')
            .map(|s| from_hex(s.strip_prefix('s')?))
            .collect(),
    };
    Some(Claim {
        mode,
        path: path?,
        limit: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(mode: Mode, path: &[&[u8]]) -> Claim {
        let path = path.iter().map(|s| s.to_vec()).collect();
        Claim {
            mode,
            path,
            limit: None,
        }
    }

    #[test]
    fn a_call_is_the_line_that_the_protocol_says() {
        let claims = vec![
            claim(Mode::Write, &[b"a", b"b"]),
            claim(Mode::Read, &[]),
            claim(Mode::Read, &[b""]),
            claim(Mode::Read, &[b"", b"/\0"]),
        ];
        let call = Call::Lock("w1".to_owned(), claims);
        assert_eq!(call.to_line(), "lock w1 w:s61/s62 r:- r:s r:s/s2f00");
        assert_eq!(Call::from_line(&call.to_line()), Ok(call));
        assert_eq!(
            Call::from_line("lock x"),
            Ok(Call::Lock("x".to_owned(), vec![]))
        );
    }

    #[test]
    fn ids_are_one_word_and_stay_distinct() {
        let ids = ["", ".", "a b", "a.20b", "é", "\n", "a-b_c"];
        let words: std::collections::BTreeSet<String> =
            ids.iter().map(|id| escape_id(id)).collect();
        assert_eq!(words.len(), ids.len());
        assert!(
            words
                .iter()
                .all(|word| word.is_ascii() && !word.contains([' ', '\n']))
        );
        assert_eq!(escape_id("a-b_c"), "a-b_c");
    }

    #[test]
    fn what_is_no_call_is_refused() {
        for line in [
            "",
            "new x",
            "lock",
            "lock a r",
            "lock a x:-",
            "lock a r:61",
            "lock a r:s6",
            "unlock",
            "unlock a b",
            "state",
            "State a",
        ] {
            assert!(Call::from_line(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn answers_are_taken_word_for_word() {
        assert_eq!(parse_locked("acquired"), Some(Locked::As(State::Acquired)));
        assert_eq!(
            parse_locked("error no-claims"),
            Some(Locked::Refused("no-claims".to_owned()))
        );
        assert_eq!(parse_locked("ok"), None);
        assert_eq!(parse_unlocked("ok"), Some(Unlocked::Done));
        assert_eq!(parse_unlocked("acquired"), None);
        assert_eq!(parse_state("waiting"), Some(State::Waiting));
        assert_eq!(parse_state("Waiting"), None);
    }
}
