//! The greatest tokens that were seen at one path.

/// The greatest token, and the greatest of somebody else than that one's agent:
/// requests of one owner do not conflict, so their tokens may come in any order.
#[derive(Debug, Default)]
pub struct Tokens {
    greatest: (u64, u64),
    second: (u64, u64),
}

impl Tokens {
    /// The greatest token of all agents but this one; 0 if there is none.
    #[must_use]
    pub fn greatest_but(&self, agent: u64) -> u64 {
        let (token, by) = self.greatest;
        if by == agent { self.second.0 } else { token }
    }

    /// Notes one.
    pub fn note(&mut self, token: u64, agent: u64) {
        if agent == self.greatest.1 {
            self.greatest.0 = self.greatest.0.max(token);
        } else if token > self.greatest.0 {
            self.second = self.greatest;
            self.greatest = (token, agent);
        } else if token > self.second.0 {
            self.second = (token, agent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    #[test]
    fn the_greatest_of_others() {
        let mut tokens = Tokens::default();
        assert_eq!(tokens.greatest_but(1), 0);
        tokens.note(5, 1);
        tokens.note(7, 1);
        assert_eq!((tokens.greatest_but(1), tokens.greatest_but(2)), (0, 7));
        tokens.note(6, 2);
        assert_eq!((tokens.greatest_but(1), tokens.greatest_but(2)), (6, 7));
        tokens.note(9, 3);
        assert_eq!((tokens.greatest_but(3), tokens.greatest_but(1)), (7, 9));
        tokens.note(8, 2);
        assert_eq!((tokens.greatest_but(3), tokens.greatest_but(2)), (8, 9));
    }
}
