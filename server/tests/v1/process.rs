//! The binary: its first line, its end, its exit codes.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::json;

use crate::support::{Client, TestServer, soon};

/// A process that ends with its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn start(flags: &[&str]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_oarlock"))
            .args(flags)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    fn signal(&self, name: &str) {
        // The shell's own `kill`, which every system has.
        let command = format!("kill -{name} {}", self.0.id());
        let status = Command::new("sh").args(["-c", &command]).status();
        assert!(status.unwrap().success());
    }

    async fn end(&mut self) -> ExitStatus {
        soon(async {
            loop {
                match self.0.try_wait().unwrap() {
                    Some(status) => return status,
                    None => tokio::task::yield_now().await,
                }
            }
        })
        .await
    }

    fn errors(&mut self) -> String {
        let mut text = String::new();
        let mut stderr = self.0.stderr.take().unwrap();
        stderr.read_to_string(&mut text).unwrap();
        text
    }
}

async fn serve(flags: &[&str]) -> (Process, SocketAddr) {
    let flags = [&["serve", "--listen", "127.0.0.1:0"], flags].concat();
    let mut process = Process::start(&flags);
    let stdout = process.0.stdout.take().unwrap();
    let line = tokio::task::spawn_blocking(|| BufReader::new(stdout).lines().next());
    let line = soon(line).await.unwrap().unwrap().unwrap();
    let address = line.strip_prefix("listening on ").unwrap();
    (process, address.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_end_it_with_a_goodbye_to_everyone() {
    for name in ["TERM", "INT"] {
        let (mut process, address) = serve(&[]).await;
        let mut holder = Client::connect(address, "namespace=n").await.unwrap();
        let mut waiter = Client::connect(address, "namespace=n").await.unwrap();
        holder.write(&["a"], "acquired").await;
        waiter.write(&["a"], "enqueued").await;
        process.signal(name);
        for mut client in [holder, waiter] {
            let close = client.expect_close().await;
            assert_eq!(u16::from(close.code), 1001);
        }
        assert_eq!(process.end().await.code(), Some(0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_reach_the_server() {
    let (_process, address) = serve(&[
        "--max-claims",
        "1",
        "--max-message-bytes",
        "300",
        "--max-request-segments",
        "2",
        "--max-abandoned-segments",
        "1",
    ])
    .await;
    let mut client = Client::connect(address, "namespace=n").await.unwrap();
    let two =
        r#"{"action":"lock","resources":[{"type":"r","path":["a"]},{"type":"r","path":["b"]}]}"#;
    client.send(two).await;
    client.expect_refusal("more than 1 claims").await;
    let mut client = Client::connect(address, "namespace=n").await.unwrap();
    client.send(" ".repeat(301)).await;
    client.expect_refusal("the limit is 300").await;
    let mut client = Client::connect(address, "namespace=n").await.unwrap();
    client
        .send_lock(json!([{ "type": "r", "path": ["a", "b", "c"] }]))
        .await;
    client.expect_refusal("more than 2 segments").await;
    let mut client = Client::connect(address, "namespace=n").await.unwrap();
    client.write(&["a"], "acquired").await;
    client.close().await;
    let mut client = Client::connect(address, "namespace=n").await.unwrap();
    client
        .send_lock(json!([{ "type": "r", "path": ["b"] }]))
        .await;
    client.expect_refusal("too many abandoned locks").await;
}

async fn fails(flags: &[&str], code: i32, reason: &str) {
    let mut process = Process::start(flags);
    let status = process.end().await;
    let errors = process.errors();
    assert_eq!(status.code(), Some(code), "{flags:?}: {errors}");
    assert!(errors.contains(reason), "{flags:?}: {errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_flags_are_usage_errors() {
    fails(&[], 2, "Usage").await;
    fails(&["dance"], 2, "dance").await;
    fails(&["serve", "--listen", "nowhere"], 2, "ADDR:PORT").await;
    fails(&["serve", "--max-claims", "0"], 2, "at least 1").await;
    fails(&["serve", "--max-claims"], 2, "value").await;
    fails(&["serve", "--allow-origin", "x"], 2, "scheme://host").await;
    fails(&["serve", "extra"], 2, "extra").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_an_error() {
    let server = TestServer::start().await;
    let address = server.address.to_string();
    fails(&["serve", "--listen", &address], 1, "cannot listen on").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_though_nobody_reads_its_output() {
    let mut process = Process::start(&["serve", "--listen", "127.0.0.1:0"]);
    drop(process.0.stdout.take());
    // It handles signals before it writes its line; until then the signal would
    // kill it, so ask the kernel whether it does.
    let status = format!("/proc/{}/status", process.0.id());
    let handles_sigterm = || {
        let text = std::fs::read_to_string(&status).ok()?;
        let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        Some(u64::from_str_radix(mask.trim(), 16).ok()? >> 14 & 1 == 1)
    };
    soon(async {
        while handles_sigterm() != Some(true) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    process.signal("TERM");
    assert_eq!(process.end().await.code(), Some(0));
    let errors = process.errors();
    assert!(!errors.contains("panicked"), "{errors}");
}
