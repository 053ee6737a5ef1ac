//! What the server says.

use std::fmt;

/// The close code of a connection that is ended because of what its client sent.
pub const CLOSE_REFUSED: u16 = 3000;

/// The request that a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `lock`.
    Lock,
    /// `release`.
    Release,
}

/// Where the connection's lock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is none.
    Ready,
    /// It waits.
    Enqueued,
    /// It is held.
    Acquired,
}

/// One message of the protocol to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Number of the lock, growing within the namespace.
    pub id: u64,
    /// What is answered.
    pub action: Action,
    /// What is now.
    pub state: State,
}

impl fmt::Display for Reply {
    /// The message as JSON text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Lock => "lock",
            Action::Release => "release",
        };
        let state = match self.state {
            State::Ready => "ready",
            State::Enqueued => "enqueued",
            State::Acquired => "acquired",
        };
        let id = self.id;
        write!(
            f,
            r#"{{"id":"{id}","action":"{action}","state":"{state}"}}"#
        )
    }
}

/// Bytes of a refusal's sentence. Some quote the client, who may have said a lot.
const MOST_REASON_BYTES: usize = 512;

/// What was wrong with what the client sent, as a sentence. It ends the
/// connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    /// A refusal for this reason, which is cut to 512 bytes.
    pub fn new(reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.len() > MOST_REASON_BYTES {
            reason.truncate(reason.floor_char_boundary(MOST_REASON_BYTES - "…".len()));
            reason.push('…');
            reason.shrink_to_fit();
        }
        Self(reason)
    }

    /// The sentence.
    pub fn reason(&self) -> &str {
        &self.0
    }

    /// The message that says so, as JSON text.
    ///
    /// JSON because clients parse whatever comes: one that waits for a reply
    /// then fails on the unknown action instead of waiting for ever.
    pub fn to_json(&self) -> String {
        serde_json::json!({ "action": "error", "error": self.0 }).to_string()
    }

    /// The sentence cut to what fits into a close frame (123 bytes).
    pub fn close_reason(&self) -> &str {
        &self.0[..self.0.floor_char_boundary(123)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_the_json_of_the_protocol() {
        let reply = Reply {
            id: 17,
            action: Action::Lock,
            state: State::Acquired,
        };
        assert_eq!(
            reply.to_string(),
            r#"{"id":"17","action":"lock","state":"acquired"}"#
        );
    }

    #[test]
    fn a_refusal_is_json_and_fits_a_close_frame() {
        let refusal = Refusal::new(format!("\"{}", "é".repeat(100)));
        let json: serde_json::Value = serde_json::from_str(&refusal.to_json()).expect("JSON");
        assert_eq!(json["action"], "error");
        assert_eq!(json["error"], refusal.reason());
        assert_eq!(refusal.close_reason().len(), 123);
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        assert_eq!(Refusal::new("x".repeat(512)).reason(), "x".repeat(512));
        for character in ["x", "é", "\u{e000}", "😀"] {
            let refusal = Refusal::new(character.repeat(200_000));
            let reason = refusal.reason();
            assert!((500..=512).contains(&reason.len()), "{}", reason.len());
            assert!(reason.ends_with(&format!("{character}…")));
        }
    }
}
