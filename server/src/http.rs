//! The HTTP side of the port: who is asked for what.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::page;
use crate::server::Shared;
use crate::stats::Stats;
use crate::upgrade;

/// hyper's least; longer requests are refused with 431.
const MOST_HEADER_BYTES: usize = 16 * 1024;

/// Serves one request on `stream`, in bounded time, and closes it, or hands it
/// over to a WebSocket task. `place` counts the socket for as long as it lives.
pub async fn serve(stream: TcpStream, shared: Arc<Shared>, place: OwnedSemaphorePermit) {
    let limit = shared.config.timeouts.handshake;
    let mut stop = shared.stop.clone();
    let place = Arc::new(place);
    let service = service_fn(move |request| {
        let response = respond(request, &shared, &place);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .max_buf_size(MOST_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        // Errors are the client's: it went, or did not speak HTTP.
        _ = timeout(limit, connection) => {}
        () = stop.requested() => {}
    }
}

fn respond(
    request: Request<Incoming>,
    shared: &Arc<Shared>,
    place: &Arc<OwnedSemaphorePermit>,
) -> Response<String> {
    let path = request.uri().path();
    if !matches!(path, "/" | "/v1" | "/stats_v1") {
        return text(
            StatusCode::NOT_FOUND,
            "not found: there are /v1, /stats_v1 and /",
        );
    }
    let reads = [Method::GET, Method::HEAD];
    let allowed = if path == "/v1" { &reads[..1] } else { &reads };
    if !allowed.contains(request.method()) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here");
        let headers = response.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    // A WebSocket tells its page's origin, which `upgrade` checks; what a page
    // of the server's own address asks for need not.
    if path != "/v1" && !shared.config.allowed_origins.permit_host(request.headers()) {
        let reason = "the server does not go by this name: \
                      its --allow-origin with http://NAME would permit it";
        return text(StatusCode::FORBIDDEN, reason);
    }
    match path {
        "/v1" => upgrade::answer(request, shared, Arc::clone(place)),
        "/stats_v1" => stats(&request, shared),
        _ => page(shared),
    }
}

fn stats(request: &Request<Incoming>, shared: &Shared) -> Response<String> {
    let query = request.uri().query().unwrap_or_default();
    let name = match upgrade::namespace_name(query, &shared.config.limits) {
        Ok(name) => name,
        Err(reason) => return text(StatusCode::BAD_REQUEST, reason),
    };
    let Some(namespace) = shared.namespaces.find(&name) else {
        return text(StatusCode::NOT_FOUND, "nobody has this namespace open");
    };
    match serde_json::to_string(&Stats::of(&namespace)) {
        Ok(json) => respond_with(StatusCode::OK, "application/json", json),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn page(shared: &Shared) -> Response<String> {
    let html = page::render(&shared.namespaces);
    let mut response = respond_with(StatusCode::OK, "text/html; charset=utf-8", html);
    response.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    );
    response
}

/// A sentence as an answer.
pub fn text(status: StatusCode, body: impl Into<String>) -> Response<String> {
    respond_with(status, "text/plain; charset=utf-8", body.into())
}

fn respond_with(status: StatusCode, content_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // One request a socket: no bounds on idle sockets are needed. Not by hyper's
    // `keep_alive`, which says so in the answer to an upgrade as well.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
