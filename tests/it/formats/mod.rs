//! The formats of a data folder are as `src/log/FORMAT.md` says: journals are read by a reader made from the document
//! alone ([`reader`]), their records are counted by the schemas and folded again, and the digests come out.

mod reader;

use std::collections::BTreeMap;
use std::path::Path;

use apache_avro::Schema;
use apache_avro::types::Value;
use suyuan::codec::journal;
use suyuan::fold::{Effects, Fold};
use suyuan::log::{Frame, Header, Log, Reader, Settings, Turn};
use suyuan::model::{Entity, Position};
use suyuan::runtime::{Kept, PartitionProgress, Progress};
use suyuan::state::{Memory, ROWS_VERSION};

/// One link: over the one before, the rules in force, the record, and what it led to.
fn link(before: &[u8; 32], rules_version: &str, record: &[u8], led_to: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    for part in [rules_version.as_bytes(), record] {
        hasher.update(&u32::try_from(part.len()).unwrap().to_le_bytes());
        hasher.update(part);
    }
    hasher.update(led_to);
    *hasher.finalize().as_bytes()
}

/// Cuts a frame into its records by the schema, which is all that says where one ends.
fn records<'a>(schema: &Schema, frame: &'a reader::Frame) -> Result<Vec<(Value, &'a [u8])>, String> {
    let mut rest = frame.bytes.as_slice();
    let mut records = Vec::new();
    while !rest.is_empty() {
        let whole = rest;
        let value = apache_avro::from_avro_datum(schema, &mut rest, None).map_err(|error| error.to_string())?;
        records.push((value, &whole[..whole.len() - rest.len()]));
    }
    if records.len() == frame.count as usize { Ok(records) } else { Err(format!("{} records", records.len())) }
}

fn schema() -> Schema {
    Schema::parse_str(include_str!("../../../schemas/journal_record.v5.avsc")).unwrap()
}

/// One partition, folded record by record.
struct Partition {
    rows: Memory,
    fold: Fold,
    offset: u64,
    link: [u8; 32],
    outputs: Vec<Vec<u8>>,
}

impl Partition {
    fn new() -> Self {
        let mut rows = Memory::default();
        let fold = Fold::open(&mut rows).unwrap();
        Self { rows, fold, offset: 0, link: [0; 32], outputs: Vec::new() }
    }

    fn record(&mut self, partition: u32, bytes: &[u8]) -> Result<(), String> {
        let position = Position { partition, offset: self.offset };
        let record = journal::read_record(&mut &bytes[..], position).map_err(|refusal| refusal.to_string())?;
        let (mut effects, mut led_to) = (Effects::default(), Vec::new());
        self.fold.step(&mut self.rows, &record, &mut effects);
        for (to, message) in &effects.messages {
            journal::write_message(to, message, &mut led_to);
        }
        for output in &effects.outputs {
            let start = led_to.len();
            journal::write_output(output, &mut led_to);
            // A rule set is folded in every partition, and the first speaks for all.
            if partition == 0 || record.to != Entity::CONTROL {
                self.outputs.push(led_to[start..].to_vec());
            }
        }
        self.link = link(&self.link, &self.fold.rules().version, bytes, &led_to);
        self.offset += 1;
        Ok(())
    }
}

/// Folds a journal again from its bytes. Returns a line for each partition as `digest.txt` has them; fails where they are
/// not what its turns committed.
pub(crate) fn refolded(dir: &Path) -> Result<Vec<String>, String> {
    let schema = schema();
    let read = reader::read(dir)?;
    let count: u32 = read.fields["partitions"].parse().map_err(|_| "the header names no partitions")?;
    let mut partitions: Vec<Partition> = (0..count).map(|_| Partition::new()).collect();
    for turn in &read.turns {
        for frame in &turn.frames {
            let partition = partitions.get_mut(frame.partition as usize).ok_or("a partition beyond the last")?;
            for (_, record) in records(&schema, frame)? {
                partition.record(frame.partition, record)?;
            }
        }
        let committed = reader::progress(&turn.progress)?.partitions;
        let folded: Vec<_> = partitions.iter().map(|partition| (partition.offset, partition.link)).collect();
        if committed != folded {
            return Err(format!("turn {} committed {committed:?}, and folds to {folded:?}", turn.number));
        }
        outputs_are_those(turn, &mut partitions)?;
    }
    let line = |(number, partition): (usize, &Partition)| {
        let digest = blake3::Hash::from_bytes(partition.link).to_hex();
        format!("partition {number} records {} digest {digest}", partition.offset)
    };
    Ok(partitions.iter().enumerate().map(line).collect())
}

/// Outputs of a turn are what its records led to, each once.
fn outputs_are_those(turn: &reader::Turn, partitions: &mut [Partition]) -> Result<(), String> {
    let mut said: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
    let mut rest = turn.outputs.as_slice();
    while !rest.is_empty() {
        let whole = rest;
        journal::read_output(&mut rest).map_err(|refusal| refusal.to_string())?;
        *said.entry(whole[..whole.len() - rest.len()].to_vec()).or_default() += 1;
    }
    for partition in partitions {
        for output in std::mem::take(&mut partition.outputs) {
            *said.entry(output).or_default() -= 1;
        }
    }
    let other = said.values().filter(|count| **count != 0).count();
    if other == 0 { Ok(()) } else { Err(format!("turn {}: {other} outputs are not those of its records", turn.number)) }
}

/// A turn that goes on where a log stands, with so many records of so many partitions.
fn turn(log: &Log, partitions: u32, records: u32) -> Turn {
    let number = log.last_turn() + 1;
    let frame = |partition| Frame {
        partition,
        first_offset: log.next_offset(partition),
        count: records,
        bytes: format!("{number}:{partition} ").repeat(records as usize).into_bytes(),
    };
    Turn {
        number,
        input_consumed: 10 * number,
        progress: vec![7; usize::try_from(number).unwrap()],
        standing: if number % 4 == 1 { format!("since {number}").into_bytes() } else { Vec::new() },
        frames: (0..partitions).map(frame).collect(),
        outputs: format!("output {number} ").repeat(40).into_bytes(),
    }
}

#[test]
fn segments_sections_and_what_stands_are_as_the_document_says() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { durable: false, segment_bytes_max: 700, section_bytes: 100 };
    let header = Header::default().with("partitions", 3).with("rules-version", "发票: a");
    let mut log = Log::create(folder.path(), &header, settings).unwrap();
    let mut written = Vec::new();
    for records in [1, 3, 2, 40, 1, 5, 1] {
        let turn = turn(&log, 3, records);
        log.append(&turn).unwrap();
        written.push(turn);
    }
    let read = reader::read(folder.path()).unwrap();
    assert_eq!(read.fields, header.fields);
    assert!(std::fs::read_dir(folder.path()).unwrap().count() > 4, "several segments");
    let frame = |frame: &Frame| reader::Frame {
        partition: frame.partition,
        first_offset: frame.first_offset,
        count: frame.count,
        bytes: frame.bytes.clone(),
    };
    let expected: Vec<reader::Turn> = written
        .iter()
        .map(|turn| reader::Turn {
            number: turn.number,
            input_consumed: turn.input_consumed,
            progress: turn.progress.clone(),
            standing: turn.standing.clone(),
            frames: turn.frames.iter().map(frame).collect(),
            outputs: turn.outputs.clone(),
        })
        .collect();
    assert_eq!(read.turns, expected);
}

/// The golden journals by name.
fn golden() -> impl Iterator<Item = std::path::PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    ["world", "every-event", "imports"].into_iter().map(move |name| data.join(name).join("journal"))
}

#[test]
fn messages_that_wait_are_as_the_document_says() {
    let kept = |root| Kept { root, parent: 3, from: 1, message: vec![9; 70] };
    let progress =
        Progress { journal: vec![5; 16], partitions: vec![PartitionProgress::default(); 2], ..Progress::default() };
    let bytes = postcard::to_stdvec(&(3_u32, &progress, vec![kept(4), kept(500)])).unwrap();
    assert_eq!(Progress::read(&bytes).unwrap().kept, [kept(4), kept(500)]);
    let read = reader::progress(&bytes).unwrap();
    assert_eq!(read.waiting, [(4, vec![9; 70]), (500, vec![9; 70])]);
}

#[test]
fn progress_and_what_is_begun_are_as_the_document_says() {
    for dir in golden() {
        let (read, (theirs, _)) = (reader::read(&dir).unwrap(), Reader::open(dir.as_path()).unwrap());
        let (mut files, mut inputs) = (0, 0);
        for (turn, theirs) in read.turns.iter().zip(theirs.turns()) {
            let theirs = Progress::read(&theirs.unwrap().progress).unwrap();
            let progress = reader::progress(&turn.progress).unwrap();
            assert_eq!(progress.events, turn.input_consumed);
            let same = [progress.roots, progress.events, progress.rows, progress.files];
            let counters = theirs.counters;
            assert_eq!(same, [theirs.roots, counters.events, counters.rows, theirs.files.into()]);
            if !turn.standing.is_empty() {
                let begun = reader::begun(&turn.standing).unwrap();
                assert!(begun.identity.starts_with("order time\nmapping "), "{}", begun.identity);
                assert_eq!(begun.first_file, files);
                files += begun.files.len() as u64;
                inputs += 1;
            }
            assert_eq!(progress.files, files);
        }
        let last = reader::progress(&read.turns.last().unwrap().progress).unwrap();
        assert!(inputs > 0 && last.input_ended);
    }
}

#[test]
fn versions_are_those_that_the_document_names() {
    let document = include_str!("../../../src/log/FORMAT.md");
    let named = |what: &str| {
        let line = document.lines().find_map(|line| line.strip_prefix("| ")?.strip_prefix(what)?.strip_prefix(" | "));
        line.unwrap_or_else(|| panic!("the document names no version of {what}")).split_once(" | ").unwrap().0
    };
    let dir = golden().next().unwrap();
    let header = std::fs::read_to_string(dir.join("header")).unwrap();
    let journal = header.lines().next().unwrap().strip_prefix("suyuan journal ").unwrap();
    let turn = reader::read(&dir).unwrap().turns.remove(0);
    let [progress, standing] =
        [turn.progress, turn.standing].map(|bytes| postcard::take_from_bytes::<u32>(&bytes).unwrap().0);
    assert_eq!(named("journal: header, segments, blocks, records"), journal);
    assert_eq!(named("`progress` and `standing`"), format!("{progress}, `progress` 3 where messages wait"));
    assert_eq!(standing, progress);
    assert_eq!(named("rows: keys and values"), ROWS_VERSION.to_string());
}

/// Murmur2 as Kafka has it, with the top bit off.
fn murmur2(key: &[u8]) -> u32 {
    let mut hash = 0x9747_b28c ^ u32::try_from(key.len()).unwrap();
    for word in key.chunks(4) {
        if let Ok(word) = word.try_into() {
            let mixed = u32::from_le_bytes(word).wrapping_mul(0x5bd1_e995);
            hash = hash.wrapping_mul(0x5bd1_e995) ^ (mixed ^ mixed >> 24).wrapping_mul(0x5bd1_e995);
        } else {
            let rest = word.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            hash = (hash ^ rest).wrapping_mul(0x5bd1_e995);
        }
    }
    hash = (hash ^ hash >> 13).wrapping_mul(0x5bd1_e995);
    (hash ^ hash >> 15) & 0x7fff_ffff
}

/// A field of a record, and what a union holds.
fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let Value::Record(fields) = value else { panic!("{value:?} is no record") };
    &fields.iter().find(|(found, _)| found == name).unwrap().1
}

#[test]
fn records_stand_in_the_partition_that_the_document_says() {
    let (schema, mut kinds) = (schema(), BTreeMap::new());
    for dir in golden() {
        let read = reader::read(&dir).unwrap();
        let partitions: u32 = read.fields["partitions"].parse().unwrap();
        for frame in read.turns.iter().flat_map(|turn| &turn.frames) {
            for (record, _) in records(&schema, frame).unwrap() {
                let (Value::Enum(_, kind), Value::String(id)) =
                    (field(field(&record, "to"), "kind"), field(field(&record, "to"), "id"))
                else {
                    panic!("{record:?}")
                };
                let (Value::Union(body, _), Value::Long(root)) = (field(&record, "body"), field(&record, "root"))
                else {
                    panic!("{record:?}")
                };
                let partition = match (kind.as_str(), body) {
                    ("control", _) | ("clock", TICK) => frame.partition,
                    ("clock", REFUSED) => u32::try_from(root % i64::from(partitions)).unwrap(),
                    _ => murmur2(id.as_bytes()) % partitions,
                };
                assert_eq!(frame.partition, partition, "{record:?}");
                *kinds.entry(kind.clone()).or_insert(0) += 1;
            }
        }
    }
    assert!(kinds.len() > 6, "{kinds:?}");
}

/// Branches of what a record says.
const REFUSED: &u32 = &2;
const TICK: &u32 = &3;

#[test]
fn a_byte_changed_anywhere_is_seen_by_either_reader() {
    let folder = tempfile::tempdir().unwrap();
    let dir = golden().last().unwrap();
    for entry in std::fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let whole_turns = reader::read(&dir).unwrap().turns.len();
    for name in ["header", "00000000000000000001.journal"] {
        let path = folder.path().join(name);
        let whole = std::fs::read(&path).unwrap();
        for at in (0..whole.len().min(400)).chain((400..whole.len()).step_by(41)) {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            std::fs::write(&path, &changed).unwrap();
            assert!(reader::read(folder.path()).is_err(), "{name}, byte {at}");
            let theirs =
                Reader::open(folder.path()).and_then(|(reader, _)| reader.turns().collect::<Result<Vec<_>, _>>());
            assert!(theirs.is_err() || theirs.is_ok_and(|turns| turns.len() < whole_turns), "{name}, byte {at}");
        }
        std::fs::write(&path, &whole).unwrap();
    }
}
