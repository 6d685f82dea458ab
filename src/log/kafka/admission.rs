//! Whether the brokers let us in. librdkafka goes on knocking for ever, whatever the reason is, and tells it only in passing:
//! so before anything is begun, one client knocks and listens for a reason that will not go away by itself.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};

use super::client::administrator;
use super::error::Error;
use crate::topology::Kafka;

/// How long is knocked.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one knock takes.
const KNOCK: Duration = Duration::from_secs(1);
/// How long is listened after one.
const LISTENING: Duration = Duration::from_millis(100);

const OF_WHO_WE_ARE: &str = "look at sasl.mechanism, sasl.username, and at the password where it is read from";
const OF_CERTIFICATES: &str = "look at security.protocol, and at whether ssl.ca.location has the authority that signed the \
    brokers' certificates, and the certificates the name by which bootstrap_servers calls them";

/// What was heard.
#[derive(Default)]
struct Heard(Mutex<Reasons>);

#[derive(Default)]
struct Reasons {
    /// Of those that will not go away: what it is, and what to look at.
    lasting: Option<(String, &'static str)>,
    last: Option<String>,
}

impl ClientContext for Heard {
    /// Some reasons are only logged, as that a broker hung up, which one does that wants TLS.
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility == "FAIL" {
            self.0.lock().expect("nobody panics holding it").last = Some(message.to_owned());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let mut heard = self.0.lock().expect("nobody panics holding it");
        let advice = match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => Some(OF_WHO_WE_ARE),
            Some(RDKafkaErrorCode::SSL) => Some(OF_CERTIFICATES),
            _ => None,
        };
        if let Some(advice) = advice {
            heard.lasting = Some((reason.to_owned(), advice));
        }
        // That none answers is known.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            heard.last = Some(reason.to_owned());
        }
    }
}

impl ProducerContext for Heard {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &rdkafka::producer::DeliveryResult<'_>, (): ()) {}
}

/// Asks the brokers who they are. Fails as soon as one says what will not go away by itself, or when none answers.
pub fn knock(kafka: &Kafka) -> Result<(), Error> {
    let servers = &kafka.bootstrap_servers;
    let client: BaseProducer<Heard> = administrator(kafka)?
        .set_log_level(RDKafkaLogLevel::Info)
        .create_with_context(Heard::default())
        .map_err(Error::kafka("make a client for the brokers", servers))?;
    let began = Instant::now();
    loop {
        let Err(source) = client.client().fetch_metadata(None, KNOCK) else { return Ok(()) };
        // One poll without time hears one thing, and the reason may be behind others.
        client.poll(LISTENING);
        let heard = client.context().0.lock().expect("nobody panics holding it");
        if let Some((reason, advice)) = &heard.lasting {
            return Err(Error::Admission { servers: servers.clone(), reason: reason.clone(), advice });
        }
        if began.elapsed() > PATIENCE {
            let last = heard.last.as_ref().map_or_else(String::new, |reason| format!("; last heard: {reason}"));
            return Err(Error::kafka(format!("reach the brokers{last}"), servers)(source));
        }
    }
}
