//! What operators see of a service at work: figures for Prometheus, and whether it is well and ready. All names are in one
//! list ([`metrics::ALL`]), from which `deploy/README.md` follows. No figure has a label that names a taxpayer, an invoice or
//! an officer: labels are topics and short closed lists.

mod health;
pub mod metrics;
mod server;

use std::sync::Arc;

use ::metrics::Unit;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub use health::{Health, State};
pub use metrics::Metric;
pub use server::Error;
use server::Server;

use crate::topology;

/// What a service tells its operators, and where.
pub struct Telemetry {
    health: Arc<Health>,
    served: Option<(PrometheusHandle, Server)>,
}

impl Telemetry {
    /// Serves figures and health, if there is an address to serve them at. Once in a process.
    pub fn open(settings: &topology::Telemetry) -> Result<Self, Error> {
        let health = Arc::new(Health::new(settings.unhealthy_after()));
        if settings.address.is_empty() {
            return Ok(Self { health, served: None });
        }
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &metrics::SECONDS)
            .expect("there are buckets");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).map_err(|_| Error::Twice)?;
        metrics::describe();
        let server = Server::start(&settings.address, handle.clone(), Arc::clone(&health))?;
        Ok(Self { health, served: Some((handle, server)) })
    }

    /// One that nobody listens to.
    pub fn unheard() -> Self {
        Self { health: Arc::new(Health::new(std::time::Duration::MAX)), served: None }
    }

    /// Whether the service is well and ready, to be told.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Where figures can be had.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        self.served.as_ref().map(|(_, server)| server.address())
    }

    /// Gathers what was measured: to be done about once a second, whether anybody asks for it or not.
    pub fn gather(&self) {
        if let Some((handle, _)) = &self.served {
            handle.run_upkeep();
        }
    }
}

/// Kinds of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from 0 when the process begins.
    Counter,
    /// What holds now.
    Gauge,
    /// How often which value was seen.
    Histogram,
}

impl Kind {
    /// As Prometheus calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What figures count in, as their names end.
fn unit_of(name: &str) -> Unit {
    let name = name.strip_suffix("_total").unwrap_or(name);
    if name.ends_with("_seconds") {
        Unit::Seconds
    } else if name.ends_with("_bytes") {
        Unit::Bytes
    } else {
        Unit::Count
    }
}
