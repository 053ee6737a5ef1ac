//! Heap allocations of an acquire + release once warm.

use oarlock::{Guard, Manager, read, write};

use super::Counting;

/// Requests in turn, all different.
const REQUESTS: usize = 100;

/// Claims of one shape.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    claims: usize,
    segments: usize,
    form: Form,
    /// How many different requests take turns.
    requests: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Text,
    Slice,
    Array,
}

/// All shapes to which the promise extends: names of 24 bytes, one to three of them,
/// in one to four claims. And one beyond: more keys than anybody keeps warm.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for form in [Form::Text, Form::Slice, Form::Array] {
        for segments in 1..=3 {
            for claims in 1..=4 {
                cases.push(Case {
                    claims,
                    segments,
                    form,
                    requests: REQUESTS,
                });
            }
        }
    }
    for requests in [1_000, 100_000] {
        cases.push(Case {
            claims: 1,
            segments: 1,
            form: Form::Text,
            requests,
        });
    }
    cases
}

impl Case {
    /// For the table.
    #[must_use]
    pub fn name(&self) -> String {
        let Self {
            claims,
            segments,
            form,
            requests,
        } = self;
        let form = match form {
            Form::Text => "text",
            Form::Slice => "slices of segments",
            Form::Array => "arrays of segments",
        };
        format!("oarlock, {claims} × {segments}, {form}, {requests} requests in turn")
    }

    /// Whether the promise extends to it.
    #[must_use]
    pub fn promised(&self) -> bool {
        self.requests <= 1_000
    }

    /// Allocations of one acquire + release.
    #[must_use]
    pub fn count(&self) -> f64 {
        let requests: Vec<Vec<Vec<String>>> = (0..self.requests).map(|i| self.request(i)).collect();
        let texts: Vec<Vec<String>> = requests
            .iter()
            .map(|claims| claims.iter().map(|segments| segments.join("/")).collect())
            .collect();
        let slices: Vec<Vec<Vec<&str>>> = requests
            .iter()
            .map(|claims| {
                claims
                    .iter()
                    .map(|path| path.iter().map(String::as_str).collect())
                    .collect()
            })
            .collect();
        let manager = Manager::new();
        let once = || {
            for (texts, slices) in texts.iter().zip(&slices) {
                let (manager, slices) = (&manager, &slices[..]);
                drop(match (self.form, self.segments) {
                    (Form::Text, _) => acquire(manager, texts, String::as_str),
                    (Form::Slice, _) => acquire(manager, slices, Vec::as_slice),
                    (Form::Array, 1) => acquire(manager, slices, |path| [path[0]]),
                    (Form::Array, 2) => acquire(manager, slices, |path| [path[0], path[1]]),
                    (Form::Array, _) => {
                        acquire(manager, slices, |path| [path[0], path[1], path[2]])
                    }
                });
            }
        };
        once();
        once();
        let before = Counting::calls();
        let rounds = (20_000 / self.requests).max(1);
        (0..rounds).for_each(|_| once());
        (Counting::calls() - before) as f64 / (rounds * self.requests) as f64
    }

    /// The segments of each claim: the last one differs between the claims, all of
    /// them between the requests.
    fn request(&self, i: usize) -> Vec<Vec<String>> {
        (0..self.claims)
            .map(|claim| {
                let mut path: Vec<_> = (1..self.segments)
                    .map(|level| format!("level-{level:02}-of-{i:012}"))
                    .collect();
                path.push(format!("leaf-{claim:02}-of-{i:013}"));
                path
            })
            .collect()
    }
}

/// Every second claim reads.
fn acquire<'a, 'c, T, P: Into<oarlock::Path<'c>>>(
    manager: &Manager,
    paths: &'a [T],
    path: impl Fn(&'a T) -> P,
) -> Guard {
    let claims = paths.iter().enumerate().map(|(i, of)| match i % 2 {
        0 => write(path(of)),
        _ => read(path(of)),
    });
    manager.acquire(claims).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_at_most_24_bytes() {
        for case in cases() {
            let request = case.request(99_999);
            assert_eq!(request.len(), case.claims);
            for path in request {
                assert_eq!(path.len(), case.segments);
                assert!(
                    path.iter().all(|name| name.len() <= 24 && name.len() >= 20),
                    "{path:?}"
                );
            }
        }
    }
}
