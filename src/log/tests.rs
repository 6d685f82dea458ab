//! Crashes, damage and rolling over, on real files.

mod recovery;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::format::Found;
use super::*;
use crate::files::{End, Fault, Simulated};

/// Small, so that what turns say takes several.
const SECTION_BYTES: usize = 7;

fn settings(segment_bytes_max: u64) -> Settings {
    Settings { durable: false, segment_bytes_max, section_bytes: SECTION_BYTES }
}

/// Turn `number`, with frames of `counts` records per partition, going on where `log` stands.
fn turn(log: &Log, counts: &[u32]) -> Turn {
    let number = log.last_turn() + 1;
    let frame = |(partition, &count): (usize, &u32)| {
        let partition = u32::try_from(partition).unwrap();
        let first_offset = log.next_offset(partition);
        let records: Vec<String> = (0..count).map(|i| format!("{partition}@{}", first_offset + u64::from(i))).collect();
        (count > 0).then(|| Frame { partition, first_offset, count, bytes: records.join(" ").into_bytes() })
    };
    Turn {
        number,
        input_consumed: number * 10,
        progress: format!("after {number}").into_bytes(),
        standing: if number % 3 == 1 { standing(number) } else { Vec::new() },
        frames: counts.iter().enumerate().filter_map(frame).collect(),
        outputs: if number.is_multiple_of(2) { format!("signal {number};").repeat(5).into_bytes() } else { Vec::new() },
    }
}

/// What stands after turn `number`: every third says something, beginning with the first.
fn standing(number: u64) -> Vec<u8> {
    format!("since {}", (number - 1) / 3 * 3 + 1).into_bytes()
}

/// A journal with these turns; they are returned as written.
fn journal(dir: &Path, segment_bytes_max: u64, turns: &[Vec<u32>]) -> Vec<Turn> {
    let mut log = Log::create(dir, &Header::default().with("partitions", 3), settings(segment_bytes_max)).unwrap();
    turns
        .iter()
        .map(|counts| {
            let turn = turn(&log, counts);
            log.append(&turn).unwrap();
            turn
        })
        .collect()
}

fn all(dir: &Path) -> Vec<Turn> {
    Reader::open(dir).unwrap().0.turns().map(Result::unwrap).collect()
}

/// Names and contents of the folder, without the lock.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn last_segment(dir: &Path) -> PathBuf {
    Segment::list(&dir.into()).unwrap().pop().unwrap().path
}

fn scratch() -> TempDir {
    tempfile::tempdir().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn turns_and_frames_are_read_back_from_anywhere(
        counts in proptest::collection::vec(proptest::collection::vec(0u32..4, 3), 1..12),
        segment_bytes_max in 1u64..1_500,
        partition in 0u32..4,
        offset in 0u64..30,
        number in 1u64..14,
    ) {
        let dir = scratch();
        let written = journal(dir.path(), segment_bytes_max, &counts);
        let (log, recovered) = Log::open(dir.path(), settings(segment_bytes_max)).unwrap();
        let last = written.last().unwrap();
        prop_assert_eq!((recovered.turn, recovered.input_consumed), (last.number, last.input_consumed));
        prop_assert_eq!((&recovered.progress, recovered.bytes_cut), (&last.progress, 0));
        prop_assert_eq!(recovered.standing, standing(last.number));
        prop_assert_eq!(log.turns().map(Result::unwrap).collect::<Vec<_>>(), written.clone());
        let told = written.iter().cloned().map(|turn| Turn { frames: Vec::new(), ..turn }).collect::<Vec<_>>();
        prop_assert_eq!(log.turns().without_frames().map(Result::unwrap).collect::<Vec<_>>(), told);
        let later: Vec<Turn> = written.iter().filter(|turn| turn.number >= number).cloned().collect();
        prop_assert_eq!(log.reader().turns_from(number).map(Result::unwrap).collect::<Vec<_>>(), later);
        let expected: Vec<TurnFrame> = written
            .iter()
            .flat_map(|turn| turn.frames.iter().map(|frame| TurnFrame { turn: turn.number, frame: frame.clone() }))
            .filter(|TurnFrame { frame, .. }| frame.partition == partition)
            .filter(|TurnFrame { frame, .. }| frame.first_offset + u64::from(frame.count) > offset)
            .collect();
        prop_assert_eq!(log.read_from(partition, offset).map(Result::unwrap).collect::<Vec<_>>(), expected);
    }

    // Every byte of two blocks is a case of its own.
    #[test]
    fn a_file_cut_at_any_byte_of_its_last_blocks_holds_exactly_the_whole_turns(
        counts in proptest::collection::vec(proptest::collection::vec(0u32..3, 3), 3..6),
        segment_bytes_max in prop_oneof![Just(u64::MAX), Just(400u64)],
        garbage in any::<bool>(),
    ) {
        let dir = scratch();
        let written = journal(dir.path(), segment_bytes_max, &counts);
        let last = Segment::list(&dir.path().into()).unwrap().pop().unwrap();
        let whole = fs::read(&last.path).unwrap();
        // Where each turn of the last segment ends.
        let mut ends = vec![last.head_bytes];
        for turn in written.iter().filter(|turn| turn.number >= last.first_turn()) {
            let mut block = Vec::new();
            format::encode(turn, SECTION_BYTES, &mut block).unwrap();
            ends.push(ends.last().unwrap() + block.len() as u64);
        }
        prop_assert_eq!(*ends.last().unwrap(), whole.len() as u64);
        let two_back = ends[ends.len().saturating_sub(3)];
        for cut in two_back..=whole.len() as u64 {
            let mut bytes = whole[..usize::try_from(cut).unwrap()].to_vec();
            if garbage && !ends.contains(&cut) {
                // As a file system may: the length is there, the contents are not.
                let end = *ends.iter().find(|end| **end > cut).unwrap();
                bytes.resize(usize::try_from(end).unwrap(), 0);
                if bytes[..] == whole[..bytes.len()] {
                    continue;
                }
            }
            fs::write(&last.path, &bytes).unwrap();
            let kept = ends.iter().filter(|end| **end <= cut).count() - 1;
            let kept_turns = last.before.turn + kept as u64;
            let expected: Vec<Turn> = written.iter().filter(|turn| turn.number <= kept_turns).cloned().collect();
            prop_assert_eq!(all(dir.path()), expected.clone());
            prop_assert_eq!(&fs::read(&last.path).unwrap(), &bytes, "reading changes nothing");

            let (mut log, recovered) = Log::open(dir.path(), settings(segment_bytes_max)).unwrap();
            prop_assert_eq!((recovered.turn, recovered.bytes_cut), (kept_turns, bytes.len() as u64 - ends[kept]));
            prop_assert_eq!(recovered.input_consumed, kept_turns * 10);
            prop_assert_eq!(fs::metadata(&last.path).unwrap().len(), ends[kept]);
            let beside = dir.path().join(CUT);
            if bytes.len() as u64 > ends[kept] && ends.contains(&(bytes.len() as u64)) {
                prop_assert_eq!(&fs::read(&beside).unwrap()[..], &bytes[usize::try_from(ends[kept]).unwrap()..]);
                fs::remove_file(&beside).unwrap();
            }
            let next = turn(&log, &[1, 0, 2]);
            log.append(&next).unwrap();
            drop(log);
            prop_assert_eq!(all(dir.path()), [expected, vec![next]].concat());
            // The next cut begins with the same files.
            for segment in Segment::list(&dir.path().into()).unwrap() {
                if segment.first_turn() > last.first_turn() {
                    fs::remove_file(segment.path).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_flipped_bit_before_the_last_block_is_damage_and_nothing_is_changed(
        counts in proptest::collection::vec(proptest::collection::vec(0u32..3, 3), 3..6),
        place in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let dir = scratch();
        let written = journal(dir.path(), u64::MAX, &counts);
        let path = last_segment(dir.path());
        let mut bytes = fs::read(&path).unwrap();
        let mut block = Vec::new();
        format::encode(written.last().unwrap(), SECTION_BYTES, &mut block).unwrap();
        let at = place.index(bytes.len() - block.len());
        bytes[at] ^= 1 << bit;
        fs::write(&path, &bytes).unwrap();
        let before = files(dir.path());
        // Who goes on with it sees it before anything else, who only reads does when it comes there.
        let read = |(reader, _): (Reader, _)| reader.turns().collect::<Result<Vec<Turn>, Error>>();
        for error in [
            Log::open(dir.path(), settings(u64::MAX)).unwrap_err(),
            Reader::open(dir.path()).and_then(read).unwrap_err(),
        ] {
            let Error::Damaged { path: found, position, .. } = &error else {
                panic!("{error}");
            };
            prop_assert!(*position <= at as u64 && *found == path, "{}", error);
        }
        prop_assert_eq!(files(dir.path()), before);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), magic in any::<bool>()) {
        let bytes = if magic { [&b"TURN\x02\x00\xfd\xff"[..], &bytes].concat() } else { bytes };
        prop_assert!(!matches!(format::read_head(&mut &bytes[..]).unwrap(), Found::Head(_)));
    }
}

#[test]
fn damage_in_an_earlier_segment_is_found_by_whoever_reads_it() {
    let dir = scratch();
    journal(dir.path(), 300, &vec![vec![2, 2, 2]; 9]);
    let segments = Segment::list(&dir.path().into()).unwrap();
    assert!(segments.len() > 2);
    let path = &segments[1].path;
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.len() - 3;
    bytes[at] ^= 1;
    fs::write(path, &bytes).unwrap();
    let (reader, _) = Reader::open(dir.path()).unwrap();
    let read: Vec<_> = reader.turns().collect();
    let whole = usize::try_from(segments[2].first_turn()).unwrap() - 2;
    assert_eq!(read.len(), whole + 1, "an error ends it");
    let error = read.last().unwrap().as_ref().unwrap_err();
    assert!(matches!(error, Error::Damaged { path: found, .. } if found == path), "{error}");
}

#[test]
fn a_flipped_bit_never_makes_a_reader_of_one_partition_skip_or_change_a_frame() {
    let dir = scratch();
    journal(dir.path(), 200, &vec![vec![2, 1]; 3]);
    let frames = |dir: &Path| {
        let read = |(reader, _): (Reader, Header)| reader.read_from(1, 0).collect::<Result<Vec<_>, _>>();
        Reader::open(dir).and_then(read)
    };
    let written = frames(dir.path()).unwrap();
    assert_eq!(written.len(), 3);
    let path = &Segment::list(&dir.path().into()).unwrap()[0].path;
    let whole = fs::read(path).unwrap();
    let mut found = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(path, bytes).unwrap();
        // What is not found is the whole block's checksum, its progress, and the other partition's frame.
        match frames(dir.path()) {
            Ok(frames) => assert_eq!(frames, written, "byte {at}"),
            Err(error) => found += usize::from(matches!(error, Error::Damaged { .. })),
        }
    }
    assert!(found > whole.len() / 2, "{found} of {}", whole.len());
}

/// Appends bytes to the last segment behind the journal's back.
fn add_to_last_segment(dir: &Path, bytes: &[u8]) {
    let path = last_segment(dir);
    fs::write(&path, [fs::read(&path).unwrap(), bytes.to_vec()].concat()).unwrap();
}

#[test]
fn a_gap_or_a_repeat_is_damage_though_every_checksum_holds() {
    let dir = scratch();
    let written = journal(dir.path(), u64::MAX, &[vec![2, 1], vec![2, 1]]);
    let next = Turn { number: 3, ..written[1].clone() };
    let repeat = written[1].clone();
    let mut gap_in_turns = Turn { number: 4, ..next.clone() };
    gap_in_turns.frames.iter_mut().for_each(|frame| frame.first_offset += u64::from(frame.count));
    let whole = fs::read(last_segment(dir.path())).unwrap();
    for (turn, what) in [
        (repeat, "turn 2 stands where turn 3 belongs"),
        (gap_in_turns, "turn 4 stands where turn 3 belongs"),
        (next, "partition 0 goes on at offset 2, and 4 belongs there"),
    ] {
        let mut block = Vec::new();
        format::encode(&turn, SECTION_BYTES, &mut block).unwrap();
        add_to_last_segment(dir.path(), &block);
        let error = Log::open(dir.path(), settings(u64::MAX)).unwrap_err();
        let Error::Damaged { position, .. } = &error else { panic!("{error}") };
        assert_eq!(*position, whole.len() as u64);
        assert!(error.to_string().contains(what), "{error}");
        fs::write(last_segment(dir.path()), &whole).unwrap();
    }
}

#[test]
fn a_bad_block_before_an_unfinished_one_is_damage() {
    let dir = scratch();
    journal(dir.path(), u64::MAX, &[vec![2, 1], vec![2, 1]]);
    let path = last_segment(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    add_to_last_segment(dir.path(), b"TUR");
    let error = Log::open(dir.path(), settings(u64::MAX)).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert_eq!(fs::metadata(&path).unwrap().len(), bytes.len() as u64 + 3);
}

#[test]
fn an_earlier_segment_that_is_missing_or_short_is_damage() {
    let dir = scratch();
    journal(dir.path(), 300, &vec![vec![2, 2, 2]; 9]);
    let segments = Segment::list(&dir.path().into()).unwrap();
    let bytes = fs::read(&segments[1].path).unwrap();
    fs::write(&segments[1].path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(Log::open(dir.path(), settings(300)), Err(Error::Damaged { .. })));
    fs::remove_file(&segments[1].path).unwrap();
    assert!(matches!(Log::open(dir.path(), settings(300)), Err(Error::Damaged { .. })));
    fs::write(&segments[1].path, &bytes).unwrap();
    Log::open(dir.path(), settings(300)).unwrap();
    fs::remove_file(&segments[0].path).unwrap();
    assert!(matches!(Log::open(dir.path(), settings(300)), Err(Error::Damaged { .. })));
}

#[test]
fn the_segment_that_is_named_is_the_one_that_is_missing_or_short() {
    let dir = scratch();
    journal(dir.path(), 300, &vec![vec![2, 2, 2]; 9]);
    let segments = Segment::list(&dir.path().into()).unwrap();
    let path = &segments[1].path;
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    let error = Log::open(dir.path(), settings(300)).unwrap_err().to_string();
    let what = format!("it has {} bytes, and {} were written", bytes.len() - 1, bytes.len());
    assert!(error.starts_with(path.to_str().unwrap()) && error.contains(&what), "{error}");
    for segment in [&segments[1], &segments[0]] {
        let bytes = fs::read(&segment.path).unwrap();
        fs::remove_file(&segment.path).unwrap();
        let error = Log::open(dir.path(), settings(300)).unwrap_err().to_string();
        assert!(error.starts_with(segment.path.to_str().unwrap()) && error.contains("is missing"), "{error}");
        fs::write(&segment.path, bytes).unwrap();
    }
}

#[test]
fn an_error_claims_no_more_than_is_known() {
    let path = Path::new("/data/journal/header");
    let damaged = Error::damaged(path, 9, "a block is not what was written").to_string();
    assert!(!damaged.contains("othing was changed") && damaged.contains("into another folder"), "{damaged}");
    let io = |doing| Error::io(doing, path)(std::io::Error::other("no")).to_string();
    for (doing, is_safe) in [("read", false), ("open", false), ("look at", false), ("sync", true), ("write", true)] {
        assert_eq!(io(doing).contains("what was committed before is safe"), is_safe, "{}", io(doing));
    }
}

#[test]
fn another_format_is_refused_with_what_to_do() {
    let dir = scratch();
    journal(dir.path(), u64::MAX, &[vec![1], vec![1]]);
    let path = last_segment(dir.path());
    let head_bytes = usize::try_from(Segment::list(&dir.path().into()).unwrap()[0].head_bytes).unwrap();
    let whole = fs::read(&path).unwrap();
    for at in [8, head_bytes + 4] {
        let mut bytes = whole.clone();
        for (version, what) in [(9, "open it with the program that wrote it"), (1, "into another folder")] {
            bytes[at..at + 4].copy_from_slice(&[version, 0, !version, !0]);
            fs::write(&path, &bytes).unwrap();
            let error = Log::open(dir.path(), settings(u64::MAX)).unwrap_err();
            assert!(matches!(error, Error::Newer { found: 9, .. } | Error::Older { found: 1, .. }), "{error}");
            assert!(error.to_string().contains(what), "{error}");
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }
}

#[test]
fn a_folder_has_one_writer_and_any_number_of_readers() {
    let dir = scratch();
    let mut log = Log::create(dir.path(), &Header::default(), settings(u64::MAX)).unwrap();
    log.append(&turn(&log, &[1])).unwrap();
    let error = Log::open(dir.path(), settings(u64::MAX)).unwrap_err();
    assert!(matches!(&error, Error::Locked { .. }), "{error}");
    let early = log.reader();
    log.append(&turn(&log, &[1])).unwrap();
    assert_eq!((early.turns().count(), all(dir.path()).len(), log.turns().count()), (1, 2, 2));
    drop(log);
    Log::open(dir.path(), settings(u64::MAX)).unwrap();
    let error = Log::create(dir.path(), &Header::default(), settings(u64::MAX)).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    let elsewhere = scratch();
    let error = Log::open(elsewhere.path(), settings(u64::MAX)).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
}

#[test]
fn a_turn_or_frame_out_of_order_is_refused_and_the_next_one_taken() {
    let scratch = scratch();
    let dir = scratch.path().join("made/on/the/way");
    let mut log = Log::create(&dir, &Header::default(), Settings::default()).unwrap();
    log.append(&turn(&log, &[2, 1])).unwrap();
    let good = turn(&log, &[1, 1]);
    let gap = Turn { number: 3, ..good.clone() };
    assert!(matches!(log.append(&gap), Err(Error::TurnOutOfOrder { expected: 2, found: 3 })));
    let mut repeat = good.clone();
    repeat.frames[0].first_offset = 1;
    assert!(matches!(log.append(&repeat), Err(Error::FrameOutOfOrder { expected: 2, found: 1, .. })));
    let mut empty = good.clone();
    empty.frames[1].count = 0;
    assert!(matches!(log.append(&empty), Err(Error::FrameOutOfOrder { count: 0, .. })));
    let mut twice = good.clone();
    twice.frames.push(Frame { first_offset: 3, ..twice.frames[0].clone() });
    log.append(&twice).unwrap();
    assert_eq!(log.turns().map(Result::unwrap).last(), Some(twice));
}

#[test]
fn after_a_failed_write_nothing_more_is_written_until_the_journal_is_opened_again() {
    let dir = scratch();
    let mut log = Log::create(dir.path(), &Header::default(), settings(1)).unwrap();
    log.append(&turn(&log, &[1])).unwrap();
    // The next turn begins a segment; a folder stands where its file would be written.
    let blocked = dir.path().join("00000000000000000002.journal.new");
    fs::create_dir(&blocked).unwrap();
    let next = turn(&log, &[1]);
    let error = log.append(&next).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if *path == blocked), "{error}");
    fs::remove_dir(&blocked).unwrap();
    assert!(matches!(log.append(&next), Err(Error::Poisoned { .. })));
    drop(log);
    let (mut log, recovered) = Log::open(dir.path(), settings(1)).unwrap();
    assert_eq!(recovered.turn, 1);
    log.append(&next).unwrap();
}

#[test]
fn a_turn_that_says_more_than_a_section_holds_is_written_in_several_and_read_back() {
    let dir = scratch();
    let mut log = Log::create(dir.path(), &Header::default(), settings(u64::MAX)).unwrap();
    let outputs: Vec<u8> = (0..=255).cycle().take(SECTION_BYTES * 1_000 + 1).collect();
    let loud = Turn { outputs, ..turn(&log, &[2, 1]) };
    log.append(&loud).unwrap();
    let quiet = Turn { outputs: Vec::new(), ..turn(&log, &[1]) };
    log.append(&quiet).unwrap();
    assert_eq!(all(dir.path()), [loud.clone(), quiet.clone()]);
    drop(log);
    let (log, recovered) = Log::open(dir.path(), settings(u64::MAX)).unwrap();
    assert_eq!((recovered.turn, recovered.bytes_cut), (2, 0));
    let frames: Vec<Frame> = log.read_from(0, 0).map(|frame| frame.unwrap().frame).collect();
    assert_eq!(frames, [loud.frames[0].clone(), quiet.frames[0].clone()], "outputs are stepped over");
}

#[test]
fn a_log_may_be_given_to_a_writer_thread() {
    fn sendable<T: Send>() {}
    sendable::<Log>();
    sendable::<Reader>();
}

#[test]
fn a_journal_whose_folders_were_being_made_when_a_process_was_killed_is_durable_all_the_same() {
    for operation in 0..20 {
        for seed in 0..8 {
            let machine = Simulated::default();
            let place = Place::simulated(&machine, "/a/b/journal");
            let create = || Log::create(&place, &Header::default(), Settings::default());
            machine.plan(vec![Fault::Stops { operation, part: 0 }]);
            let killed = create().is_err();
            machine.restart(End::Killed);
            let mut log = match Log::open(&place, Settings::default()) {
                Ok((log, _)) => log,
                Err(Error::Missing { .. }) if killed => create().unwrap(),
                Err(error) => panic!("{error}"),
            };
            log.append(&turn(&log, &[1])).unwrap();
            machine.restart(End::PowerLost(seed));
            let (log, _) = Log::open(&place, Settings::default()).unwrap();
            assert_eq!(log.last_turn(), 1, "killed at {operation}, power lost {seed}");
        }
    }
}
