//! The strings of a message.

use std::fmt;

use oarlock::Mode;
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A string as bytes: UTF-8, but for escaped halves of surrogate pairs.
pub struct Word(Vec<u8>);

impl Word {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordVisitor;

        impl Visitor<'_> for WordVisitor {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Word, E> {
                Ok(Word(bytes.to_vec()))
            }
        }

        // Asked for bytes, serde_json hands over strings with lone surrogates,
        // which it must refuse where a `str` is asked for.
        deserializer.deserialize_bytes(WordVisitor)
    }
}

/// `read`, `r`, `write` or `w` in any letter case.
pub struct Type(pub Mode);

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TypeVisitor;

        impl Visitor<'_> for TypeVisitor {
            type Value = Type;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type, \"read\", \"r\", \"write\" or \"w\"")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Type, E> {
                let is = |name: &str| bytes.eq_ignore_ascii_case(name.as_bytes());
                if is("read") || is("r") {
                    Ok(Type(Mode::Read))
                } else if is("write") || is("w") {
                    Ok(Type(Mode::Write))
                } else {
                    Err(E::custom(format_args!(
                        "unknown type {}: expected \"read\", \"r\", \"write\" or \"w\"",
                        quoted(bytes)
                    )))
                }
            }
        }

        deserializer.deserialize_bytes(TypeVisitor)
    }
}

/// The client's own word, in quotes, short enough to send back.
pub fn quoted(word: &[u8]) -> String {
    let text = String::from_utf8_lossy(word);
    let end = text.floor_char_boundary(40);
    let dots = if end < text.len() { "…" } else { "" };
    format!("{:?}{dots}", &text[..end])
}
