//! What becomes of the lock of a connection that ends.

use serde_json::json;

use crate::support::{Client, TestServer};

/// A connection ends in either way.
async fn end(client: Client, clean: bool) {
    if clean {
        client.close().await;
    } else {
        client.vanish();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_lock_outlives_its_connection() {
    for clean in [true, false] {
        let server = TestServer::start().await;
        let mut holder = server.client().await;
        let mut waiter = server.client().await;
        holder.write(&["a"], "acquired").await;
        waiter.write(&["a"], "enqueued").await;
        end(holder, clean).await;
        server
            .stats_until("n", |stats| stats["abandoned"] == 1)
            .await;
        let stats = server.stats("n").await;
        assert_eq!(
            (&stats["acquired"], &stats["enqueued"]),
            (&json!(0), &json!(1))
        );
        waiter.expect_silence().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_lock_is_released_after_its_timeout() {
    for clean in [true, false] {
        let server = TestServer::start().await;
        let query = "namespace=n&abandon-timeout-ms=50";
        let mut holder = server.client_at(query).await;
        let mut waiter = server.client_at(query).await;
        holder.write(&["a"], "acquired").await;
        waiter.write(&["a"], "enqueued").await;
        end(holder, clean).await;
        waiter.expect("lock", "acquired").await;
        server
            .stats_until("n", |stats| {
                stats["expired_total"] == 1 && stats["abandoned"] == 0
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandon_timeout_of_zero_releases_at_once() {
    let server = TestServer::start().await;
    let query = "namespace=n&abandon-timeout-ms=0";
    let mut holder = server.client_at(query).await;
    let mut waiter = server.client_at(query).await;
    holder.write(&["a"], "acquired").await;
    waiter.write(&["a"], "enqueued").await;
    holder.close().await;
    waiter.expect("lock", "acquired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_very_large_abandon_timeout_is_for_ever() {
    let server = TestServer::start().await;
    for timeout in ["18446744073709551615", "99999999999999999999999999999"] {
        let query = format!("namespace={timeout}&abandon-timeout-ms={timeout}");
        let mut holder = server.client_at(&query).await;
        holder.write(&["a"], "acquired").await;
        holder.close().await;
        server
            .stats_until(timeout, |stats| stats["abandoned"] == 1)
            .await;
        let mut waiter = server.client_at(&query).await;
        waiter.write(&["a"], "enqueued").await;
        waiter.expect_silence().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_request_goes_with_its_connection() {
    let server = TestServer::start().await;
    for how in ["clean", "vanish", "refused"] {
        let mut reader = server.client().await;
        reader.read(&["a"], "acquired").await;
        let mut writer = server.client().await;
        writer.write(&["a"], "enqueued").await;
        let mut next = server.client().await;
        next.read(&["a"], "enqueued").await;
        match how {
            "clean" => writer.close().await,
            "vanish" => writer.vanish(),
            _ => {
                writer.send("nonsense").await;
                writer.expect_refusal("not JSON").await;
            }
        }
        next.expect("lock", "acquired").await;
        assert_eq!(server.stats("n").await["abandoned"], 0);
        next.release().await;
        reader.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_of_a_refused_connection_is_abandoned() {
    let server = TestServer::start().await;
    let query = "namespace=n&abandon-timeout-ms=50";
    let mut holder = server.client_at(query).await;
    let mut waiter = server.client_at(query).await;
    holder.write(&["a"], "acquired").await;
    waiter.write(&["a"], "enqueued").await;
    holder.send("nonsense").await;
    holder.expect_refusal("not JSON").await;
    waiter.expect("lock", "acquired").await;
    assert_eq!(server.stats("n").await["refused_total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_goes_when_nothing_uses_it() {
    let server = TestServer::start().await;
    assert!(server.stats("n").await.is_null());
    let query = "namespace=n&abandon-timeout-ms=50";
    let mut first = server.client_at(query).await;
    let mut second = server.client_at(query).await;
    let id = first.write(&["a"], "acquired").await;
    let greatest = second.write(&["b"], "acquired").await;
    assert_eq!(greatest, id + 1);
    second.release().await;
    second.close().await;
    // Held, then abandoned: it is in use.
    assert_eq!(server.stats("n").await["last_id"], greatest.to_string());
    first.close().await;
    server.stats_until("n", serde_json::Value::is_null).await;
    // The next one of its name begins anew, but for the ids, which go on growing.
    let mut third = server.client_at(query).await;
    assert!(third.write(&["a"], "acquired").await > greatest);
}
