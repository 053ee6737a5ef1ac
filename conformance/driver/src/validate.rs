//! Whether a scenario makes sense by itself, and what it needs of a surface.

use std::collections::BTreeSet;

use crate::scenario::{Action, Expect, Request, Scenario, Step, Verb, WOULD_GRANT};

/// Something that a surface may not offer yet. All offer requests without owner,
/// label or limit that are locked and unlocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Read claims with a limit.
    Limits,
    /// Claims on a path's own entry.
    Entries,
    /// Owners, and the refusal of deadlocks.
    Owners,
    /// Labels.
    Labels,
    /// Requests that do not wait.
    Try,
    /// `would_grant`.
    WouldGrant,
    /// Upgrades, and cancelling them.
    Upgrade,
    /// Downgrades.
    Downgrade,
    /// Releasing a part.
    Parts,
    /// Close.
    Close,
    /// A bound on the requests that wait.
    MaxWaiting,
    /// Tokens.
    Tokens,
    /// What a request waits for.
    Blockers,
}

impl Capability {
    /// All there are.
    pub const ALL: [Capability; 13] = [
        Capability::Limits,
        Capability::Entries,
        Capability::Owners,
        Capability::Labels,
        Capability::Try,
        Capability::WouldGrant,
        Capability::Upgrade,
        Capability::Downgrade,
        Capability::Parts,
        Capability::Close,
        Capability::MaxWaiting,
        Capability::Tokens,
        Capability::Blockers,
    ];
}

impl Scenario {
    /// What a surface has to offer for this scenario to be replayed on it.
    #[must_use]
    pub fn needs(&self) -> BTreeSet<Capability> {
        let mut needs = BTreeSet::new();
        if self.max_waiting.is_some() {
            needs.insert(Capability::MaxWaiting);
        }
        for step in &self.steps {
            step.add_needs(&mut needs);
        }
        needs
    }

    /// The first reason why this scenario cannot be replayed as it stands: an
    /// unknown step key, an expectation that cannot be, or an id used when it is
    /// not live.
    ///
    /// # Errors
    /// A sentence that names the step.
    pub fn validate(&self) -> Result<(), String> {
        let (mut live, mut known) = (BTreeSet::new(), BTreeSet::new());
        for (number, step) in (1..).zip(&self.steps) {
            step.validate(&mut live, &mut known)
                .map_err(|why| format!("step {number}: {why}"))?;
        }
        Ok(())
    }
}

impl Step {
    fn add_needs(&self, needs: &mut BTreeSet<Capability>) {
        match &self.action {
            Some(Action::Ask { verb, .. }) => {
                needs.extend(match verb {
                    Verb::Lock(_) => None,
                    Verb::Try(_) => Some(Capability::Try),
                    Verb::Upgrade | Verb::CancelUpgrade => Some(Capability::Upgrade),
                    Verb::Downgrade => Some(Capability::Downgrade),
                    Verb::ReleasePart(_) => Some(Capability::Parts),
                });
                if let Some(request) = verb.request() {
                    request.add_needs(needs);
                }
                if let Verb::ReleasePart(path) = verb {
                    needs.extend(path.entry.then_some(Capability::Entries));
                }
            }
            Some(Action::WouldGrant { request, .. }) => {
                needs.insert(Capability::WouldGrant);
                request.add_needs(needs);
            }
            Some(Action::Close) => drop(needs.insert(Capability::Close)),
            Some(Action::Unlock(_)) | None => {}
        }
        let checks = &self.checks;
        needs.extend(checks.tokens.is_some().then_some(Capability::Tokens));
        needs.extend(checks.blockers.is_some().then_some(Capability::Blockers));
        needs.extend((!checks.labels.is_empty()).then_some(Capability::Labels));
        needs.extend(checks.upgrading.is_some().then_some(Capability::Upgrade));
        needs.extend(checks.closed.is_some().then_some(Capability::Close));
    }

    fn validate<'a>(
        &'a self,
        live: &mut BTreeSet<&'a str>,
        known: &mut BTreeSet<&'a str>,
    ) -> Result<(), String> {
        if let Some(key) = &self.unknown_key {
            return Err(format!("the key {key:?} is not supported"));
        }
        match &self.action {
            Some(Action::Ask {
                id, verb, expect, ..
            }) => validate_ask(id, verb, *expect, live, known)?,
            Some(Action::WouldGrant { expect, .. }) => allowed(*expect, &WOULD_GRANT)?,
            Some(Action::Unlock(ids)) => {
                for id in ids {
                    if !live.remove(id.as_str()) {
                        return Err(format!("{id:?} is unlocked but is not live"));
                    }
                }
            }
            Some(Action::Close) | None => {}
        }
        for id in self.checks.names().chain(&self.either) {
            if !known.contains(id.as_str()) {
                return Err(format!("{id:?} was never locked"));
            }
        }
        for id in self.checks.closed.iter().flatten() {
            if !live.remove(id.as_str()) {
                return Err(format!("{id:?} has ended already"));
            }
        }
        Ok(())
    }
}

fn validate_ask<'a>(
    id: &'a str,
    verb: &Verb,
    expect: Option<Expect>,
    live: &mut BTreeSet<&'a str>,
    known: &mut BTreeSet<&'a str>,
) -> Result<(), String> {
    allowed(expect, verb.expectations())?;
    if verb.request().is_some() {
        if live.contains(id) {
            return Err(format!("{id:?} is locked again before it was unlocked"));
        }
        known.insert(id);
        if expect.is_none_or(Expect::leaves_request) {
            live.insert(id);
        }
        return Ok(());
    }
    // Whoever expects an error may ask for anything.
    if !live.contains(id) && expect != Some(Expect::Error) {
        return Err(format!("{id:?} is changed but is not live"));
    }
    if !known.contains(id) {
        return Err(format!("{id:?} was never locked"));
    }
    if expect == Some(Expect::Released) {
        live.remove(id);
    }
    Ok(())
}

fn allowed(expect: Option<Expect>, all: &[Expect]) -> Result<(), String> {
    match expect {
        Some(expect) if !all.contains(&expect) => {
            Err(format!("\"expect\" cannot be {expect} here"))
        }
        _ => Ok(()),
    }
}

impl Request {
    fn add_needs(&self, needs: &mut BTreeSet<Capability>) {
        let limited = self.claims.iter().any(|claim| claim.limit.is_some());
        needs.extend(limited.then_some(Capability::Limits));
        let entries = self.claims.iter().any(|claim| claim.path.entry);
        needs.extend(entries.then_some(Capability::Entries));
        needs.extend(self.owner.as_ref().map(|_| Capability::Owners));
        needs.extend(self.label.as_ref().map(|_| Capability::Labels));
    }
}
