//! JSON Lines: one event a line in, one event or output a line out. Lines carry no newline here.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::DeserializeSeed;

use super::case::Case;
use super::dead_letter::{DeadLetterLine, Doubt, DoubtLine};
use super::envelope::Enveloped;
use super::event::{EventType, Payload, fingerprint};
use super::form::Written;
use super::signal::Signal;
use super::task::Task;
use super::{Refusal, check, refusal};
use crate::model::{self, Event};

/// Reads one event and holds the contract against it. Fields we do not know are passed over; null is the same as absent.
pub fn read_event(line: &[u8]) -> Result<Event, Refusal> {
    // Checked once as a whole, which is several times faster than text by text.
    let Ok(text) = std::str::from_utf8(line) else {
        return Err(not_utf8(line));
    };
    let event_type = match leading_type(text) {
        Some(event_type) => event_type,
        None => stated_type(line)?,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let parsed = Enveloped(event_type).deserialize(&mut json);
    let Ok(mut event) = parsed.and_then(|event| json.end().map(|()| event)) else {
        return Err(explain(event_type, line));
    };
    check::event(&event)?;
    event.fingerprint = fingerprint(event.occurred_at, &event.fact);
    Ok(event)
}

/// The type where it is the first field, as nearly everybody writes it. `None` says only: not so.
fn leading_type(text: &str) -> Option<EventType> {
    let rest = text.trim_start().strip_prefix('{')?.trim_start().strip_prefix("\"type\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (name, _) = rest.split_once('"')?;
    EventType::named(name).ok()
}

/// The type, wherever it stands.
fn stated_type(line: &[u8]) -> Result<EventType, Refusal> {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        name: Option<Cow<'a, str>>,
    }
    if line.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::new("", "is no JSON object; an event is one object on one line"));
    }
    let typed: Typed<'_> = serde_json::from_slice(line).map_err(|error| {
        let field = if error.is_data() { "type" } else { "" };
        told(field, &error)
    })?;
    EventType::named(typed.name.as_deref().ok_or_else(|| Refusal::missing("type"))?)
}

/// Reads a refused line again, slowly, and says which field is at fault.
fn explain(event_type: EventType, line: &[u8]) -> Refusal {
    let mut json = serde_json::Deserializer::from_slice(line);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    match Enveloped(event_type).deserialize(tracked) {
        Ok(_) => match json.end() {
            Err(error) => Refusal::new(
                "",
                format!("goes on at column {}, behind its object: write one object a line", error.column()),
            ),
            Ok(()) => Refusal::new("", "was refused, and then found good"),
        },
        Err(error) => told(&known(&track.path()), &error),
    }
}

/// The path as far as its parts have names: where the text itself is broken, the last has none.
fn known(path: &serde_path_to_error::Path) -> String {
    let text = path.to_string();
    let text = text.strip_suffix('?').unwrap_or(&text);
    text.trim_end_matches('.').to_owned()
}

fn not_utf8(line: &[u8]) -> Refusal {
    let at = std::str::from_utf8(line).map_or_else(|error| error.valid_up_to(), str::len);
    let field = stated_type(line).map(|event_type| explain(event_type, line).field).unwrap_or_default();
    Refusal::new(
        &field,
        format!("is no UTF-8 at byte {at} of the line; write the file in UTF-8 (`iconv -f GB18030 -t UTF-8`)"),
    )
}

/// What `serde_json` says, with the field in its place and without the number of the line, which is always 1.
fn told(path: &str, error: &serde_json::Error) -> Refusal {
    let said = error.to_string();
    let (reason, column) = said.rsplit_once(" at line 1 column ").unwrap_or((&said, ""));
    if let Some(name) = reason.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return Refusal::missing(name).within(path);
    }
    if let Some(name) = reason.strip_prefix("duplicate field `").and_then(|rest| rest.strip_suffix('`')) {
        return Refusal::new(name, "is given twice").within(path);
    }
    let mut reason = refusal::plain(reason);
    if !error.is_data() && !column.is_empty() {
        write!(reason, " at column {column}").expect("a String takes any write");
    }
    Refusal { field: path.to_owned(), reason }
}

/// Appends an event as one line: `type`, `occurred_at`, its own fields, then what is optional everywhere.
pub fn write_event(event: &Event, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(event.fact.type_name().as_bytes());
    out.extend_from_slice(b"\",\"occurred_at\":\"");
    out.extend_from_slice(event.occurred_at.to_string().as_bytes());
    out.push(b'"');
    // The event's own fields make an object, of which the opening brace becomes the comma that goes on from above.
    let brace = out.len();
    write(&Payload(&event.fact), out);
    out[brace] = b',';
    out.pop();
    for (name, value) in [("event_id", &event.event_id), ("source_system", &event.source_system)] {
        if let Some(value) = value {
            out.extend_from_slice(format!(",\"{name}\":").as_bytes());
            write(value, out);
        }
    }
    out.push(b'}');
}

/// Appends a finding as one line.
pub fn write_signal(signal: &model::Signal, out: &mut Vec<u8>) {
    write(&Written::<Signal>(signal), out);
}

/// Appends a chain or gang as one line.
pub fn write_case(case: &model::Case, out: &mut Vec<u8>) {
    write(&Written::<Case>(case), out);
}

/// Appends a task as one line.
pub fn write_task(task: &model::Task, out: &mut Vec<u8>) {
    write(&Written::<Task>(task), out);
}

/// Where an input came from, and the name of its file where that is known: otherwise the file is numbered.
pub type NamedSource<'a> = (model::Source, Option<&'a str>);

/// Appends a dead letter as one line, with where the first event of its identity came from, where there is one.
pub fn write_dead_letter(
    letter: &model::DeadLetter,
    file_name: Option<&str>,
    first: Option<NamedSource<'_>>,
    out: &mut Vec<u8>,
) {
    write(&DeadLetterLine::new(letter, file_name, first), out);
}

/// Appends a doubt as one line.
pub fn write_doubt(doubt: &model::Doubt, out: &mut Vec<u8>) {
    write(&Written::<Doubt>(doubt), out);
}

/// Appends a doubt as one line, with where the event came from that raised it, if that is known.
pub fn write_doubt_from(doubt: &model::Doubt, source: Option<NamedSource<'_>>, out: &mut Vec<u8>) {
    write(&DoubtLine::new(doubt, source), out);
}

fn write<T: serde::Serialize>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("every wire type consists of what JSON has, and memory takes any write");
}
