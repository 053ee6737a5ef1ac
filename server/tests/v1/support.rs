//! A server and its clients. Every wait has a deadline, far beyond what is needed.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use oarlock_server::{Config, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// Long enough for any machine; only a failing test waits it out.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Runs `future` with the deadline.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("nothing happened for {DEADLINE:?}"),
    }
}

pub struct TestServer {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            listen: "127.0.0.1:0".to_owned(),
            ..Config::default()
        };
        change(&mut config);
        let server = Server::bind(config).await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop,
            running,
        }
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        soon(self.running).await.unwrap();
    }

    /// A client in the namespace `n` with an abandon timeout beyond any test.
    pub async fn client(&self) -> Client {
        self.client_at("namespace=n&abandon-timeout-ms=3600000")
            .await
    }

    pub async fn client_at(&self, query: &str) -> Client {
        Client::connect(self.address, query).await.unwrap()
    }

    pub async fn raw(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, for those that never read to be full soon.
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// A raw socket that has become a WebSocket connection of namespace `n`.
    pub async fn raw_websocket(&self, query: &str) -> TcpStream {
        let mut stream = self.raw().await;
        let request = format!(
            "GET /v1?{query} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(soon(stream.read_u8()).await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "), "{answer:?}");
        stream
    }

    /// One plain HTTP request: status line, headers and body.
    pub async fn request(&self, head: &str) -> String {
        let mut stream = self.raw().await;
        let request = format!("{head}\r\nHost: {}\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.unwrap();
        answer
    }

    /// The counters of a namespace; null where it does not exist.
    pub async fn stats(&self, namespace: &str) -> Value {
        let head = format!("GET /stats_v1?namespace={namespace} HTTP/1.1");
        let answer = self.request(&head).await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    /// Waits until the counters of a namespace are as wished.
    pub async fn stats_until(&self, namespace: &str, wish: impl Fn(&Value) -> bool) {
        soon(async {
            while !wish(&self.stats(namespace).await) {
                // Not to leave the server without a core.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
    }
}

pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub async fn connect(address: SocketAddr, query: &str) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        let (socket, _) = client_async(format!("ws://{address}/v1?{query}"), stream).await?;
        Ok(Self { socket })
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        let text: String = text.into();
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn send_lock(&mut self, resources: Value) {
        let message = json!({ "action": "lock", "resources": resources });
        self.send(message.to_string()).await;
    }

    pub async fn send_release(&mut self) {
        self.send(r#"{"action":"release"}"#).await;
    }

    /// The next message that is no ping or pong.
    async fn message(&mut self) -> Message {
        loop {
            match soon(self.socket.next()).await.unwrap().unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                other => return other,
            }
        }
    }

    /// The next text message, as JSON.
    pub async fn next(&mut self) -> Value {
        match self.message().await {
            Message::Text(text) => serde_json::from_str(text.as_str()).unwrap(),
            other => panic!("expected a text message, got {other:?}"),
        }
    }

    /// The next text message must answer `action` with `state`; returns the id.
    pub async fn expect(&mut self, action: &str, state: &str) -> u64 {
        let message = self.next().await;
        let id = message["id"].as_str().unwrap().to_owned();
        assert_eq!(
            message,
            json!({ "id": id, "action": action, "state": state })
        );
        id.parse().unwrap()
    }

    pub async fn lock(&mut self, resources: Value, state: &str) -> u64 {
        self.send_lock(resources).await;
        self.expect("lock", state).await
    }

    pub async fn write(&mut self, path: &[&str], state: &str) -> u64 {
        self.lock(json!([{ "type": "write", "path": path }]), state)
            .await
    }

    pub async fn read(&mut self, path: &[&str], state: &str) -> u64 {
        self.lock(json!([{ "type": "read", "path": path }]), state)
            .await
    }

    pub async fn release(&mut self) -> u64 {
        self.send_release().await;
        self.expect("release", "ready").await
    }

    /// Pings and returns the texts that come before the pong.
    pub async fn until_pong(&mut self) -> Vec<Value> {
        let ping = Message::Ping("barrier".into());
        self.socket.send(ping).await.unwrap();
        let mut texts = Vec::new();
        loop {
            match soon(self.socket.next()).await.unwrap().unwrap() {
                Message::Pong(_) => return texts,
                Message::Text(text) => texts.push(serde_json::from_str(text.as_str()).unwrap()),
                other => panic!("expected a pong, got {other:?}"),
            }
        }
    }

    /// Nothing has been said that the client has not read.
    pub async fn expect_silence(&mut self) {
        let said = self.until_pong().await;
        assert!(said.is_empty(), "{said:?}");
    }

    /// The server says what is wrong, closes with 3000 and ends the stream.
    pub async fn expect_refusal(&mut self, reason: &str) {
        let message = self.next().await;
        assert_eq!(message["action"], "error");
        let error = message["error"].as_str().unwrap();
        assert!(error.contains(reason), "{error:?} lacks {reason:?}");
        let CloseFrame { code, reason } = self.expect_close().await;
        assert_eq!(u16::from(code), 3000);
        assert!(error.starts_with(reason.as_str()), "{reason:?}");
    }

    pub async fn expect_close(&mut self) -> CloseFrame {
        let Message::Close(Some(frame)) = self.message().await else {
            panic!("expected a close frame");
        };
        // Reading on writes the answer to it and meets the end.
        while let Some(Ok(_)) = soon(self.socket.next()).await {}
        frame
    }

    /// Closes and waits until the server has seen it.
    pub async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = soon(self.socket.next()).await {}
    }

    /// Goes without a word.
    pub fn vanish(self) {
        drop(self.socket);
    }
}

impl Client {
    /// The next thing the server says must be a ping.
    pub async fn until_ping(&mut self) {
        let message = soon(self.socket.next()).await.unwrap().unwrap();
        assert!(matches!(message, Message::Ping(_)), "{message:?}");
    }

    /// Answers pings until the server ends the connection.
    pub async fn until_closed(&mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}
