//! With a real schema registry, as `deploy/registry.sh` starts it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use suyuan::codec::{avro, json as lines, schemas};

use crate::broker::{Broker, free_ports};
use crate::sameness;
use crate::world::{World, run, suyuan};

/// A registry at work; ended when this is dropped.
struct Registry {
    folder: tempfile::TempDir,
    port: u16,
    /// Where it is.
    url: String,
}

impl Registry {
    fn start() -> Self {
        let mut registry = Self { folder: tempfile::tempdir().unwrap(), port: free_ports(1), url: String::new() };
        registry.url = registry.run("start");
        // Out of the box this one takes whatever it is given.
        registry.ask("PUT", "/config", Some(&json!({"compatibility": "BACKWARD"})));
        registry
    }

    fn run(&self, what: &str) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/registry.sh");
        let done = Command::new("bash")
            .arg(script)
            .arg(what)
            .env("SUYUAN_REGISTRY_DIR", self.folder.path().join("registry"))
            .env("SUYUAN_REGISTRY_PORT", self.port.to_string())
            .output()
            .unwrap();
        let (out, error) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success(), "deploy/registry.sh {what}: {out}{error}");
        out.trim().to_owned()
    }

    fn signal(&self, signal: &str) {
        let id = std::fs::read_to_string(self.folder.path().join("registry/pid")).unwrap();
        assert!(Command::new("kill").args([signal, id.trim()]).status().unwrap().success());
    }

    /// Asks as any other client does, and returns what it answers.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "{method} /apis/ccompat/v7{path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/vnd.schemaregistry.v1+json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap()
    }

    /// Registers a schema and returns its number.
    fn register(&self, subject: &str, schema: &str) -> u32 {
        let answer = self.ask("POST", &format!("/subjects/{subject}/versions"), Some(&json!({"schema": schema})));
        u32::try_from(answer["id"].as_u64().unwrap()).unwrap()
    }

    fn table(&self) -> String {
        format!("[kafka.schema_registry]\nurl = \"{}\"\n", self.url)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // One that sleeps hears nothing.
        self.signal("-CONT");
        self.run("stop");
    }
}

const VOIDED: &str = r#"{"type":"invoice_voided","occurred_at":"2025-03-01T09:00:00+08:00","invoice_no":"00000000000000000007","seller_id":"S"}"#;

/// A record of the wire format.
fn record(number: u32, datum: &[u8]) -> Vec<u8> {
    [&[0], &number.to_be_bytes()[..], datum].concat()
}

/// Adds to what the input is said to have been, for what was not imported.
fn add_to_input(world: &World, line: &str) {
    let mut input = File::options().append(true).open(&world.input).unwrap();
    writeln!(input, "{line}").unwrap();
}

/// The schema of voided invoices with a field more before the last.
fn with_a_note() -> String {
    let last = r#"{"name": "source_system""#;
    let note = r#"{"name": "note", "type": "string", "default": ""}, "#;
    schemas::find("invoice_voided").unwrap().text.replace(last, &format!("{note}{last}"))
}

pub(crate) fn schemas_are_those_of_a_registry(broker: &Broker, name: &str) {
    let registry = Registry::start();
    let world = World::new(broker, name, 2, 600, &registry.table());
    let topic = format!("{name}.invoice.issuance");
    // Numbers of others come first, so that ours are not by chance what they would be without a registry.
    registry.register("others", r#"{"type":"record","name":"Other","fields":[{"name":"x","type":"long"}]}"#);
    let (ok, said, error) = run(&mut world.import());
    assert!(ok && said.contains("\"refused\":0"), "{said}{error}");
    let subject = format!("{topic}-suyuan.InvoiceVoided");
    let latest = registry.ask("GET", &format!("/subjects/{subject}/versions/latest"), None);
    let number = u32::try_from(latest["id"].as_u64().unwrap()).unwrap();
    assert!(number > 1 && number < 1_000, "{latest}");

    // What a newer producer writes is read, what nobody registered is not, and neither is what is none of ours.
    let newer = registry.register(&subject, &with_a_note());
    let mut datum = Vec::new();
    avro::write_event(&lines::read_event(VOIDED.as_bytes()).unwrap(), &mut datum);
    let with_note = [&datum[..datum.len() - 1], &[4, b'h', b'i', 0]].concat();
    world.produce(&topic, Some(0), b"S", &record(newer, &with_note));
    world.produce(&topic, Some(0), b"unknown", &record(70_000, &datum));
    world.produce(&topic, Some(0), b"other", &record(1, &[2]));
    world.produce(&topic, Some(0), b"cut", &record(newer, &with_note[..9]));
    add_to_input(&world, VOIDED);
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    let reasons = || -> Vec<(String, String)> {
        let letters = world.records("dead.letters").into_iter();
        letters
            .map(|letter| {
                let reason = letter.headers.into_iter().find(|(name, _)| name == "reason").unwrap().1;
                (String::from_utf8(letter.key).unwrap(), reason)
            })
            .collect()
    };
    let found = reasons();
    assert_eq!(found.len(), 3, "{found:?}");
    for (key, expected) in [
        ("unknown", "names schema 70000, which the registry does not know"),
        ("other", "names schema 1, a Other, which is none of ours"),
        ("cut", ""),
    ] {
        assert!(found.iter().any(|(found, reason)| found == key && reason.contains(expected)), "{key}: {found:?}");
    }

    // A registry that does not answer makes no dead letters: input waits.
    let newest = registry.register(&subject, &with_a_note().replace("note", "notes"));
    registry.signal("-STOP");
    let late = VOIDED.replace("00000007", "00000008");
    datum.clear();
    avro::write_event(&lines::read_event(late.as_bytes()).unwrap(), &mut datum);
    let with_note = [&datum[..datum.len() - 1], &[4, b'h', b'i', 0]].concat();
    world.produce(&topic, Some(1), b"S", &record(newest, &with_note));
    instance.wait_for("input waits until the registry answers", 2);
    assert!(world.lag() > 0);
    assert_eq!(reasons().len(), 3);
    registry.signal("-CONT");
    add_to_input(&world, &late);
    world.wait_until_quiet(&mut [&mut instance]);
    assert_eq!(reasons().len(), 3);
    // While one waits, it can be told to end.
    registry.signal("-STOP");
    world.produce(&topic, Some(1), b"unknown", &record(70_001, &datum));
    instance.wait_for("input waits until the registry answers", 3);
    let took = instance.stop();
    assert!(took < Duration::from_secs(6), "it took {took:?} to end");
    registry.signal("-CONT");
    let mut instance = world.start("one");
    world.wait_until_quiet(&mut [&mut instance]);
    instance.stop();
    assert_eq!(reasons().len(), 4);
    sameness::check(&world);
}

pub(crate) fn an_incompatible_schema_is_refused(broker: &Broker, name: &str) {
    let registry = Registry::start();
    let world = World::without_topics(broker, name, 2, &registry.table());
    let text = schemas::find("invoice_voided").unwrap().text;
    let subject = format!("{name}.invoice.issuance-suyuan.InvoiceVoided");
    let theirs = text.replace(r#""name": "seller_id", "type": "string""#, r#""name": "seller_id", "type": "long""#);
    registry.register(&subject, &theirs);
    // What goes out is the registry's own to judge: the field is another, and so others could not read on.
    let signal = format!("{name}.risk.signals-suyuan.Signal");
    let ours = schemas::find("signal").unwrap().text;
    let (ok, _, error) = run(suyuan().args(["topics", "create", "--topology"]).arg(&world.topology_file));
    assert!(ok, "{error}");
    std::fs::write(&world.input, format!("{VOIDED}\n")).unwrap();
    for (ok, _, error) in [run(&mut world.import()), run(&mut world.instance_command("one"))] {
        assert!(!ok, "{error}");
        for expected in ["schema invoice_voided.v1", &*subject, &*registry.url, "seller_id", "delete the subject there"]
        {
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
    registry.ask("DELETE", &format!("/subjects/{subject}"), None);
    registry.register(&signal, &ours.replace(r#""name": "score""#, r#""name": "points""#));
    let (ok, _, error) = run(&mut world.instance_command("one"));
    assert!(!ok && error.contains("schema signal.v1") && error.contains("score"), "{error}");
    // One that may not register says what is missing.
    let document = std::fs::read_to_string(&world.topology_file).unwrap();
    std::fs::write(
        &world.topology_file,
        document.replace("[kafka.schema_registry]\n", "[kafka.schema_registry]\nregister = false\n"),
    )
    .unwrap();
    let (ok, _, error) = run(&mut world.import());
    assert!(!ok && error.contains(&signal) && error.contains("set `register = true`"), "{error}");
}
