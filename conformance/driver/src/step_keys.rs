//! The keys of a step, gathered one by one and then put together.

use std::collections::BTreeSet;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::parse::{Ids, Text, once};
use crate::scenario::{Action, Checks, Claim, Expect, Path, Request, Step, Verb};

/// Step keys that are remarks: ignored. Keys that begin with `_` or `/` are, too.
const REMARKS: [&str; 6] = ["comment", "description", "name", "note", "notes", "why"];

/// Keys of which a step has one at most: what it does.
const ACTIONS: [&str; 9] = [
    "lock",
    "try",
    "upgrade",
    "cancel_upgrade",
    "downgrade",
    "release_part",
    "would_grant",
    "unlock",
    "close",
];

/// What was found in a step.
#[derive(Default)]
pub(crate) struct StepKeys {
    /// The action's key, and the ids or the claims that it has.
    action: Option<(&'static str, Vec<String>, Vec<Claim>)>,
    set: Option<Vec<Claim>>,
    owner: Option<String>,
    label: Option<String>,
    path: Option<Path>,
    expect: Option<Expect>,
    circle: Option<Vec<String>>,
    either: Option<Vec<String>>,
    /// `None` for one that the scenario did not write.
    lists: [Option<Vec<String>>; 4],
    tokens: Option<Vec<String>>,
    blockers: Option<String>,
    are: Option<Vec<String>>,
    labels: Option<Labels>,
    unknown: Option<String>,
}

const LISTS: [&str; 4] = ["acquired", "waiting", "upgrading", "closed"];

impl StepKeys {
    /// Takes one key's value.
    pub(crate) fn take<'de, A: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if let Some(action) = ACTIONS.iter().find(|action| **action == key) {
            return self.take_action(action, map);
        }
        if let Some(at) = LISTS.iter().position(|list| *list == key) {
            return once(&mut self.lists[at], LISTS[at], map.next_value::<Ids>()?.0);
        }
        let ids = |map: &mut A| Ok(map.next_value::<Ids>()?.0);
        let text = |map: &mut A| Ok(map.next_value::<Text>()?.0);
        match key {
            "set" => once(&mut self.set, "set", map.next_value()?),
            "owner" => once(&mut self.owner, "owner", text(map)?),
            "label" => once(&mut self.label, "label", text(map)?),
            "path" => once(&mut self.path, "path", map.next_value()?),
            "expect" => once(&mut self.expect, "expect", map.next_value()?),
            "circle" => once(&mut self.circle, "circle", ids(map)?),
            "either" => once(&mut self.either, "either", ids(map)?),
            "tokens" => once(&mut self.tokens, "tokens", ids(map)?),
            "blockers" => once(&mut self.blockers, "blockers", text(map)?),
            "are" => once(&mut self.are, "are", ids(map)?),
            "labels" => once(&mut self.labels, "labels", map.next_value()?),
            remark => {
                if !REMARKS.contains(&remark) && !remark.starts_with(['_', '/']) {
                    self.unknown = Some(key.to_owned());
                }
                map.next_value::<IgnoredAny>().map(drop)
            }
        }
    }

    fn take_action<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let (ids, claims) = match key {
            "unlock" => (map.next_value::<Ids>()?.0, Vec::new()),
            "would_grant" => (Vec::new(), map.next_value()?),
            "close" => {
                if !map.next_value::<bool>()? {
                    return Err(Error::custom("\"close\" is true or not there"));
                }
                (Vec::new(), Vec::new())
            }
            _ => (vec![map.next_value::<Text>()?.0], Vec::new()),
        };
        match self.action.replace((key, ids, claims)) {
            None => Ok(()),
            Some((before, ..)) if before == key => Err(Error::duplicate_field(key)),
            Some((before, ..)) => {
                // In the order of the table, not of the file.
                let mut both = [before, key];
                both.sort_by_key(|key| ACTIONS.iter().position(|action| action == key));
                let [one, other] = both;
                Err(Error::custom(format_args!(
                    "both {one:?} and {other:?} in one step"
                )))
            }
        }
    }

    /// The step, if its keys go together.
    pub(crate) fn into_step(mut self) -> Result<Step, String> {
        // An action that is not known may be what the other keys belong to.
        let strict = self.unknown.is_none();
        let action = self.action()?;
        if strict {
            self.refuse_leftovers()?;
        }
        let blockers = match (self.blockers.take(), self.are.take()) {
            (Some(id), Some(are)) => Some((id, are.into_iter().collect())),
            (None, None) => None,
            _ => return Err("\"blockers\" and \"are\" belong together".to_owned()),
        };
        let mut lists = self.lists.map(|list| list.map(BTreeSet::from_iter));
        let mut list = |at: usize| lists[at].take();
        Ok(Step {
            action,
            checks: Checks {
                acquired: list(0),
                waiting: list(1),
                upgrading: list(2),
                closed: list(3),
                tokens: self.tokens,
                blockers,
                labels: self.labels.unwrap_or_default().0.into_iter().collect(),
            },
            either: self.either.unwrap_or_default().into_iter().collect(),
            unknown_key: self.unknown,
        })
    }

    fn action(&mut self) -> Result<Option<Action>, String> {
        let Some((key, ids, claims)) = self.action.take() else {
            return Ok(None);
        };
        let verb = match key {
            "unlock" => return Ok(Some(Action::Unlock(ids))),
            "close" => return Ok(Some(Action::Close)),
            "would_grant" => {
                return Ok(Some(Action::WouldGrant {
                    request: self.request(claims),
                    expect: self.expect.take(),
                }));
            }
            "lock" | "try" => {
                let claims = self.set.take();
                let claims = claims.ok_or_else(|| format!("{key:?} without \"set\""))?;
                let request = self.request(claims);
                match key {
                    "lock" => Verb::Lock(request),
                    _ => Verb::Try(request),
                }
            }
            "upgrade" => Verb::Upgrade,
            "cancel_upgrade" => Verb::CancelUpgrade,
            "downgrade" => Verb::Downgrade,
            _ => {
                let path = self.path.take();
                Verb::ReleasePart(path.ok_or("\"release_part\" without \"path\"")?)
            }
        };
        let id = ids.into_iter().next().unwrap_or_default();
        let (expect, circle) = (self.expect.take(), self.circle.take());
        if circle.is_some() && expect != Some(Expect::Deadlock) {
            return Err("\"circle\" without \"expect\": \"deadlock\"".to_owned());
        }
        Ok(Some(Action::Ask {
            id,
            verb,
            expect,
            circle,
        }))
    }

    fn request(&mut self, claims: Vec<Claim>) -> Request {
        Request {
            claims,
            owner: self.owner.take(),
            label: self.label.take(),
        }
    }

    /// Keys that no action of the step has taken.
    fn refuse_leftovers(&self) -> Result<(), String> {
        let left = [
            (self.set.is_some(), "set"),
            (self.expect.is_some(), "expect"),
            (self.owner.is_some(), "owner"),
            (self.label.is_some(), "label"),
        ];
        if let Some((_, key)) = left.into_iter().find(|(left, _)| *left) {
            return Err(format!("{key:?} without \"lock\""));
        }
        if self.path.is_some() {
            return Err("\"path\" without \"release_part\"".to_owned());
        }
        if self.circle.is_some() {
            return Err("\"circle\" without \"expect\": \"deadlock\"".to_owned());
        }
        Ok(())
    }
}

/// Requests and their labels.
#[derive(Default)]
struct Labels(Vec<(String, String)>);

struct LabelsVisitor;

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(LabelsVisitor)
    }
}

impl<'de> Visitor<'de> for LabelsVisitor {
    type Value = Labels;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of ids and labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
        let mut labels = Vec::new();
        while let Some(Text(id)) = map.next_key()? {
            labels.push((id, map.next_value::<Text>()?.0));
        }
        Ok(Labels(labels))
    }
}
