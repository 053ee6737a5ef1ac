//! Claims as they come in from Python.
//!
//! A path is a `str` or `bytes` of text, split at `/`, or a list or tuple of
//! `str` and `bytes` segments, taken as they are. A `str` is encoded as UTF-8
//! with lone surrogates kept, so that distinct names stay distinct.

use oarlock::engine::ClaimSet;
use oarlock::{Claim, InvalidRequest, Limits, Mode, Path};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::error::{exception, invalid};

/// How a claim asks for its path.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    mode: Mode,
    /// For the path's own entry alone.
    entry: bool,
}

impl Kind {
    pub(crate) const READ: Self = Self::new(Mode::Read, false);
    pub(crate) const WRITE: Self = Self::new(Mode::Write, false);
    pub(crate) const READ_ENTRY: Self = Self::new(Mode::Read, true);
    pub(crate) const WRITE_ENTRY: Self = Self::new(Mode::Write, true);

    const fn new(mode: Mode, entry: bool) -> Self {
        Self { mode, entry }
    }

    fn claim<'p>(self, path: Path<'p>) -> Claim<'p> {
        Claim::new(self.mode, if self.entry { path.entry() } else { path })
    }
}

/// What Python gives as keywords: for each kind one path of text, or an iterable of
/// paths.
pub(crate) type ByKind<'a, 'py> = [(Kind, Option<&'a Bound<'py, PyAny>>); 4];

/// The claims of one request, checked, ready to be asked for again and again.
pub(crate) struct Claims {
    claims: Vec<(Kind, Stored)>,
}

enum Stored {
    /// Text, split by the engine each time, without a copy.
    Text(Box<[u8]>),
    Segments(Path<'static>),
}

impl Claims {
    /// Reads `*pairs` of (mode, path), then the keywords.
    pub(crate) fn parse(
        pairs: &Bound<'_, PyTuple>,
        keywords: ByKind<'_, '_>,
        limits: Limits,
    ) -> PyResult<Self> {
        let mut parser = Parser::new(limits);
        for pair in pairs {
            parser.pair(&pair)?;
        }
        for (kind, paths) in keywords {
            if let Some(paths) = paths {
                parser.paths(kind, paths)?;
            }
        }
        parser.finish(pairs.py())
    }

    /// Reads paths that are all asked for in one way.
    pub(crate) fn of_kind(
        kind: Kind,
        paths: &Bound<'_, PyTuple>,
        limits: Limits,
    ) -> PyResult<Self> {
        let mut parser = Parser::new(limits);
        for path in paths {
            parser.path(kind, &path)?;
        }
        parser.finish(paths.py())
    }

    /// The claims, for the engine.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Claim<'_>> {
        self.claims.iter().map(|(kind, stored)| match stored {
            Stored::Text(text) => kind.claim(Path::text_bytes(text)),
            Stored::Segments(path) => kind.claim(path.clone()),
        })
    }

    /// The number of claims, as given.
    pub(crate) fn len(&self) -> usize {
        self.claims.len()
    }
}

struct Parser {
    limits: Limits,
    claims: Vec<(Kind, Stored)>,
    /// The segments of all lists and tuples so far.
    listed: usize,
}

impl Parser {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            claims: Vec::new(),
            listed: 0,
        }
    }

    fn pair(&mut self, pair: &Bound<'_, PyAny>) -> PyResult<()> {
        let (mode, path) = pair
            .cast::<PyTuple>()
            .ok()
            .and_then(|pair| pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>().ok())
            .ok_or_else(|| PyTypeError::new_err("a claim is a tuple of a mode and a path"))?;
        // A lone surrogate is no text to Rust, and no mode either.
        let kind = match mode.cast::<PyString>()?.to_str() {
            Ok("read" | "r") => Kind::READ,
            Ok("write" | "w") => Kind::WRITE,
            Ok("read_entry") => Kind::READ_ENTRY,
            Ok("write_entry") => Kind::WRITE_ENTRY,
            _ => {
                return Err(exception(
                    pair.py(),
                    "UnknownMode",
                    format!(
                        "a mode is 'read', 'write', 'read_entry' or 'write_entry', not {}",
                        mode.repr()?
                    ),
                ));
            }
        };
        self.path(kind, &path)
    }

    /// One path of text, or an iterable of paths.
    fn paths(&mut self, kind: Kind, paths: &Bound<'_, PyAny>) -> PyResult<()> {
        if paths.is_instance_of::<PyString>() || paths.is_instance_of::<PyBytes>() {
            return self.path(kind, paths);
        }
        for path in paths.try_iter()? {
            self.path(kind, &path?)?;
        }
        Ok(())
    }

    fn path(&mut self, kind: Kind, path: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = path.py();
        // Before the copy, and so that an endless iterable ends.
        if self.claims.len() == self.limits.max_claims {
            let limit = self.limits.max_claims;
            return Err(invalid(py, &InvalidRequest::TooManyClaims { limit }));
        }
        let stored = match text(path)? {
            Some(text) => Stored::Text(text.into()),
            None => Stored::Segments(self.segments(path)?),
        };
        self.claims.push((kind, stored));
        Ok(())
    }

    fn segments(&mut self, path: &Bound<'_, PyAny>) -> PyResult<Path<'static>> {
        if let Ok(list) = path.cast::<PyList>() {
            self.collect(path.py(), list.len(), list.iter())
        } else if let Ok(tuple) = path.cast::<PyTuple>() {
            self.collect(path.py(), tuple.len(), tuple.iter())
        } else {
            Err(wrong_type(
                path,
                "a path is a str, bytes, or a list or tuple of them",
            ))
        }
    }

    fn collect<'py>(
        &mut self,
        py: Python<'py>,
        count: usize,
        given: impl Iterator<Item = Bound<'py, PyAny>>,
    ) -> PyResult<Path<'static>> {
        let limit = self.limits.max_segments;
        if count > limit {
            return Err(invalid(
                py,
                &InvalidRequest::TooManySegments { count, limit },
            ));
        }
        // Also before the copy: a list in the caller's memory may stand there often.
        // Each count is bounded, so the sum cannot overflow before it is refused.
        self.listed += count;
        let limit = self.limits.max_request_segments;
        if self.listed > limit {
            return Err(invalid(py, &InvalidRequest::RequestTooLarge { limit }));
        }
        let mut segments = Vec::with_capacity(count);
        for segment in given {
            match text(&segment)? {
                Some(text) => segments.push(text),
                None => return Err(wrong_type(&segment, "a segment is a str or bytes")),
            }
        }
        Ok(Path::from_segments(segments))
    }

    fn finish(self, py: Python<'_>) -> PyResult<Claims> {
        let claims = Claims {
            claims: self.claims,
        };
        ClaimSet::new(claims.iter(), &self.limits).map_err(|error| invalid(py, &error))?;
        Ok(claims)
    }
}

/// The bytes of a `str` or `bytes`; `None` for anything else.
fn text(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Some(bytes.as_bytes().to_vec()));
    }
    let Ok(string) = value.cast::<PyString>() else {
        return Ok(None);
    };
    if let Ok(text) = string.to_str() {
        return Ok(Some(text.as_bytes().to_vec()));
    }
    // Lone surrogates: `str` itself, since a subclass may override `encode`.
    let encoded = value
        .py()
        .get_type::<PyString>()
        .call_method1("encode", (string, "utf-8", "surrogatepass"))?;
    Ok(Some(encoded.cast::<PyBytes>()?.as_bytes().to_vec()))
}

fn wrong_type(value: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    let name = value
        .get_type()
        .name()
        .map_or_else(|_| "something else".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{expected}, not {name}"))
}
