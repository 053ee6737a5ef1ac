//! What a client must not send: the server says what was wrong, closes with
//! 3000, and everybody else goes on.

use futures_util::SinkExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::support::{TestServer, soon};

#[tokio::test(flavor = "multi_thread")]
async fn bad_texts_are_refused_with_their_reason() {
    let server = TestServer::start().await;
    let mut bystander = server.client().await;
    let id = bystander.write(&["a"], "acquired").await;
    for (text, reason) in [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ("{}", "action"),
        ("[]", "not a request"),
        ("null", "not a request"),
        (r#"{"action":"jump"}"#, r#"unknown action "jump""#),
        (r#"{"action":"Lock","resources":[]}"#, "unknown action"),
        (r#"{"action":"release"}"#, "ready"),
        (r#"{"action":"lock"}"#, "needs 'resources'"),
        (r#"{"action":"lock","resources":[]}"#, "at least one"),
        (r#"{"action":"lock","resources":"a"}"#, "not a request"),
        (
            r#"{"action":"lock","resources":[{"type":"x","path":[]}]}"#,
            r#"unknown type "x""#,
        ),
        (r#"{"action":"lock","resources":[{"path":[]}]}"#, "type"),
        (r#"{"action":"lock","resources":[{"type":"r"}]}"#, "path"),
        (
            r#"{"action":"lock","resources":[{"type":"r","path":"a"}]}"#,
            "not a request",
        ),
        (
            r#"{"action":"lock","resources":[{"type":"r","path":[1]}]}"#,
            "expected a string",
        ),
    ] {
        let mut client = server.client().await;
        client.send(text).await;
        client.expect_refusal(reason).await;
    }
    server
        .stats_until("n", |stats| stats["connections"] == 1)
        .await;
    assert_eq!(server.stats("n").await["refused_total"], 16);
    assert_eq!(bystander.release().await, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_would_quote_a_lot_is_cut_and_sent() {
    let server = TestServer::start().await;
    let private = "\u{e000}".repeat(20_000);
    for text in [
        format!(
            r#"{{"action":"lock","resources":"{}"}}"#,
            "x".repeat(200_000)
        ),
        format!(
            r#"{{"action":"lock","resources":[{{"type":"r","path":"{}"}}]}}"#,
            "y".repeat(500_000)
        ),
        format!(r#""{}""#, "z".repeat(900_000)),
        format!(r#""{private}""#),
        format!(r#"{{"action":"lock","resources":"{private}"}}"#),
    ] {
        let mut client = server.client().await;
        client.send(text).await;
        client.expect_refusal("not a request").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_field_with_half_a_surrogate_pair_is_ignored() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.write(&["a"], "acquired").await;
    client.send(r#"{"\ud800":1,"action":"release"}"#).await;
    client.expect("release", "ready").await;
    client.send(r#"{"action":"\ud800"}"#).await;
    client.expect_refusal("unknown action").await;
}

/// An invalid close code is a close all the same: answered by the WebSocket
/// library with 1002, and no refusal.
#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_close_code_is_answered_with_1002() {
    let server = TestServer::start().await;
    for code in [999_u16, 1005] {
        let mut stream = server.raw_websocket("namespace=n").await;
        let [high, low] = code.to_be_bytes();
        let close = [0x88, 0x82, 0, 0, 0, 0, high, low];
        stream.write_all(&close).await.unwrap();
        let mut answer = Vec::new();
        soon(stream.read_to_end(&mut answer)).await.unwrap();
        assert_eq!(answer[0], 0x88, "{answer:?}");
        assert_eq!(answer[2..4], 1002_u16.to_be_bytes(), "{answer:?}");
    }
    // Half a code cannot be read at all.
    let mut stream = server.raw_websocket("namespace=n").await;
    let close = [0x88, 0x81, 0, 0, 0, 0, 3];
    stream.write_all(&close).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("not WebSocket"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_before_release_is_refused() {
    let server = TestServer::start().await;
    let lock = || json!([{ "type": "write", "path": ["a"] }]);
    let mut holder = server.client().await;
    holder.lock(lock(), "acquired").await;
    let mut waiter = server.client().await;
    waiter.lock(lock(), "enqueued").await;
    waiter.send_lock(lock()).await;
    waiter.expect_refusal("enqueued").await;
    holder
        .send_lock(json!([{ "type": "read", "path": ["elsewhere"] }]))
        .await;
    holder.expect_refusal("acquired").await;
    // Its lock is abandoned, with what the second request asked for untouched.
    let mut other = server.client().await;
    other.write(&["elsewhere"], "acquired").await;
    other.release().await;
    other.lock(lock(), "enqueued").await;
    assert_eq!(server.stats("n").await["abandoned"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_release_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.write(&["a"], "acquired").await;
    client.release().await;
    client.send_release().await;
    client.expect_refusal("ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_messages_are_refused() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let good_but_binary = Message::binary(br#"{"action":"release"}"#.to_vec());
    client.socket.send(good_but_binary).await.unwrap();
    client.expect_refusal("binary message").await;
}

/// A masked frame header that promises `length` bytes.
fn header(first: u8, length: u64) -> Vec<u8> {
    let mut header = vec![first, 0x80 | 127];
    header.extend(length.to_be_bytes());
    header.extend([0; 4]);
    header
}

const TEXT: u8 = 0x81;
const TEXT_TO_BE_CONTINUED: u8 = 0x01;

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_message_is_refused_from_its_header_alone() {
    let server = TestServer::start().await;
    for first in [TEXT, TEXT_TO_BE_CONTINUED] {
        for length in [1 << 20 | 1, 100_000_000, u64::MAX >> 1, u64::MAX] {
            let mut stream = server.raw_websocket("namespace=n").await;
            stream.write_all(&header(first, length)).await.unwrap();
            // Not a byte of it is sent, and the answer is here.
            let mut answer = Vec::new();
            soon(stream.read_to_end(&mut answer)).await.unwrap();
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.contains("the limit is 1048576"), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_message_is_refused_while_it_is_being_sent() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.send("x".repeat(20_000_000)).await;
    client
        .expect_refusal("20000000 bytes: the limit is 1048576")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_message_in_fragments_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for index in 0..40 {
        let data = if index == 0 {
            Data::Text
        } else {
            Data::Continue
        };
        let frame = Frame::message(vec![b' '; 100_000], OpCode::Data(data), false);
        client.socket.send(Message::Frame(frame)).await.unwrap();
    }
    client.expect_refusal("the limit is 1048576").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_exactly_the_limit_is_read() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let lock = r#"{"action":"lock","resources":[{"type":"w","path":[]}]}"#;
    client
        .send(lock.to_owned() + &" ".repeat((1 << 20) - lock.len()))
        .await;
    client.expect("lock", "acquired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_resources_are_refused() {
    let server = TestServer::start().await;
    // As text: a million values would take longer to build than to refuse.
    let resources = r#"{"type":"r","path":["a"]},"#.repeat(1_000_000);
    let resources = resources.trim_end_matches(',');
    let message = format!(r#"{{"action":"lock","resources":[{resources}]}}"#);
    let mut client = server.client().await;
    client.send(message.clone()).await;
    client.expect_refusal("the limit is 1048576").await;

    let wide = TestServer::with(|config| config.limits.max_message_bytes = 64 << 20).await;
    let mut client = wide.client().await;
    client.send(message).await;
    client.expect_refusal("more than 4096").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_websocket_is_refused() {
    let server = TestServer::start().await;
    for (bytes, reason) in [
        // A frame without a mask.
        (&[0x81, 2, b'{', b'}'][..], "not WebSocket"),
        // Reserved bits; a reserved opcode; a continuation of nothing.
        (&[0xf1, 0x80, 0, 0, 0, 0], "not WebSocket"),
        (&[0x83, 0x80, 0, 0, 0, 0], "not WebSocket"),
        (&[0x80, 0x80, 0, 0, 0, 0], "not WebSocket"),
        // A ping in fragments.
        (&[0x09, 0x80, 0, 0, 0, 0], "not WebSocket"),
        // Text that is no UTF-8.
        (&[0x81, 0x81, 0, 0, 0, 0, 0xff], "not UTF-8"),
    ] {
        let mut stream = server.raw_websocket("namespace=n").await;
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        soon(stream.read_to_end(&mut answer)).await.unwrap();
        let close = [0x0b, 0xb8];
        assert!(answer.windows(2).any(|pair| pair == close), "{bytes:?}");
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains(reason), "{bytes:?}: {answer}");
    }
}
