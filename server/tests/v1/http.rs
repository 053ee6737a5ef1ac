//! The HTTP side: refused upgrades, statistics, the page.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{TestServer, soon};

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

async fn expect(server: &TestServer, head: &str, status: u16, text: &str) {
    let answer = server.request(head).await;
    let line = format!("HTTP/1.1 {status} ");
    assert!(answer.starts_with(&line), "{head}: {answer}");
    assert!(answer.contains(text), "{head}: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_parameters_are_400_with_or_without_an_upgrade() {
    let server = TestServer::start().await;
    let long = format!("namespace={}", "x".repeat(257));
    for (query, reason) in [
        ("", "\r\n\r\nURL parameter 'namespace' is required"),
        (
            "namespace=",
            "\r\n\r\nURL parameter 'namespace' is required",
        ),
        ("namespace", "URL parameter 'namespace' is required"),
        (
            "abandon-timeout-ms=1",
            "URL parameter 'namespace' is required",
        ),
        ("namespace=%FF", "UTF-8"),
        ("namespace=%ED%A0%80", "UTF-8"),
        ("namespace=%zz", "percent-encoded"),
        (&long, "257 bytes, the limit is 256"),
        (
            "namespace=n&abandon-timeout-ms=-1",
            "must be an integer, 0 or greater",
        ),
        (
            "namespace=n&abandon-timeout-ms=",
            "must be an integer, 0 or greater",
        ),
        (
            "namespace=n&abandon-timeout-ms=1.5",
            "must be an integer, 0 or greater",
        ),
        (
            "namespace=n&abandon-timeout-ms=soon",
            "must be an integer, 0 or greater",
        ),
    ] {
        for upgrade in ["X: y", UPGRADE] {
            let head = format!("GET /v1?{query} HTTP/1.1\r\n{upgrade}");
            expect(&server, &head, 400, reason).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_upgrade_is_told_so() {
    let server = TestServer::start().await;
    expect(&server, "GET /v1?namespace=n HTTP/1.1", 426, "WebSocket").await;
    let without_key = "GET /v1?namespace=n HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13";
    expect(&server, without_key, 400, "").await;
    let old = UPGRADE.replace("13", "8");
    expect(
        &server,
        &format!("GET /v1?namespace=n HTTP/1.1\r\n{old}"),
        400,
        "",
    )
    .await;
    expect(&server, "POST /v1?namespace=n HTTP/1.1", 405, "allow: GET").await;
    expect(&server, "GET /v2 HTTP/1.1", 404, "not found").await;
    expect(&server, "DELETE / HTTP/1.1", 405, "only GET").await;
    expect(&server, "nonsense", 400, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_too_large_is_refused() {
    let server = TestServer::start().await;
    let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(10_000));
    expect(&server, &head, 200, "Oarlock").await;
    let mut stream = server.raw().await;
    let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(1_000_000));
    // The server may have closed before all of it was sent.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP/1.1 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_permitted_pages_connect() {
    let server = TestServer::with(|config| {
        let origins = vec!["https://app.example".parse().unwrap()];
        config.allowed_origins = oarlock_server::config::AllowedOrigins::new(origins);
    })
    .await;
    let own = format!("http://{}", server.address);
    for (origin, status) in [
        ("https://evil.example", 403),
        ("null", 403),
        ("http://127.0.0.1:1", 403),
        ("https://app.example.evil", 403),
        ("https://app.example", 101),
        (&own, 101),
    ] {
        let upgrade = format!("{UPGRADE}\r\nOrigin: {origin}");
        let head = format!(
            "GET /v1?namespace=n HTTP/1.1\r\n{upgrade}\r\nHost: {}",
            server.address
        );
        let mut stream = server.raw().await;
        stream
            .write_all(format!("{head}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut line = [0; 12];
        soon(stream.read_exact(&mut line)).await.unwrap();
        let expected = format!("HTTP/1.1 {status}");
        assert_eq!(String::from_utf8_lossy(&line), expected, "{origin}");
    }
}

/// A page whose owner points its name at the server sends no `Origin`.
#[tokio::test(flavor = "multi_thread")]
async fn pages_and_statistics_are_served_under_known_names() {
    let server = TestServer::with(|config| {
        let origins = vec!["https://app.example".parse().unwrap()];
        config.allowed_origins = oarlock_server::config::AllowedOrigins::new(origins);
    })
    .await;
    let _client = server.client().await;
    let port = server.address.port();
    for (host, status) in [
        (format!("Host: 127.0.0.1:{port}\r\n"), 200),
        (format!("Host: localhost:{port}\r\n"), 200),
        ("Host: app.example\r\n".to_owned(), 200),
        (format!("Host: app.example:{port}\r\n"), 200),
        (format!("Host: evil.example:{port}\r\n"), 403),
        ("Host: evil.example\r\n".to_owned(), 403),
        ("Host: app.example.evil\r\n".to_owned(), 403),
        (String::new(), 200),
    ] {
        for path in ["/", "/stats_v1?namespace=n"] {
            let version = if host.is_empty() { "1.0" } else { "1.1" };
            let head = format!("GET {path} HTTP/{version}\r\n{host}\r\n");
            let mut stream = server.raw().await;
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            soon(stream.read_to_string(&mut answer)).await.unwrap();
            let expected = format!(" {status} ");
            assert_eq!(answer.get(8..13), Some(expected.as_str()), "{head}{answer}");
            assert_eq!(answer.contains("abandoned"), status == 200, "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_are_400_without_a_name_and_404_for_nobody() {
    let server = TestServer::start().await;
    let required = "URL parameter 'namespace' is required";
    expect(&server, "GET /stats_v1 HTTP/1.1", 400, required).await;
    expect(&server, "GET /stats_v1?namespace= HTTP/1.1", 400, required).await;
    expect(&server, "GET /stats_v1?namespace=n HTTP/1.1", 404, "nobody").await;
    let _client = server.client().await;
    let json = "content-type: application/json";
    expect(&server, "GET /stats_v1?namespace=n HTTP/1.1", 200, json).await;
    expect(&server, "GET /stats_v1?namespace=N HTTP/1.1", 404, "nobody").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_names_as_text() {
    let server = TestServer::start().await;
    expect(&server, "GET / HTTP/1.1", 200, "Nobody is connected").await;
    let _client = server.client_at("namespace=%3Cscript%3E").await;
    expect(&server, "GET / HTTP/1.1", 200, "<td>&lt;script&gt;<td>1").await;
    expect(&server, "HEAD / HTTP/1.1", 200, "text/html").await;
    expect(&server, "GET / HTTP/1.1", 200, "default-src 'none'").await;
}
