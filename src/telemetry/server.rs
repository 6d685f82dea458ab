//! Figures and health over HTTP, on a thread of its own: `/metrics`, `/healthz`, `/readyz`. Whoever can reach the address can
//! read them; they name no taxpayer.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::{io, thread};

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::health::Health;

/// Why figures cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is none, or taken.
    #[error(
        "cannot serve telemetry at {address}: {source}. Give another address ([telemetry] address in the topology, or \
         --telemetry): each instance on a machine needs one of its own"
    )]
    Listen {
        /// Which.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// Figures are gathered in this process already.
    #[error("figures are gathered in this process already")]
    Twice,
}

/// A server at work; ended when it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What is served.
#[derive(Clone)]
struct Served {
    figures: PrometheusHandle,
    health: Arc<Health>,
}

impl Server {
    pub(super) fn start(address: &str, figures: PrometheusHandle, health: Arc<Health>) -> Result<Self, Error> {
        let failed = |source| Error::Listen { address: address.to_owned(), source };
        let listener = listen(address).map_err(failed)?;
        let at = listener.local_addr().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
        let (end, ended) = oneshot::channel::<()>();
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .with_state(Served { figures, health });
        let served = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::spawn(async move { axum::serve(listener, router).await });
            // What is being answered when the service ends is answered no more: nothing waits for those who ask.
            ended.await.ok();
            Ok::<_, io::Error>(())
        };
        let run = move || {
            if let Err(error) = runtime.block_on(served) {
                warn!(%error, "Telemetry is not served.");
            }
        };
        let thread = thread::Builder::new().name("telemetry".into()).spawn(run).map_err(failed)?;
        info!(address = %at, "Telemetry is served.");
        Ok(Self { address: at, end: Some(end), thread: Some(thread) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let (Some(end), Some(thread)) = (self.end.take(), self.thread.take())
            && end.send(()).is_ok()
            && thread.join().is_err()
        {
            warn!("Telemetry ended in a panic.");
        }
    }
}

fn listen(address: &str) -> io::Result<TcpListener> {
    let addresses: Vec<SocketAddr> = address.to_socket_addrs()?.collect();
    let listener = TcpListener::bind(&*addresses)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn metrics(Shared(served): Shared<Served>) -> ([(header::HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], served.figures.render())
}

async fn healthz(Shared(Served { health, .. }): Shared<Served>) -> (StatusCode, String) {
    let said = format!("{}; the loop turned {} s ago\n", health.state().said(), health.still_for().as_secs());
    (status(health.is_well()), said)
}

async fn readyz(Shared(Served { health, .. }): Shared<Served>) -> (StatusCode, String) {
    (status(health.is_ready()), format!("{}\n", health.state().said()))
}

fn status(is_good: bool) -> StatusCode {
    if is_good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
