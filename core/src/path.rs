//! Paths: what is locked.

use std::cmp::Ordering;
use std::fmt;

use crate::error::InvalidRequest;

/// A resource: zero or more segments, each any byte string.
///
/// Made from text (`"accounts/42/cards"`, split at `/`; `""` is the root) or
/// from a list of segments, which are taken as they are: a segment of a list
/// may hold `/`, NUL or nothing. No segments at all is the root, the whole
/// manager.
///
/// ```
/// use oarlock::Path;
/// assert_eq!(Path::from("a/b"), Path::from(["a", "b"]));
/// assert_ne!(Path::from("a/b"), Path::from(["a/b"]));
/// assert_eq!(Path::from(""), Path::root());
/// ```
///
/// Text with an empty segment (`a//b`, `/a`, `a/`) is no path.
/// [`Path::text`] says so at once; a path made by `From` is checked by the call
/// that uses it, which refuses it with [`InvalidRequest::EmptySegment`].
///
/// Every path, the root too, has an *entry*: what is said of the path itself and
/// not of what lies below it, as a directory's list of names. [`Path::entry`]
/// gives the entry's path. It lies below its path, beside all its children.
#[derive(Clone)]
pub struct Path<'a> {
    repr: Repr<'a>,
}

/// Small, since a claim is moved several times on its way. Each form says first
/// whether it is its path's entry: a field beside the form would make the path
/// larger, and so (with a count of two bytes) it stands at one place in all forms.
#[derive(Clone)]
enum Repr<'a> {
    /// Text to split at `/`; perhaps not yet checked for empty segments.
    Text(bool, &'a [u8]),
    OwnedText(bool, Box<[u8]>),
    /// Up to three segments that somebody else holds, and how many they are. (Not a
    /// `SmallVec`, which would not let a path pass for one of a shorter life.)
    Few(bool, [&'a [u8]; FEW], u16),
    /// More of them.
    List(bool, Vec<&'a [u8]>),
    OwnedList(bool, Box<Packed>),
}

/// How many borrowed segments stand in a path itself.
const FEW: usize = 3;

/// Segments one after the other, and where each ends.
#[derive(Clone, Default)]
struct Packed {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Path<'static> {
    /// The root: the path of no segments, which covers everything.
    #[must_use]
    pub fn root() -> Self {
        Self {
            repr: Repr::Text(false, &[]),
        }
    }

    /// A path of these segments, copied, taken as they are. Where they live long
    /// enough, [`Path::of_segments`] needs no copy.
    pub fn from_segments<S: AsRef<[u8]>>(segments: impl IntoIterator<Item = S>) -> Self {
        let mut packed = Packed::default();
        for segment in segments {
            packed.bytes.extend_from_slice(segment.as_ref());
            packed.ends.push(packed.bytes.len());
        }
        Self {
            repr: Repr::OwnedList(false, Box::new(packed)),
        }
    }
}

impl<'a> Path<'a> {
    /// A path from text, split at `/`; `""` is the root.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest::EmptySegment`] for `a//b`, `/a` and `a/`.
    pub fn text(text: &'a str) -> Result<Self, InvalidRequest> {
        let path = Self::from(text);
        path.check()?;
        Ok(path)
    }

    /// A path from text that need not be UTF-8, split at the byte `/`. It is
    /// checked for empty segments by the call that uses it.
    #[must_use]
    pub fn text_bytes(text: &'a [u8]) -> Self {
        Self {
            repr: Repr::Text(false, text),
        }
    }

    /// A path of these segments, which stay where they are, taken as they are. Up
    /// to three need no memory of their own.
    #[must_use]
    #[inline]
    pub fn of_segments(segments: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut segments = segments.into_iter();
        let mut few: [&'a [u8]; FEW] = [&[]; FEW];
        for count in 0..FEW {
            match segments.next() {
                Some(segment) => few[count] = segment,
                None => {
                    return Self {
                        repr: Repr::Few(false, few, count as u16),
                    };
                }
            }
        }
        let repr = match segments.next() {
            None => Repr::Few(false, few, FEW as u16),
            Some(next) => {
                let all = few.into_iter().chain([next]).chain(segments);
                Repr::List(false, all.collect())
            }
        };
        Self { repr }
    }

    /// The path of this path's own entry: what is said of the path itself and not
    /// of what lies below it. A directory's entry is its list of names, while its
    /// files are worked on; the root has an entry, too.
    ///
    /// The entry lies directly below its path, beside all its children, and no
    /// segment is equal to it. So a claim on it conflicts with claims on it and
    /// on its path or above, and with nothing else; and a claim on its path or
    /// above covers it. An entry has nothing below it, and is its own entry.
    ///
    /// ```
    /// use oarlock::{Manager, Path, read, write};
    /// let manager = Manager::new();
    /// let names = Path::from("home/me").entry();
    /// let listing = manager.acquire(read(names.clone()))?;
    /// let file = manager.acquire(write("home/me/notes"))?; // beside it
    /// assert!(manager.try_acquire(write(names)).is_err()); // the entry is read
    /// assert!(manager.try_acquire(write("home/me")).is_err()); // covers the entry
    /// # Ok::<(), oarlock::AcquireError>(())
    /// ```
    ///
    /// [`read_entry`](crate::read_entry) and [`write_entry`](crate::write_entry)
    /// make claims of it.
    #[must_use]
    #[inline]
    pub fn entry(mut self) -> Self {
        match &mut self.repr {
            Repr::Text(entry, ..)
            | Repr::OwnedText(entry, ..)
            | Repr::Few(entry, ..)
            | Repr::List(entry, ..)
            | Repr::OwnedList(entry, ..) => *entry = true,
        }
        self
    }

    /// Whether this is a path's own [`entry`](Self::entry).
    #[must_use]
    #[inline]
    pub fn is_entry(&self) -> bool {
        match &self.repr {
            Repr::Text(entry, ..)
            | Repr::OwnedText(entry, ..)
            | Repr::Few(entry, ..)
            | Repr::List(entry, ..)
            | Repr::OwnedList(entry, ..) => *entry,
        }
    }

    /// The text, if it is one; perhaps not checked.
    #[inline]
    fn as_text(&self) -> Option<&[u8]> {
        match &self.repr {
            Repr::Text(_, text) => Some(text),
            Repr::OwnedText(_, text) => Some(text),
            Repr::Few(..) | Repr::List(..) | Repr::OwnedList(..) => None,
        }
    }

    /// The segments, from the first down; of an [`entry`](Self::entry) those of
    /// the path whose entry it is. For unchecked text that holds an empty segment,
    /// that segment is among them.
    #[must_use]
    #[inline]
    pub fn segments(&self) -> Segments<'_> {
        Segments {
            inner: match &self.repr {
                Repr::Text(_, text) => Inner::text(text),
                Repr::OwnedText(_, text) => Inner::text(text),
                Repr::Few(_, few, count) => Inner::List(few[..usize::from(*count)].iter()),
                Repr::List(_, list) => Inner::List(list.iter()),
                Repr::OwnedList(_, packed) => Inner::Packed {
                    packed,
                    start: 0,
                    next: 0,
                },
            },
        }
    }

    /// The number of [`segments`](Self::segments); 0 for the root and its entry.
    #[must_use]
    pub fn depth(&self) -> usize {
        match &self.repr {
            Repr::Few(_, _, count) => usize::from(*count),
            Repr::List(_, list) => list.len(),
            Repr::OwnedList(_, packed) => packed.ends.len(),
            Repr::Text(..) | Repr::OwnedText(..) => self.segments().count(),
        }
    }

    /// Whether this is the root. The root's entry is not.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.depth() == 0 && !self.is_entry()
    }

    /// The same path without a borrow. Copies borrowed text.
    #[must_use]
    pub fn into_owned(self) -> Path<'static> {
        let entry = self.is_entry();
        let repr = match self.repr {
            Repr::Text(_, text) => Repr::OwnedText(entry, text.into()),
            Repr::OwnedText(_, text) => Repr::OwnedText(entry, text),
            Repr::OwnedList(_, packed) => Repr::OwnedList(entry, packed),
            Repr::Few(_, few, count) => {
                return Path::from_segments(&few[..usize::from(count)]).or_entry(entry);
            }
            Repr::List(_, list) => return Path::from_segments(list).or_entry(entry),
        };
        Path { repr }
    }

    /// The path, or its entry.
    pub(crate) fn or_entry(self, entry: bool) -> Self {
        if entry { self.entry() } else { self }
    }

    /// Refuses text with an empty segment. A list has no forbidden segments.
    pub(crate) fn check(&self) -> Result<(), InvalidRequest> {
        let Some(text) = self.as_text() else {
            return Ok(());
        };
        match self.segments().position(<[u8]>::is_empty) {
            Some(index) => Err(empty_segment(text, index)),
            None => Ok(()),
        }
    }

    /// Counts the segments, and the bytes in all of them together.
    pub(crate) fn size(&self) -> Size {
        Size {
            segments: self.segments().count(),
            bytes: self.segments().map(<[u8]>::len).sum(),
        }
    }
}

/// How large a path is.
pub(crate) struct Size {
    pub(crate) segments: usize,
    /// Separators not counted.
    pub(crate) bytes: usize,
}

#[cold]
fn empty_segment(text: &[u8], index: usize) -> InvalidRequest {
    InvalidRequest::EmptySegment {
        path: shortened(text),
        index,
    }
}

/// Enough of a path to recognise it in a message, whatever its length.
fn shortened(text: &[u8]) -> String {
    const SHOWN: usize = 80;
    if text.len() <= SHOWN {
        String::from_utf8_lossy(text).into_owned()
    } else {
        format!("{}…", String::from_utf8_lossy(&text[..SHOWN]))
    }
}

/// The segments of a [`Path`], from the first down.
#[derive(Clone)]
pub struct Segments<'p> {
    inner: Inner<'p>,
}

#[derive(Clone)]
enum Inner<'p> {
    /// What is left to split; `None` at the end.
    Text(Option<&'p [u8]>),
    List(std::slice::Iter<'p, &'p [u8]>),
    Packed {
        packed: &'p Packed,
        start: usize,
        next: usize,
    },
}

impl<'p> Inner<'p> {
    fn text(text: &'p [u8]) -> Self {
        Self::Text((!text.is_empty()).then_some(text))
    }
}

impl<'p> Iterator for Segments<'p> {
    type Item = &'p [u8];

    #[inline]
    fn next(&mut self) -> Option<&'p [u8]> {
        match &mut self.inner {
            Inner::Text(rest) => {
                let text = (*rest)?;
                match memchr::memchr(b'/', text) {
                    Some(at) => {
                        *rest = Some(&text[at + 1..]);
                        Some(&text[..at])
                    }
                    None => rest.take(),
                }
            }
            Inner::List(list) => list.next().copied(),
            Inner::Packed {
                packed,
                start,
                next,
            } => {
                let end = *packed.ends.get(*next)?;
                let segment = &packed.bytes[*start..end];
                *start = end;
                *next += 1;
                Some(segment)
            }
        }
    }
}

/// A segment in a message: text as it is, other bytes escaped.
struct Escaped<'p>(&'p [u8]);

impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(text) => fmt::Debug::fmt(text, f),
            Err(_) => write!(f, "b\"{}\"", self.0.escape_ascii()),
        }
    }
}

impl fmt::Debug for Segments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(Escaped)).finish()
    }
}

// Paths are equal and ordered by their segments, however they were made. In
// this order a path comes directly before the paths below it, its entry first.
impl PartialEq for Path<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_entry() == other.is_entry() && self.segments().eq(other.segments())
    }
}

impl Eq for Path<'_> {}

impl PartialOrd for Path<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Path<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let segments = self.segments().cmp(other.segments());
        segments.then_with(|| self.is_entry().cmp(&other.is_entry()))
    }
}

impl std::hash::Hash for Path<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_usize(self.depth());
        state.write_u8(u8::from(self.is_entry()));
        for segment in self.segments() {
            segment.hash(state);
        }
    }
}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({:?})", self.segments())?;
        f.write_str(if self.is_entry() { ".entry()" } else { "" })
    }
}

impl<'a> From<&'a str> for Path<'a> {
    fn from(text: &'a str) -> Self {
        Self::text_bytes(text.as_bytes())
    }
}

impl<'a> From<&'a String> for Path<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Path<'static> {
    fn from(text: String) -> Self {
        Self {
            repr: Repr::OwnedText(false, text.into_bytes().into()),
        }
    }
}

impl<'a, S: AsRef<[u8]>> From<&'a [S]> for Path<'a> {
    #[inline]
    fn from(segments: &'a [S]) -> Self {
        Self::of_segments(segments.iter().map(AsRef::as_ref))
    }
}

impl<'a, S: AsRef<[u8]>, const N: usize> From<&'a [S; N]> for Path<'a> {
    #[inline]
    fn from(segments: &'a [S; N]) -> Self {
        Self::from(segments.as_slice())
    }
}

impl<'a, S: AsRef<[u8]>> From<&'a Vec<S>> for Path<'a> {
    #[inline]
    fn from(segments: &'a Vec<S>) -> Self {
        Self::from(segments.as_slice())
    }
}

impl<'a, S: AsRef<[u8]> + ?Sized, const N: usize> From<[&'a S; N]> for Path<'a> {
    #[inline]
    fn from(segments: [&'a S; N]) -> Self {
        Self::of_segments(segments.into_iter().map(AsRef::as_ref))
    }
}

impl<'a, S: AsRef<[u8]> + ?Sized> From<Vec<&'a S>> for Path<'a> {
    #[inline]
    fn from(segments: Vec<&'a S>) -> Self {
        Self::of_segments(segments.into_iter().map(AsRef::as_ref))
    }
}

impl<const N: usize> From<[String; N]> for Path<'static> {
    fn from(segments: [String; N]) -> Self {
        Self::from_segments(segments)
    }
}

impl<const N: usize> From<[Vec<u8>; N]> for Path<'static> {
    fn from(segments: [Vec<u8>; N]) -> Self {
        Self::from_segments(segments)
    }
}

impl From<Vec<String>> for Path<'static> {
    fn from(segments: Vec<String>) -> Self {
        Self::from_segments(segments)
    }
}

impl From<Vec<Vec<u8>>> for Path<'static> {
    fn from(segments: Vec<Vec<u8>>) -> Self {
        Self::from_segments(segments)
    }
}

impl<'a> From<&'a Path<'_>> for Path<'a> {
    fn from(path: &'a Path<'_>) -> Self {
        let plain = match path.as_text() {
            Some(text) => Self::text_bytes(text),
            None => Self::of_segments(path.segments()),
        };
        plain.or_entry(path.is_entry())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &Path<'_>) -> Vec<Vec<u8>> {
        path.segments().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn text_is_split_at_slashes_and_a_list_is_not() {
        assert_eq!(parts(&Path::from("a/b")), [b"a".to_vec(), b"b".to_vec()]);
        assert_eq!(
            parts(&Path::from(["a/b", "", "\0"])),
            [b"a/b".to_vec(), b"".to_vec(), b"\0".to_vec()]
        );
        assert!(parts(&Path::from("")).is_empty());
        assert_eq!(Path::from([""]).depth(), 1);
        assert_eq!(Path::from("a/b/c").depth(), 3);
        let size = Path::from("ab/c").size();
        assert_eq!((size.segments, size.bytes), (2, 3));
    }

    #[test]
    fn text_with_an_empty_segment_is_refused_with_its_place() {
        for (text, at) in [("a//b", 1), ("/a", 0), ("a/", 1), ("/", 0), ("//", 0)] {
            match Path::text(text) {
                Err(InvalidRequest::EmptySegment { path, index }) => {
                    assert_eq!((path.as_str(), index), (text, at));
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(Path::text("").is_ok());
        assert!(Path::text("a").is_ok());
    }

    #[test]
    fn order_puts_a_path_directly_before_what_is_below_it() {
        let mut paths = [
            Path::from("ab"),
            Path::from("a/c"),
            Path::from("b"),
            Path::from("a"),
            Path::from("a/b/c"),
            Path::from("a!"),
            Path::root(),
        ];
        paths.sort();
        let expected = ["", "a", "a/b/c", "a/c", "a!", "ab", "b"].map(Path::from);
        assert_eq!(paths, expected);
    }

    #[test]
    fn an_entry_sorts_after_its_path_and_before_all_below() {
        let sorted = [
            Path::root(),
            Path::root().entry(),
            Path::from([""]),
            Path::from([""]).entry(),
            Path::from(["", ""]),
            Path::from("a"),
            Path::from("a").entry(),
            Path::from(["a", ""]),
            Path::from(["a", ""]).entry(),
            Path::from("a/b"),
            Path::from("a/b").entry(),
            Path::from("a!").entry(),
        ];
        for (i, one) in sorted.iter().enumerate() {
            for (j, other) in sorted.iter().enumerate() {
                assert_eq!(one.cmp(other), i.cmp(&j), "{one:?} {other:?}");
                assert_eq!(one == other, i == j, "{one:?} {other:?}");
            }
        }
        // A tree by order and one by hash tell them apart, too.
        let hashed: std::collections::HashSet<_> = sorted.iter().collect();
        assert_eq!(hashed.len(), sorted.len());
    }

    #[test]
    fn an_entry_is_one_in_every_form() {
        let names: Vec<String> = (0..6).map(|name| name.to_string()).collect();
        for count in 0..names.len() {
            let text = names[..count].join("/");
            let forms = [
                Path::from(&text),
                Path::from(text.clone()),
                Path::from(&names[..count]),
                Path::from_segments(&names[..count]),
            ];
            for plain in forms {
                assert!(!plain.is_entry());
                let entry = plain.clone().entry();
                assert!(entry.is_entry() && entry.clone().entry() == entry);
                assert!(!entry.is_root());
                assert_ne!(entry, plain);
                assert_eq!(entry.depth(), count);
                assert!(entry.segments().eq(plain.segments()));
                assert_eq!(Path::from(&entry), entry);
                assert_eq!(entry.clone().into_owned(), entry);
                assert_eq!(entry, Path::from(&text).entry());
            }
        }
    }

    #[test]
    fn an_entry_shows_its_segments_and_that_it_is_one() {
        let path = Path::from("a/b").entry();
        assert_eq!(format!("{path:?}"), r#"Path(["a", "b"]).entry()"#);
    }

    #[test]
    fn a_path_is_small() {
        assert!(size_of::<Path<'_>>() <= 7 * size_of::<usize>());
    }

    #[test]
    fn borrowed_segments_of_any_number_stay_as_they_are() {
        let names: Vec<String> = (0..6).map(|name| name.to_string()).collect();
        for count in 0..names.len() {
            let path = Path::from(&names[..count]);
            assert_eq!(path.depth(), count);
            assert!(
                path.segments()
                    .eq(names[..count].iter().map(String::as_bytes))
            );
            assert_eq!(path.clone().into_owned(), path);
        }
    }

    #[test]
    fn a_path_passes_for_one_of_a_shorter_life() {
        fn same<'a>(one: Path<'a>, _: &'a str) -> Path<'a> {
            one
        }
        let here = String::from("x");
        assert_eq!(same(Path::from("a/b"), &here).depth(), 2);
        let shorter: &Path<'_> = &Path::<'static>::from(["a"]);
        assert_eq!(shorter.depth(), 1);
    }

    #[test]
    fn a_path_shows_its_segments() {
        let path = Path::from_segments([&b"a/b"[..], b"\xff\0"]);
        assert_eq!(format!("{path:?}"), r#"Path(["a/b", b"\xff\x00"])"#);
    }

    #[test]
    fn a_long_path_is_shortened_in_messages() {
        let text = format!("{}//x", "long".repeat(10_000));
        let message = Path::text(&text)
            .map(|_| ())
            .map_err(|error| error.to_string());
        assert!(message.is_err_and(|message| message.len() < 300));
    }
}
