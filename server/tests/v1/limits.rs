//! The bounds on how much clients can make the server keep.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Error;

use crate::support::{Client, TestServer, soon};

async fn status(server: &TestServer, query: &str) -> (u16, String) {
    match Client::connect(server.address, query).await {
        Ok(_) => (101, String::new()),
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            (response.status().as_u16(), String::from_utf8(body).unwrap())
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded() {
    let server = TestServer::with(|config| config.limits.max_connections = 2).await;
    let first = server.client().await;
    let mut second = server.client().await;
    let (code, reason) = status(&server, "namespace=n").await;
    assert_eq!(code, 503);
    assert!(reason.contains("too many connections"), "{reason}");
    // Pages are still served, and those that are in go on.
    assert_eq!(server.stats("n").await["connections"], 2);
    second.write(&["a"], "acquired").await;
    first.close().await;
    soon(async { while status(&server, "namespace=n").await.0 != 101 {} }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_are_bounded() {
    let server = TestServer::with(|config| config.limits.max_namespaces = 1).await;
    let _only = server.client().await;
    let (code, reason) = status(&server, "namespace=another").await;
    assert_eq!(code, 503);
    assert!(reason.contains("too many namespaces"), "{reason}");
    assert_eq!(status(&server, "namespace=n").await.0, 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_handshake_leaves_no_namespace() {
    let server = TestServer::start().await;
    for path in [
        "/v1?namespace=n&abandon-timeout-ms=x",
        "/v1?namespace=n",
        "/stats_v1?namespace=n",
    ] {
        server.request(&format!("GET {path} HTTP/1.1")).await;
        assert!(server.stats("n").await.is_null(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn abandoned_locks_are_bounded() {
    let server = TestServer::with(|config| config.limits.max_abandoned = 2).await;
    for path in ["a", "b"] {
        let mut client = server.client().await;
        client.write(&[path], "acquired").await;
        client.close().await;
    }
    server
        .stats_until("n", |stats| stats["abandoned"] == 2)
        .await;
    let mut third = server.client().await;
    third
        .send(r#"{"action":"lock","resources":[{"type":"w","path":["c"]}]}"#)
        .await;
    third.expect_refusal("too many abandoned locks").await;
}

/// Ten segments and two claims, or as much in one long name.
#[tokio::test(flavor = "multi_thread")]
async fn abandoned_locks_are_bounded_by_what_they_weigh() {
    let short = json!([
        { "type": "w", "path": ["1", "2", "3", "4", "5"] },
        { "type": "r", "path": ["6", "7", "8", "9", "10"] },
    ]);
    let long = json!([{ "type": "w", "path": ["x".repeat(640)] }]);
    for resources in [short, long] {
        let server = TestServer::with(|config| config.limits.max_abandoned_segments = 13).await;
        let query = "namespace=n&abandon-timeout-ms=3600000";
        let mut first = server.client_at(query).await;
        first.lock(resources.clone(), "acquired").await;
        first.close().await;
        // Twelve: one more fits, whatever it weighs.
        server
            .stats_until("n", |stats| stats["abandoned"] == 1)
            .await;
        let mut second = server.client_at("namespace=m&abandon-timeout-ms=0").await;
        second.lock(resources.clone(), "acquired").await;
        second.release().await;
        let mut second = server.client_at("namespace=m").await;
        second.lock(resources.clone(), "acquired").await;
        second.close().await;
        server
            .stats_until("m", |stats| stats["abandoned"] == 1)
            .await;
        let mut third = server.client().await;
        third.send_lock(json!([{ "type": "w", "path": [] }])).await;
        third.expect_refusal("too many abandoned locks").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_weight_of_an_abandoned_lock_goes_with_it() {
    let server = TestServer::with(|config| config.limits.max_abandoned_segments = 1).await;
    for _ in 0..3 {
        let mut client = server.client_at("namespace=n&abandon-timeout-ms=10").await;
        client.write(&["a"], "acquired").await;
        client.close().await;
        server.stats_until("n", serde_json::Value::is_null).await;
    }
}

/// More half-open requests than there are sockets, for as long as they like.
#[tokio::test(flavor = "multi_thread")]
async fn unfinished_requests_keep_nobody_out() {
    let server = TestServer::with(|config| {
        config.limits.max_connections = 2;
        config.timeouts.handshake = Duration::from_secs(3600);
    })
    .await;
    let mut early = server.client().await;
    early.write(&["a"], "acquired").await;
    let mut unfinished = Vec::new();
    for _ in 0..300 {
        let mut stream = server.raw().await;
        stream.write_all(b"GET /v1?namespace=n HT").await.unwrap();
        unfinished.push(stream);
    }
    let mut late = soon(server.client()).await;
    late.write(&["a"], "enqueued").await;
    assert_eq!(soon(server.stats("n")).await["connections"], 2);
    assert_eq!(soon(status(&server, "namespace=n")).await.0, 503);
    early.release().await;
    late.expect("lock", "acquired").await;
    // The oldest has given way, the youngest has not.
    let mut end = Vec::new();
    let _ = soon(unfinished[0].read_to_end(&mut end)).await;
    let mut youngest = unfinished.pop().unwrap();
    let rest = b"TP/1.1\r\nHost: localhost\r\n\r\n";
    youngest.write_all(rest).await.unwrap();
    soon(youngest.read_to_end(&mut end)).await.unwrap();
    assert!(end.starts_with(b"HTTP/1.1 426"), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_request_can_be_set() {
    let server = TestServer::with(|config| {
        config.limits.max_claims = 2;
        config.limits.max_segments = 2;
        config.limits.max_path_bytes = 4;
        config.limits.max_request_segments = 3;
        config.limits.max_message_bytes = 200;
    })
    .await;
    let mut client = server.client().await;
    client.write(&["ab", "cd"], "acquired").await;
    let resource = |path: &[&str]| json!({ "type": "w", "path": path });
    for (resources, reason) in [
        (
            json!([resource(&["a"]), resource(&["b"]), resource(&["c"])]),
            "more than 2 claims",
        ),
        (
            json!([resource(&["a", "b", "c"])]),
            "3 segments, the limit is 2",
        ),
        (
            json!([resource(&["a", "b"]), resource(&["c", "d"])]),
            "more than 3 segments together",
        ),
        (json!([resource(&["abc", "de"])]), "5 bytes, the limit is 4"),
        (json!([resource(&[&"x".repeat(200)])]), "the limit is 200"),
    ] {
        let mut client = server.client().await;
        client.send_lock(resources).await;
        client.expect_refusal(reason).await;
    }
}
