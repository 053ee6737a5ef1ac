//! Reads a scenario file.
//!
//! Strings are read as bytes, never as `String`: a JSON string may hold a lone
//! surrogate, and two names that differ only there must stay two names.
//! (`serde_json` decodes a lone surrogate only for those who ask for bytes.)

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::scenario::{Claim, Expect, Mode, Path, Scenario, Step};
use crate::step_keys::StepKeys;

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
        let (mut name, mut steps, mut max_waiting) = (None, None, None);
        while let Some(key) = map.next_key::<Text>()? {
            match key.0.as_str() {
                "name" => once(&mut name, "name", map.next_value::<Text>()?.0)?,
                "steps" => once(&mut steps, "steps", map.next_value()?)?,
                "max_waiting" => once(&mut max_waiting, "max_waiting", map.next_value()?)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Scenario {
            name: name.unwrap_or_default(),
            max_waiting,
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
        let mut keys = StepKeys::default();
        while let Some(Text(key)) = map.next_key()? {
            keys.take(&key, &mut map)?;
        }
        keys.into_step().map_err(Error::custom)
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
        let path = path.ok_or_else(|| Error::invalid_length(1, &self))?;
        let limit = seq.next_element::<Option<u32>>()?.flatten();
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

struct ExpectVisitor;
deserialize_with!(Expect, deserialize_any, ExpectVisitor);

impl Visitor<'_> for ExpectVisitor {
    type Value = Expect;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what to expect: a string, or true or false")
    }

    // Of `would_grant`.
    fn visit_bool<E: Error>(self, granted: bool) -> Result<Expect, E> {
        Ok(if granted {
            Expect::Acquired
        } else {
            Expect::Refused
        })
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Expect, E> {
        match word.to_ascii_lowercase().as_str() {
            "acquired" => Ok(Expect::Acquired),
            "waiting" => Ok(Expect::Waiting),
            "either" => Ok(Expect::Either),
            "error" => Ok(Expect::Error),
            "refused" => Ok(Expect::Refused),
            "deadlock" => Ok(Expect::Deadlock),
            "closed" => Ok(Expect::Closed),
            "too_many_waiting" => Ok(Expect::TooManyWaiting),
            "done" => Ok(Expect::Done),
            "released" => Ok(Expect::Released),
            _ => Err(E::custom(format_args!("unknown \"expect\" {word:?}"))),
        }
    }
}

/// A list of segments, taken as they are, with `null` behind them for the path's entry;
/// or one text that is split at `/`.
struct PathVisitor;
deserialize_with!(Path, deserialize_bytes, PathVisitor);

impl<'de> Visitor<'de> for PathVisitor {
    type Value = Path;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path: a list of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Path, A::Error> {
        let mut steps: Vec<Option<Word>> = elements(&mut seq)?;
        let entry = steps.pop_if(|last| last.is_none()).is_some();
        let segments = steps.into_iter().map(|step| step.map(|word| word.0));
        match segments.collect() {
            Some(segments) => Ok(Path { segments, entry }),
            None => Err(Error::custom("null is an entry, the last step of a path")),
        }
    }

    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<Path, E> {
        if text.is_empty() {
            return Ok(Path::default());
        }
        let segments: Vec<Vec<u8>> = text.split(|b| *b == b'/').map(<[u8]>::to_vec).collect();
        if segments.iter().any(Vec::is_empty) {
            return Err(E::custom("an empty segment in a path written as text"));
        }
        Ok(segments.into_iter().collect())
    }
}

/// One id, or a list of them.
pub(crate) struct Ids(pub(crate) Vec<String>);
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
pub(crate) struct Text(pub(crate) String);

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
pub(crate) fn once<T, E: Error>(
    slot: &mut Option<T>,
    key: &'static str,
    value: T,
) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(key)),
    }
}
