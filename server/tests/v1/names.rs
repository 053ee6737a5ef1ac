//! Every path works, and distinct names stay distinct.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn deep_paths_work_up_to_the_limit() {
    let server = TestServer::start().await;
    let (mut holder, mut waiter, mut beside) = (
        server.client().await,
        server.client().await,
        server.client().await,
    );
    for depth in [1, 2, 10, 40, 79, 1000, 1024] {
        let path = vec!["s"; depth];
        holder.write(&path, "acquired").await;
        waiter.read(&path[..depth / 2], "enqueued").await;
        let mut sibling = path.clone();
        sibling[depth - 1] = "t";
        waiter.release().await;
        beside.write(&sibling, "acquired").await;
        beside.release().await;
        holder.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_of_too_many_segments_is_refused() {
    let server = TestServer::start().await;
    for (count, reason) in [
        (1025, "1025 segments, the limit is 1024"),
        // So many that they are not even read to their end.
        (100_000, "more than 16384 segments together"),
    ] {
        let mut client = server.client().await;
        let path = vec!["s"; count];
        client
            .send_lock(json!([{ "type": "w", "path": path }]))
            .await;
        client.expect_refusal(reason).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_of_too_many_bytes_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let name = "s".repeat(65_536);
    client.write(&[&name], "acquired").await;
    client.release().await;
    let path = json!([{ "type": "w", "path": [name, "t"] }]);
    client.send_lock(path).await;
    client
        .expect_refusal("65537 bytes, the limit is 65536")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_are_names_of_their_own() {
    let server = TestServer::start().await;
    let names = [
        r"",
        r"/",
        r"a/b",
        r"\u0000",
        r"\u0000\u0000",
        r"\ud800",
        r"\ud801",
        r"\udc00",
        r"\ufffd",
        r"\ud800x",
        r"\ud83d\ude00",
        r"é",
        r"e\u0301",
        r" ",
        r"\ud800\ud800",
    ];
    let lock =
        |name| format!(r#"{{"action":"lock","resources":[{{"type":"w","path":["p","{name}"]}}]}}"#);
    let mut holders = Vec::new();
    for name in names {
        let mut holder = server.client().await;
        holder.send(lock(name)).await;
        holder.expect("lock", "acquired").await;
        holders.push(holder);
    }
    for name in names {
        let mut second = server.client().await;
        second.send(lock(name)).await;
        second.expect("lock", "enqueued").await;
    }
    // Escaped or not, it is the same name.
    let mut plain = server.client().await;
    plain.send(lock("😀")).await;
    plain.expect("lock", "enqueued").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_with_odd_names_are_apart() {
    let server = TestServer::start().await;
    let mut held = Vec::new();
    for name in [
        "a",
        "A",
        "a%20",
        "a%00",
        "%3Cb%3E",
        "%C3%A9",
        "e%CC%81",
        "a%26b%3Dc",
        "a%2Fb",
    ] {
        let mut client = server.client_at(&format!("namespace={name}")).await;
        client.write(&[], "acquired").await;
        held.push(client);
    }
    let mut same = server.client_at("namespace=%61").await;
    same.write(&[], "enqueued").await;
}
