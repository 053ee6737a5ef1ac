//! How a connection ends.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::v1::{CLOSE_REFUSED, Refusal};

/// Why a connection ends.
#[derive(Debug)]
pub enum End {
    /// The client sent a whole message that it should not have sent.
    Refused(Refusal),
    /// The client sent bytes after which its stream cannot be followed any more:
    /// what comes next would be taken for the start of a frame.
    Broken(Refusal),
    /// The client said that it closes.
    Closed,
    /// The client vanished.
    Gone,
    /// The server stops.
    Stopping,
}

/// For the client to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// For the client to send what it had begun to send.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Says goodbye as `end` asks for, in bounded time.
pub async fn leave(mut socket: WebSocketStream<TcpStream>, end: End, write_timeout: Duration) {
    let (refusal, close) = match &end {
        End::Gone => return,
        End::Closed => {
            // The library has its answer to the close frame ready.
            let _ = timeout(write_timeout, socket.flush()).await;
            return;
        }
        End::Stopping => (None, frame(CloseCode::Away, "the server is stopping")),
        End::Refused(refusal) | End::Broken(refusal) => {
            let code = CloseCode::from(CLOSE_REFUSED);
            (Some(refusal), frame(code, refusal.close_reason()))
        }
    };
    let say = async {
        if let Some(refusal) = refusal {
            match socket.feed(Message::text(refusal.to_json())).await {
                // The close frame is small, and says it too.
                Ok(()) | Err(Error::WriteBufferFull(_)) => {}
                Err(error) => return Err(error),
            }
        }
        socket.send(Message::Close(Some(close))).await
    };
    if !matches!(timeout(write_timeout, say).await, Ok(Ok(()))) {
        return;
    }
    if !matches!(end, End::Broken(_)) {
        let answer = async { while let Some(Ok(_)) = socket.next().await {} };
        if timeout(CLOSE_TIMEOUT, answer).await.is_ok() {
            return;
        }
    }
    drain(socket.into_inner()).await;
}

fn frame(code: CloseCode, reason: &str) -> CloseFrame {
    CloseFrame {
        code,
        reason: reason.into(),
    }
}

/// Reads and forgets what the client still sends. To close with bytes unread
/// would reset the connection, and the client might never see why.
async fn drain(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut scrap = vec![0; 16 * 1024];
    let rest = async { while let Ok(1..) = stream.read(&mut scrap).await {} };
    let _ = timeout(DRAIN_TIMEOUT, rest).await;
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

    use super::*;

    #[tokio::test]
    async fn a_refusal_that_cannot_be_sent_still_closes_with_its_code() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let client = TcpStream::connect(address).await.expect("listening");
        let (server, _) = listener.accept().await.expect("connected");
        let small = WebSocketConfig::default()
            .write_buffer_size(128)
            .max_write_buffer_size(256);
        let server = WebSocketStream::from_raw_socket(server, Role::Server, Some(small)).await;
        let mut client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;

        let end = End::Refused(Refusal::new("x".repeat(500)));
        let minute = Duration::from_secs(60);
        let leaving = tokio::spawn(leave(server, end, minute));
        let said = timeout(minute, client.next()).await.expect("in time");
        let Some(Ok(Message::Close(Some(close)))) = said else {
            panic!("expected a close frame, got {said:?}");
        };
        assert_eq!(u16::from(close.code), CLOSE_REFUSED);
        while let Some(Ok(_)) = client.next().await {}
        leaving.await.expect("no panic");
    }
}
