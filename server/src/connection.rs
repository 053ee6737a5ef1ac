//! One WebSocket connection: moves messages between the socket, the session and
//! the lock manager.
//!
//! What is sent is bounded: the next message is read only when the answer to the
//! last is written, and one lock means at most one grant.
//!
//! A grant is told before anything that the client sent after it is answered,
//! pings included. Since a release has granted whomever it lets in when it
//! returns, a client that has seen `ready` for a release and then pings another
//! connection gets that connection's grant before the pong.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use crate::farewell::{End, leave};
use crate::liveness::{Due, Liveness};
use crate::lock::ConnectionLock;
use crate::namespace::Membership;
use crate::server::{Shared, Stop};
use crate::stats::{Gauge, Present, Total};
use crate::v1::{Refusal, Reply, Session, Step};

/// Small, since most connections wait most of the time.
const READ_BUFFER_BYTES: usize = 4096;

/// Answers to the client are far smaller; only pongs could pile up, and those
/// are flushed one by one.
const MOST_UNSENT_BYTES: usize = 64 * 1024;

/// What the library must refuse by itself, before it buffers it.
pub fn websocket_config(max_message_bytes: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(READ_BUFFER_BYTES)
        .max_write_buffer_size(MOST_UNSENT_BYTES)
        .max_message_size(Some(max_message_bytes))
        .max_frame_size(Some(max_message_bytes))
}

/// Serves the connection until it ends.
pub async fn serve(
    socket: WebSocketStream<TcpStream>,
    membership: Membership,
    abandon_timeout: Duration,
    shared: Arc<Shared>,
) {
    let timeouts = &shared.config.timeouts;
    let present = Present::new(membership.namespace(), Gauge::Connections);
    let mut connection = Connection {
        socket,
        session: Session::new(membership.namespace().limits()),
        lock: ConnectionLock::new(membership.namespace()),
        liveness: Liveness::new(timeouts, Instant::now()),
        stop: shared.stop.clone(),
        shared: Arc::clone(&shared),
    };
    let end = connection.run().await;
    if matches!(end, End::Refused(_) | End::Broken(_)) {
        membership.namespace().counters().count(Total::Refused);
    }
    // The lock is settled before the goodbye, so that a client that has seen the
    // end of its connection finds things as they then are.
    let Connection { socket, lock, .. } = connection;
    drop(present);
    match lock.into_granted() {
        Some((guard, weight)) => {
            let abandoned = &shared.abandoned;
            abandoned.keep(guard, weight, membership, abandon_timeout);
        }
        None => drop(membership),
    }
    leave(socket, end, timeouts.write).await;
}

struct Connection {
    socket: WebSocketStream<TcpStream>,
    session: Session,
    lock: ConnectionLock,
    liveness: Liveness,
    stop: Stop,
    shared: Arc<Shared>,
}

impl Connection {
    async fn run(&mut self) -> End {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    /// Waits for the next thing to happen and deals with it.
    async fn step(&mut self) -> Result<(), End> {
        tokio::select! {
            biased;
            () = self.stop.requested() => Err(End::Stopping),
            outcome = self.lock.granted() => self.granted(outcome).await,
            message = self.socket.next() => self.received(message).await,
            () = sleep_until(self.liveness.next()) => self.silent().await,
        }
    }

    async fn received(&mut self, message: Option<Result<Message, Error>>) -> Result<(), End> {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(why_unreadable(error)),
            None => return Err(End::Gone),
        };
        self.liveness.heard(Instant::now());
        if let Some(outcome) = self.lock.granted_by_now() {
            self.granted(outcome).await?;
        }
        match message {
            Message::Text(text) => self.text(text.as_str()).await,
            Message::Binary(_) => Err(End::Refused(self.session.binary())),
            Message::Close(_) => Err(End::Closed),
            // The library has its pong ready; to send it now keeps a client that
            // pings and never reads from piling them up.
            Message::Ping(_) => self.write(None).await,
            Message::Pong(_) | Message::Frame(_) => Ok(()),
        }
    }

    async fn text(&mut self, text: &str) -> Result<(), End> {
        let reply = match self.session.text(text).map_err(End::Refused)? {
            Step::Submit(claims) => {
                if self.shared.abandoned.is_full() {
                    return Err(End::Refused(Refusal::new(
                        "the server is full: too many abandoned locks",
                    )));
                }
                let (id, granted) = self.lock.submit(claims).map_err(refused)?;
                Some(self.session.submitted(id, granted))
            }
            Step::End => {
                self.lock.end();
                self.session.ended()
            }
        };
        self.reply(reply).await
    }

    async fn granted(&mut self, outcome: Result<(), oarlock::AcquireError>) -> Result<(), End> {
        outcome.map_err(refused)?;
        let reply = self.session.granted();
        self.reply(reply).await
    }

    async fn silent(&mut self) -> Result<(), End> {
        match self.liveness.due(Instant::now()) {
            Some(Due::Ping) => self.write(Some(Message::Ping(Bytes::new()))).await,
            Some(Due::GiveUp) => Err(End::Gone),
            None => Ok(()),
        }
    }

    async fn reply(&mut self, reply: Option<Reply>) -> Result<(), End> {
        match reply {
            Some(reply) => self.write(Some(Message::text(reply.to_string()))).await,
            None => Ok(()),
        }
    }

    /// Writes the message and whatever the library has to say, to the last byte.
    async fn write(&mut self, message: Option<Message>) -> Result<(), End> {
        let socket = &mut self.socket;
        let writing = async {
            match message {
                Some(message) => socket.send(message).await,
                None => socket.flush().await,
            }
        };
        match timeout(self.shared.config.timeouts.write, writing).await {
            Ok(Ok(())) => Ok(()),
            // A client that takes nothing is as good as gone.
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

/// The core's own sentence.
fn refused(error: oarlock::AcquireError) -> End {
    End::Refused(Refusal::new(error.to_string()))
}

fn why_unreadable(error: Error) -> End {
    let reason = match error {
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            format!("message of at least {size} bytes: the limit is {max_size}")
        }
        Error::Utf8(_) => "text message that is not UTF-8".to_owned(),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return End::Gone,
        Error::Protocol(error) => format!("not WebSocket: {error}"),
        _ => return End::Gone,
    };
    End::Broken(Refusal::new(reason))
}
