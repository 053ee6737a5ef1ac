//! The free places of a table, as a list through the places themselves.
//!
//! A place that lies in the first half of the table is used again first, one in the
//! second half last: so after a crowd the end of the table becomes free, and is given
//! back as it does.

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// A table may have so many places more than it needs.
pub(super) const ROOM: usize = if SMALL { 4 } else { 4_096 };

/// Whether tables are to be small, so that short histories come to their ends.
pub(super) const SMALL: bool = cfg!(any(test, feature = "small-tables"));

/// A place while it is free: those before and after it in the list.
pub(super) trait Free {
    fn is_free(&self) -> bool;
    fn before(&self) -> u32;
    fn after(&self) -> u32;
    fn set_before(&mut self, at: u32);
    fn set_after(&mut self, at: u32);
}

/// The list. What its first place says of one before it, and its last of one after it,
/// means nothing.
#[derive(Debug)]
pub(super) struct FreeList {
    first: u32,
    last: u32,
}

impl FreeList {
    pub(super) const fn new() -> Self {
        Self {
            first: NONE,
            last: NONE,
        }
    }

    /// A free place, to be used.
    #[inline]
    pub(super) fn take(&mut self, places: &[impl Free]) -> Option<u32> {
        let at = self.first;
        if at == NONE {
            return None;
        }
        if at == self.last {
            (self.first, self.last) = (NONE, NONE);
        } else {
            self.first = places[at as usize].after();
        }
        Some(at)
    }

    /// A place has become free, and says so. Those at the end that are free are given
    /// back, and `gone` is told of each.
    #[inline]
    pub(super) fn give<P: Free>(&mut self, places: &mut Vec<P>, at: u32, gone: impl FnMut(u32, P)) {
        self.add(places, at);
        if at as usize == places.len() - 1 && places.len() > ROOM {
            self.cut(places, gone);
        }
    }

    /// The same, but it stays.
    #[inline]
    pub(super) fn add(&mut self, places: &mut [impl Free], at: u32) {
        if at as usize <= places.len() / 2 {
            self.push_first(places, at);
        } else {
            self.push_last(places, at);
        }
    }

    #[inline]
    fn push_first(&mut self, places: &mut [impl Free], at: u32) {
        if self.first == NONE {
            self.last = at;
        } else {
            places[self.first as usize].set_before(at);
            places[at as usize].set_after(self.first);
        }
        self.first = at;
    }

    fn push_last(&mut self, places: &mut [impl Free], at: u32) {
        if self.last == NONE {
            self.first = at;
        } else {
            places[self.last as usize].set_after(at);
            places[at as usize].set_before(self.last);
        }
        self.last = at;
    }

    /// Gives back what is free at the end.
    #[cold]
    pub(super) fn cut<P: Free>(&mut self, places: &mut Vec<P>, mut gone: impl FnMut(u32, P)) {
        while places.len() > ROOM && places.last().is_some_and(P::is_free) {
            let end = places.len() as u32 - 1;
            self.unlink(places, end);
            if let Some(place) = places.pop() {
                gone(end, place);
            }
        }
        if places.len() < places.capacity() / 4 {
            places.shrink_to(places.len() * 2);
        }
    }

    /// All of them.
    #[cfg(test)]
    pub(super) fn iter<P: Free>(&self, places: &[P]) -> impl Iterator<Item = u32> {
        let first = (self.first != NONE).then_some(self.first);
        std::iter::successors(first, |&at| {
            (at != self.last).then(|| places[at as usize].after())
        })
    }

    fn unlink(&mut self, places: &mut [impl Free], at: u32) {
        let (before, after) = {
            let place = &places[at as usize];
            (place.before(), place.after())
        };
        match (self.first == at, self.last == at) {
            (true, true) => (self.first, self.last) = (NONE, NONE),
            (true, false) => self.first = after,
            (false, true) => self.last = before,
            (false, false) => {
                places[before as usize].set_after(after);
                places[after as usize].set_before(before);
            }
        }
    }
}
