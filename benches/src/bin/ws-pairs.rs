//! One client of `oarlock serve`: lock and release over and over, the answer to each
//! awaited.  ws-pairs ADDRESS:PORT ROUNDS MILLISECONDS  prints microseconds a pair, a
//! number a round, as JSON.

#![allow(clippy::unwrap_used)]

use std::net::TcpStream;
use std::time::{Duration, Instant};

use tungstenite::{Message, WebSocket};

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [address, rounds, millis] = &args[..] else {
        eprintln!("usage: ws-pairs ADDRESS:PORT ROUNDS MILLISECONDS");
        std::process::exit(2);
    };
    let (rounds, millis): (usize, u64) = (rounds.parse().unwrap(), millis.parse().unwrap());
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let url = format!("ws://{address}/v1?namespace=bench");
    let (mut socket, _) = tungstenite::client(url, stream).unwrap();
    let window = Duration::from_millis(millis);
    round(&mut socket, window / 4);
    let samples: Vec<f64> = (0..rounds).map(|_| round(&mut socket, window)).collect();
    println!("{}", serde_json::json!({ "lock + release": samples }));
}

fn round(socket: &mut WebSocket<TcpStream>, window: Duration) -> f64 {
    let begin = Instant::now();
    let mut pairs = 0;
    while begin.elapsed() < window {
        call(
            socket,
            r#"{"action":"lock","resources":[{"type":"write","path":["group","x"]}]}"#,
            "acquired",
        );
        call(socket, r#"{"action":"release"}"#, "ready");
        pairs += 1;
    }
    begin.elapsed().as_secs_f64() * 1e9 / f64::from(pairs)
}

fn call(socket: &mut WebSocket<TcpStream>, text: &'static str, expected: &str) {
    socket.send(Message::text(text)).unwrap();
    let answer = socket.read().unwrap();
    assert!(answer.to_text().unwrap().contains(expected), "{answer}");
}
