//! What journals hold: records, messages, outputs, what turns say of their progress, and the files themselves.

use std::io::Write as _;
use std::path::Path;

use suyuan::codec::{avro, journal};
use suyuan::files::{Place, Simulated};
use suyuan::log::{Error, Header, Log, Reader, Settings, Turn};
use suyuan::model::{Output, Position};
use suyuan::runtime::{Begun, Progress};

use super::events::says_what;
use super::seal;

const PLACE: Position = Position { partition: 1, offset: 2 };

/// A record of a frame.
pub(crate) fn record(bytes: &[u8]) {
    match journal::read_record(&mut &bytes[..], PLACE) {
        Ok(record) => {
            let mut again = Vec::new();
            journal::write_record(&record, &mut again);
            assert_eq!(journal::read_record(&mut &again[..], PLACE), Ok(record));
        }
        Err(refusal) => says_what(&refusal),
    }
}

/// A message on its way.
pub(crate) fn message(bytes: &[u8]) {
    match journal::read_message(&mut &bytes[..]) {
        Ok((to, message)) => {
            let mut again = Vec::new();
            journal::write_message(&to, &message, &mut again);
            assert_eq!(journal::read_message(&mut &again[..]), Ok((to, message)));
        }
        Err(refusal) => says_what(&refusal),
    }
}

/// An output of a turn, which is an output of a topic as well.
pub(crate) fn output(bytes: &[u8]) {
    match journal::read_output(&mut &bytes[..]) {
        Ok(output) => {
            let name = match &output {
                Output::Signal(_) => "signal",
                Output::Case(_) => "case",
                Output::Task(_) => "task",
                Output::DeadLetter(_) => "dead_letter",
                Output::Doubt(_) => "doubt",
            };
            let mut again = Vec::new();
            journal::write_output(&output, &mut again);
            assert_eq!(journal::read_output(&mut &again[..]).as_ref(), Ok(&output));
            again.clear();
            avro::write_output(&output, &mut again);
            assert_eq!(avro::read_output(name, &again), Ok(output));
        }
        Err(refusal) => says_what(&refusal),
    }
}

/// What a turn says of how far everything has come, and of what is begun.
pub(crate) fn told(bytes: &[u8]) {
    const VERSION: u32 = 2;
    const WITH_KEPT: u32 = 3;
    match Progress::read(bytes) {
        Ok(progress) => {
            let again = postcard::to_stdvec(&(WITH_KEPT, &progress, &progress.kept)).unwrap();
            assert_eq!(Progress::read(&again), Ok(progress));
        }
        Err(refusal) => says_what(&refusal),
    }
    match Begun::read(bytes) {
        Ok(begun) => {
            let again = postcard::to_stdvec(&(VERSION, &begun)).unwrap();
            assert_eq!(Begun::read(&again), Ok(begun));
        }
        Err(refusal) => says_what(&refusal),
    }
}

/// A machine with one folder, and one file of a journal in it.
fn machine(name: &str, bytes: &[u8]) -> Place {
    let place = Place::simulated(&Simulated::default(), "journal");
    place.files.create_folders(&place.dir).unwrap();
    put(&place, name, bytes);
    place
}

fn put(place: &Place, name: &str, bytes: &[u8]) {
    place.files.create(&place.dir.join(name)).unwrap().write_all(bytes).unwrap();
}

/// The file `header`: as it is, and with the checksum that it should have.
pub(crate) fn header(bytes: &[u8]) {
    let sealed = [bytes, format!("crc32c: {:08x}\n", crc32c::crc32c(bytes)).as_bytes()].concat();
    for bytes in [bytes, &sealed] {
        let place = machine("header", bytes);
        match Reader::open(&place) {
            Ok((_, header)) => {
                let again = Place::simulated(&Simulated::default(), "again");
                match Log::create(&again, &header, Settings::default()) {
                    Ok(_) => assert_eq!(Reader::open(&again).unwrap().1, header),
                    // A name of other letters is read, and not written.
                    Err(Error::HeaderField { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Err(error) => names(&error, &place.dir),
        }
    }
}

/// A segment as it is.
pub(crate) fn segment(bytes: &[u8]) {
    let place = machine("header", &written_header());
    put(&place, "00000000000000000001.journal", bytes);
    let read = turns(&place);
    match (Log::open(&place, Settings::default()), &read) {
        (Ok((log, recovered)), _) => {
            let opened: Result<Vec<Turn>, Error> = log.turns().collect();
            // What was cut off is gone, and what is left is read as before.
            match (opened, read) {
                (Ok(opened), Ok(read)) => assert_eq!(opened, read),
                (Err(opened), Err(read)) => assert_eq!(opened.to_string(), read.to_string()),
                (opened, read) => panic!("{opened:?} where there was {read:?}"),
            }
            assert_eq!(recovered.turn, log.last_turn());
            drop(log);
        }
        (Err(error), Err(_)) => names(&error, &place.dir),
        (Err(error), Ok(turns)) => panic!("{} turns are read, and not opened: {error}", turns.len()),
    }
}

/// A segment that whoever wrote it vouches for: lengths and checksums are made right first.
pub(crate) fn sealed(bytes: &[u8]) {
    segment(&seal::segment(bytes));
}

fn written_header() -> Vec<u8> {
    let above = format!("suyuan journal {}\npartitions: 2\n", suyuan::log::VERSION);
    format!("{above}crc32c: {:08x}\n", crc32c::crc32c(above.as_bytes())).into()
}

fn turns(place: &Place) -> Result<Vec<Turn>, Error> {
    let (reader, _) = Reader::open(place)?;
    for partition in 0..3 {
        for frame in reader.read_from(partition, 1) {
            if let Err(error) = frame {
                names(&error, &place.dir);
            }
        }
    }
    let turns: Vec<Turn> = reader.turns().collect::<Result<_, _>>()?;
    let again = Place::simulated(&Simulated::default(), "again");
    let mut log = Log::create(&again, &Header::default(), Settings::default())?;
    if turns.iter().all(|turn| log.append(turn).is_ok()) {
        let written: Vec<Turn> = log.turns().map(Result::unwrap).collect();
        assert_eq!(written, turns);
    }
    Ok(turns)
}

/// An error of a journal names its folder.
fn names(error: &Error, dir: &Path) {
    assert!(error.to_string().contains(dir.to_str().unwrap()), "{error}");
}
