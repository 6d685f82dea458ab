//! What a registry is asked, and what its answers mean.

use std::error::Error as _;
use std::time::Duration;

use schema_registry_converter::blocking::schema_registry::{SrSettings, perform_sr_call};
use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::{RawError, RawRegisteredSchema, SrCall};
use serde_json::json;

use super::super::client::read_secret;
use super::super::error::Error;
use super::resolve;
use crate::codec::schemas::Schema;
use crate::topology::SchemaRegistry;

/// How long a registry may take to answer: it must leave time to end within five seconds.
const ANSWER: Duration = Duration::from_secs(3);

/// A registry.
pub(super) struct Client {
    settings: SrSettings,
    url: String,
}

/// What a registry has.
pub(super) enum Answer<T> {
    /// This.
    Is(T),
    /// It says that it has no such thing.
    Unknown,
}

/// Why it gave nothing.
enum Trouble {
    /// It has no such thing.
    Unknown,
    /// It will not have this, and says why.
    Refused(String),
    /// It did not answer, or answered what no registry answers.
    Away(String),
}

/// `Subject not found`, `Version not found`, `Schema not found`.
const NOT_FOUND: [u32; 3] = [40_401, 40_402, 40_403];
/// `Incompatible schema`, in the words of two registries, and `Invalid schema`.
const REFUSED: [u32; 3] = [409, 40_901, 42_201];

fn trouble(error: &SRCError) -> Trouble {
    let raw = error.source().and_then(|source| source.downcast_ref::<RawError>());
    match raw {
        Some(raw) if NOT_FOUND.contains(&raw.error_code) => Trouble::Unknown,
        Some(raw) if REFUSED.contains(&raw.error_code) => Trouble::Refused(raw.message.clone()),
        Some(raw) if raw.error_code != 0 => Trouble::Away(format!("{}: {}", error.error, raw.message)),
        // The whole chain: the outermost says only that there was an error.
        _ => {
            let mut why = error.error.clone();
            let mut cause = error.source();
            while let Some(source) = cause {
                why = format!("{why}: {source}");
                cause = source.source();
            }
            Trouble::Away(why)
        }
    }
}

impl Client {
    pub(super) fn new(registry: &SchemaRegistry) -> Result<Self, Error> {
        let url = registry.url.trim_end_matches('/').to_owned();
        let mut builder = SrSettings::new_builder(url.clone());
        builder.set_timeout(ANSWER);
        if !registry.username.is_empty() {
            let read = |secret| read_secret("password in [kafka.schema_registry]", secret);
            let password = registry.password.as_ref().map(read).transpose()?;
            builder.set_basic_authorization(&registry.username, password.as_deref());
        }
        let settings = builder.build().map_err(|error| Error::Registry {
            url: url.clone(),
            question: "anything".into(),
            why: error.to_string(),
        })?;
        Ok(Self { settings, url })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The schema of a number.
    pub(super) fn schema(&self, number: u32) -> Result<Answer<String>, Error> {
        let question = || format!("for schema {number}");
        match self.ask(SrCall::GetById(number), question)? {
            Ok(Answer::Is(raw)) if raw.references.as_ref().is_none_or(Vec::is_empty) => {
                let schema = raw.schema.filter(|_| raw.schema_type.is_none_or(|kind| kind == "AVRO"));
                // A schema in another language is none that we could know.
                Ok(schema.map_or(Answer::Unknown, Answer::Is))
            }
            Ok(Answer::Is(_) | Answer::Unknown) => Ok(Answer::Unknown),
            Err(why) => Err(self.away(question(), why)),
        }
    }

    /// The number of one of our schemas under a subject; it is registered if it is not there, and may be.
    pub(super) fn place(
        &self,
        subject: &str,
        schema: &'static Schema,
        is_read: bool,
        may_register: bool,
    ) -> Result<u32, Error> {
        let file = format!("{}.v{}", schema.name, schema.version);
        let question = || format!("for {subject}");
        let incompatible = |why: String| {
            let (schema, subject, url) = (file.clone(), subject.to_owned(), self.url.clone());
            Error::Incompatible { schema, subject, url, why }
        };
        // What was written there before, others may still write.
        if is_read && let Ok(Answer::Is(latest)) = self.ask(SrCall::GetLatest(subject), question)? {
            resolve::readable(&latest.schema.unwrap_or_default(), schema).map_err(incompatible)?;
        }
        let body = json!({"schemaType": "AVRO", "schema": schema.text}).to_string();
        if let Ok(Answer::Is(found)) = self.ask(SrCall::PostForVersion(subject, &body), question)? {
            return found.id.ok_or_else(|| self.away(question(), "its answer has no number".into()));
        }
        if !may_register {
            return Err(Error::Unregistered { schema: file, subject: subject.into(), url: self.url.clone() });
        }
        match self.ask(SrCall::PostNew(subject, &body), || format!("to register {subject}"))? {
            Ok(Answer::Is(RawRegisteredSchema { id: Some(number), .. })) => Ok(number),
            Ok(_) => Err(self.away(question(), "its answer has no number".into())),
            Err(why) => Err(incompatible(why)),
        }
    }

    /// The answer to a question; the inner error is a refusal.
    fn ask(
        &self,
        call: SrCall<'_>,
        question: impl Fn() -> String,
    ) -> Result<Result<Answer<RawRegisteredSchema>, String>, Error> {
        match perform_sr_call(&self.settings, call) {
            Ok(raw) => Ok(Ok(Answer::Is(raw))),
            Err(error) => match trouble(&error) {
                Trouble::Unknown => Ok(Ok(Answer::Unknown)),
                Trouble::Refused(why) => Ok(Err(why)),
                Trouble::Away(why) => Err(self.away(question(), why)),
            },
        }
    }

    fn away(&self, question: String, why: String) -> Error {
        Error::Registry { url: self.url.clone(), question, why }
    }
}
