//! The five modes that a request can have on a node, and their two tables.
//!
//! Source: J. N. Gray, R. A. Lorie, G. R. Putzolu, I. L. Traiger, "Granularity
//! of Locks and Degrees of Consistency in a Shared Data Base" (1976): a claim
//! puts an intention on every proper prefix of its path and itself on the path.

use crate::mode::Mode;

/// What a request does at one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum NodeMode {
    /// Reads somewhere below.
    IntentRead = 0,
    /// Writes somewhere below.
    IntentWrite = 1,
    /// Reads here and everywhere below.
    Read = 2,
    /// Reads here and everywhere below, and writes somewhere below.
    ReadIntentWrite = 3,
    /// Writes here and everywhere below.
    Write = 4,
}

use NodeMode::{
    IntentRead as IS, IntentWrite as IX, Read as S, ReadIntentWrite as SIX, Write as X,
};

/// How many modes there are; arrays by mode have this length.
pub(crate) const MODES: usize = 5;

/// Every mode, at the index of its number.
pub(crate) const ALL: [NodeMode; MODES] = [IS, IX, S, SIX, X];

/// Whether two requests can be at one node in these modes. Symmetric.
const COMPATIBLE: [[bool; MODES]; MODES] = {
    const Y: bool = true;
    const N: bool = false;
    [
        //        IS IX  S SIX X
        /* IS  */ [Y, Y, Y, Y, N],
        /* IX  */ [Y, Y, N, N, N],
        /* S   */ [Y, N, Y, N, N],
        /* SIX */ [Y, N, N, N, N],
        /* X   */ [N, N, N, N, N],
    ]
};

/// The weakest mode that allows what both allow: what two claims of one request
/// amount to where they meet. Symmetric.
const SUPREMUM: [[NodeMode; MODES]; MODES] = [
    //        IS   IX   S    SIX  X
    /* IS  */ [IS, IX, S, SIX, X],
    /* IX  */ [IX, IX, SIX, SIX, X],
    /* S   */ [S, SIX, S, SIX, X],
    /* SIX */ [SIX, SIX, SIX, SIX, X],
    /* X   */ [X, X, X, X, X],
];

impl NodeMode {
    /// What a claim of this mode puts on each proper prefix of its path.
    pub(crate) fn intention(mode: Mode) -> Self {
        match mode {
            Mode::Read => IS,
            Mode::Write => IX,
        }
    }

    /// What a claim of this mode puts on its path.
    pub(crate) fn target(mode: Mode) -> Self {
        match mode {
            Mode::Read => S,
            Mode::Write => X,
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn compatible(self, other: Self) -> bool {
        COMPATIBLE[self.index()][other.index()]
    }

    pub(crate) fn supremum(self, other: Self) -> Self {
        SUPREMUM[self.index()][other.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_symmetric() {
        for a in ALL {
            for b in ALL {
                assert_eq!(a.compatible(b), b.compatible(a), "{a:?} {b:?}");
                assert_eq!(a.supremum(b), b.supremum(a), "{a:?} {b:?}");
            }
        }
    }

    /// Both tables follow from what the modes mean: which of reading and
    /// writing a request does at the node, below it, or both.
    #[test]
    fn tables_follow_from_the_meaning_of_the_modes() {
        // (reads everywhere below, writes everywhere below, reads somewhere, writes somewhere)
        fn meaning(mode: NodeMode) -> [bool; 4] {
            match mode {
                IS => [false, false, true, false],
                IX => [false, false, true, true],
                S => [true, false, true, false],
                SIX => [true, false, true, true],
                X => [true, true, true, true],
            }
        }
        for a in ALL {
            for b in ALL {
                let (ma, mb) = (meaning(a), meaning(b));
                // One acting everywhere meets the other wherever that one acts;
                // two that act somewhere below are sorted out below.
                let clash = (ma[0] && mb[3]) || (mb[0] && ma[3]) || ma[1] || mb[1];
                assert_eq!(a.compatible(b), !clash, "{a:?} {b:?}");
                let joined: [bool; 4] = std::array::from_fn(|i| ma[i] || mb[i]);
                assert_eq!(meaning(a.supremum(b)), joined, "{a:?} {b:?}");
            }
        }
    }
}
