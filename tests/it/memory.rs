//! Inputs that unfold without end: each is read by the binary itself in bounded memory ([`PEAK_MAX`]), is told by its file
//! and line, and the rest of the input goes on. Nothing of them is stored: what is large is made while it is read.

use std::ffi::OsString;
use std::io::{Read as _, Seek as _, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::fuzz::targets::seal;
use crate::support::{Ran, begun, file, import_arguments, suyuan};

/// The most memory that any of these takes resident, in bytes. An empty folder takes a tenth of it; three lines of the
/// longest kind, read on two threads, or a window of zstd and what is sorted, most of the rest.
const PEAK_MAX: u64 = 448 << 20;
const GIB: usize = 1 << 30;
/// A dead letter's line: a reason, and the head of the input, each byte of which JSON may have to spell out.
const LETTER_BYTES_MAX: usize = 32_768;
const ISSUED: &str = r#"{"type":"invoice_issued","occurred_at":"2026-03-02T09:00:00+08:00","invoice_no":"12345678901234567890","invoice_kind":"special","seller_id":"A","buyer_id":"B","lines":[],"amount_fen":100,"tax_fen":13}"#;

/// Runs a command to its end, feeding it what `write` writes, and watches its memory.
fn watched(mut command: Command, write: impl FnOnce(&mut dyn Write) + Send + 'static) -> Ran {
    let output = || tempfile::tempfile().unwrap();
    let (mut stdout, mut stderr) = (output(), output());
    command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap()).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Who gives up reading closes the pipe, which is no failure of the writer.
    let writer = std::thread::spawn(move || write(&mut stdin));
    let status = format!("/proc/{}/status", child.id());
    let (mut peak, mut looks) = (0, 0);
    let ended = loop {
        peak = peak.max(resident_peak(&status).unwrap_or(0));
        looks += 1;
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    writer.join().unwrap();
    let text = |file: &mut std::fs::File| {
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    };
    let ran = Ran { code: ended.code(), stdout: text(&mut stdout), stderr: text(&mut stderr) };
    assert!(ran.code.is_some(), "it was killed: {ran:?}");
    eprintln!("{} MiB: {:?}", peak >> 20, command.get_args().collect::<Vec<_>>());
    // One that has ended before it was looked at had no time to take much.
    assert!((peak > 0 || looks == 1) && peak < PEAK_MAX, "it took {} MiB: {}", peak >> 20, ran.stderr);
    ran
}

fn resident_peak(status: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

/// What an import of standard input says: its summary, and its dead letters.
fn imported(folder: &Path, more: &[&str], write: impl FnOnce(&mut dyn Write) + Send + 'static) -> Said {
    let data = folder.join("data");
    let ran = watched(suyuan(import_arguments("-".as_ref(), &data, more)), write);
    said(&ran, &data)
}

struct Said {
    summary: serde_json::Value,
    letters: Vec<serde_json::Value>,
}

fn said(ran: &Ran, data: &Path) -> Said {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let listed = watched(suyuan(["dead-letters", "--format", "jsonl", "--data", data.to_str().unwrap()]), |_| {});
    let letters = listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Said { summary: serde_json::from_str(&ran.stdout).unwrap(), letters }
}

impl Said {
    /// So many rows are events, and these lines are dead letters of this reason.
    fn is(&self, accepted: u64, dead: &[u64], reason: &str) {
        assert_eq!(self.summary["accepted"], accepted, "{}", self.summary);
        let lines: Vec<u64> = self.letters.iter().map(|letter| letter["source"]["line"].as_u64().unwrap()).collect();
        assert_eq!(lines, dead, "{:?}", self.letters);
        for letter in &self.letters {
            assert!(letter["reason"].as_str().unwrap().contains(reason), "{letter}");
            assert!(letter.to_string().len() < LETTER_BYTES_MAX, "a dead letter is short");
        }
    }
}

fn repeated(to: &mut dyn Write, part: &[u8], bytes: usize) {
    let times = bytes / part.len();
    let at_once = (65_536 / part.len()).clamp(1, times.max(1));
    let parts = part.repeat(at_once);
    for _ in 0..times / at_once {
        if to.write_all(&parts).is_err() {
            return;
        }
    }
    to.write_all(&part.repeat(times % at_once)).unwrap_or_default();
}

/// So much of a line that never ends, then its end and an event.
fn endless(to: &mut dyn Write, part: &[u8], bytes: usize) {
    repeated(to, part, bytes);
    write!(to, "\n{ISSUED}\n").unwrap_or_default();
}

#[test]
fn gigabytes_of_zeros_in_kilobytes_of_zstd_are_one_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    endless(&mut encoder, &[0], 4 * GIB);
    let bomb = file(folder.path(), "bomb.jsonl.zst", &encoder.finish().unwrap());
    assert!(bomb.metadata().unwrap().len() < 1 << 20);
    let data = folder.path().join("data");
    let ran = watched(suyuan(import_arguments(&bomb, &data, &[])), |_| {});
    said(&ran, &data).is(1, &[1], "is longer than 16777216 bytes");
}

#[test]
fn gigabytes_of_zeros_in_gzip_are_one_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let packed = |write: &dyn Fn(&mut dyn Write)| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        write(&mut encoder);
        encoder.finish().unwrap()
    };
    // As many members as it takes: a file of gzip may have any number.
    let mut bytes = packed(&|to| repeated(to, &[0], 64 << 20)).repeat(32);
    bytes.extend(packed(&|to| endless(to, b"\0", 1)));
    let bomb = file(folder.path(), "bomb.jsonl.gz", &bytes);
    let data = folder.path().join("data");
    let ran = watched(suyuan(import_arguments(&bomb, &data, &["--order", "given"])), |_| {});
    said(&ran, &data).is(1, &[1], "is longer than 16777216 bytes");
}

#[test]
fn gigabytes_of_good_lines_stream() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{}{:65000}}}\n", &ISSUED[..ISSUED.len() - 1], "");
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    repeated(&mut encoder, line.as_bytes(), 2 * GIB);
    let input = file(folder.path(), "many.jsonl.zst", &encoder.finish().unwrap());
    let data = folder.path().join("data");
    let ran = watched(suyuan(import_arguments(&input, &data, &["--order", "given"])), |_| {});
    let said = said(&ran, &data);
    said.is(1, &[], "");
    assert_eq!(said.summary["duplicates"], 2 * GIB / line.len() - 1);
}

#[test]
fn a_line_of_a_gigabyte_is_one_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let said = imported(folder.path(), &[], |to| endless(to, b"x", GIB));
    said.is(1, &[1], "is longer than 16777216 bytes");
    assert_eq!(said.letters[0]["source"]["file"], "standard input");
}

/// An invoice of so many lines of goods.
fn invoice(to: &mut dyn Write, lines: usize) {
    let goods = r#"{"goods_code":"1020101010000000000","goods_name":"","amount_fen":1,"rate_bp":0,"tax_fen":0}"#;
    let (head, tail) = ISSUED.split_once("\"lines\":[").unwrap();
    write!(to, "{head}\"lines\":[{goods}").unwrap();
    repeated(to, format!(",{goods}").as_bytes(), (lines - 1) * (goods.len() + 1));
    writeln!(to, "{tail}").unwrap();
}

#[test]
fn many_invoices_of_as_many_lines_as_there_may_be_are_folded_turn_by_turn() {
    let folder = tempfile::tempdir().unwrap();
    let said = imported(folder.path(), &["--order", "given"], |to| {
        let mut one = Vec::new();
        invoice(&mut one, 10_000);
        let one = String::from_utf8(one).unwrap();
        for number in 0..300 {
            let other = one.replacen("12345678901234567890", &format!("{number:020}"), 1);
            to.write_all(other.as_bytes()).unwrap_or_default();
        }
    });
    said.is(300, &[], "");
}

#[test]
fn many_files_at_once_take_no_more_than_one() {
    let folder = tempfile::tempdir().unwrap();
    let inputs: Vec<_> = (0..32)
        .map(|number| {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(27).unwrap();
            // Long lines, and more than the window in all.
            let line = format!("{}{}}}\n", &ISSUED[..ISSUED.len() - 1], " ".repeat(2_000_000));
            repeated(&mut encoder, line.as_bytes(), if number % 8 == 0 { 140 << 20 } else { 6 << 20 });
            file(folder.path(), &format!("{number}.jsonl.zst"), &encoder.finish().unwrap())
        })
        .collect();
    let data = folder.path().join("data");
    let inputs = inputs.iter().map(|input| input.as_os_str().to_owned());
    let arguments = [OsString::from("import")].into_iter().chain(inputs).chain(["--data".into(), data.clone().into()]);
    let ran = watched(suyuan(arguments), |_| {});
    said(&ran, &data).is(1, &[], "");
}

#[test]
fn an_invoice_of_too_many_lines_of_goods_is_a_dead_letter_whether_it_fits_a_line_or_not() {
    let folder = tempfile::tempdir().unwrap();
    imported(&folder.path().join("1"), &[], |to| {
        invoice(to, 1_000_000);
        writeln!(to, "{ISSUED}").unwrap();
    })
    .is(1, &[1], "is longer than 16777216 bytes");
    // As many as a line can have, again and again: what is read ahead is bounded, however large rows are.
    imported(&folder.path().join("2"), &[], |to| {
        (0..24).for_each(|_| invoice(to, 170_000));
        writeln!(to, "{ISSUED}").unwrap();
    })
    .is(1, &(1..25).collect::<Vec<_>>(), "has 170000 lines");
}

#[test]
fn json_nested_however_deep_is_a_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let said = imported(folder.path(), &[], |to| {
        for field in ["lines", "amount_fen", "no_field", "type"] {
            write!(to, "{{\"type\":\"invoice_issued\",\"{field}\":").unwrap();
            repeated(to, b"[", 100_000);
            writeln!(to).unwrap();
            write!(to, "{{\"{field}\":").unwrap();
            repeated(to, b"{\"a\":", 500_000);
            writeln!(to).unwrap();
        }
        writeln!(to, "{ISSUED}").unwrap();
    });
    said.is(1, &[1, 2, 3, 4, 5, 6, 7, 8], "");
}

#[test]
fn what_is_said_of_a_field_of_megabytes_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let said = imported(folder.path(), &[], |to| {
        let long = "发".repeat(5_000_000);
        for (field, right) in
            [("type", "invoice_issued"), ("occurred_at", "2026-03-02T09:00:00+08:00"), ("seller_id", "A")]
        {
            let [right, wrong] = [right, &long].map(|value| format!("\"{field}\":\"{value}\""));
            writeln!(to, "{}", ISSUED.replace(&right, &wrong)).unwrap();
        }
        writeln!(to, "{}", ISSUED.replace("\"special\"", &format!("\"{long}\""))).unwrap();
        writeln!(to, "{}", ISSUED.replace("\"type\"", &format!("\"{long}\""))).unwrap();
        writeln!(to, "{ISSUED}").unwrap();
    });
    said.is(1, &[1, 2, 3, 4, 5], "");
}

const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/topologies/mappings/contest-2020.toml");
const COLUMNS: &str = "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态";
const ROW: &str = "MADE1,3390939,2025/2/20,MADE2,1000.00,130.00,1130.00,有效发票";

#[test]
fn a_cell_of_a_gigabyte_is_a_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let with = ["--mapping", MAPPING];
    imported(&folder.path().join("1"), &with, |to| {
        writeln!(to, "{COLUMNS}").unwrap();
        repeated(to, b"x", GIB);
        writeln!(to, "\n{ROW}").unwrap();
    })
    .is(1, &[2], "is longer than 16777216 bytes");
    // A quote that is never closed, over lines that would all belong to its cell.
    let said = imported(&folder.path().join("2"), &with, |to| {
        writeln!(to, "{COLUMNS}\n\"").unwrap();
        repeated(to, format!("{:65000}x\n", "").as_bytes(), GIB / 4);
        writeln!(to, "{ROW}").unwrap();
    });
    assert_eq!(said.summary["accepted"], 1, "{}", said.summary);
    assert_eq!(said.summary["dead_letters"], 1 + GIB / 4 / 65_002, "{}", said.summary);
}

#[test]
fn a_table_of_a_million_columns_is_read_where_it_has_those_that_are_needed() {
    let folder = tempfile::tempdir().unwrap();
    let with = ["--mapping", MAPPING];
    let wide = |to: &mut dyn Write, part: &str| {
        to.write_all(part.as_bytes()).unwrap();
        repeated(to, b",x", 2_000_000);
        writeln!(to).unwrap();
    };
    imported(&folder.path().join("1"), &with, move |to| {
        wide(to, COLUMNS);
        wide(to, ROW);
        writeln!(to, "{ROW}").unwrap();
    })
    .is(1, &[3], "has 8 fields, and the header has 1000008");
    let data = folder.path().join("2");
    for (bytes, told) in [(2_000_000, "no layout of"), (GIB, "its header is longer than 16777216 bytes")] {
        let refused = watched(suyuan(import_arguments("-".as_ref(), &data, &with)), move |to| {
            repeated(to, b",x", bytes);
            writeln!(to, "\n{ROW}").unwrap_or_default();
        });
        assert_eq!(refused.code, Some(1), "{}", refused.stdout);
        assert!(
            refused.stderr.contains("standard input, line 1: ") && refused.stderr.contains(told),
            "{}",
            refused.stderr
        );
        assert!(refused.stderr.len() < 16_384, "what is said of it has {} bytes", refused.stderr.len());
    }
}

/// Changes numbers of the first block of a journal, and makes its checksums right.
fn forge(data: &Path, change: impl FnOnce(&mut [u8], usize, usize)) {
    let path = data.join("journal/00000000000000000001.journal");
    let mut bytes = std::fs::read(&path).unwrap();
    let block = bytes.windows(4).position(|part| part == b"TURN").unwrap();
    let number = |at: usize| u32::from_le_bytes(bytes[block + at..][..4].try_into().unwrap()) as usize;
    let (frames, sections) = (number(40), number(44));
    assert!(frames > 1 && sections > 0);
    change(&mut bytes[block..], frames, sections);
    std::fs::write(path, seal::segment(&bytes)).unwrap();
}

#[test]
fn frames_and_outputs_that_claim_gigabytes_are_damage() {
    const SECTION_MAX: u32 = 256 << 20;
    for (what, claim) in
        [("frames", u32::MAX), ("frames", SECTION_MAX), ("outputs", u32::MAX), ("outputs", SECTION_MAX)]
    {
        let folder = tempfile::tempdir().unwrap();
        let (second, data) = begun(folder.path(), &[]);
        // A turn more: what looks wrong at the very end may be a turn that was never committed.
        assert_eq!(suyuan(import_arguments(&second, &data, &[])).output().unwrap().status.code(), Some(0));
        forge(&data, |block, frames, sections| {
            let lengths: Vec<usize> = match what {
                "frames" => (0..frames).map(|nth| 56 + 28 * nth + 16).collect(),
                _ => (0..sections).map(|nth| 56 + 28 * frames + 8 * nth).collect(),
            };
            for at in lengths {
                block[at..at + 4].copy_from_slice(&claim.to_le_bytes());
            }
        });
        let dir = data.to_str().unwrap();
        for arguments in [["dead-letters", "--data", dir], ["signals", "--data", dir]] {
            let ran = watched(suyuan(arguments), |_| {});
            assert_eq!(ran.code, Some(1), "{what} {claim}: {}", ran.stdout);
            assert!(ran.stderr.contains(".journal is damaged at byte "), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_row_that_claims_a_billion_entries_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (_, data) = begun(folder.path(), &["--partitions", "1"]);
    {
        let database = rocksdb::DB::open_default(data.join("state/0000")).unwrap();
        let keys: Vec<Box<[u8]>> = database
            .iterator(rocksdb::IteratorMode::Start)
            .map(|row| row.unwrap().0)
            .filter(|key| key[0] != 255)
            .collect();
        // The variant of names of origins, and their number: a billion.
        let claim = postcard::to_stdvec(&(8_u32, 1_000_000_000_u64)).unwrap();
        for key in keys {
            database.put(key, &claim).unwrap();
        }
        database.flush().unwrap();
    }
    let ran = watched(suyuan(["signals", "--status", "all", "--data", data.to_str().unwrap()]), |_| {});
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stderr.contains("cannot be read: delete this folder, and its rows are folded again"), "{}", ran.stderr);
}

#[test]
fn documents_without_end_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "sales.csv", format!("{COLUMNS}\n{ROW}\n").as_bytes());
    let deep = file(folder.path(), "deep.toml", format!("a = {}", "[".repeat(100_000)).as_bytes());
    let tables = file(folder.path(), "tables.toml", format!("[{}a]", "a.".repeat(100_000)).as_bytes());
    let (input, out) = (input.to_str().unwrap(), folder.path().join("out"));
    for document in [Path::new("/dev/zero"), &deep, &tables] {
        let document = document.to_str().unwrap();
        for arguments in [
            vec!["replay", input, "--mapping", document, "--out", out.to_str().unwrap()],
            vec!["replay", input, "--mapping", MAPPING, "--rules", document, "--out", out.to_str().unwrap()],
            vec!["import", input, "--mapping", MAPPING, "--topology", document, "--data", out.to_str().unwrap()],
        ] {
            let ran = watched(suyuan(&arguments), |_| {});
            assert_eq!(ran.code, Some(1), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
            assert!(
                ran.stderr.contains(document) && ran.stderr.len() < 16_384,
                "{arguments:?}: {} bytes",
                ran.stderr.len()
            );
            assert!(!out.exists(), "{arguments:?} left a folder behind");
        }
    }
}
