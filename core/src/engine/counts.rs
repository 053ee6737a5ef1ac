//! How many stand at a node, by mode.

use super::modes::NodeMode;

/// What has passed a node, counted by mode. SIX is S and IX at once, so it is
/// counted as one of each and needs no count of its own: whatever one of the
/// two blocks, SIX blocks, and nothing else (a test derives this from the table).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    intent_read: u32,
    intent_write: u32,
    read: u32,
    write: u32,
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
        match mode {
            NodeMode::IntentRead => self.intent_read += 1,
            NodeMode::IntentWrite => self.intent_write += 1,
            NodeMode::Read => self.read += 1,
            NodeMode::ReadIntentWrite => {
                self.read += 1;
                self.intent_write += 1;
            }
            NodeMode::Write => self.write += 1,
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, mode: NodeMode) {
        match mode {
            NodeMode::IntentRead => self.intent_read -= 1,
            NodeMode::IntentWrite => self.intent_write -= 1,
            NodeMode::Read => self.read -= 1,
            NodeMode::ReadIntentWrite => {
                self.read -= 1;
                self.intent_write -= 1;
            }
            NodeMode::Write => self.write -= 1,
        }
    }

    pub(super) fn with(mut self, others: Self) -> Self {
        self.intent_read += others.intent_read;
        self.intent_write += others.intent_write;
        self.read += others.read;
        self.write += others.write;
        self
    }

    /// What is left when those are not counted.
    pub(super) fn without(mut self, others: Self) -> Self {
        self.intent_read -= others.intent_read;
        self.intent_write -= others.intent_write;
        self.read -= others.read;
        self.write -= others.write;
        self
    }

    /// Whether anything counted here is incompatible with this mode.
    #[inline]
    pub(super) fn block(&self, mode: NodeMode) -> bool {
        let Self {
            intent_read,
            intent_write,
            read,
            write,
        } = *self;
        0 != match mode {
            NodeMode::IntentRead => write,
            NodeMode::IntentWrite => read | write,
            NodeMode::Read => intent_write | write,
            NodeMode::ReadIntentWrite => intent_write | read | write,
            NodeMode::Write => intent_read | intent_write | read | write,
        }
    }

    /// How many there are; SIX counts as two.
    pub(super) fn total(&self) -> u32 {
        self.intent_read + self.intent_write + self.read + self.write
    }

    #[inline]
    pub(super) fn is_zero(&self) -> bool {
        (self.intent_read | self.intent_write | self.read | self.write) == 0
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
