//! Reads a scenario file.
//!
//! Strings are read as bytes, never as `String`: a JSON string may hold a lone
//! surrogate, and two names that differ only there must stay two names.
//! (`serde_json` decodes a lone surrogate only for those who ask for bytes.)

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::scenario::{Action, Claim, Expect, Mode, Scenario, State, Step};

/// Step keys that are remarks: ignored. Keys that begin with `_` or `/` are, too.
const REMARKS: [&str; 6] = ["comment", "description", "name", "note", "notes", "why"];

/// The scenarios of one file: an object with the key `scenarios`, or that key's
/// list alone.
///
/// # Errors
/// A sentence with the line and column where the text is not such a file.
pub fn parse(text: &str) -> Result<Vec<Scenario>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let File(mut scenarios) = serde_json::from_str(text).map_err(|error| error.to_string())?;
    for (number, scenario) in (1..).zip(&mut scenarios) {
        if scenario.name.is_empty() {
            scenario.name = format!("scenario {number}");
        }
    }
    Ok(scenarios)
}

/// Implements `Deserialize` by handing a unit visitor to one method of the deserializer.
macro_rules! deserialize_with {
    ($type:ty, $method:ident, $visitor:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                d.$method($visitor)
            }
        }
    };
}

struct File(Vec<Scenario>);
struct FileVisitor;
deserialize_with!(File, deserialize_any, FileVisitor);

impl<'de> Visitor<'de> for FileVisitor {
    type Value = File;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the key \"scenarios\", or a list of scenarios")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<File, A::Error> {
        Ok(File(elements(&mut seq)?))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
        let mut scenarios = None;
        while let Some(key) = map.next_key::<Text>()? {
            match key.0.as_str() {
                "scenarios" => once(&mut scenarios, "scenarios", map.next_value()?)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        scenarios
            .map(File)
            .ok_or_else(|| Error::missing_field("scenarios"))
    }
}

struct ScenarioVisitor;
deserialize_with!(Scenario, deserialize_map, ScenarioVisitor);

impl<'de> Visitor<'de> for ScenarioVisitor {
    type Value = Scenario;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scenario: an object with the keys \"name\" and \"steps\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scenario, A::Error> {
        let (mut name, mut steps) = (None, None);
        while let Some(key) = map.next_key::<Text>()? {
            match key.0.as_str() {
                "name" => once(&mut name, "name", map.next_value::<Text>()?.0)?,
                "steps" => once(&mut steps, "steps", map.next_value()?)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Scenario {
            name: name.unwrap_or_default(),
            steps: steps.ok_or_else(|| Error::missing_field("steps"))?,
        })
    }
}

struct StepVisitor;
deserialize_with!(Step, deserialize_map, StepVisitor);

impl<'de> Visitor<'de> for StepVisitor {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step: an object such as {\"unlock\": \"w\"} or {\"acquired\": [\"w\"]}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Step, A::Error> {
        let (mut lock, mut unlock, mut set, mut expect) = (None, None, None, None);
        let (mut acquired, mut waiting, mut either) = (None, None, None);
        let mut unknown_key = None;
        while let Some(Text(key)) = map.next_key()? {
            match key.as_str() {
                "lock" => once(&mut lock, "lock", map.next_value::<Text>()?.0)?,
                "set" => once(&mut set, "set", map.next_value::<Vec<Claim>>()?)?,
                "expect" => once(&mut expect, "expect", map.next_value::<Expect>()?)?,
                "unlock" => once(&mut unlock, "unlock", map.next_value::<Ids>()?.0)?,
                "acquired" => once(&mut acquired, "acquired", map.next_value::<Ids>()?.0)?,
                "waiting" => once(&mut waiting, "waiting", map.next_value::<Ids>()?.0)?,
                "either" => once(&mut either, "either", map.next_value::<Ids>()?.0)?,
                remark if REMARKS.contains(&remark) || remark.starts_with(['_', '/']) => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    unknown_key = Some(key);
                }
            }
        }
        let action = match (lock, unlock, set) {
            (Some(id), None, Some(claims)) => Some(Action::Lock { id, claims, expect }),
            (Some(_), None, None) => return Err(Error::custom("\"lock\" without \"set\"")),
            (Some(_), Some(_), _) => {
                return Err(Error::custom("both \"lock\" and \"unlock\" in one step"));
            }
            // Another action may be what the set belongs to; it is reported as unsupported.
            (None, _, Some(_)) if unknown_key.is_none() => {
                return Err(Error::custom("\"set\" without \"lock\""));
            }
            (None, unlock, _) => {
                if expect.is_some() && unknown_key.is_none() {
                    return Err(Error::custom("\"expect\" without \"lock\""));
                }
                unlock.map(Action::Unlock)
            }
        };
        Ok(Step {
            action,
            acquired: acquired.map(BTreeSet::from_iter),
            waiting: waiting.map(BTreeSet::from_iter),
            either: either.unwrap_or_default().into_iter().collect(),
            unknown_key,
        })
    }
}

struct ClaimVisitor;
deserialize_with!(Claim, deserialize_seq, ClaimVisitor);

impl<'de> Visitor<'de> for ClaimVisitor {
    type Value = Claim;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a claim such as [\"r\", [\"a\", \"b\"]]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Claim, A::Error> {
        let mode = seq.next_element()?;
        let mode = mode.ok_or_else(|| Error::invalid_length(0, &self))?;
        let path = seq.next_element()?;
        let Path(path) = path.ok_or_else(|| Error::invalid_length(1, &self))?;
        let limit = seq.next_element::<Option<u64>>()?.flatten();
        if limit == Some(0) || (limit.is_some() && mode == Mode::Write) {
            return Err(Error::custom(
                "only a read claim has a limit, and it is 1 or more",
            ));
        }
        if seq.next_element::<IgnoredAny>()?.is_some() {
            return Err(Error::custom("a claim has at most three elements"));
        }
        Ok(Claim { mode, path, limit })
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let Text(word) = Deserialize::deserialize(d)?;
        match word.to_ascii_lowercase().as_str() {
            "r" | "read" => Ok(Mode::Read),
            "w" | "write" => Ok(Mode::Write),
            _ => Err(Error::custom(format_args!(
                "unknown mode {word:?}: it is \"r\", \"read\", \"w\" or \"write\""
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let Text(word) = Deserialize::deserialize(d)?;
        match word.to_ascii_lowercase().as_str() {
            "acquired" => Ok(Expect::State(State::Acquired)),
            "waiting" => Ok(Expect::State(State::Waiting)),
            "error" => Ok(Expect::Error),
            "either" => Ok(Expect::Either),
            _ => Err(Error::custom(format_args!(
                "unknown \"expect\" {word:?}: it is \"acquired\", \"waiting\", \"either\" or \"error\""
            ))),
        }
    }
}

/// A list of segments, taken as they are, or one text that is split at `/`.
struct Path(Vec<Vec<u8>>);
struct PathVisitor;
deserialize_with!(Path, deserialize_bytes, PathVisitor);

impl<'de> Visitor<'de> for PathVisitor {
    type Value = Path;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path: a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Path, A::Error> {
        let segments: Vec<Word> = elements(&mut seq)?;
        Ok(Path(segments.into_iter().map(|word| word.0).collect()))
    }

    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<Path, E> {
        if text.is_empty() {
            return Ok(Path(Vec::new()));
        }
        let segments: Vec<Vec<u8>> = text.split(|b| *b == b'/').map(<[u8]>::to_vec).collect();
        if segments.iter().any(Vec::is_empty) {
            return Err(E::custom("an empty segment in a path written as text"));
        }
        Ok(Path(segments))
    }
}

/// One id, or a list of them.
struct Ids(Vec<String>);
struct IdsVisitor;
deserialize_with!(Ids, deserialize_bytes, IdsVisitor);

impl<'de> Visitor<'de> for IdsVisitor {
    type Value = Ids;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of ids")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ids, A::Error> {
        let ids: Vec<Text> = elements(&mut seq)?;
        Ok(Ids(ids.into_iter().map(|id| id.0).collect()))
    }

    fn visit_bytes<E: Error>(self, id: &[u8]) -> Result<Ids, E> {
        Ok(Ids(vec![Text::from(id).0]))
    }
}

/// A JSON string's bytes.
struct Word(Vec<u8>);
struct WordVisitor;
deserialize_with!(Word, deserialize_bytes, WordVisitor);

impl Visitor<'_> for WordVisitor {
    type Value = Word;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Word, E> {
        Ok(Word(bytes.to_vec()))
    }

    // Object keys arrive so.
    fn visit_str<E: Error>(self, text: &str) -> Result<Word, E> {
        Ok(Word(text.as_bytes().to_vec()))
    }
}

/// A JSON string as text for people: a lone surrogate is spelt out.
struct Text(String);

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Text(text.to_owned()),
            Err(_) => Text(crate::text::json_string(bytes)),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Text::from(Word::deserialize(d)?.0.as_slice()))
    }
}

fn elements<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(seq: &mut A) -> Result<Vec<T>, A::Error> {
    let mut all = Vec::new();
    while let Some(element) = seq.next_element()? {
        all.push(element);
    }
    Ok(all)
}

/// Fills a slot that must still be empty: a key given twice has no one meaning.
fn once<T, E: Error>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(key)),
    }
}
