//! The life of the server: bind, accept, stop.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::abandon::Abandoned;
use crate::config::Config;
use crate::handshakes::Handshakes;
use crate::http;
use crate::namespace::Namespaces;

/// Sockets beyond the WebSocket connections: requests being read, pages, and
/// clients that are told that the server is full.
const SPARE_SOCKETS: usize = 128;

/// File descriptors for everything that is no client.
const SPARE_FILES: usize = 64;

/// After which a server stops without its last clients' goodbye.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// What every connection needs. Read-only, or safe to share by itself.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) namespaces: Arc<Namespaces>,
    /// One permit a WebSocket connection.
    pub(crate) sessions: Arc<Semaphore>,
    pub(crate) abandoned: Abandoned,
    pub(crate) stop: Stop,
}

/// Tells a task that the server stops.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Resolves when the server stops; dropping the future loses nothing.
    pub(crate) async fn requested(&mut self) {
        // An error means that the server is gone altogether.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// A server that listens and does not accept yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Listens where the configuration says. Must be called on a tokio runtime.
    ///
    /// # Errors
    ///
    /// Where the address cannot be resolved or bound.
    pub async fn bind(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(&config.listen).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            namespaces: Namespaces::new(&config.limits),
            sessions: Arc::new(Semaphore::new(config.limits.max_connections)),
            abandoned: Abandoned::new(&config.limits),
            stop: Stop(stopped),
            config,
        });
        Ok(Self {
            listener,
            address,
            shared,
            stop,
        })
    }

    /// The address it listens on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves, then says goodbye to every client. All locks
    /// end with the server.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let most = self.shared.config.limits.max_connections + SPARE_SOCKETS;
        let sockets = Arc::new(Semaphore::new(most));
        tokio::select! {
            () = stop => {}
            () = self.accept(Handshakes::new(&sockets, most)) => {}
        }
        // Whoever connects from here on is refused by the system.
        drop(self.listener);
        let _ = self.stop.send(true);
        let all = u32::try_from(most).unwrap_or(u32::MAX);
        let _ = timeout(STOP_TIMEOUT, sockets.acquire_many(all)).await;
    }

    async fn accept(&self, mut handshakes: Handshakes) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Without it answers are slower, no more.
                    let _ = stream.set_nodelay(true);
                    let place = handshakes.place().await;
                    let shared = Arc::clone(&self.shared);
                    let task = tokio::spawn(http::serve(stream, shared, place));
                    handshakes.push(task.abort_handle());
                }
                Err(error) => {
                    // Out of files or memory: somebody must go before this works
                    // again. Others are errors of the one connection.
                    eprintln!("oarlock: cannot accept a connection: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// `oarlock serve`: prints `listening on ADDR:PORT` and serves until SIGINT or
/// SIGTERM. Blocks; to be called outside any runtime.
pub fn serve_until_signal(config: Config) -> ExitCode {
    let served = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(serve(config)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oarlock: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config) -> io::Result<()> {
    allow_files(config.limits.max_connections);
    // Handlers first: who reads the line below may signal at once.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let listen = config.listen.clone();
    let server = Server::bind(config).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}"))
    })?;
    if !server.address().ip().is_loopback() {
        eprintln!(
            "oarlock: everyone who can reach {} can lock",
            server.address()
        );
    }
    let mut stdout = io::stdout();
    // Nobody may be reading; that is no reason not to serve.
    let _ = writeln!(stdout, "listening on {}", server.address());
    let _ = stdout.flush();
    let signalled = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    server.run(signalled).await;
    Ok(())
}

/// Every connection is an open file, and the usual soft limit is 1024.
fn allow_files(connections: usize) {
    let wanted = (connections + SPARE_SOCKETS + SPARE_FILES) as u64;
    let Ok((soft, hard)) = rlimit::Resource::NOFILE.get() else {
        return;
    };
    if soft < wanted {
        let allowed = wanted.min(hard);
        let raised = rlimit::Resource::NOFILE.set(allowed, hard);
        if raised.is_err() || allowed < wanted {
            let files = if raised.is_ok() { allowed } else { soft };
            eprintln!(
                "oarlock: {files} open files are allowed, fewer than --max-connections needs"
            );
        }
    }
}
