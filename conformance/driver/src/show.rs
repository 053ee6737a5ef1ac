//! Scenarios as text: as the format writes them.

use std::fmt;

use crate::scenario::{
    Action, Answer, Checks, Claim, Expect, Mode, Path, Request, Scenario, State, Step, Verb,
};
use crate::text;

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Acquired => "acquired",
            State::Waiting => "waiting",
            State::Upgrading => "upgrading",
            State::Closed => "closed",
        })
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Expect::Acquired => "acquired",
            Expect::Waiting => "waiting",
            Expect::Done => "done",
            Expect::Released => "released",
            Expect::Refused => "refused",
            Expect::Deadlock => "deadlock",
            Expect::Closed => "closed",
            Expect::TooManyWaiting => "too_many_waiting",
            Expect::Error => "error",
            Expect::Either => "either",
        })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Acquired => Expect::Acquired.fmt(f),
            Answer::Waiting => Expect::Waiting.fmt(f),
            Answer::Done => Expect::Done.fmt(f),
            Answer::Released => Expect::Released.fmt(f),
            Answer::Refused => Expect::Refused.fmt(f),
            Answer::Deadlock(circle) => write!(f, "deadlock in the cycle [{}]", circle.join(", ")),
            Answer::Closed => Expect::Closed.fmt(f),
            Answer::TooManyWaiting => Expect::TooManyWaiting.fmt(f),
            Answer::Error(kind) => write!(f, "error {kind}"),
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            Mode::Read => "r",
            Mode::Write => "w",
        };
        write!(f, "[\"{mode}\", {}", self.path)?;
        if let Some(limit) = self.limit {
            write!(f, ", {limit}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segments = self.segments.iter().map(|s| text::json_string(s));
        let entry = self.entry.then(|| "null".to_owned());
        let steps: Vec<String> = segments.chain(entry).collect();
        write!(f, "[{}]", steps.join(", "))
    }
}

/// The parts of a step, in the order in which they are written.
#[derive(Default)]
struct Parts(Vec<String>);

impl Parts {
    fn add(&mut self, key: &str, value: impl fmt::Display) {
        self.0.push(format!("\"{key}\": {value}"));
    }

    fn add_request(&mut self, request: &Request) {
        if let Some(owner) = &request.owner {
            self.add("owner", quoted(owner));
        }
        if let Some(label) = &request.label {
            self.add("label", quoted(label));
        }
    }

    fn add_action(&mut self, action: &Action) {
        let (expect, circle) = match action {
            Action::Ask {
                id,
                verb,
                expect,
                circle,
            } => {
                self.add_verb(id, verb);
                (*expect, circle.as_ref())
            }
            Action::WouldGrant { request, expect } => {
                self.add("would_grant", claims(&request.claims));
                self.add_request(request);
                match expect {
                    Some(Expect::Acquired) => self.add("expect", true),
                    Some(Expect::Refused) => self.add("expect", false),
                    other => return self.add_expect(*other),
                }
                (None, None)
            }
            Action::Unlock(ids) => {
                match ids.as_slice() {
                    [id] => self.add("unlock", quoted(id)),
                    ids => self.add("unlock", id_list(ids)),
                }
                (None, None)
            }
            Action::Close => {
                self.add("close", true);
                (None, None)
            }
        };
        self.add_expect(expect);
        if let Some(circle) = circle {
            self.add("circle", id_list(circle));
        }
    }

    fn add_expect(&mut self, expect: Option<Expect>) {
        if let Some(expect) = expect {
            self.add("expect", format_args!("\"{expect}\""));
        }
    }

    fn add_verb(&mut self, id: &str, verb: &Verb) {
        let key = match verb {
            Verb::Lock(_) => "lock",
            Verb::Try(_) => "try",
            Verb::Upgrade => "upgrade",
            Verb::CancelUpgrade => "cancel_upgrade",
            Verb::Downgrade => "downgrade",
            Verb::ReleasePart(_) => "release_part",
        };
        self.add(key, quoted(id));
        if let Some(request) = verb.request() {
            self.add("set", claims(&request.claims));
            self.add_request(request);
        }
        if let Verb::ReleasePart(path) = verb {
            self.add("path", path);
        }
    }

    fn add_checks(&mut self, checks: &Checks) {
        for state in State::ALL {
            if let Some(ids) = checks.list(state) {
                self.add(&state.to_string(), id_list(ids));
            }
        }
        if let Some(ids) = &checks.tokens {
            self.add("tokens", id_list(ids));
        }
        if let Some((id, by)) = &checks.blockers {
            self.add("blockers", quoted(id));
            self.add("are", id_list(by));
        }
        if !checks.labels.is_empty() {
            let labels = checks.labels.iter();
            let labels = labels.map(|(id, label)| format!("{}: {}", quoted(id), quoted(label)));
            let labels: Vec<String> = labels.collect();
            self.add("labels", format_args!("{{{}}}", labels.join(", ")));
        }
    }
}

/// The step as the scenario format writes it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Parts::default();
        if let Some(action) = &self.action {
            parts.add_action(action);
        }
        parts.add_checks(&self.checks);
        if !self.either.is_empty() {
            parts.add("either", id_list(&self.either));
        }
        write!(f, "{{{}}}", parts.0.join(", "))
    }
}

/// The scenario as the scenario format writes it, one step a line.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(|s| format!("    {s}")).collect();
        let name = quoted(&self.name);
        let max = self.max_waiting;
        let max = max.map_or(String::new(), |max| format!("\"max_waiting\": {max}, "));
        write!(
            f,
            "  {{\"name\": {name}, {max}\"steps\": [\n{}]}}",
            steps.join(",\n")
        )
    }
}

fn quoted(id: &str) -> String {
    text::json_string(id.as_bytes())
}

fn claims(claims: &[Claim]) -> String {
    let claims: Vec<String> = claims.iter().map(Claim::to_string).collect();
    format!("[{}]", claims.join(", "))
}

fn id_list<'a>(ids: impl IntoIterator<Item = &'a String>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| quoted(id)).collect();
    format!("[{}]", ids.join(", "))
}
