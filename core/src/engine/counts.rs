//! How many stand at a node, by mode.

use super::modes::NodeMode;

/// What has passed a node, counted by mode. SIX is S and IX at once, so it is
/// counted as one of each and needs no count of its own: whatever one of the
/// two blocks, SIX blocks, and nothing else (a test derives this from the table).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// By the places below.
    of: [u32; 4],
}

const IS: usize = 0;
const IX: usize = 1;
const S: usize = 2;
const X: usize = 3;

/// For each mode, by its number, where it is counted: SIX at two places.
const PLACES: [(usize, Option<usize>); 5] =
    [(IS, None), (IX, None), (S, None), (IX, Some(S)), (X, None)];

/// For each mode, by its number, all bits of the counts that block it.
const BLOCKING: [u128; 5] = [
    bits(&[X]),
    bits(&[S, X]),
    bits(&[IX, X]),
    bits(&[IX, S, X]),
    bits(&[IS, IX, S, X]),
];

const fn bits(places: &[usize]) -> u128 {
    let mut bits = 0;
    let mut at = 0;
    while at < places.len() {
        bits |= (u32::MAX as u128) << (32 * places[at]);
        at += 1;
    }
    bits
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

    #[inline]
    pub(super) fn add(&mut self, mode: NodeMode) {
        let (first, second) = PLACES[mode.index()];
        self.of[first] += 1;
        if let Some(second) = second {
            self.of[second] += 1;
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, mode: NodeMode) {
        let (first, second) = PLACES[mode.index()];
        self.of[first] -= 1;
        if let Some(second) = second {
            self.of[second] -= 1;
        }
    }

    pub(super) fn with(mut self, others: Self) -> Self {
        for (count, other) in self.of.iter_mut().zip(others.of) {
            *count += other;
        }
        self
    }

    /// What is left when those are not counted.
    pub(super) fn without(mut self, others: Self) -> Self {
        for (count, other) in self.of.iter_mut().zip(others.of) {
            *count -= other;
        }
        self
    }

    #[inline]
    fn as_bits(&self) -> u128 {
        let [a, b, c, d] = self.of.map(u128::from);
        a | b << 32 | c << 64 | d << 96
    }

    /// Whether anything counted here is incompatible with this mode.
    #[inline]
    pub(super) fn block(&self, mode: NodeMode) -> bool {
        self.as_bits() & BLOCKING[mode.index()] != 0
    }

    /// How many there are; SIX counts as two.
    pub(super) fn total(&self) -> u32 {
        self.of.iter().sum()
    }

    #[inline]
    pub(super) fn is_zero(&self) -> bool {
        self.as_bits() == 0
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
