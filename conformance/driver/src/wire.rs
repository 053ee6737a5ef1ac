//! The line protocol between the driver and an adapter: how a call and its
//! answer look. Segments go in hexadecimal, so no byte needs escaping.

use std::collections::BTreeSet;

use crate::scenario::{Answer, Claim, Mode, Path, Request, State, Verb};
use crate::text::{from_hex, to_hex};

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A fresh manager, in which so many requests may wait.
    New(Option<usize>),
    /// Something is asked of one request.
    Ask(String, Verb),
    /// What a try would be answered.
    WouldGrant(Request),
    /// A request ends.
    Unlock(String),
    /// No more requests.
    Close,
    /// Where a request stands.
    State(String),
    /// Its token.
    Token(String),
    /// What keeps it waiting.
    Blockers(String),
    /// What people call it.
    Label(String),
}

impl Call {
    /// The call as one line, without the line end.
    #[must_use]
    pub fn to_line(&self) -> String {
        match self {
            Call::New(None) => "new".to_owned(),
            Call::New(Some(max)) => format!("new {max}"),
            Call::Ask(id, verb) => ask_line(id, verb),
            Call::WouldGrant(request) => with_request("would-grant".to_owned(), request),
            Call::Unlock(id) => format!("unlock {}", escape(id)),
            Call::Close => "close".to_owned(),
            Call::State(id) => format!("state {}", escape(id)),
            Call::Token(id) => format!("token {}", escape(id)),
            Call::Blockers(id) => format!("blockers {}", escape(id)),
            Call::Label(id) => format!("label {}", escape(id)),
        }
    }

    /// The call that a line is.
    ///
    /// # Errors
    /// A sentence, if the line is no call.
    pub fn from_line(line: &str) -> Result<Call, String> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split(' ').filter(|word| !word.is_empty()).collect();
        let wrong = || format!("not a call: {line}");
        match (verb, words.as_slice()) {
            ("new", []) => return Ok(Call::New(None)),
            ("new", [max]) => return max.parse().map(Some).map(Call::New).map_err(|_| wrong()),
            ("close", []) => return Ok(Call::Close),
            ("would-grant", words) => {
                let request = parse_request(words).ok_or_else(wrong)?;
                return Ok(Call::WouldGrant(request));
            }
            _ => {}
        }
        let (id, rest) = words.split_first().ok_or_else(wrong)?;
        let id = unescape(id).ok_or_else(wrong)?;
        let request = || parse_request(rest).ok_or_else(wrong);
        let call = match verb {
            "lock" => return Ok(Call::Ask(id, Verb::Lock(request()?))),
            "try" => return Ok(Call::Ask(id, Verb::Try(request()?))),
            "release-part" => {
                let [path] = rest else { return Err(wrong()) };
                let path = parse_path(path).ok_or_else(wrong)?;
                return Ok(Call::Ask(id, Verb::ReleasePart(path)));
            }
            "upgrade" => Call::Ask(id, Verb::Upgrade),
            "cancel-upgrade" => Call::Ask(id, Verb::CancelUpgrade),
            "downgrade" => Call::Ask(id, Verb::Downgrade),
            "unlock" => Call::Unlock(id),
            "state" => Call::State(id),
            "token" => Call::Token(id),
            "blockers" => Call::Blockers(id),
            "label" => Call::Label(id),
            _ => return Err(wrong()),
        };
        match rest {
            [] => Ok(call),
            _ => Err(format!("too many words: {line}")),
        }
    }
}

fn ask_line(id: &str, verb: &Verb) -> String {
    let id = escape(id);
    match verb {
        Verb::Lock(request) => with_request(format!("lock {id}"), request),
        Verb::Try(request) => with_request(format!("try {id}"), request),
        Verb::Upgrade => format!("upgrade {id}"),
        Verb::CancelUpgrade => format!("cancel-upgrade {id}"),
        Verb::Downgrade => format!("downgrade {id}"),
        Verb::ReleasePart(path) => format!("release-part {id} {}", path_word(path)),
    }
}

fn with_request(mut line: String, request: &Request) -> String {
    if let Some(owner) = &request.owner {
        line.push_str(" owner=");
        line.push_str(&escape(owner));
    }
    if let Some(label) = &request.label {
        line.push_str(" label=");
        line.push_str(&escape(label));
    }
    for claim in &request.claims {
        line.push(' ');
        line.push_str(&claim_word(claim));
    }
    line
}

fn parse_request(words: &[&str]) -> Option<Request> {
    let mut request = Request::default();
    for word in words {
        if let Some(owner) = word.strip_prefix("owner=") {
            request.owner = Some(unescape(owner)?);
        } else if let Some(label) = word.strip_prefix("label=") {
            request.label = Some(unescape(label)?);
        } else {
            request.claims.push(parse_claim(word)?);
        }
    }
    Some(request)
}

/// An answer as one line.
#[must_use]
pub fn answer_line(answer: &Answer) -> String {
    match answer {
        Answer::Acquired => "acquired".to_owned(),
        Answer::Waiting => "waiting".to_owned(),
        Answer::Done => "ok".to_owned(),
        Answer::Released => "released".to_owned(),
        Answer::Refused => "refused".to_owned(),
        Answer::Deadlock(circle) => names_line("deadlock", circle),
        Answer::Closed => "closed".to_owned(),
        Answer::TooManyWaiting => "too-many-waiting".to_owned(),
        Answer::Error(kind) => format!("error {kind}"),
    }
}

/// The answer that a line is, or `None` if it is none.
#[must_use]
pub fn parse_answer(line: &str) -> Option<Answer> {
    if let Some(kind) = line.strip_prefix("error ") {
        return Some(Answer::Error(kind.to_owned()));
    }
    Some(match line {
        "acquired" => Answer::Acquired,
        "waiting" => Answer::Waiting,
        "ok" => Answer::Done,
        "released" => Answer::Released,
        "refused" => Answer::Refused,
        "closed" => Answer::Closed,
        "too-many-waiting" => Answer::TooManyWaiting,
        line => Answer::Deadlock(parse_names("deadlock", line)?),
    })
}

/// The answer to a `state` line, or `None` if it is none.
#[must_use]
pub fn parse_state(line: &str) -> Option<State> {
    State::ALL
        .into_iter()
        .find(|state| state.to_string() == line)
}

/// The answer to a `token` line, or `None` if it is none.
#[must_use]
pub fn parse_token(line: &str) -> Option<u64> {
    line.strip_prefix("token ")?.parse().ok()
}

/// The answer to a `label` line, or `None` if it is none.
#[must_use]
pub fn parse_label(line: &str) -> Option<String> {
    unescape(line.strip_prefix("label ")?)
}

/// A word and names after it, as one line.
#[must_use]
pub fn names_line<'n>(word: &str, names: impl IntoIterator<Item = &'n String>) -> String {
    let names = names.into_iter().map(|name| escape(name));
    let words: Vec<String> = std::iter::once(word.to_owned()).chain(names).collect();
    words.join(" ")
}

/// The names after this word, or `None` if the line is not so.
#[must_use]
pub fn parse_names<C: FromIterator<String>>(word: &str, line: &str) -> Option<C> {
    let mut words = line.split(' ');
    if words.next()? != word {
        return None;
    }
    words.map(unescape).collect()
}

/// The answer to a `blockers` line, or `None` if it is none.
#[must_use]
pub fn parse_blockers(line: &str) -> Option<BTreeSet<String>> {
    parse_names("blockers", line)
}

/// A text as one word: whatever is not a letter, digit, `-` or `_` becomes `.XX`
/// for each of its bytes, and the empty text is `.`.
#[must_use]
pub fn escape(text: &str) -> String {
    if text.is_empty() {
        return ".".to_owned();
    }
    text.bytes()
        .map(|byte| match byte {
            b'-' | b'_' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!(".{byte:02x}"),
        })
        .collect()
}

fn unescape(word: &str) -> Option<String> {
    if word == "." {
        return Some(String::new());
    }
    let mut parts = word.split('.');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (hex, plain) = part.split_at_checked(2)?;
        bytes.extend(from_hex(hex)?);
        bytes.extend_from_slice(plain.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

fn claim_word(claim: &Claim) -> String {
    let mode = match claim.mode {
        Mode::Read => 'r',
        Mode::Write => 'w',
    };
    let limit = claim.limit.map_or(String::new(), |limit| limit.to_string());
    format!("{mode}{limit}:{}", path_word(&claim.path))
}

fn path_word(path: &Path) -> String {
    let segments = path.segments.iter().map(|s| format!("s{}", to_hex(s)));
    let entry = path.entry.then(|| "e".to_owned());
    let steps: Vec<String> = segments.chain(entry).collect();
    if steps.is_empty() {
        return "-".to_owned();
    }
    steps.join("/")
}

fn parse_claim(word: &str) -> Option<Claim> {
    let (mode, path) = word.split_once(':')?;
    let (mode, limit) = match (mode.strip_prefix('r'), mode.strip_prefix('w')) {
        (Some(limit), _) => (Mode::Read, limit),
        (_, Some(limit)) => (Mode::Write, limit),
        _ => return None,
    };
    let limit = match limit {
        "" => None,
        limit => Some(limit.parse().ok()?),
    };
    let path = parse_path(path)?;
    Some(Claim { mode, path, limit })
}

fn parse_path(word: &str) -> Option<Path> {
    let mut steps: Vec<&str> = match word {
        "-" => Vec::new(),
        word => word.split('/').collect(),
    };
    let entry = steps.last() == Some(&"e");
    steps.truncate(steps.len() - usize::from(entry));
    let segments = steps.iter().map(|s| from_hex(s.strip_prefix('s')?));
    let segments = segments.collect::<Option<_>>()?;
    Some(Path { segments, entry })
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
