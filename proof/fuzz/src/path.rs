//! Paths from text and from lists, their limits, and the normal form of requests,
//! against a naive splitter.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use oarlock::engine::{ClaimSet, Engine};
use oarlock::{Claim, InvalidRequest, Limits, Mode, Path};
use oarlock_proof::words;

use crate::bytes::Bytes;

/// A path as a list of its segments.
type List = Vec<Vec<u8>>;

/// One path, and the list that it should be, of its segments or of those of the path
/// whose entry it is; for text with an empty segment its index.
struct Made<'b> {
    path: Path<'b>,
    list: Vec<&'b [u8]>,
    empty: Option<usize>,
    entry: bool,
}

/// Makes a request of some paths, looks at each path, and submits it.
///
/// # Panics
///
/// If the library reads a path differently from the naive splitter.
pub fn run(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let limits = limits(&mut bytes);
    let mut made = Vec::new();
    let mut claims = Vec::new();
    while !bytes.is_empty() && claims.len() < 8 {
        let kind = bytes.next();
        let mut one = match kind & 1 {
            0 => from_text(&mut bytes),
            _ => from_list(&mut bytes),
        };
        if kind & 0x18 == 0x18 {
            one.path = one.path.entry();
            one.entry = true;
        }
        check(&one);
        let mode = if kind & 2 == 0 { Mode::Read } else { Mode::Write };
        let limit = (kind & 4 != 0).then_some(u32::from(kind >> 5));
        let claim = Claim::new(mode, one.path.clone());
        claims.push(match limit {
            Some(limit) => claim.limit(limit),
            None => claim,
        });
        made.push((one, mode, limit));
    }
    for (one, ..) in &made {
        for (other, ..) in &made {
            compare(one, other);
        }
    }
    submit(&made, claims, &limits);
}

fn limits(bytes: &mut Bytes<'_>) -> Limits {
    if bytes.next() & 1 == 0 {
        return Limits::default();
    }
    Limits {
        max_claims: 1 + bytes.below(6),
        max_segments: bytes.below(5),
        max_request_segments: bytes.below(12),
        max_path_bytes: bytes.below(24),
    }
}

/// Text up to 63 bytes. A byte in eight is a slash, so that there are some.
fn from_text<'b>(bytes: &mut Bytes<'b>) -> Made<'b> {
    let length = bytes.below(64);
    let text = bytes.take(length);
    let list: Vec<&'b [u8]> = match text {
        [] => Vec::new(),
        _ => text.split(|&byte| byte == b'/').collect(),
    };
    let path = match str::from_utf8(text) {
        // The ways to give text that is UTF-8 are one.
        Ok(text) => {
            let path = Path::from(text);
            assert_eq!(path, Path::text_bytes(text.as_bytes()));
            assert!(Path::from(text.to_owned()).segments().eq(path.segments()));
            assert_eq!(Path::text(text).is_ok(), list.iter().all(|name| !name.is_empty()));
            path
        }
        Err(_) => Path::text_bytes(text),
    };
    Made { path, empty: list.iter().position(|name| name.is_empty()), list, entry: false }
}

fn from_list<'b>(bytes: &mut Bytes<'b>) -> Made<'b> {
    let count = bytes.below(6);
    let segment = |_| {
        let length = bytes.below(32);
        bytes.take(length)
    };
    let list: Vec<&'b [u8]> = (0..count).map(segment).collect();
    Made { path: Path::of_segments(list.iter().copied()), empty: None, list, entry: false }
}

/// What can be seen of one path.
fn check(one: &Made<'_>) {
    let Made { path, list, entry, .. } = one;
    let of = |plain: Path<'static>| if *entry { plain.entry() } else { plain };
    assert!(path.segments().eq(list.iter().copied()), "{path:?} is {list:?}");
    assert_eq!(path.depth(), list.len());
    assert_eq!(path.is_entry(), *entry);
    assert_eq!(path.is_root(), list.is_empty() && !entry);
    assert_eq!(Path::from(path), *path);
    assert_eq!(path.clone().entry(), path.clone().entry().entry());
    let again = of(Path::of_segments(list.iter().copied()).into_owned());
    assert_eq!(*path, again);
    assert_eq!(hash(path), hash(&again));
    let owned = of(Path::from_segments(list));
    assert_eq!(path.clone().into_owned(), owned);
    assert_eq!(hash(path), hash(&owned));
    assert!(!format!("{path:?}").is_empty());
}

/// Order, equality and hashes are those of the lists, an entry behind its path.
fn compare<'b>(one: &Made<'b>, other: &Made<'b>) {
    let lists = (&one.list, one.entry).cmp(&(&other.list, other.entry));
    assert_eq!(one.path.cmp(&other.path), lists, "{:?} {:?}", one.path, other.path);
    assert_eq!(one.path == other.path, lists.is_eq());
    if lists.is_eq() {
        assert_eq!(hash(&one.path), hash(&other.path));
    }
}

fn hash(path: &Path<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// The request is refused for what is wrong with it, or is granted, with its
/// claims in normal form.
fn submit(made: &[(Made<'_>, Mode, Option<u32>)], claims: Vec<Claim<'_>>, limits: &Limits) {
    let mut engine: Engine<()> = Engine::new(1);
    let submitted = ClaimSet::new(claims, limits).and_then(|set| engine.submit(&set, None));
    let id = match submitted {
        Ok(submitted) => submitted.id,
        Err(error) => {
            assert!(is_so(&error, made, limits), "{error:?} is not so");
            assert!(!error.to_string().is_empty());
            assert!(engine.is_idle());
            return;
        }
    };
    assert!(!is_wrong(made, limits), "the request was granted");
    let claims = made.iter().map(|(one, mode, limit)| words::Claim {
        write: *mode == Mode::Write,
        path: list(one.entry, one.list.iter().copied()),
        limit: *limit,
        inherited: false,
    });
    let normal = words::normal_form(claims.collect());
    let mut rules: Vec<_> = normal.into_iter().map(|c| (c.path, c.write, c.limit)).collect();
    let seen = engine.seen(id).map(|seen| seen.claims).unwrap_or_default();
    let shown = |claim: &Claim<'_>| {
        let path = list(claim.path().is_entry(), claim.path().segments());
        (path, claim.mode() == Mode::Write, claim.limit_value())
    };
    let mut seen: Vec<_> = seen.iter().map(shown).collect();
    rules.sort();
    seen.sort();
    assert_eq!(seen, rules, "the normal form");
    assert!(engine.end(id, &mut Vec::new()).is_some());
    assert!(engine.is_idle());
}

/// A path as the rules have it here. The names are any, so each has a byte before it,
/// and the last one of an entry none.
fn list<'n>(entry: bool, names: impl Iterator<Item = &'n [u8]>) -> List {
    let named = names.map(|name| [b"/", name].concat());
    named.chain(entry.then(Vec::new)).collect()
}

/// Whether what a refusal says is true.
fn is_so(error: &InvalidRequest, made: &[(Made<'_>, Mode, Option<u32>)], limits: &Limits) -> bool {
    let mut lists = made.iter().map(|(one, ..)| one);
    match *error {
        InvalidRequest::NoClaims => made.is_empty(),
        InvalidRequest::EmptySegment { index, .. } => lists.any(|one| one.empty == Some(index)),
        InvalidRequest::TooManyClaims { limit } => limit == limits.max_claims && made.len() > limit,
        InvalidRequest::TooManySegments { count, limit } => {
            limit == limits.max_segments
                && count > limit
                && lists.any(|one| one.list.len() == count)
        }
        InvalidRequest::RequestTooLarge { limit } => {
            limit == limits.max_request_segments && lists.map(steps).sum::<usize>() > limit
        }
        InvalidRequest::PathTooLong { bytes, limit } => {
            limit == limits.max_path_bytes
                && bytes > limit
                && lists.any(|one| one.list.iter().map(|name| name.len()).sum::<usize>() == bytes)
        }
        InvalidRequest::ZeroLimit => made.iter().any(|it| it.2 == Some(0)),
        InvalidRequest::LimitOnWrite => made.iter().any(|it| it.1 == Mode::Write && it.2.is_some()),
        _ => false,
    }
}

/// The segments of a path, an entry counted as one more.
fn steps(one: &Made<'_>) -> usize {
    one.list.len() + usize::from(one.entry)
}

/// Whether anything at all is wrong with the request.
fn is_wrong(made: &[(Made<'_>, Mode, Option<u32>)], limits: &Limits) -> bool {
    let segments: usize = made.iter().map(|(one, ..)| steps(one)).sum();
    made.is_empty()
        || made.len() > limits.max_claims
        || segments > limits.max_request_segments
        || made.iter().any(|(one, mode, limit)| {
            one.empty.is_some()
                || one.list.len() > limits.max_segments
                || one.list.iter().map(|name| name.len()).sum::<usize>() > limits.max_path_bytes
                || *limit == Some(0)
                || limit.is_some() && *mode == Mode::Write
        })
}
