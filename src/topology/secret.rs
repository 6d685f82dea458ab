//! Where passwords are: never in a topology, which people show each other and keep with their code.

use serde::Deserialize;

/// Where something is read from that nobody is to see.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// A variable of the environment.
    Env(String),
    /// A file; white space around what it holds does not count.
    File(String),
}

/// What is never written into a topology itself.
pub(super) const SECRETS: [&str; 8] = [
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
];
/// What is said of one that is.
pub(super) const WHY: &str =
    "say in [kafka.secrets] where it is read from: `\"sasl.password\" = { env = \"NAME\" }` or `{ file = \"PATH\" }`";
