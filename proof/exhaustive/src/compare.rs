//! What engine and rules have to agree on.

use oarlock_proof::oracle::Oracle;
use oarlock_proof::words::{Claim, Id, Outcome};

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
            let rules: Vec<Id> = oracle.blockers(request).iter().map(|other| other.id).collect();
            let engine = side.blockers(at);
            // The engine may tell of some first, and of others once those have ended.
            if engine.is_empty() != rules.is_empty() || !engine.iter().all(|id| rules.contains(id))
            {
                return Err(format!(
                    "request {id} waits for {rules:?}, by the engine for {engine:?}"
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
