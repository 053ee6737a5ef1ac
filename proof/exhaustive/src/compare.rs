//! What engine and rules have to agree on.

use oarlock_proof::oracle::Oracle;
use oarlock_proof::words::{Agent, Claim, Id, Outcome};

use crate::side::Side;

/// The same answer to one operation.
///
/// # Errors
///
/// What was different; here and below.
pub fn same_answer(rules: &Outcome, engine: &Outcome) -> Result<(), String> {
    if rules == engine {
        Ok(())
    } else {
        Err(format!("the rules answer {rules:?}, the engine {engine:?}"))
    }
}

/// The same requests granted, and ended, by one operation.
///
/// # Errors
///
/// As above.
pub fn same_events(rules: &Oracle, side: &Side) -> Result<(), String> {
    let in_order = |events: &[(Id, Outcome)]| {
        let mut events = events.to_vec();
        events.sort_unstable_by_key(|&(id, outcome)| (id, outcome.is_ok()));
        events
    };
    let (rules, engine) = (in_order(&rules.events), in_order(&side.events));
    if rules == engine {
        Ok(())
    } else {
        Err(format!("granted or ended by the rules {rules:?}, by the engine {engine:?}"))
    }
}

/// All that can be seen of the live requests: how many, their states and counts;
/// `closely` their claims and whom they wait for, too.
///
/// # Errors
///
/// As above.
pub fn same(oracle: &Oracle, side: &Side, closely: bool) -> Result<(), String> {
    let (rules, engine) = (oracle.live.len(), side.live());
    if rules != engine {
        return Err(format!("{rules} are live by the rules, {engine} by the engine"));
    }
    let granted = oracle.live.iter().filter(|r| r.granted).count();
    if side.counts() != (granted, rules - granted) {
        return Err(format!(
            "{granted} of {rules} are granted, the engine counts {:?}",
            side.counts()
        ));
    }
    for (at, request) in oracle.live.iter().enumerate() {
        let (name, token, upgrading) = side.at(at);
        let id = request.id;
        if name != id || (token != 0) != request.granted || upgrading != request.upgrading {
            return Err(format!(
                "request {id} by the rules: {request:?}\nby the engine: {name}, token {token}, upgrading {upgrading}"
            ));
        }
        if closely {
            let seen = side.claims(at);
            if plain(&request.claims) != plain(&seen) {
                return Err(format!("request {id} is {request:?}, the engine shows {seen:?}"));
            }
            let blockers = oracle.blockers(request);
            let agents: Vec<Agent> = blockers.iter().map(|other| other.agent()).collect();
            let seen = side.blockers(at);
            let right =
                |id: &Id| oracle.live.iter().any(|r| r.id == *id && agents.contains(&r.agent()));
            // The engine may tell of some first, and of others once those have ended.
            if seen.is_empty() != blockers.is_empty() || !seen.iter().all(right) {
                return Err(format!(
                    "request {id} waits for {blockers:?}, by the engine for {seen:?}"
                ));
            }
        }
    }
    Ok(())
}

type Plain<'c> = (&'c [Vec<u8>], bool, Option<u32>);

/// The claims without what only the rules know.
fn plain(claims: &[Claim]) -> Vec<Plain<'_>> {
    let mut plain: Vec<Plain<'_>> = claims.iter().map(|c| (&*c.path, c.write, c.limit)).collect();
    plain.sort_unstable();
    plain
}
