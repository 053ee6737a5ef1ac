//! How many stand at a node, by mode.

use super::modes::NodeMode;

/// What has passed a node, counted by mode. SIX is S and IX at once, so it is
/// counted as one of each and needs no count of its own: whatever one of the
/// two blocks, SIX blocks, and nothing else (a test derives this from the table).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Two counts in a word, by the places below. Words are read as they are
    /// written: a wider load would have to wait for the narrower stores before it.
    words: [u64; 2],
}

const IS: usize = 0;
const IX: usize = 1;
const S: usize = 2;
const X: usize = 3;

/// For each mode, by its number, where it is counted: SIX at two places.
const PLACES: [(usize, Option<usize>); 5] =
    [(IS, None), (IX, None), (S, None), (IX, Some(S)), (X, None)];

/// For each mode, by its number, all bits of the counts that block it.
const BLOCKING: [[u64; 2]; 5] = [
    bits(&[X]),
    bits(&[S, X]),
    bits(&[IX, X]),
    bits(&[IX, S, X]),
    bits(&[IS, IX, S, X]),
];

const fn bits(places: &[usize]) -> [u64; 2] {
    let mut words = [0; 2];
    let mut at = 0;
    while at < places.len() {
        words[places[at] / 2] |= (u32::MAX as u64) << (32 * (places[at] % 2));
        at += 1;
    }
    words
}

/// One, at a place of a word.
const fn one(place: usize) -> u64 {
    1 << (32 * (place % 2))
}

impl Counts {
    /// One entry of this mode, or none.
    pub(super) fn of(mode: Option<NodeMode>) -> Self {
        let mut counts = Self::default();
        if let Some(mode) = mode {
            counts.add(mode);
        }
        counts
    }

    fn get(&self, place: usize) -> u32 {
        (self.words[place / 2] >> (32 * (place % 2))) as u32
    }

    #[inline]
    pub(super) fn add(&mut self, mode: NodeMode) {
        let (first, second) = PLACES[mode.index()];
        self.words[first / 2] += one(first);
        if let Some(second) = second {
            self.words[second / 2] += one(second);
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, mode: NodeMode) {
        let (first, second) = PLACES[mode.index()];
        debug_assert!(self.get(first) > 0, "only what has passed can leave");
        self.words[first / 2] -= one(first);
        if let Some(second) = second {
            debug_assert!(self.get(second) > 0, "only what has passed can leave");
            self.words[second / 2] -= one(second);
        }
    }

    pub(super) fn with(mut self, others: Self) -> Self {
        for (word, other) in self.words.iter_mut().zip(others.words) {
            *word += other;
        }
        self
    }

    /// What is left when those, which are among these, are not counted.
    pub(super) fn without(mut self, others: Self) -> Self {
        for place in [IS, IX, S, X] {
            debug_assert!(self.get(place) >= others.get(place), "they are among these");
        }
        for (word, other) in self.words.iter_mut().zip(others.words) {
            *word -= other;
        }
        self
    }

    /// How many of those counted here are incompatible with this mode.
    pub(super) fn blocking(&self, mode: NodeMode) -> usize {
        let blocks = |place: &usize| {
            let bits = u64::from(u32::MAX) << (32 * (place % 2));
            BLOCKING[mode.index()][place / 2] & bits != 0
        };
        let places = [IS, IX, S, X].into_iter().filter(blocks);
        places.map(|place| self.get(place) as usize).sum()
    }

    /// Whether anything counted here is incompatible with this mode.
    #[inline]
    pub(super) fn block(&self, mode: NodeMode) -> bool {
        let blocking = &BLOCKING[mode.index()];
        self.words[0] & blocking[0] != 0 || self.words[1] & blocking[1] != 0
    }

    /// How many there are; SIX counts as two.
    pub(super) fn total(&self) -> u32 {
        [IS, IX, S, X].map(|place| self.get(place)).iter().sum()
    }

    #[inline]
    pub(super) fn is_zero(&self) -> bool {
        self.words[0] == 0 && self.words[1] == 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::modes::ALL;
    use super::*;

    #[test]
    fn counts_block_as_the_table_says() {
        for there in ALL {
            for asked in ALL {
                assert_eq!(
                    Counts::of(Some(there)).block(asked),
                    !there.compatible(asked),
                    "{there:?} {asked:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_added_is_removed_and_left_out() {
        for mode in ALL {
            let mut counts = Counts::of(Some(mode));
            counts.add(mode);
            counts.remove(mode);
            assert_eq!(counts, Counts::of(Some(mode)));
            assert!(counts.without(Counts::of(Some(mode))).is_zero());
        }
    }
}
