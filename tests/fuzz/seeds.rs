//! What fuzzing begins with: real encodings of every kind, made from the inputs and journals in `tests/data`, and the
//! documents of `topologies/`. Made anew each time, so that they are always of today's formats.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use suyuan::codec::confluent::{self, Numbers};
use suyuan::codec::{avro, journal, json, schemas};
use suyuan::drive::{STANDARD_RULES, World};
use suyuan::log::{Frame, Log, Reader, Settings, Turn, kafka};
use suyuan::model::{Body, Entity, Event, Position, Record};
use suyuan::topology::{EMBEDDED, KAFKA};

/// A rule without code with all that one may have, and cases of both kinds, to be put behind a rule set.
const RULE_AND_CASES: &str = include_str!("rule-and-cases.toml");
/// The most seeds of one kind of thing.
const OF_A_KIND_MAX: usize = 2;
const MAPPING: &str = include_str!("../../topologies/mappings/contest-2020.toml");
const TABLE: &str = include_str!("../data/imports/input/sales.csv");
/// A mapping of every kind of value, and a table for it.
const ALL_KINDS: &str = include_str!("all-kinds.toml");
const ALL_KINDS_TABLE: &str = "No;Day;Amount;Rate;Month;Kind;Note\n1;03.01.2026 08:00;1,234.50;13%;2026-01;A;\"a;b\"\n2;2026-01-04;-7;9;2026-02;B;\n";

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("tests/data"))
        .find(|data| data.is_dir())
        .unwrap()
        .join(name)
}

fn every_line() -> Vec<u8> {
    std::fs::read(data("every-event/input/events.jsonl")).unwrap()
}

fn events() -> Vec<Event> {
    every_line().split(|byte| *byte == b'\n').filter_map(|line| json::read_event(line).ok()).collect()
}

fn turns() -> Vec<Turn> {
    let turns =
        |name| Reader::open(&data(name).join("journal")).unwrap().0.turns().map(Result::unwrap).collect::<Vec<_>>();
    ["every-event", "imports", "world"].into_iter().flat_map(turns).collect()
}

fn records() -> Vec<Record> {
    let mut records = Vec::new();
    for frame in turns().iter().flat_map(|turn| &turn.frames) {
        let mut bytes = frame.bytes.as_slice();
        while !bytes.is_empty() {
            records.push(journal::read_record(&mut bytes, Position::default()).unwrap());
        }
    }
    records
}

/// A few of each kind: things are of one kind where they begin alike when they are printed.
fn few<T: std::fmt::Debug>(things: impl IntoIterator<Item = T>, write: impl Fn(&T) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut kinds: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for thing in things {
        let printed = format!("{thing:?}");
        let kind =
            printed.split(['{', '"']).next().unwrap_or_default().replace(|letter: char| !letter.is_alphabetic(), "");
        let kind = kinds.entry(kind).or_default();
        if kind.len() < OF_A_KIND_MAX {
            kind.push(write(&thing));
        }
    }
    kinds.into_values().flatten().collect()
}

fn written(write: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes);
    bytes
}

fn lines() -> Vec<Vec<u8>> {
    every_line().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

/// A world of everything that the every-event journal says.
fn rows() -> suyuan::state::Memory {
    let mut world = World::new(STANDARD_RULES);
    let sold = std::fs::read(data("world/input/events.jsonl.zst")).unwrap();
    let sold = zstd::decode_all(sold.as_slice()).unwrap();
    let sold = sold.split(|byte| *byte == b'\n').filter_map(|line| json::read_event(line).ok());
    for event in sold.chain(events()) {
        world.feed(event);
    }
    world.settle();
    world.rows().clone()
}

/// A segment of three small turns.
fn segment() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { section_bytes: 40, ..Settings::default() };
    let mut log = Log::create(folder.path(), &suyuan::log::Header::default(), settings).unwrap();
    for number in 1..4 {
        let frame = |partition| Frame { partition, first_offset: 2 * (number - 1), count: 2, bytes: vec![7; 60] };
        let (progress, standing, outputs) = (vec![1; 9], vec![2; 5], b"some outputs ".repeat(8));
        log.append(&Turn {
            number,
            input_consumed: number,
            progress,
            standing,
            frames: vec![frame(0), frame(1)],
            outputs,
        })
        .unwrap();
    }
    std::fs::read(folder.path().join("00000000000000000001.journal")).unwrap()
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(data("every-event/journal").join(name)).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

/// Frames of a journal and of an inbox, with the first records of each golden journal.
fn frames() -> Vec<Vec<u8>> {
    let frame = |frame: &Frame| kafka::Frame {
        name: [7; 16],
        partition: frame.partition,
        count: frame.count,
        first_offset: frame.first_offset,
        clock: 1_772_323_200_000,
        digest: [9; 32],
        bytes: frame.bytes.clone(),
    };
    let mut frames: Vec<kafka::Frame> = turns().iter().flat_map(|turn| &turn.frames).map(frame).collect();
    frames.sort_by_key(|frame| frame.bytes.len());
    frames.truncate(3);
    frames.push(kafka::Frame::default());
    frames.iter().map(kafka::Frame::write).collect()
}

/// Events and outputs as topics carry them.
fn wire() -> Vec<Vec<u8>> {
    let mut records: Vec<Vec<u8>> =
        events().iter().map(|event| written(|bytes| confluent::write_event(event, bytes))).collect();
    for turn in turns() {
        let mut bytes = turn.outputs.as_slice();
        while !bytes.is_empty() {
            let output = journal::read_output(&mut bytes).unwrap();
            records.push(written(|bytes| Numbers::default().write_output(&output, bytes)));
        }
    }
    let number = |record: &Vec<u8>| record[1..5].to_vec();
    records.sort_by_key(|record| (number(record), record.len()));
    records.dedup_by_key(|record| number(record));
    records
}

/// Each kind of event as it is with a field more, with a field less, and as it would be by our own schema.
fn other_schemas() -> Vec<Vec<u8>> {
    let kinds = schemas::EVENTS.len();
    let mut all = Vec::new();
    for event in events() {
        let kind = schemas::EVENTS.iter().position(|schema| schema.name == event.fact.type_name()).unwrap();
        let datum = written(|bytes| avro::write_event(&event, bytes));
        let first = |way: usize| u8::try_from(way * kinds + kind).unwrap();
        all.push([&[first(0), 0], &datum[..]].concat());
        // Where event_id and what follows it are absent, each is a byte.
        all.push([&[first(1)], &datum[..datum.len() - 1]].concat());
        all.push([&[first(2)], &datum[..]].concat());
    }
    all
}

/// The seeds of a target, by its name.
pub(crate) fn seeds(target: &str) -> Vec<Vec<u8>> {
    let text = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
    let few_lines = || lines()[..5].join(&b'\n');
    match target {
        "event_json" => lines(),
        "event_avro" => events()
            .iter()
            .map(|event| {
                let kind = schemas::EVENTS.iter().position(|schema| schema.name == event.fact.type_name()).unwrap();
                let mut bytes = vec![u8::try_from(kind).unwrap()];
                avro::write_event(event, &mut bytes);
                bytes
            })
            .collect(),
        "record" => few(records().into_iter().map(|record| (record.body.clone(), record)), |(_, record)| {
            written(|bytes| journal::write_record(record, bytes))
        }),
        "message" => {
            let message = |record: Record| if let Body::Message(message) = record.body { Some(message) } else { None };
            few(records().into_iter().filter_map(message), |message| {
                written(|bytes| journal::write_message(&Entity::CLOCK, message, bytes))
            })
        }
        "output" => {
            let mut outputs = Vec::new();
            for turn in turns() {
                let mut bytes = turn.outputs.as_slice();
                while !bytes.is_empty() {
                    outputs.push(journal::read_output(&mut bytes).unwrap());
                }
            }
            few(outputs, |output| written(|bytes| journal::write_output(output, bytes)))
        }
        "told" => turns()
            .into_iter()
            .flat_map(|turn| [turn.progress, turn.standing])
            .filter(|told| !told.is_empty())
            .collect(),
        "header" => {
            let whole = golden("header");
            let above = whole.len() - "crc32c: 01234567\n".len();
            vec![whole[..above].to_vec(), whole]
        }
        "segment" | "segment_sealed" => vec![segment(), golden("00000000000000000001.journal")],
        "frame" => frames(),
        "wire" => wire(),
        "other_schema" => other_schemas(),
        "key" => {
            let rows = rows();
            few(rows.iter().map(|((entity, key), _)| (key, entity)), |(key, entity)| {
                written(|bytes| key.write(entity, bytes))
            })
        }
        "row" => few(rows().iter().map(|(_, row)| row), |row| written(|bytes| row.write(bytes))),
        "lines" => vec![few_lines(), every_line(), b"\xef\xbb\xbf{}\r\n\n{".to_vec(), Vec::new()],
        "compressed" => vec![
            gzip(&few_lines()),
            zstd::encode_all(few_lines().as_slice(), 3).unwrap(),
            [gzip(b"{}\n"), gzip(b"{}")].concat(),
        ],
        "table" => text(&[&format!("\0{TABLE}"), &format!("{ALL_KINDS}\0{ALL_KINDS_TABLE}")]),
        "mapping" => text(&[MAPPING, ALL_KINDS]),
        "rules" => text(&[STANDARD_RULES, &format!("{STANDARD_RULES}{RULE_AND_CASES}")]),
        "topology" => text(&[EMBEDDED, KAFKA, "kind = \"embedded\"\npartitions = 3\nrules = \"x\"\ncache_mib = 9\n"]),
        "measured" => text(&[
            r#"{"scheme":"chain-3","typology":"shell_burst","taxpayer_id":"A","role":"source","first_at":"2026-01-01T08:00:00+08:00","evident_at":"2026-01-02T08:00:00+08:00"}"#,
            r#"{"task_id":"T","taxpayer_id":"A","level":3,"typologies":["shell_burst"],"status":"open","opened_at":"2026-01-02T08:00:00+08:00"}"#,
            r#"{"signal_id":"S","taxpayer_id":"A","typology":"shell_burst","status":"withdrawn"}"#,
        ]),
        "world_lines" => vec![every_line()],
        "world_moves" => (0..4).map(moves).collect(),
        other => panic!("no seeds of {other}"),
    }
}

/// Sixty moves that follow from a number.
fn moves(seed: u8) -> Vec<u8> {
    let byte = |at: usize| blake3::hash(&[seed, u8::try_from(at / 32).unwrap()]).as_bytes()[at % 32];
    (0..480).map(byte).collect()
}

/// Words that whoever reads or writes the contract's formats knows: names and symbols of the schemas, and of documents.
#[allow(dead_code, reason = "only the fuzzer asks for them")]
pub(crate) fn words() -> Vec<String> {
    let schemas = [schemas::EVENTS, schemas::OUTPUTS].into_iter().flatten().map(|schema| schema.text);
    let mut words: Vec<String> = schemas
        .chain([STANDARD_RULES, EMBEDDED, KAFKA, MAPPING, ALL_KINDS])
        .flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_'))
        .filter(|word| {
            (3..=24).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        })
        .map(ToOwned::to_owned)
        .collect();
    words.sort();
    words.dedup();
    words
}
