//! What a topology says of telemetry: where figures and health are served.

use std::time::Duration;

use serde::Deserialize;

/// Where figures and health are served, and what is unhealthy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// `host:port` at which `/metrics`, `/healthz` and `/readyz` are served; nowhere where it is empty. Each instance on a
    /// machine needs one of its own (`--telemetry`). Whoever reaches it can read it, so let it be reached by few.
    pub address: String,
    /// An instance whose loop has not turned for so long is unhealthy, in seconds. Less than a transaction and half a minute
    /// may take it for hung while it waits for brokers.
    pub unhealthy_after_s: u32,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { address: "127.0.0.1:9464".into(), unhealthy_after_s: 60 }
    }
}

impl Telemetry {
    /// See [`Telemetry::unhealthy_after_s`].
    pub fn unhealthy_after(&self) -> Duration {
        Duration::from_secs(self.unhealthy_after_s.into())
    }
}
