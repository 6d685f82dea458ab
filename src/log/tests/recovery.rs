//! What is gone on with after a crash, and what is refused where no checksum tells.

use super::*;

fn block(turn: &Turn) -> Vec<u8> {
    let mut block = Vec::new();
    format::encode(turn, SECTION_BYTES, &mut block).unwrap();
    block
}

#[test]
fn a_turn_out_of_place_in_an_earlier_segment_is_damage_though_every_checksum_holds() {
    let dir = scratch();
    let written = journal(dir.path(), 700, &vec![vec![2, 2, 2]; 9]);
    let segments = Segment::list(&dir.path().into()).unwrap();
    assert!(segments.len() > 1 && segments[1].first_turn() > 2);
    let whole = fs::read(&segments[0].path).unwrap();
    let second = block(&written[1]);
    let at = whole.windows(second.len()).position(|bytes| bytes == second).unwrap();
    let reader_over = |turn: &Turn| {
        let other = block(turn);
        fs::write(&segments[0].path, [&whole[..at], &other, &whole[at + other.len()..]].concat()).unwrap();
        Reader::open(dir.path()).unwrap().0
    };
    let reader = reader_over(&Turn { number: 7, ..written[1].clone() });
    let error = reader.turns().find_map(Result::err).unwrap().to_string();
    assert!(error.contains("turn 7 stands where turn 2 belongs"), "{error}");
    let mut gap = written[1].clone();
    gap.frames[1].first_offset += 1;
    let error = reader_over(&gap).read_from(1, 0).find_map(Result::err).unwrap().to_string();
    assert!(error.contains("partition 1 goes on at offset 3, with a gap"), "{error}");
}

#[test]
fn a_segment_under_another_name_or_without_its_whole_head_is_damage() {
    let dir = scratch();
    journal(dir.path(), u64::MAX, &[vec![1]]);
    let segment = Segment::list(&dir.path().into()).unwrap().pop().unwrap();
    let other = dir.path().join(format!("{:020}.journal", 2));
    fs::rename(&segment.path, &other).unwrap();
    let error = Log::open(dir.path(), settings(u64::MAX)).unwrap_err().to_string();
    assert!(error.contains("its first turn is 1, which is not its name"), "{error}");
    fs::rename(&other, &segment.path).unwrap();
    fs::File::options().write(true).open(&segment.path).unwrap().set_len(segment.head_bytes - 1).unwrap();
    let error = Log::open(dir.path(), settings(u64::MAX)).unwrap_err().to_string();
    assert!(error.contains("the file is shorter than its head"), "{error}");
}

#[test]
fn an_earlier_turn_in_what_a_crash_left_does_not_make_it_damage() {
    let dir = scratch();
    let written = journal(dir.path(), u64::MAX, &[vec![2, 1], vec![2, 1]]);
    // As a file system may: the length is there, and holds what stood there before.
    let (mut torn, before) =
        (block(&Turn { number: 3, progress: vec![0; 1_000], ..Turn::default() }), block(&written[0]));
    let at = torn.len() - before.len();
    torn[at..].copy_from_slice(&before);
    add_to_last_segment(dir.path(), &torn);
    let (_, recovered) = Log::open(dir.path(), settings(u64::MAX)).unwrap();
    assert_eq!((recovered.turn, recovered.bytes_cut), (2, torn.len() as u64));
}

#[test]
fn a_turn_that_was_seen_is_not_cut_off() {
    let dir = scratch();
    journal(dir.path(), u64::MAX, &[vec![1], vec![1]]);
    let path = last_segment(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = Log::open_beside(dir.path(), settings(u64::MAX), &|| Ok(2)).unwrap_err();
    assert!(matches!(error, Error::CommittedTurn { turn: 2, seen: 2, .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let (_, recovered) = Log::open_beside(dir.path(), settings(u64::MAX), &|| Ok(1)).unwrap();
    assert_eq!(recovered.turn, 1);
}

#[test]
fn a_segment_that_was_begun_and_has_no_turn_yet_takes_one_of_any_size() {
    let dir = scratch();
    journal(dir.path(), 1, &[vec![1], vec![1]]);
    let last = Segment::list(&dir.path().into()).unwrap().pop().unwrap();
    fs::File::options().write(true).open(&last.path).unwrap().set_len(last.head_bytes).unwrap();
    let (mut log, recovered) = Log::open(dir.path(), settings(1)).unwrap();
    assert_eq!(recovered.turn, 1);
    let next = turn(&log, &[1]);
    log.append(&next).unwrap();
    drop(log);
    assert_eq!(all(dir.path()).last(), Some(&next));
}

#[test]
fn without_durable_turns_a_power_failure_costs_nothing_of_the_segments_before_the_last() {
    for seed in 0..8 {
        let machine = Simulated::default();
        let place = Place::simulated(&machine, "/journal");
        let mut log = Log::create(&place, &Header::default(), settings(700)).unwrap();
        for _ in 0..9 {
            log.append(&turn(&log, &[2, 2, 2])).unwrap();
        }
        let before = log.segments.last().unwrap().before.turn;
        assert!(before > 0);
        machine.restart(End::PowerLost(seed));
        let (_, recovered) = Log::open(&place, settings(700)).unwrap();
        assert!(recovered.turn >= before, "power lost {seed}: {} of {before}", recovered.turn);
    }
}

#[test]
fn what_is_cut_off_is_kept_and_gone_on_from_durably() {
    for seed in 0..8 {
        let machine = Simulated::default();
        let place = Place::simulated(&machine, "/journal");
        let mut log = Log::create(&place, &Header::default(), Settings::default()).unwrap();
        for _ in 0..2 {
            log.append(&turn(&log, &[2, 1])).unwrap();
        }
        let path = log.segments[0].path.clone();
        machine.restart(End::Killed);
        machine.spoil(&path, machine.read(&path).unwrap().len() - 1, 1);
        let spoilt = machine.read(&path).unwrap();
        let (_, recovered) = Log::open(&place, Settings::default()).unwrap();
        machine.restart(End::PowerLost(seed));
        let cut = machine.read(&place.dir.join(CUT)).unwrap();
        assert!(recovered.turn == 1 && cut.len() as u64 == recovered.bytes_cut && spoilt.ends_with(&cut), "{seed}");
        assert_eq!(Log::open(&place, Settings::default()).unwrap().1, Recovered { bytes_cut: 0, ..recovered });
    }
}
