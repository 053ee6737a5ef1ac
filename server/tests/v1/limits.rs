//! The bounds on how much clients can make the server keep.

use serde_json::json;
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

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_a_request_can_be_set() {
    let server = TestServer::with(|config| {
        config.limits.max_claims = 2;
        config.limits.max_segments = 2;
        config.limits.max_path_bytes = 4;
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
        (json!([resource(&["abc", "de"])]), "5 bytes, the limit is 4"),
        (json!([resource(&[&"x".repeat(200)])]), "the limit is 200"),
    ] {
        let mut client = server.client().await;
        client.send_lock(resources).await;
        client.expect_refusal(reason).await;
    }
}
