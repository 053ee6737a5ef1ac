//! When to ping a silent client, and when to give it up.
//!
//! A peer that lost its power or its network sends nothing, not even an end; a
//! client library answers pings by itself.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Timeouts;

/// What is due for a client that has been silent.
#[derive(Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask whether it is there.
    Ping,
    /// It was asked and did not answer.
    GiveUp,
}

/// The silence of one client.
#[derive(Debug)]
pub struct Liveness {
    ping_interval: Duration,
    ping_timeout: Duration,
    last_heard: Instant,
    pinged: bool,
}

impl Liveness {
    /// A client that was heard at `now`.
    pub fn new(timeouts: &Timeouts, now: Instant) -> Self {
        Self {
            ping_interval: timeouts.ping_interval,
            ping_timeout: timeouts.ping_timeout,
            last_heard: now,
            pinged: false,
        }
    }

    /// The client sent something.
    pub fn heard(&mut self, now: Instant) {
        self.last_heard = now;
        self.pinged = false;
    }

    /// When [`due`](Self::due) has something to say, if nothing is heard.
    pub fn next(&self) -> Instant {
        self.last_heard
            + if self.pinged {
                self.ping_timeout
            } else {
                self.ping_interval
            }
    }

    /// What must be done at `now`.
    pub fn due(&mut self, now: Instant) -> Option<Due> {
        if now < self.next() {
            None
        } else if self.pinged {
            Some(Due::GiveUp)
        } else {
            self.pinged = true;
            Some(Due::Ping)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_pinged_once_then_given_up() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let timeouts = Timeouts {
            ping_interval: Duration::from_millis(20),
            ping_timeout: Duration::from_millis(60),
            ..Timeouts::default()
        };
        let mut liveness = Liveness::new(&timeouts, start);
        assert_eq!(liveness.next(), at(20));
        assert_eq!(liveness.due(at(19)), None);
        assert_eq!(liveness.due(at(20)), Some(Due::Ping));
        assert_eq!(liveness.next(), at(60));
        assert_eq!(liveness.due(at(59)), None);
        liveness.heard(at(59));
        assert_eq!(liveness.next(), at(79));
        assert_eq!(liveness.due(at(80)), Some(Due::Ping));
        assert_eq!(liveness.due(at(119)), Some(Due::GiveUp));
    }
}
