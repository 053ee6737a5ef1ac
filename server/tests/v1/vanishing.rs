//! Clients that stop in the middle of something, and the bounds on their time.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{TestServer, soon};

const SHORT: Duration = Duration::from_millis(200);

/// Short for a test, long for a client that is alive on a machine that is busy.
const LONGER: Duration = Duration::from_secs(2);

/// A masked text frame with a zero mask.
fn frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    let mut frame = vec![0x81, 0x80 | length, 0, 0, 0, 0];
    frame.extend(text.as_bytes());
    frame
}

const LOCK: &str = r#"{"action":"lock","resources":[{"type":"w","path":["a"]}]}"#;
const RELEASE: &str = r#"{"action":"release"}"#;

async fn impatient() -> TestServer {
    TestServer::with(|config| {
        config.timeouts.ping_interval = SHORT;
        config.timeouts.ping_timeout = LONGER;
        config.timeouts.write = SHORT;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_cut_off_in_a_frame_is_gone() {
    let server = TestServer::start().await;
    let mut waiter = server.client().await;
    for cut in [1, 2, 5, 6, 20] {
        let mut stream = server
            .raw_websocket("namespace=n&abandon-timeout-ms=0")
            .await;
        stream.write_all(&frame(LOCK)).await.unwrap();
        server
            .stats_until("n", |stats| stats["acquired"] == 1)
            .await;
        waiter.write(&["a"], "enqueued").await;
        stream.write_all(&frame(RELEASE)[..cut]).await.unwrap();
        drop(stream);
        waiter.expect("lock", "acquired").await;
        waiter.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_answers_no_ping_is_gone() {
    let server = impatient().await;
    let mut waiter = server.client().await;
    // One is silent after a message, one in the middle of a frame, one waits.
    for rest in [&[][..], &frame(RELEASE)[..9]] {
        let query = "namespace=n&abandon-timeout-ms=0";
        let mut stream = server.raw_websocket(query).await;
        stream.write_all(&frame(LOCK)).await.unwrap();
        stream.write_all(rest).await.unwrap();
        server
            .stats_until("n", |stats| stats["acquired"] == 1)
            .await;
        waiter.write(&["a"], "enqueued").await;
        waiter.expect("lock", "acquired").await;
        waiter.release().await;
        let mut answer = Vec::new();
        soon(stream.read_to_end(&mut answer)).await.unwrap();
        assert!(answer.windows(2).any(|pair| pair == [0x89, 0]), "a ping");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_client_that_waits_is_dropped_at_once() {
    let server = impatient().await;
    let mut reader = server.client().await;
    reader.read(&["a"], "acquired").await;
    let mut silent = server
        .raw_websocket("namespace=n&abandon-timeout-ms=3600000")
        .await;
    silent.write_all(&frame(LOCK)).await.unwrap();
    server
        .stats_until("n", |stats| stats["enqueued"] == 1)
        .await;
    // The reader, of whom nothing is heard but pongs, stays.
    let waiting = async {
        let mut next = server.client().await;
        next.read(&["a"], "enqueued").await;
        next.expect("lock", "acquired").await;
    };
    let reading = reader.until_closed();
    tokio::select! {
        () = waiting => {}
        () = reading => panic!("a client that answers pings was given up"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_answers_pings_stays() {
    let server = impatient().await;
    let mut client = server.client().await;
    client.write(&["a"], "acquired").await;
    for _ in 0..3 {
        client.until_ping().await;
    }
    client.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_takes_too_long_is_cut_off() {
    let server = TestServer::with(|config| config.timeouts.handshake = SHORT).await;
    for begun in [
        "",
        "GET /v1?namespace=n HT",
        "GET / HTTP/1.1\r\nHost: x\r\n",
    ] {
        let mut stream = server.raw().await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // An end or a reset, as the system sees fit.
        let _ = soon(stream.read_to_end(&mut answer)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_never_reads_is_cut_off() {
    let server = impatient().await;
    // Long pings, for their pongs to fill the buffers soon.
    let ping = [&[0x89, 0xfd, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
    for sent in [[frame(LOCK), frame(RELEASE)].concat(), ping] {
        let mut stream = server.raw_websocket("namespace=n").await;
        let many = sent.repeat(1000);
        // Its answers pile up in the system's buffers, then the server stops
        // reading, then gives it up, and writing fails. On a busy machine that is
        // long after the first ones, but something happens all the while.
        let mut left = 1000;
        while soon(stream.write_all(&many)).await.is_ok() {
            left -= 1;
            assert!(left > 0, "it reads on and on");
        }
        server
            .stats_until("n", |stats| stats.is_null() || stats["connections"] == 0)
            .await;
    }
}
