//! Operations as they are shown, read back.

use oarlock_proof::ops::{Op, Path};
use oarlock_proof::words::{Claim, Id, Owner};

/// The operations as they are shown.
#[allow(dead_code, reason = "not every test reads them")]
pub fn ops(text: &str) -> Vec<Op> {
    let read = |line: &str| op(line.trim()).unwrap_or_else(|| panic!("not understood: {line}"));
    text.lines().map(read).collect()
}

pub fn op(line: &str) -> Option<Op> {
    if let Some(asked) = line.strip_prefix("would grant ") {
        let (owner, claims) = asked_for(asked.strip_suffix('?')?)?;
        return Some(Op::WouldGrant(owner, claims));
    }
    let (id, what) = line.split_once(' ')?;
    let id: Id = id.parse().ok()?;
    if let Some(asked) = what.strip_prefix("submits ") {
        let (owner, claims) = asked_for(asked)?;
        return Some(Op::Submit(id, owner, claims));
    }
    if let Some(asked) = what.strip_prefix("tries ") {
        let (owner, claims) = asked_for(asked)?;
        return Some(Op::Try(id, owner, claims));
    }
    if let Some(path) = what.strip_prefix("releases ") {
        return Some(Op::ReleasePart(id, claim(&format!("r {path}"))?.path));
    }
    match what {
        "ends" => Some(Op::End(id)),
        "upgrades" => Some(Op::Upgrade(id)),
        "cancels its upgrade" => Some(Op::CancelUpgrade(id)),
        "downgrades" => Some(Op::Downgrade(id)),
        _ => None,
    }
}

fn asked_for(text: &str) -> Option<(Option<Owner>, Vec<Claim>)> {
    let (claims, owner) = text.strip_prefix('[')?.split_once(']')?;
    let owner = match owner {
        "" => None,
        owner => Some(owner.strip_prefix(" for owner ")?.parse().ok()?),
    };
    let claims: Option<Vec<Claim>> = claims.split(", ").map(claim).collect();
    Some((owner, claims?))
}

fn claim(text: &str) -> Option<Claim> {
    let (mode, path) = text.split_once(" /")?;
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let path: Path = segments.map(|segment| segment.as_bytes().to_vec()).collect();
    let limit = match &mode[1..] {
        "" => None,
        limit => Some(limit.parse().ok()?),
    };
    Some(Claim { write: mode.starts_with('w'), path, limit, inherited: false })
}
