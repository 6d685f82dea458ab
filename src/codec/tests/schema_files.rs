//! The files of `schemas/`: complete, documented, and of one mind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::schema;
use crate::codec::schemas::{EVENTS, INTERNALS, OUTPUTS, Schema, find, numbered};

fn all() -> impl Iterator<Item = &'static Schema> {
    [EVENTS, OUTPUTS, INTERNALS].into_iter().flatten()
}

fn parsed(schema: &Schema) -> Json {
    serde_json::from_str(schema.text).unwrap_or_else(|error| panic!("{}: {error}", schema.name))
}

/// Calls `visit` with every record and enum in a schema.
fn walk(json: &Json, visit: &mut impl FnMut(&Json)) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Json::Object(object) => {
            if object.contains_key("name") && object.contains_key("type") && object["type"].is_string() {
                visit(json);
            }
            object.values().for_each(|value| walk(value, visit));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[test]
fn every_schema_is_lawful_and_every_record_enum_and_field_has_a_doc() {
    for one in all() {
        schema(one.name);
        let json = parsed(one);
        assert_eq!(json["namespace"], "suyuan", "{}", one.name);
        assert_eq!(format!("suyuan.{}", json["name"].as_str().unwrap()), one.full_name());
        for attribute in ["topic", "key"] {
            assert!(json[attribute].is_string(), "{} has no {attribute}", one.name);
        }
        walk(&json, &mut |named| {
            assert!(named["doc"].as_str().is_some_and(|doc| doc.ends_with('.')), "{}: {named} has no doc", one.name);
            for field in named["fields"].as_array().into_iter().flatten() {
                let doc = field["doc"].as_str().unwrap_or_default();
                assert!(doc.len() > 4 && doc.ends_with('.'), "{}: {} has no doc", one.name, field["name"]);
                let name = field["name"].as_str().unwrap();
                assert!(!name.ends_with("_fen") || doc.contains("fen"), "{}: {name} does not say its unit", one.name);
                let optional = field["type"].get(0) == Some(&Json::String("null".into()));
                assert_eq!(field.get("default"), optional.then_some(&Json::Null), "{}: {name}", one.name);
            }
        });
    }
}

#[test]
fn every_event_begins_with_its_time_and_ends_with_where_it_came_from() {
    for one in EVENTS {
        let json = parsed(one);
        let names: Vec<_> = json["fields"].as_array().unwrap().iter().map(|field| field["name"].clone()).collect();
        assert_eq!(names[0], "occurred_at");
        assert_eq!(names[names.len() - 2..], ["event_id", "source_system"]);
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "lists the folder, to find files that nothing names")]
fn every_file_is_listed() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas")).unwrap();
    let mut files: Vec<String> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|file| file != "README.md" && file != "openapi.json");
    files.sort();
    let mut listed: Vec<String> = all().map(|one| format!("{}.v{}.avsc", one.name, one.version)).collect();
    listed.sort();
    assert_eq!(files, listed);
}

#[test]
fn numbers_of_schemas_never_change() {
    let pinned = [("taxpayer_registered", 1_001), ("invoice_issued", 1_005), ("model_published", 1_020)];
    let outputs = [("signal", 1_501), ("case", 1_502), ("task", 1_503), ("dead_letter", 1_506), ("digest", 1_509)];
    for (name, number) in pinned.into_iter().chain(outputs) {
        let version = find(name).unwrap().version;
        assert_eq!(find(name).unwrap().number(), number + 1_000 * (version - 1), "{name}: new records go to the end");
    }
    for one in EVENTS.iter().chain(OUTPUTS) {
        assert_eq!(numbered(one.number()).unwrap().name, one.name);
        assert_eq!(one.topic(), parsed(one)["topic"]);
    }
}

/// A schema with every name replaced by what it names, and without what only the outermost record has.
fn expanded(json: &Json, named: &BTreeMap<String, Json>) -> Json {
    match json {
        Json::Array(items) => items.iter().map(|item| expanded(item, named)).collect(),
        Json::Object(object) => {
            let kept = object.iter().filter(|(key, _)| !matches!(key.as_str(), "namespace" | "topic" | "key"));
            let expand = |(key, value): (&String, &Json)| {
                let value = if matches!(key.as_str(), "type" | "items" | "fields") {
                    expanded(value, named)
                } else {
                    value.clone()
                };
                (key.clone(), value)
            };
            kept.map(expand).collect()
        }
        Json::String(name) => named.get(name).map_or(json.clone(), |json| expanded(json, named)),
        Json::Null | Json::Bool(_) | Json::Number(_) => json.clone(),
    }
}

fn names(json: &Json) -> BTreeMap<String, Json> {
    let mut names = BTreeMap::new();
    walk(json, &mut |named| {
        if named.get("fields").is_some() || named.get("symbols").is_some() {
            names.insert(named["name"].as_str().unwrap().to_owned(), named.clone());
        }
    });
    names
}

#[test]
fn the_events_of_the_journal_and_the_inbox_are_those_of_the_event_files_in_their_order() {
    for internal in INTERNALS {
        let names_within = names(&parsed(internal));
        let keeper = if internal.name == "journal_record" { "Fact" } else { "Forwarded" };
        let union = names_within[keeper]["fields"].as_array().unwrap().last().unwrap()["type"].clone();
        let union = union.as_array().unwrap().clone();
        assert_eq!(union.len(), EVENTS.len());
        for (branch, event) in union.iter().zip(EVENTS) {
            let file = parsed(event);
            let own = expanded(&file, &names(&file));
            assert_eq!(expanded(branch, &names_within), own, "{} in {}", event.name, internal.name);
        }
    }
}

#[test]
fn the_messages_of_the_journal_are_those_of_the_inbox() {
    let [journal, inbox] = ["journal_record", "inbox_message"].map(|name| parsed(find(name).unwrap()));
    let messages = |json: &Json, record: &str| {
        let names = names(json);
        let fields = names[record]["fields"].as_array().unwrap().clone();
        expanded(&fields.iter().find(|field| field["name"] == "message").unwrap()["type"], &names)
    };
    assert_eq!(messages(&journal, "Message"), messages(&inbox, "InboxMessage"));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "reads the environment and rewrites a generated file, on request")]
fn the_readme_lists_every_schema() {
    let mut readme = String::from(
        "# Schemas\n\nGenerated by `make accept` from the files beside it. The number is what records in the Confluent wire format \
        name their schema by where nobody runs a schema registry; it never changes.\n",
    );
    for (title, schemas) in [("Input events", EVENTS), ("Outputs", OUTPUTS), ("Within the system", INTERNALS)] {
        write!(readme, "\n## {title}\n\n| record | topic | key | number | what it says |\n|---|---|---|---|---|\n")
            .unwrap();
        for one in schemas {
            let json = parsed(one);
            let [topic, key, doc] = ["topic", "key", "doc"].map(|name| json[name].as_str().unwrap());
            let file = format!("{}.v{}.avsc", one.name, one.version);
            writeln!(readme, "| [`{}`]({file}) | {topic} | {key} | {} | {doc} |", one.name, one.number()).unwrap();
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/README.md");
    if std::env::var_os("SUYUAN_ACCEPT").is_some() {
        std::fs::write(path, &readme).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, readme, "schemas/README.md is out of date: run `make accept`");
}
