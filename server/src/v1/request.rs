//! What a client may say.
//!
//! The deserializers are written by hand because derived ones accept more than
//! the protocol (an array in place of an object, an array of numbers in place of
//! a byte string), and because what is too large is refused before it is kept.

use std::fmt;

use oarlock::{Claim, InvalidRequest, Limits, Path};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::words::{Type, Word, quoted};

/// One message of the protocol from the client.
#[derive(Debug)]
pub enum Request {
    /// Ask for these claims.
    Lock(Vec<Claim<'static>>),
    /// End the lock, granted or waiting.
    Release,
}

/// Reads one message. Of `limits`, those on the whole request are kept to while
/// it is read; the others are the lock manager's to check.
///
/// Names in a path become bytes: UTF-8, and where the text escapes half of a
/// surrogate pair, the three bytes that UTF-8 would use for it, so that every
/// such name stays a name of its own.
///
/// # Errors
///
/// A sentence that says what is wrong with it. It may quote all of the text.
pub fn parse(text: &str, limits: &Limits) -> Result<Request, String> {
    // By itself, since a string read as bytes is let off some of the rules.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| format!("not JSON: {error}"))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let message = MessageSeed(limits)
        .deserialize(&mut deserializer)
        .map_err(|error| format!("not a request of this protocol: {error}"))?;
    match message.action.bytes() {
        b"lock" => {
            let claims = message
                .claims
                .ok_or("a lock request needs 'resources', a list")?;
            Ok(Request::Lock(claims))
        }
        b"release" => Ok(Request::Release),
        other => Err(format!(
            "unknown action {}: expected \"lock\" or \"release\"",
            quoted(other)
        )),
    }
}

struct Message {
    action: Word,
    claims: Option<Vec<Claim<'static>>>,
}

struct MessageSeed<'a>(&'a Limits);

impl<'de> DeserializeSeed<'de> for MessageSeed<'_> {
    type Value = Message;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Message, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MessageSeed<'_> {
    type Value = Message;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with 'action'")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message, A::Error> {
        let (mut action, mut claims) = (None, None);
        while let Some(key) = map.next_key::<Word>()? {
            match key.bytes() {
                b"action" => {
                    first("action", &action)?;
                    action = Some(map.next_value()?);
                }
                b"resources" => {
                    first("resources", &claims)?;
                    claims = Some(map.next_value_seed(ResourcesSeed(self.0))?);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Message {
            action: action.ok_or_else(|| de::Error::missing_field("action"))?,
            claims: claims.flatten(),
        })
    }
}

/// A list, or nothing where there is `null`.
struct ResourcesSeed<'a>(&'a Limits);

impl<'de> DeserializeSeed<'de> for ResourcesSeed<'_> {
    type Value = Option<Vec<Claim<'static>>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ResourcesSeed<'_> {
    type Value = Option<Vec<Claim<'static>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("resources, a list")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut claims = Vec::new();
        let mut room = Room {
            segments: self.0.max_request_segments,
            limits: self.0,
        };
        while let Some(claim) = list.next_element_seed(ResourceSeed(&mut room))? {
            if claims.len() == self.0.max_claims {
                let limit = self.0.max_claims;
                return Err(de::Error::custom(InvalidRequest::TooManyClaims { limit }));
            }
            claims.push(claim);
        }
        Ok(Some(claims))
    }
}

/// How much more the request may hold.
struct Room<'a> {
    segments: usize,
    limits: &'a Limits,
}

struct ResourceSeed<'a, 'b>(&'a mut Room<'b>);

impl<'de> DeserializeSeed<'de> for ResourceSeed<'_, '_> {
    type Value = Claim<'static>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ResourceSeed<'_, '_> {
    type Value = Claim<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource, an object with 'type' and 'path'")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut mode: Option<Type> = None;
        let mut path = None;
        while let Some(key) = map.next_key::<Word>()? {
            match key.bytes() {
                b"type" => {
                    first("type", &mode)?;
                    mode = Some(map.next_value()?);
                }
                b"path" => {
                    first("path", &path)?;
                    path = Some(map.next_value_seed(PathSeed(self.0))?);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let mode = mode.ok_or_else(|| de::Error::missing_field("type"))?;
        let path = path.ok_or_else(|| de::Error::missing_field("path"))?;
        Ok(Claim::new(mode.0, path))
    }
}

struct PathSeed<'a, 'b>(&'a mut Room<'b>);

impl<'de> DeserializeSeed<'de> for PathSeed<'_, '_> {
    type Value = Path<'static>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PathSeed<'_, '_> {
    type Value = Path<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path, a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut segments = Vec::new();
        while let Some(segment) = list.next_element::<Word>()? {
            self.0.segments = self.0.segments.checked_sub(1).ok_or_else(|| {
                let limit = self.0.limits.max_request_segments;
                de::Error::custom(InvalidRequest::RequestTooLarge { limit })
            })?;
            segments.push(segment);
        }
        Ok(Path::from_segments(segments.iter().map(Word::bytes)))
    }
}

/// A field may come once.
fn first<T, E: de::Error>(name: &'static str, seen: &Option<T>) -> Result<(), E> {
    match seen {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(name)),
    }
}

#[cfg(test)]
mod tests {
    use oarlock::Mode;

    use super::*;

    fn parse(text: &str) -> Result<Request, String> {
        super::parse(text, &Limits::default())
    }

    fn claims(text: &str) -> Vec<(Mode, Vec<Vec<u8>>)> {
        match parse(text).expect("a good message") {
            Request::Lock(claims) => claims
                .iter()
                .map(|claim| {
                    let segments = claim.path().segments().map(<[u8]>::to_vec);
                    (claim.mode(), segments.collect())
                })
                .collect(),
            Request::Release => panic!("expected lock"),
        }
    }

    fn segment(json: &str) -> Vec<u8> {
        let text = format!(r#"{{"action":"lock","resources":[{{"type":"r","path":[{json}]}}]}}"#);
        claims(&text).remove(0).1.remove(0)
    }

    #[test]
    fn lock_and_release_are_read() {
        let text = r#" {"resources":[{"path":["group","x"],"type":"Write"},{"type":"R","path":[]}],
            "action":"lock","unknown":[{"a":null}]} "#;
        let expected = vec![
            (Mode::Write, vec![b"group".to_vec(), b"x".to_vec()]),
            (Mode::Read, vec![]),
        ];
        assert_eq!(claims(text), expected);
        assert!(matches!(
            parse(r#"{"action":"release"}"#),
            Ok(Request::Release)
        ));
    }

    #[test]
    fn every_string_is_a_name_of_its_own() {
        assert_eq!(segment(r#""\u0000/""#), b"\0/");
        assert_eq!(segment(r#""""#), b"");
        assert_eq!(segment(r#""\ud83d\ude00""#), "😀".as_bytes());
        assert_eq!(segment(r#""😀""#), "😀".as_bytes());
        assert_eq!(segment(r#""\ud800""#), b"\xed\xa0\x80");
        assert_eq!(segment(r#""\udfff""#), b"\xed\xbf\xbf");
        assert_eq!(segment(r#""\ud800x""#), b"\xed\xa0\x80x");
        assert_eq!(segment(r#""\ud800\ud801""#), b"\xed\xa0\x80\xed\xa0\x81");
        assert_eq!(
            segment(r#""\ud800\ud83d\ude00""#),
            b"\xed\xa0\x80\xf0\x9f\x98\x80"
        );
        assert_eq!(segment(r#""\udc00\ud800""#), b"\xed\xb0\x80\xed\xa0\x80");
        assert_eq!(segment(r#""\ufffd""#), "\u{fffd}".as_bytes());
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "not JSON"),
            ("hello", "not JSON"),
            (r#"{"action":"release"} x"#, "not JSON"),
            (r#"{"action":"release""#, "not JSON"),
            ("[]", "an object with 'action'"),
            (r#"["release",null]"#, "an object with 'action'"),
            (r#""release""#, "an object with 'action'"),
            ("null", "an object with 'action'"),
            ("{}", "missing field `action`"),
            (r#"{"action":1}"#, "expected a string"),
            (r#"{"action":"\ud800"}"#, "unknown action \"\u{fffd}"),
            (
                r#"{"action":"lock","resources":[{"type":"\ud800","path":[]}]}"#,
                "unknown type \"\u{fffd}",
            ),
            (r#"{"action":"jump"}"#, "unknown action \"jump\""),
            (r#"{"action":"LOCK","resources":[]}"#, "unknown action"),
            (r#"{"action":"release","action":"lock"}"#, "duplicate field"),
            (r#"{"action":"lock"}"#, "needs 'resources'"),
            (r#"{"action":"lock","resources":null}"#, "needs 'resources'"),
            (r#"{"action":"lock","resources":{}}"#, "resources, a list"),
            (r#"{"action":"lock","resources":[["r",[]]]}"#, "a resource"),
            (
                r#"{"action":"lock","resources":[{"type":"r"}]}"#,
                "missing field `path`",
            ),
            (
                r#"{"action":"lock","resources":[{"path":[]}]}"#,
                "missing field `type`",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"x","path":[]}]}"#,
                "unknown type \"x\"",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"","path":[]}]}"#,
                "unknown type",
            ),
            (
                r#"{"action":"lock","resources":[{"type":1,"path":[]}]}"#,
                "a type",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"r","path":"a/b"}]}"#,
                "a path, a list of strings",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"r","path":[1]}]}"#,
                "expected a string",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"r","path":[[97]]}]}"#,
                "expected a string",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"r","path":[null]}]}"#,
                "expected a string",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"r","path":["\ud"]}]}"#,
                "not JSON",
            ),
            (
                "{\"action\":\"lock\",\"resources\":[{\"type\":\"r\",\"path\":[\"a\nb\"]}]}",
                "not JSON",
            ),
            (r#"{"\ud800":"\ud","action":"release"}"#, "not JSON"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn unknown_fields_are_ignored_whatever_their_name() {
        for text in [
            r#"{"\ud800":1,"action":"release"}"#,
            r#"{"action":"release","\udfffaction":"\ud800","\u0000":[{}]}"#,
        ] {
            assert!(matches!(parse(text), Ok(Request::Release)), "{text}");
        }
        let text =
            r#"{"action":"lock","resources":[{"\ud800":{"\ud800":[]},"type":"r","path":[]}]}"#;
        assert_eq!(claims(text), [(Mode::Read, vec![])]);
    }

    #[test]
    fn a_request_too_large_is_refused_while_it_is_read() {
        let limits = Limits {
            max_claims: 2,
            max_request_segments: 3,
            ..Limits::default()
        };
        let with = |resources: &str| {
            let text = format!(r#"{{"action":"lock","resources":[{resources}]}}"#);
            super::parse(&text, &limits).map(|_| ()).map_err(|error| {
                assert!(error.starts_with("not a request"), "{error}");
                error
            })
        };
        let two = r#"{"type":"r","path":["a","b"]},{"type":"w","path":["c"]}"#;
        assert_eq!(with(two), Ok(()));
        // What follows the excess is not even looked at.
        let wide = r#"{"type":"r","path":["a","b"]},{"type":"w","path":["c","d",1]}"#;
        assert!(with(wide).is_err_and(|error| error.contains("more than 3 segments together")));
        let many = format!(r#"{two},{{"type":"r","path":[]}},1"#);
        assert!(with(&many).is_err_and(|error| error.contains("more than 2 claims")));
    }

    #[test]
    fn a_long_word_is_shortened_and_deep_nesting_is_no_danger() {
        let long = format!(r#"{{"action":"{}"}}"#, "é".repeat(100_000));
        assert!(parse(&long).expect_err("unknown").len() < 200);
        assert!(parse(&"[".repeat(1_000_000)).is_err());
        let ignored = format!(r#"{{"x":{}}}"#, "[".repeat(1_000_000));
        assert!(parse(&ignored).is_err());
    }
}
