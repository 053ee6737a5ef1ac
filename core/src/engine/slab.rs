//! A table of values, each at a place of its own for as long as it is there.

use std::ops::{Index, IndexMut};

use super::free_list::{Free, FreeList, NONE};

#[derive(Debug)]
enum Place<T> {
    Taken(T),
    Free { before: u32, after: u32 },
}

impl<T> Free for Place<T> {
    fn is_free(&self) -> bool {
        matches!(self, Self::Free { .. })
    }

    fn before(&self) -> u32 {
        match self {
            Self::Free { before, .. } => *before,
            Self::Taken(_) => NONE,
        }
    }

    fn after(&self) -> u32 {
        match self {
            Self::Free { after, .. } => *after,
            Self::Taken(_) => NONE,
        }
    }

    fn set_before(&mut self, at: u32) {
        if let Self::Free { before, .. } = self {
            *before = at;
        }
    }

    fn set_after(&mut self, at: u32) {
        if let Self::Free { after, .. } = self {
            *after = at;
        }
    }
}

/// At most 2³² - 1 values.
#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<Place<T>>,
    free: FreeList,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self {
            places: Vec::new(),
            free: FreeList::new(),
            len: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.places.capacity()
    }

    pub(super) fn insert(&mut self, value: T) -> usize {
        self.len += 1;
        match self.free.take(&self.places) {
            Some(at) => {
                self.places[at as usize] = Place::Taken(value);
                at as usize
            }
            None => {
                self.places.push(Place::Taken(value));
                self.places.len() - 1
            }
        }
    }

    pub(super) fn try_remove(&mut self, at: usize) -> Option<T> {
        let place = self.places.get_mut(at)?;
        if place.is_free() {
            return None;
        }
        let free = Place::Free {
            before: NONE,
            after: NONE,
        };
        let Place::Taken(value) = std::mem::replace(place, free) else {
            return None;
        };
        self.len -= 1;
        // Places are few enough: memory ends long before.
        self.free.give(&mut self.places, at as u32, |_, _| ());
        Some(value)
    }

    /// Takes out what is there for sure.
    pub(super) fn remove(&mut self, at: usize) -> T {
        match self.try_remove(at) {
            Some(value) => value,
            None => unreachable!("what is removed is there"),
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<&T> {
        match self.places.get(at)? {
            Place::Taken(value) => Some(value),
            Place::Free { .. } => None,
        }
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        match self.places.get_mut(at)? {
            Place::Taken(value) => Some(value),
            Place::Free { .. } => None,
        }
    }
}

impl<T> Index<usize> for Slab<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        match self.get(at) {
            Some(value) => value,
            None => unreachable!("what is looked at is there"),
        }
    }
}

impl<T> IndexMut<usize> for Slab<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        match self.get_mut(at) {
            Some(value) => value,
            None => unreachable!("what is looked at is there"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::free_list::ROOM;
    use super::*;

    #[test]
    fn places_are_used_again() {
        let mut slab = Slab::new();
        let [a, b, c] = ["a", "b", "c"].map(|it| slab.insert(it));
        assert_eq!((slab.remove(b), slab.try_remove(b)), ("b", None));
        assert_eq!(slab.get(b), None);
        assert_eq!(slab.insert("d"), b);
        assert_eq!([a, b, c].map(|at| slab[at]), ["a", "d", "c"]);
        assert_eq!(slab.try_remove(99), None);
    }

    /// In any order, and those that are left are used from the front.
    #[test]
    fn the_end_is_given_back_as_it_becomes_free() {
        const MANY: usize = 10_000;
        let mut slab = Slab::new();
        for number in 0..MANY {
            assert_eq!(slab.insert(number), number);
        }
        for step in 0..MANY {
            let at = step * 7_919 % MANY;
            if at != 3 && at != MANY / 2 {
                assert_eq!(slab.remove(at), at);
            }
        }
        assert!(slab.places.len() <= (MANY / 2 + 1).max(ROOM));
        assert_eq!((slab[3], slab[MANY / 2]), (3, MANY / 2));
        for _ in 0..100 {
            let some = [0; 4].map(|_| slab.insert(1));
            assert!(some.iter().all(|at| *at <= MANY / 4), "{some:?}");
            for at in some {
                slab.remove(at);
            }
        }
        slab.remove(MANY / 2);
        assert!(slab.places.len() <= ROOM.max(4));
        assert!(slab.capacity() <= 4 * ROOM.max(4));
        let more: Vec<usize> = (0..MANY).map(|number| slab.insert(number)).collect();
        assert!(
            more.iter()
                .enumerate()
                .all(|(number, &at)| slab[at] == number)
        );
        assert_eq!((slab[3], slab.len), (3, MANY + 1));
    }
}
