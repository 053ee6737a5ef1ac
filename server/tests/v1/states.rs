//! ready → (lock) → enqueued → acquired → (release) → ready.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_acquired_released_and_taken_again() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let first = client.write(&["a"], "acquired").await;
    assert_eq!(client.release().await, first);
    let second = client.write(&["a"], "acquired").await;
    assert!(second > first);
    assert_eq!(client.release().await, second);
    client.expect_silence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflicting_lock_waits_and_is_told_unasked() {
    let server = TestServer::start().await;
    let (mut holder, mut waiter) = (server.client().await, server.client().await);
    let held = holder.write(&["a", "b"], "acquired").await;
    let waiting = waiter.read(&["a"], "enqueued").await;
    assert!(waiting > held);
    waiter.expect_silence().await;
    holder.release().await;
    assert_eq!(waiter.expect("lock", "acquired").await, waiting);
    assert_eq!(waiter.release().await, waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_resources_are_all_or_nothing() {
    let server = TestServer::start().await;
    let (mut holder, mut both, mut other) = (
        server.client().await,
        server.client().await,
        server.client().await,
    );
    holder.write(&["b"], "acquired").await;
    let resources = json!([
        { "type": "WRITE", "path": ["a"] },
        { "type": "R", "path": ["b"] },
        { "type": "w", "path": ["c"] },
        { "type": "Read", "path": ["d"] },
    ]);
    both.lock(resources, "enqueued").await;
    // First in, first out: a later request for a free part of it waits as well.
    other.write(&["c"], "enqueued").await;
    holder.release().await;
    both.expect("lock", "acquired").await;
    other.expect_silence().await;
    both.release().await;
    other.expect("lock", "acquired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_empty_path_is_the_whole_namespace_and_only_that() {
    let server = TestServer::start().await;
    let (mut all, mut inside) = (server.client().await, server.client().await);
    all.write(&[], "acquired").await;
    inside.read(&["x"], "enqueued").await;
    let mut elsewhere = server.client_at("namespace=other").await;
    elsewhere.write(&["x"], "acquired").await;
    all.release().await;
    inside.expect("lock", "acquired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_while_enqueued_lets_the_next_one_in() {
    let server = TestServer::start().await;
    let (mut reader, mut writer, mut next) = (
        server.client().await,
        server.client().await,
        server.client().await,
    );
    reader.read(&["a"], "acquired").await;
    let id = writer.write(&["a"], "enqueued").await;
    next.read(&["a"], "enqueued").await;
    assert_eq!(writer.release().await, id);
    next.expect("lock", "acquired").await;
    writer.expect_silence().await;
    writer.read(&["a"], "acquired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_comes_last_when_release_and_grant_race() {
    let server = TestServer::start().await;
    let (mut holder, mut waiter) = (server.client().await, server.client().await);
    for _ in 0..200 {
        holder.write(&["a"], "acquired").await;
        let id = waiter.write(&["a"], "enqueued").await;
        tokio::join!(holder.send_release(), waiter.send_release());
        let mut message = waiter.next().await;
        if message["state"] == "acquired" {
            let expected = json!({ "id": id.to_string(), "action": "lock", "state": "acquired" });
            assert_eq!(message, expected);
            message = waiter.next().await;
        }
        let ready = json!({ "id": id.to_string(), "action": "release", "state": "ready" });
        assert_eq!(message, ready);
        waiter.expect_silence().await;
        holder.expect("release", "ready").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_comes_before_the_pong_of_a_ping_sent_after_the_release() {
    let server = TestServer::start().await;
    let (mut holder, mut waiter) = (server.client().await, server.client().await);
    for _ in 0..200 {
        holder.write(&["a"], "acquired").await;
        waiter.write(&["a"], "enqueued").await;
        waiter.expect_silence().await;
        holder.release().await;
        let said = waiter.until_pong().await;
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0]["state"], "acquired");
        waiter.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_sent_ahead_are_answered_in_order() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let resources = json!([{ "type": "w", "path": ["a"] }]);
    for _ in 0..100 {
        client.send_lock(resources.clone()).await;
        client.send_release().await;
    }
    let mut last = 0;
    for _ in 0..100 {
        let id = client.expect("lock", "acquired").await;
        assert!(id > last);
        assert_eq!(client.expect("release", "ready").await, id);
        last = id;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_waiters_are_served_in_order() {
    let server = TestServer::start().await;
    let mut holder = server.client().await;
    holder.write(&["a"], "acquired").await;
    let mut waiters = Vec::new();
    for _ in 0..200 {
        let mut waiter = server.client().await;
        waiter.write(&["a"], "enqueued").await;
        waiters.push(waiter);
    }
    holder.release().await;
    for mut waiter in waiters {
        waiter.expect("lock", "acquired").await;
        waiter.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_fragments_is_one_message() {
    use futures_util::SinkExt;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

    let server = TestServer::start().await;
    let mut client = server.client().await;
    let text = br#"{"action":"lock","resources":[{"type":"w","path":["x"]}]}"#;
    let last = text.len() - 1;
    for (index, byte) in text.iter().enumerate() {
        let data = if index == 0 {
            Data::Text
        } else {
            Data::Continue
        };
        let frame = Frame::message(vec![*byte], OpCode::Data(data), index == last);
        client.socket.feed(Message::Frame(frame)).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    client.expect("lock", "acquired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_follow() {
    let server = TestServer::start().await;
    let (mut holder, mut waiter) = (server.client().await, server.client().await);
    holder.write(&["a"], "acquired").await;
    let last = waiter.write(&["a"], "enqueued").await;
    let stats = server.stats("n").await;
    assert_eq!(stats["namespace"], "n");
    for (name, expected) in [
        ("connections", 2),
        ("acquired", 1),
        ("enqueued", 1),
        ("abandoned", 0),
        ("acquired_at_once_total", 1),
        ("acquired_later_total", 0),
    ] {
        assert_eq!(stats[name], expected, "{name}");
    }
    assert_eq!(stats["last_id"], last.to_string());
    holder.release().await;
    waiter.expect("lock", "acquired").await;
    waiter.release().await;
    holder.write(&["a"], "acquired").await;
    waiter.read(&["a"], "enqueued").await;
    waiter.release().await;
    let stats = server.stats("n").await;
    for (name, expected) in [
        ("acquired", 1),
        ("enqueued", 0),
        ("acquired_at_once_total", 2),
        ("acquired_later_total", 1),
        ("released_total", 2),
        ("withdrawn_total", 1),
        ("refused_total", 0),
    ] {
        assert_eq!(stats[name], expected, "{name}");
    }
}
