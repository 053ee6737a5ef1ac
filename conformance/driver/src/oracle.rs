//! The rules as a list: the yardstick for scenarios and for the engine.
//!
//! Nothing here is clever, on purpose. A request is granted if no earlier live
//! request conflicts with it; every answer follows from the list anew. There is
//! no tree, no count, no queue, so it has no part in common with the engine.

use crate::scenario::{Claim, Mode, State};
use crate::surface::{Broken, Locked, Surface, Unlocked, not_live};

/// The live requests in the order of their arrival.
#[derive(Debug, Default)]
pub struct Oracle {
    live: Vec<(String, Vec<Claim>)>,
}

impl Oracle {
    /// No requests yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The ids of the live requests that are in this state, in order of arrival.
    #[must_use]
    pub fn ids(&self, state: State) -> Vec<String> {
        (0..self.live.len())
            .filter(|&index| self.state_at(index) == state)
            .map(|index| self.live[index].0.clone())
            .collect()
    }

    /// The order rule. Requests only ever leave the list ahead of this one, so
    /// what was granted once stays granted.
    fn state_at(&self, index: usize) -> State {
        let (earlier, rest) = self.live.split_at(index);
        match earlier
            .iter()
            .any(|other| requests_conflict(&other.1, &rest[0].1))
        {
            true => State::Waiting,
            false => State::Acquired,
        }
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.live.iter().position(|request| request.0 == id)
    }
}

/// All or nothing: one conflicting claim is enough. Claims of one request are
/// never compared with each other, so covered claims need no rule here.
fn requests_conflict(a: &[Claim], b: &[Claim]) -> bool {
    a.iter().any(|a| b.iter().any(|b| claims_conflict(a, b)))
}

/// The conflict rule.
fn claims_conflict(a: &Claim, b: &Claim) -> bool {
    let on_one_line = a.path.starts_with(&b.path) || b.path.starts_with(&a.path);
    on_one_line && (a.mode == Mode::Write || b.mode == Mode::Write)
}

impl Surface for Oracle {
    fn reset(&mut self) -> Result<(), Broken> {
        self.live.clear();
        Ok(())
    }

    fn lock(&mut self, id: &str, claims: &[Claim]) -> Result<Locked, Broken> {
        if claims.is_empty() {
            return Ok(Locked::Refused("no claims".to_owned()));
        }
        self.live.push((id.to_owned(), claims.to_vec()));
        Ok(Locked::As(self.state_at(self.live.len() - 1)))
    }

    fn unlock(&mut self, id: &str) -> Result<Unlocked, Broken> {
        match self.find(id) {
            Some(index) => {
                self.live.remove(index);
                Ok(Unlocked::Done)
            }
            None => not_live(id),
        }
    }

    fn state(&mut self, id: &str) -> Result<State, Broken> {
        match self.find(id) {
            Some(index) => Ok(self.state_at(index)),
            None => not_live(id),
        }
    }
}
