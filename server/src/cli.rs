//! The command line. Help texts here are what users read; keep them true.

use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{Config, ServerLimits, Timeouts};
use crate::origin::{AllowedOrigins, Origin};

/// A lock manager: many resources at once, all or nothing, first in, first out.
#[derive(Debug, Parser)]
#[command(name = "oarlock", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve locks over WebSocket until SIGINT or SIGTERM.
    Serve(Box<ServeArgs>),
}

/// The flags of `oarlock serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Where to listen. Port 0 takes a free one; the first line on stdout,
    /// `listening on ADDR:PORT`, tells which.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9009", value_parser = listen_address)]
    listen: String,
    /// Let web pages of this origin connect, e.g. `https://app.example`, and
    /// serve statistics under its name; may be given more than once. `*` allows
    /// every page and name.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<Origin>,
    /// Bytes of one message.
    #[arg(long, value_name = "N", default_value_t = 1 << 20, value_parser = positive)]
    max_message_bytes: usize,
    /// Resources in one lock request.
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = positive)]
    max_claims: usize,
    /// Segments of one path.
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = positive)]
    max_segments: usize,
    /// Bytes of one path.
    #[arg(long, value_name = "N", default_value_t = 65_536, value_parser = positive)]
    max_path_bytes: usize,
    /// Segments of the paths of one lock request together.
    #[arg(long, value_name = "N", default_value_t = 16_384, value_parser = positive)]
    max_request_segments: usize,
    /// WebSocket connections at the same time.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = connections)]
    max_connections: usize,
    /// Namespaces at the same time.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = positive)]
    max_namespaces: usize,
    /// Bytes of a namespace's name.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = positive)]
    max_namespace_bytes: usize,
    /// Locks kept for clients that went; at this number new ones are refused.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = positive)]
    max_abandoned: usize,
    /// Resources and segments of those locks, a long segment counting once more
    /// for every 64 bytes; at this number new locks are refused.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = positive)]
    max_abandoned_segments: usize,
    /// Milliseconds for an HTTP request and its answer.
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = milliseconds)]
    handshake_timeout_ms: u64,
    /// Milliseconds for a client to take a message.
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = milliseconds)]
    write_timeout_ms: u64,
    /// Milliseconds of silence after which a client is pinged.
    #[arg(long, value_name = "MS", default_value_t = 20_000, value_parser = milliseconds)]
    ping_interval_ms: u64,
    /// Milliseconds of silence after which a client counts as gone.
    #[arg(long, value_name = "MS", default_value_t = 60_000, value_parser = milliseconds)]
    ping_timeout_ms: u64,
}

impl ServeArgs {
    /// The configuration that these flags mean.
    ///
    /// # Errors
    ///
    /// A usage error where two flags contradict each other.
    pub fn into_config(self) -> Result<Config, clap::Error> {
        if self.ping_timeout_ms <= self.ping_interval_ms {
            return Err(Cli::command().error(
                ErrorKind::ValueValidation,
                "--ping-timeout-ms must be greater than --ping-interval-ms",
            ));
        }
        Ok(Config {
            listen: self.listen,
            allowed_origins: AllowedOrigins::new(self.allow_origin),
            limits: ServerLimits {
                max_message_bytes: self.max_message_bytes,
                max_claims: self.max_claims,
                max_segments: self.max_segments,
                max_path_bytes: self.max_path_bytes,
                max_request_segments: self.max_request_segments,
                max_connections: self.max_connections,
                max_namespaces: self.max_namespaces,
                max_namespace_bytes: self.max_namespace_bytes,
                max_abandoned: self.max_abandoned,
                max_abandoned_segments: self.max_abandoned_segments,
            },
            timeouts: Timeouts {
                handshake: Duration::from_millis(self.handshake_timeout_ms),
                write: Duration::from_millis(self.write_timeout_ms),
                ping_interval: Duration::from_millis(self.ping_interval_ms),
                ping_timeout: Duration::from_millis(self.ping_timeout_ms),
            },
        })
    }
}

/// Checks the shape; whether the address exists is known when it is bound.
fn listen_address(text: &str) -> Result<String, String> {
    let shape = "expected ADDR:PORT, e.g. 127.0.0.1:9009 or [::1]:9009";
    let (address, port) = text.rsplit_once(':').ok_or(shape)?;
    let bracketed = address.starts_with('[') && address.ends_with(']');
    if address.is_empty() || (address.contains(':') && !bracketed) {
        return Err(shape.to_owned());
    }
    port.parse::<u16>()
        .map_err(|_| format!("the port must be 0 to 65535; {shape}"))?;
    Ok(text.to_owned())
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("expected a whole number".to_owned()),
    }
}

/// More would not fit the semaphore that counts them.
const MOST_CONNECTIONS: usize = 1_000_000;

fn connections(text: &str) -> Result<usize, String> {
    match positive(text)? {
        number if number > MOST_CONNECTIONS => Err(format!("must be at most {MOST_CONNECTIONS}")),
        number => Ok(number),
    }
}

/// A day bounds every timeout, so that adding one to now cannot overflow.
fn milliseconds(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(ms @ 1..=86_400_000) => Ok(ms),
        _ => Err("expected 1 to 86400000 milliseconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flags: &[&str]) -> Result<Config, clap::Error> {
        let words = ["oarlock", "serve"].iter().chain(flags);
        let Command::Serve(args) = Cli::try_parse_from(words)?.command;
        args.into_config()
    }

    #[test]
    fn flags_default_to_the_config_defaults() {
        let parsed = parse(&[]).expect("no flags are needed");
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn bad_flags_are_usage_errors() {
        for flags in [
            &["--listen", "9009"][..],
            &["--listen", ":9009"],
            &["--listen", "127.0.0.1:65536"],
            &["--listen", "::1:9009"],
            &["--max-claims", "0"],
            &["--max-claims", "-1"],
            &["--max-claims", "many"],
            &["--max-connections", "99999999999"],
            &["--ping-timeout-ms", "0"],
            &["--ping-timeout-ms", "18446744073709551615"],
            &["--ping-interval-ms", "60000"],
            &["--allow-origin", "app.example"],
            &["--nonsense"],
        ] {
            let error = parse(flags).expect_err(&format!("{flags:?} must be refused"));
            assert_eq!(error.exit_code(), 2, "{flags:?}");
        }
    }
}
