//! Paths of the rules and of the library, each as the other one. The rules have a
//! path's own entry as a child of a name that nothing else has; the library as a child
//! that no name is equal to.

use crate::words::ENTRY;

/// A path as the library takes it.
#[must_use]
pub fn to_library(path: &[Vec<u8>]) -> oarlock::Path<'static> {
    match path.split_last() {
        Some((last, above)) if last == ENTRY => oarlock::Path::from_segments(above).entry(),
        _ => oarlock::Path::from_segments(path),
    }
}

/// A path that the library shows.
#[must_use]
pub fn from_library(path: &oarlock::Path<'_>) -> Vec<Vec<u8>> {
    let entry = path.is_entry().then_some(ENTRY);
    path.segments().chain(entry).map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_was_given() {
        for plain in ["", "a", "a/b"] {
            let plain = oarlock::Path::from(plain);
            let entry = plain.clone().entry();
            for path in [&plain, &entry] {
                assert_eq!(&to_library(&from_library(path)), path);
            }
            let below = [from_library(&plain), vec![ENTRY.to_vec()]].concat();
            assert_eq!(from_library(&entry), below);
        }
    }
}
