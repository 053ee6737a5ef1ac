//! `GET /v1`: from an HTTP request to a WebSocket connection.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{HeaderValue, UPGRADE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::config::{DEFAULT_ABANDON_TIMEOUT, ServerLimits};
use crate::connection;
use crate::http::text;
use crate::namespace::Membership;
use crate::query::parameter;
use crate::server::Shared;

/// Why a request does not become a connection.
type Rejection = (StatusCode, String);

/// Answers the request; where the answer is `101`, the connection is served by a
/// task of its own, which keeps `place` until it ends.
pub fn answer(
    mut request: Request<Incoming>,
    shared: &Arc<Shared>,
    place: Arc<OwnedSemaphorePermit>,
) -> Response<String> {
    let (status, reason) = match accept(&mut request, shared, place) {
        Ok(response) => return response,
        Err(rejection) => rejection,
    };
    let mut response = text(status, reason);
    if status == StatusCode::UPGRADE_REQUIRED {
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    response
}

fn accept(
    request: &mut Request<Incoming>,
    shared: &Arc<Shared>,
    place: Arc<OwnedSemaphorePermit>,
) -> Result<Response<String>, Rejection> {
    if !shared.config.allowed_origins.permit(request.headers()) {
        let reason = "web pages of this origin may not connect: \
                      the server's --allow-origin would permit them";
        return Err((StatusCode::FORBIDDEN, reason.to_owned()));
    }
    let bad = |reason| (StatusCode::BAD_REQUEST, reason);
    let query = request.uri().query().unwrap_or_default();
    let name = namespace_name(query, &shared.config.limits).map_err(bad)?;
    let abandon_timeout = abandon_timeout(query).map_err(bad)?;
    let response = create_response_with_body(request, String::new).map_err(|error| {
        if request.headers().contains_key(UPGRADE) {
            bad(error.to_string())
        } else {
            let reason = "this is a WebSocket address: connect with ws://";
            (StatusCode::UPGRADE_REQUIRED, reason.to_owned())
        }
    })?;

    let full = |what| {
        let reason = format!("the server is full: too many {what}");
        (StatusCode::SERVICE_UNAVAILABLE, reason)
    };
    let sessions = Arc::clone(&shared.sessions);
    let session = sessions
        .try_acquire_owned()
        .map_err(|_| full("connections"))?;
    // Joined before the answer: the client finds its namespace once it is in.
    let membership = shared
        .namespaces
        .join(&name)
        .ok_or_else(|| full("namespaces"))?;

    let upgrade = hyper::upgrade::on(request);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            serve(upgraded, membership, abandon_timeout, shared).await;
        }
        drop((session, place));
    });
    Ok(response)
}

async fn serve(
    upgraded: hyper::upgrade::Upgraded,
    membership: Membership,
    abandon_timeout: Duration,
    shared: Arc<Shared>,
) {
    let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        // `http` serves nothing but TCP streams.
        return;
    };
    let config = connection::websocket_config(shared.config.limits.max_message_bytes);
    let socket = WebSocketStream::from_partially_read(
        parts.io.into_inner(),
        parts.read_buf.to_vec(),
        Role::Server,
        Some(config),
    )
    .await;
    connection::serve(socket, membership, abandon_timeout, shared).await;
}

/// The parameter `namespace`, which `/stats_v1` takes as well.
pub fn namespace_name(query: &str, limits: &ServerLimits) -> Result<String, String> {
    let name = parameter(query, "namespace")?.unwrap_or_default();
    if name.is_empty() {
        return Err("URL parameter 'namespace' is required".to_owned());
    }
    let most = limits.max_namespace_bytes;
    if name.len() > most {
        return Err(format!(
            "URL parameter 'namespace' has {} bytes, the limit is {most}",
            name.len()
        ));
    }
    Ok(name)
}

fn abandon_timeout(query: &str) -> Result<Duration, String> {
    let Some(text) = parameter(query, "abandon-timeout-ms")? else {
        return Ok(DEFAULT_ABANDON_TIMEOUT);
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(
            "URL parameter 'abandon-timeout-ms' must be an integer, 0 or greater".to_owned(),
        );
    }
    // Only a number too large fails now, and it means for ever either way.
    Ok(Duration::from_millis(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_abandon_timeout_is_any_whole_number() {
        let ms = |query: &str| abandon_timeout(query).map(|timeout| timeout.as_millis());
        assert_eq!(ms(""), Ok(60_000));
        assert_eq!(ms("abandon-timeout-ms=0"), Ok(0));
        assert_eq!(ms("abandon-timeout-ms=007"), Ok(7));
        let huge = "abandon-timeout-ms=99999999999999999999999999";
        assert_eq!(ms(huge), Ok(u128::from(u64::MAX)));
        for bad in ["", "-1", "%2B1", "+1", "1.5", "1e3", "x", "%D9%A1"] {
            assert!(ms(&format!("abandon-timeout-ms={bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_namespace_is_named_and_not_too_long() {
        let name = |query: &str| namespace_name(query, &ServerLimits::default());
        assert_eq!(name("namespace=%20"), Ok(" ".to_owned()));
        let required = Err("URL parameter 'namespace' is required".to_owned());
        assert_eq!(name(""), required);
        assert_eq!(name("namespace="), required);
        assert_eq!(name("Namespace=x"), required);
        assert!(name(&format!("namespace={}", "x".repeat(256))).is_ok());
        assert!(name(&format!("namespace={}", "x".repeat(257))).is_err());
    }
}
