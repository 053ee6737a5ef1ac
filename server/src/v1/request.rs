//! What a client may say.
//!
//! The deserializers are written by hand because derived ones accept more than
//! the protocol: an array in place of an object, an array of numbers in place of
//! a byte string.

use std::fmt;

use oarlock::{Claim, Mode, Path};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// One message of the protocol from the client.
#[derive(Debug)]
pub enum Request {
    /// Ask for these claims.
    Lock(Vec<Claim<'static>>),
    /// End the lock, granted or waiting.
    Release,
}

/// Reads one message.
///
/// Names in a path become bytes: UTF-8, and where the text escapes half of a
/// surrogate pair, the three bytes that UTF-8 would use for it, so that every
/// such name stays a name of its own.
///
/// # Errors
///
/// A sentence that says what is wrong with it.
pub fn parse(text: &str) -> Result<Request, String> {
    let message: Message = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            format!("not a request of this protocol: {error}")
        } else {
            format!("not JSON: {error}")
        }
    })?;
    match message.action.as_str() {
        "lock" => {
            let resources = message
                .resources
                .ok_or("a lock request needs 'resources', a list")?;
            Ok(Request::Lock(
                resources.into_iter().map(|it| it.0).collect(),
            ))
        }
        "release" => Ok(Request::Release),
        other => Err(format!(
            "unknown action {}: expected \"lock\" or \"release\"",
            quoted(other)
        )),
    }
}

struct Message {
    action: String,
    resources: Option<Vec<Resource>>,
}

struct Resource(Claim<'static>);

/// `read`, `r`, `write` or `w` in any letter case.
struct Type(Mode);

/// The bytes of one name.
struct Segment(Vec<u8>);

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MessageVisitor;

        impl<'de> Visitor<'de> for MessageVisitor {
            type Value = Message;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with 'action'")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message, A::Error> {
                let (mut action, mut resources) = (None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "action" => set_once(&mut action, "action", &mut map)?,
                        "resources" => set_once(&mut resources, "resources", &mut map)?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(Message {
                    action: action.ok_or_else(|| de::Error::missing_field("action"))?,
                    resources: resources.flatten(),
                })
            }
        }

        deserializer.deserialize_map(MessageVisitor)
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ResourceVisitor;

        impl<'de> Visitor<'de> for ResourceVisitor {
            type Value = Resource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a resource, an object with 'type' and 'path'")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Resource, A::Error> {
                let mut mode: Option<Type> = None;
                let mut path: Option<Vec<Segment>> = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "type" => set_once(&mut mode, "type", &mut map)?,
                        "path" => set_once(&mut path, "path", &mut map)?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                let mode = mode.ok_or_else(|| de::Error::missing_field("type"))?;
                let path = path.ok_or_else(|| de::Error::missing_field("path"))?;
                let path = Path::from_segments(path.iter().map(|segment| &segment.0));
                Ok(Resource(Claim::new(mode.0, path)))
            }
        }

        deserializer.deserialize_map(ResourceVisitor)
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TypeVisitor;

        impl Visitor<'_> for TypeVisitor {
            type Value = Type;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type, \"read\", \"r\", \"write\" or \"w\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Type, E> {
                let is = |name| text.eq_ignore_ascii_case(name);
                if is("read") || is("r") {
                    Ok(Type(Mode::Read))
                } else if is("write") || is("w") {
                    Ok(Type(Mode::Write))
                } else {
                    Err(E::custom(format_args!(
                        "unknown type {}: expected \"read\", \"r\", \"write\" or \"w\"",
                        quoted(text)
                    )))
                }
            }
        }

        deserializer.deserialize_str(TypeVisitor)
    }
}

impl<'de> Deserialize<'de> for Segment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SegmentVisitor;

        impl Visitor<'_> for SegmentVisitor {
            type Value = Segment;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, a list of strings")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Segment, E> {
                Ok(Segment(bytes.to_vec()))
            }
        }

        // Asked for bytes, serde_json hands over strings with lone surrogates,
        // which it must refuse where a `str` is asked for.
        deserializer.deserialize_bytes(SegmentVisitor)
    }
}

fn set_once<'de, A, T>(
    slot: &mut Option<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error>
where
    A: MapAccess<'de>,
    T: Deserialize<'de>,
{
    if slot.is_some() {
        return Err(de::Error::duplicate_field(name));
    }
    *slot = Some(map.next_value()?);
    Ok(())
}

/// The client's own word, in quotes, short enough to send back.
fn quoted(text: &str) -> String {
    let end = text.floor_char_boundary(40);
    let dots = if end < text.len() { "…" } else { "" };
    format!("{:?}{dots}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (r#"{"action":"\ud800"}"#, "hex escape"),
            (r#"{"action":"jump"}"#, "unknown action \"jump\""),
            (r#"{"action":"LOCK","resources":[]}"#, "unknown action"),
            (r#"{"action":"release","action":"lock"}"#, "duplicate field"),
            (r#"{"action":"lock"}"#, "needs 'resources'"),
            (r#"{"action":"lock","resources":null}"#, "needs 'resources'"),
            (r#"{"action":"lock","resources":{}}"#, "expected a sequence"),
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
                "expected a sequence",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"r","path":[1]}]}"#,
                "a list of strings",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"r","path":[[97]]}]}"#,
                "a list of strings",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"r","path":[null]}]}"#,
                "a list of strings",
            ),
            (
                r#"{"action":"lock","resources":[{"type":"r","path":["\ud"]}]}"#,
                "not JSON",
            ),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
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
