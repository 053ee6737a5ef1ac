//! Which web pages may connect, and by which names the server goes.
//!
//! A browser lets any page open a WebSocket to any address, the loopback
//! included, and says in `Origin` which page it is. Programs send no `Origin`.
//! So a request without one is no page; a page of the server's own address is
//! fine; any other must have been allowed.

use std::net::IpAddr;
use std::str::FromStr;

use hyper::HeaderMap;
use hyper::header::{HOST, ORIGIN};

/// An origin as a browser writes it: `scheme://host[:port]`, or `null`, or `*`
/// for every one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let is_origin = text == "*"
            || text == "null"
            || text.split_once("://").is_some_and(|(scheme, rest)| {
                !scheme.is_empty() && !rest.is_empty() && !rest.contains(['/', '?', '#', ' '])
            });
        if is_origin {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err("expected scheme://host[:port], null or *".to_owned())
        }
    }
}

/// The pages that were allowed on the command line.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins(Vec<Origin>);

impl AllowedOrigins {
    /// These, and nobody else.
    pub fn new(origins: Vec<Origin>) -> Self {
        Self(origins)
    }

    /// Whether a request with these headers may open a connection.
    pub(crate) fn permit(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).and_then(|value| value.to_str().ok());
        headers.get_all(ORIGIN).iter().all(|origin| {
            origin
                .to_str()
                .is_ok_and(|origin| self.allows(origin) || is_own_address(origin, host))
        })
    }

    /// Whether a request with these headers was meant for this server, by the
    /// name in its `Host`. A page whose owner points its name at the server
    /// (see [`is_own_address`]) needs no `Origin` to read an answer.
    pub(crate) fn permit_host(&self, headers: &HeaderMap) -> bool {
        headers.get_all(HOST).iter().all(|host| {
            host.to_str()
                .is_ok_and(|host| is_unspoofable(host) || self.has_host(name_of(host)))
        })
    }

    fn has_host(&self, name: &str) -> bool {
        self.0.iter().any(|allowed| {
            let host = allowed.0.split_once("://").map(|(_, host)| name_of(host));
            allowed.0 == "*" || host.is_some_and(|host| host.eq_ignore_ascii_case(name))
        })
    }

    fn allows(&self, origin: &str) -> bool {
        self.0
            .iter()
            .any(|allowed| allowed.0 == "*" || allowed.0.eq_ignore_ascii_case(origin))
    }
}

/// Whether a page at `origin` came from the very address the request went to.
///
/// Only IP addresses and `localhost` count: a name that its owner points at
/// 127.0.0.1 after its page was loaded would match as well (DNS rebinding). A
/// server with a name of its own is told it with `--allow-origin`.
fn is_own_address(origin: &str, host: Option<&str>) -> bool {
    let Some((_, origin_host)) = origin.split_once("://") else {
        return false;
    };
    host.is_some_and(|host| host.eq_ignore_ascii_case(origin_host)) && is_unspoofable(origin_host)
}

/// Without the port.
fn name_of(host_and_port: &str) -> &str {
    match host_and_port.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host_and_port,
    }
}

fn is_unspoofable(host_and_port: &str) -> bool {
    let host = name_of(host_and_port);
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permit(allowed: &[&str], host: &str, origins: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().expect("a header value"));
        for origin in origins {
            headers.append(ORIGIN, origin.parse().expect("a header value"));
        }
        let allowed = allowed
            .iter()
            .map(|origin| origin.parse().expect("an origin"));
        AllowedOrigins::new(allowed.collect()).permit(&headers)
    }

    #[test]
    fn only_programs_own_pages_and_allowed_pages_connect() {
        let here = "127.0.0.1:9009";
        assert!(permit(&[], here, &[]));
        assert!(permit(&[], here, &["http://127.0.0.1:9009"]));
        assert!(permit(&[], "localhost:9009", &["http://LOCALHOST:9009"]));
        assert!(permit(&[], "[::1]:9009", &["http://[::1]:9009"]));
        assert!(permit(&[], "10.0.0.1", &["https://10.0.0.1"]));
        assert!(!permit(&[], here, &["http://127.0.0.1:8080"]));
        assert!(!permit(&[], here, &["https://evil.example"]));
        assert!(!permit(&[], here, &["null"]));
        assert!(!permit(&[], here, &["", "http://127.0.0.1:9009"]));
        assert!(permit(
            &["https://app.example/"],
            here,
            &["https://app.example"]
        ));
        assert!(!permit(
            &["https://app.example"],
            here,
            &["https://app.example.evil"]
        ));
        assert!(!permit(
            &["https://app.example"],
            here,
            &["http://app.example"]
        ));
        assert!(permit(&["null"], here, &["null"]));
        assert!(permit(&["*"], here, &["https://evil.example"]));
    }

    #[test]
    fn a_name_pointed_at_the_server_is_not_the_server() {
        assert!(!permit(
            &[],
            "evil.example:9009",
            &["http://evil.example:9009"]
        ));
        assert!(!permit(&[], "1.evil:9009", &["http://1.evil:9009"]));
    }

    #[test]
    fn a_host_is_an_address_or_a_name_that_was_allowed() {
        let permit = |allowed: &[&str], hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, host.parse().expect("a header value"));
            }
            let allowed = allowed
                .iter()
                .map(|origin| origin.parse().expect("an origin"));
            AllowedOrigins::new(allowed.collect()).permit_host(&headers)
        };
        assert!(permit(&[], &[]));
        for host in [
            "127.0.0.1",
            "10.0.0.1:9009",
            "[::1]:9009",
            "localhost",
            "LocalHost:1",
        ] {
            assert!(permit(&[], &[host]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:9009",
            "localhost.evil",
            "127.0.0.1.evil",
        ] {
            assert!(!permit(&[], &[host]), "{host}");
            assert!(!permit(&["https://app.example", "null"], &[host]), "{host}");
            assert!(permit(&["*"], &[host]), "{host}");
        }
        assert!(!permit(&[], &["localhost", "evil.example"]));
        // Whatever the port: a proxy may well have another.
        for host in ["app.example", "App.Example:443", "app.example:9009"] {
            assert!(permit(&["https://app.example"], &[host]), "{host}");
            assert!(permit(&["http://app.example:8080"], &[host]), "{host}");
        }
    }

    #[test]
    fn things_that_are_no_origin_are_refused() {
        for text in [
            "",
            "app.example",
            "https://",
            "://x",
            "https://a/b",
            "https://a b",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text:?}");
        }
    }
}
