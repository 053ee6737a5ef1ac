//! The pure engine as a surface.

use std::collections::BTreeMap;

use oarlock::engine::{self, ClaimSet, RequestId};
use oarlock::{Limits, Path};

use super::{Broken, Locked, Surface, Unlocked, not_live};
use crate::scenario::{self, State};

/// An engine, and what it has told about each request. What it told at a grant
/// and what it answers when asked must be the same, so both are compared.
#[derive(Debug)]
pub struct Engine {
    engine: engine::Engine<()>,
    live: BTreeMap<String, (RequestId, State)>,
}

impl Engine {
    /// An empty engine.
    #[must_use]
    pub fn new() -> Self {
        Engine {
            engine: engine::Engine::new(0),
            live: BTreeMap::new(),
        }
    }

    /// The fencing token of a granted request.
    #[must_use]
    pub fn token(&self, id: &str) -> Option<u64> {
        match self.engine.state(self.live.get(id)?.0)? {
            engine::State::Granted { token } => Some(token),
            engine::State::Waiting => None,
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Surface for Engine {
    /// Ends what is left, and looks whether that leaves nothing behind.
    fn reset(&mut self) -> Result<(), Broken> {
        while let Some(id) = self.live.keys().next().cloned() {
            self.unlock(&id)?;
        }
        if !self.engine.is_idle() {
            self.engine = engine::Engine::new(0);
            return Err(Broken(
                "the last scenario's requests left something behind".to_owned(),
            ));
        }
        Ok(())
    }

    fn lock(&mut self, id: &str, claims: &[scenario::Claim]) -> Result<Locked, Broken> {
        let claims = claims.iter().map(claim);
        let submitted = ClaimSet::new(claims, &Limits::default())
            .and_then(|claims| self.engine.submit(&claims, None));
        match submitted {
            Ok(submitted) => {
                let state = state(submitted.state);
                self.live.insert(id.to_owned(), (submitted.id, state));
                Ok(Locked::As(state))
            }
            Err(error) => Ok(Locked::Refused(error.to_string())),
        }
    }

    fn unlock(&mut self, id: &str) -> Result<Unlocked, Broken> {
        let Some((request, told)) = self.live.remove(id) else {
            return not_live(id);
        };
        let mut granted: Vec<RequestId> = Vec::new();
        match self.engine.end(request, &mut granted) {
            Some(ended) if state(ended.state) == told => {}
            ended => return Err(Broken(format!("{id} was {told}, but ended as {ended:?}"))),
        }
        for request in granted {
            let told = self.live.values_mut().find(|(id, _)| *id == request);
            match told {
                Some((_, told @ State::Waiting)) => *told = State::Acquired,
                _ => return Err(Broken(format!("the end of {id} granted a request anew"))),
            }
        }
        Ok(Unlocked::Done)
    }

    fn state(&mut self, id: &str) -> Result<State, Broken> {
        let Some((request, told)) = self.live.get(id) else {
            return not_live(id);
        };
        match self.engine.state(*request).map(state) {
            Some(state) if state == *told => Ok(state),
            state => Err(Broken(format!(
                "{id} was told to be {told}, but is {state:?}"
            ))),
        }
    }

    fn finish(&mut self) -> Result<(), Broken> {
        self.reset()
    }
}

/// The claim as the library has it.
pub(super) fn claim(claim: &scenario::Claim) -> oarlock::Claim<'static> {
    let mode = match claim.mode {
        scenario::Mode::Read => oarlock::Mode::Read,
        scenario::Mode::Write => oarlock::Mode::Write,
    };
    oarlock::Claim::new(mode, Path::from_segments(&claim.path))
}

fn state(state: engine::State) -> State {
    match state {
        engine::State::Waiting => State::Waiting,
        engine::State::Granted { .. } => State::Acquired,
    }
}
