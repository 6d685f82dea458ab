//! Whole inputs, from files to events.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use encoding_rs::GB18030;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::model::{Fact, Instant};

/// A void of invoice `number` on second `second` of a day.
fn line(second: u32, number: usize) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(
        r#"{{"type":"invoice_voided","occurred_at":"2026-03-01T09:{minute:02}:{second:02}+08:00","invoice_no":"legacy:{number}","seller_id":"A"}}"#
    )
}

/// Lines as one text.
fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// What an input came to: file, line and invoice number, or what is wrong.
fn shown(input: &Input) -> String {
    let Source { file, line } = input.source;
    match &input.body {
        Ok(event) => match &event.fact {
            Fact::InvoiceVoided(voided) => format!("{file}:{line} {}", voided.invoice_no),
            other => format!("{file}:{line} {}", other.type_name()),
        },
        Err(refused) => format!("{file}:{line} refused {}", refused.reason.split(':').next().unwrap_or_default()),
    }
}

struct Files {
    folder: TempDir,
    paths: Vec<PathBuf>,
}

impl Files {
    fn of(contents: &[&[u8]]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut paths = Vec::new();
        for (index, content) in contents.iter().enumerate() {
            let path = folder.path().join(format!("{index}"));
            fs::write(&path, content).unwrap();
            paths.push(path);
        }
        Self { folder, paths }
    }

    fn read(&self, order: Order) -> Vec<String> {
        Intake::open(&self.paths, None, order).unwrap().map(|input| shown(&input.unwrap())).collect()
    }

    /// Everything up to the first error, and the error.
    fn read_to_error(&self, order: Order) -> (usize, Error) {
        let mut intake = Intake::open(&self.paths, None, order).unwrap();
        let mut inputs = 0;
        loop {
            match intake.next() {
                Some(Ok(_)) => inputs += 1,
                Some(Err(error)) => {
                    assert!(intake.next().is_none(), "nothing follows an error");
                    return (inputs, error);
                }
                None => panic!("no error after {inputs} inputs"),
            }
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_wrapping_of_the_same_lines_reads_the_same() {
    let (first, second) = (line(1, 1), line(2, 2));
    let plain = format!("{first}\n\n{second}");
    let expected = ["0:1 legacy:1", "0:3 legacy:2"];
    let members = [gzip(format!("{first}\n\n").as_bytes()), gzip(second.as_bytes())].concat();
    let frames = [
        zstd::encode_all(first.as_bytes(), 1).unwrap(),
        zstd::encode_all(format!("\n\n{second}").as_bytes(), 1).unwrap(),
    ];
    let wrappings: [(&str, Vec<u8>); 7] = [
        ("plain", plain.clone().into_bytes()),
        ("byte order mark", format!("\u{feff}{plain}").into_bytes()),
        ("carriage returns", plain.replace('\n', "\r\n").into_bytes()),
        ("gzip", gzip(plain.as_bytes())),
        ("gzip of two members", members),
        ("zstd of two frames", frames.concat()),
        ("gzip with byte order mark", gzip(format!("\u{feff}{plain}").as_bytes())),
    ];
    for (name, bytes) in wrappings {
        for order in [Order::Given, Order::Time] {
            assert_eq!(Files::of(&[&bytes]).read(order), expected, "{name}");
        }
    }
    assert_eq!(Files::of(&[b"", b"\xef\xbb\xbf"]).read(Order::Time), [""; 0]);
}

#[test]
fn files_are_merged_by_time_then_file_then_line() {
    let a = [line(5, 1), line(7, 2), line(7, 3)].join("\n");
    let b = [line(9, 4), line(5, 5), line(7, 6)].join("\n");
    let files = Files::of(&[a.as_bytes(), b.as_bytes()]);
    let by_time = ["0:1 legacy:1", "1:2 legacy:5", "0:2 legacy:2", "0:3 legacy:3", "1:3 legacy:6", "1:1 legacy:4"];
    assert_eq!(files.read(Order::Time), by_time);
    let given = ["0:1 legacy:1", "0:2 legacy:2", "0:3 legacy:3", "1:1 legacy:4", "1:2 legacy:5", "1:3 legacy:6"];
    assert_eq!(files.read(Order::Given), given);
}

#[test]
fn a_refused_line_stays_after_the_line_before_it() {
    let no_such = r#"{"type":"no such","occurred_at":"2026-03-01T08:00:00+08:00"}"#;
    // In the second file a line is out of order, so that it is sorted; the refused lines still follow theirs.
    let sorted = ["no event".into(), line(5, 1), no_such.into(), line(9, 2)].join("\n");
    let unsorted = [line(8, 3), "{]".into(), line(6, 4), "7".into()].join("\n");
    let files = Files::of(&[sorted.as_bytes(), unsorted.as_bytes()]);
    let kinds: Vec<String> =
        files.read(Order::Time).iter().map(|text| text.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "0:1 refused",
        "0:2 legacy:1",
        "0:3 refused",
        "1:3 legacy:4",
        "1:4 refused",
        "1:1 legacy:3",
        "1:2 refused",
        "0:4 legacy:2",
    ];
    assert_eq!(kinds, expected);
    let refused = Intake::open(&files.paths, None, Order::Time).unwrap().filter_map(|input| input.unwrap().body.err());
    let refused: Vec<Refused> = refused.collect();
    assert_eq!(&*refused[1].bytes, no_such);
    assert!(refused[1].reason.starts_with("type"), "{}", refused[1].reason);
    assert_eq!((&*refused[3].bytes, refused[3].source), ("{]", Source { file: 1, line: 2 }));
}

#[test]
fn an_overlong_line_is_refused_with_its_head_and_the_rest_is_read() {
    let long = format!("{{\"type\":\"{}\n{}\n", "x".repeat(LINE_BYTES_MAX), line(1, 1));
    for bytes in [long.clone().into_bytes(), gzip(long.as_bytes())] {
        let files = Files::of(&[&bytes]);
        let inputs: Vec<Input> = Intake::open(&files.paths, None, Order::Time).unwrap().map(Result::unwrap).collect();
        let refused = inputs[0].body.as_ref().unwrap_err();
        assert!(refused.reason.contains("is longer than 16777216 bytes") && refused.bytes.len() == 4_096);
        assert_eq!(shown(&inputs[1]), "0:2 legacy:1");
    }
}

#[test]
fn a_bomb_of_compressed_blanks_and_zeros_is_read_in_passing() {
    // Far more than one line or one block may take, from a few kilobytes.
    let mut bombs = Vec::new();
    for (filler, mebibytes, last) in [(b' ', 64, "0:1 refused line"), (b'\n', 2, ""), (0, 64, "0:1 refused line")] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        for _ in 0..mebibytes {
            encoder.write_all(&vec![filler; 1_024 * 1_024]).unwrap();
        }
        bombs.push((encoder.finish().unwrap(), last));
    }
    for (bomb, last) in bombs {
        assert_eq!(Files::of(&[&bomb]).read(Order::Given).last().map_or("", String::as_str), last);
    }
}

#[test]
fn a_truncated_stream_is_an_error_with_its_place_after_what_came_before() {
    let text = joined((0..3_000).map(|n| line(n, n as usize * 7_919)));
    let whole = gzip(text.as_bytes());
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for cut in [&whole[..whole.len() / 2], &whole[..whole.len() - 4], &zstd[..zstd.len() / 2]] {
        for order in [Order::Given, Order::Time] {
            let files = Files::of(&[cut]);
            let (inputs, error) = files.read_to_error(order);
            let Error::Read { file, line, .. } = &error else { panic!("{error}") };
            assert!(file.ends_with('0') && *line == inputs as u64 + 1, "line {line} after {inputs}");
            let sentence = format!("cannot read on in {file} at line {line}: see to the file and");
            assert!(error.to_string().starts_with(&sentence), "{error}");
        }
    }
}

#[test]
fn a_frame_of_zstd_with_a_larger_window_than_is_held_is_told_how_to_be_unpacked() {
    // A frame whose window has 256 MiB, and one last block of one byte.
    let frame = [b"\x28\xb5\x2f\xfd\x00\x90".as_slice(), b"\x09\0\0{"].concat();
    let files = Files::of(&[&frame]);
    let error = Intake::open(&files.paths, None, Order::Time).unwrap_err();
    let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(why.contains("unpack it with `zstd -d --long=31`"), "{error}: {why}");
}

#[test]
fn a_truncated_stream_that_has_to_be_sorted_delivers_what_it_had() {
    let text = joined((0..3_000).map(|n| line(n * 7 % 3_000, n as usize)));
    let whole = gzip(text.as_bytes());
    let (inputs, error) = Files::of(&[&whole[..whole.len() / 2]]).read_to_error(Order::Time);
    assert!(inputs > 500 && matches!(error, Error::Read { line, .. } if line == inputs as u64 + 1));
}

#[test]
fn inputs_that_cannot_be_opened_are_told_apart() {
    let files = Files::of(&[b"PK\x03\x04...", b"\xff\xfe{\0"]);
    let folder = files.folder.path();
    let open = |paths: &[&Path]| {
        let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
        Intake::open(&paths, None, Order::Time).unwrap_err().to_string()
    };
    assert!(open(&[]).contains("no input is named"));
    assert!(open(&[&folder.join("none")]).contains("none: see that it is there"));
    assert!(open(&[folder]).contains("is a folder: name the files in it"));
    assert!(open(&[&files.paths[0]]).contains("is a spreadsheet or another zip archive, which is not read here"));
    assert!(open(&[&files.paths[1]]).contains("is text in UTF-16"));
    assert!(open(&["-".as_ref(), "-".as_ref()]).contains("named twice"));
}

#[test]
fn a_named_pipe_is_read_once_and_sorted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let text = [line(7, 1), line(5, 2)].join("\n");
    let writer = std::thread::spawn({
        let path = path.clone();
        move || fs::write(path, text).unwrap()
    });
    let mut intake = Intake::open(&[path], None, Order::Time).unwrap();
    let identity = intake.fingerprint().unwrap();
    let why = identity.may_resume(&identity).unwrap_err();
    assert!(why.contains("pipe can be read only once: a run over it cannot"), "{why}");
    let found: Vec<String> = intake.map(|input| shown(&input.unwrap())).collect();
    writer.join().unwrap();
    assert_eq!(found, ["0:2 legacy:2", "0:1 legacy:1"]);
}

#[test]
fn a_batch_that_was_begun_as_an_iterator_is_finished_as_a_batch() {
    let text = joined((0..3_000).map(|n| line(n, 1)));
    let files = Files::of(&[text.as_bytes()]);
    let mut intake = Intake::open(&files.paths, None, Order::Time).unwrap();
    assert_eq!(intake.next().unwrap().unwrap().source.line, 1);
    let mut next_line = 2;
    while let Some(batch) = intake.next_batch().unwrap() {
        for input in batch {
            assert_eq!(input.source.line, next_line);
            next_line += 1;
        }
    }
    assert_eq!(next_line, 3_001);
    assert_eq!(intake.next_batch().unwrap(), None);
}

#[test]
fn an_intake_nobody_finishes_reading_ends() {
    let text = joined((0..50_000).map(|n| line(n % 3_600, 1)));
    let files = Files::of(&[text.as_bytes()]);
    for order in [Order::Given, Order::Time] {
        let mut intake = Intake::open(&files.paths, None, order).unwrap();
        assert!(intake.next_batch().unwrap().is_some());
    }
}

const GBK_MAPPING: &str = r#"
encoding = "gb18030"
delimiter = ";"
[values]
number = { column = "发票号码", pad_to = 8 }
code = { column = "发票代码" }
at = { column = "开票日期", kind = "instant", formats = ["%Y年%m月%d日"], time = "start" }
end = { column = "开票日期", kind = "instant", formats = ["%Y年%m月%d日"], time = "end" }
amount = { column = "金额(元)", kind = "yuan" }
seller = { column = "销方" }
buyer = { column = "购方", optional = true, map = { "个人" = "" }, otherwise = "B" }
status = { column = "状态", map = { "正常" = "valid", "作废" = "void" } }
[[events]]
type = "invoice_issued"
[events.fields]
occurred_at = "{at}"
invoice_no = "{code}-{number}"
invoice_kind = "special"
seller_id = "{seller}"
buyer_id = "{buyer}"
lines = []
amount_fen = "{amount}"
tax_fen = 0
[[events]]
type = "invoice_voided"
when = { status = "void" }
fields = { occurred_at = "{end}", invoice_no = "{code}-{number}", seller_id = "{seller}" }
"#;

#[test]
fn a_gbk_table_makes_events_in_order_of_time_and_refuses_rows_as_a_whole() {
    let rows = [
        "发票代码;发票号码;开票日期;金额(元);销方;购方;状态",
        "3100162130;11459356;2019年3月2日;\"1,234.50\";甲公司;乙;作废",
        "3100162130;123;2019年3月1日;-943.4;甲公司;个人;正常",
        "3100162130;124;2019年3月2日;1.234;甲公司;个人;正常",
        "3100162130;125;2019年3月2日;1;甲公司;个人;红冲",
        "3100162130;126;2019年3月2日;2;甲公司;个人;正常",
    ];
    let text = GB18030.encode(&rows.join("\r\n")).0.into_owned();
    let files = Files::of(&[&text]);
    let mapping = Mapping::parse("m.toml", GBK_MAPPING).unwrap();
    let inputs: Vec<Input> =
        Intake::open(&files.paths, Some(&mapping), Order::Time).unwrap().map(Result::unwrap).collect();
    let mut lines = String::new();
    for input in &inputs {
        let head = if input.row_head { "head" } else { "more" };
        match &input.body {
            Ok(event) => match &event.fact {
                Fact::InvoiceIssued(i) => {
                    writeln!(lines, "{head} {} {} {} {:?}", event.occurred_at, i.invoice_no, i.amount, i.buyer_id)
                }
                other => writeln!(lines, "{head} {} {}", event.occurred_at, other.type_name()),
            },
            Err(refused) => writeln!(lines, "{head} {} | {}", refused.reason, refused.bytes),
        }
        .unwrap();
    }
    insta::assert_snapshot!(lines, @r"
    head 2019-03-01T00:00:00+08:00 3100162130-00000123 -943.40 None
    head 金额(元): `1.234` has more than 2 decimals that are not zero | 3100162130;124;2019年3月2日;1.234;甲公司;个人;正常
    head 状态: `红冲` is none of 作废, 正常 | 3100162130;125;2019年3月2日;1;甲公司;个人;红冲
    head 2019-03-02T00:00:00+08:00 3100162130-11459356 1234.50 Some(B)
    head 2019-03-02T00:00:00+08:00 3100162130-00000126 2.00 None
    more 2019-03-02T23:59:59.999+08:00 invoice_voided
    ");
}

#[test]
fn checking_counts_and_keeps_the_first_refusals_and_doubts() {
    let issued = |amount: i64, buyer: &str| {
        format!(
            r#"{{"type":"invoice_issued","occurred_at":"2026-03-02T09:00:00+08:00","invoice_no":"legacy:9","invoice_kind":"special","seller_id":"A","buyer_id":"{buyer}","lines":[],"amount_fen":{amount},"tax_fen":0}}"#
        )
    };
    let first =
        [line(9, 1), "x".into(), issued(0, "A"), issued(-5, "914403001922038215"), "y".into(), line(3, 2)].join("\n");
    let whole = gzip(first.as_bytes());
    let files = Files::of(&[first.as_bytes(), &whole[..whole.len() - 8]]);
    let check = check(&files.paths, None, 1).unwrap();
    assert_eq!((check.rows, check.refused, check.first_refused.len()), (12 - 1, 4, 1));
    assert_eq!(check.first_refused[0].source, Source { file: 0, line: 2 });
    assert_eq!(check.events["invoice_issued"], 4);
    let codes: Vec<(&str, u64, u64)> = check.doubtful.iter().map(|(code, d)| (*code, d.events, d.first.line)).collect();
    assert_eq!(
        codes,
        [("check_character", 2, 4), ("red_without_blue", 2, 4), ("sold_to_itself", 2, 3), ("zero_amount", 2, 3)]
    );
    assert_eq!(check.first_at, Instant::parse("2026-03-01T09:00:03+08:00"));
    assert_eq!(check.last_at, Instant::parse("2026-03-02T09:00:00+08:00"));
    assert!(matches!(check.failure, Some(Error::Read { .. })));
}

#[test]
fn what_was_read_is_told_in_bytes_on_disk_and_comes_to_all_of_them() {
    let (sorted, unsorted) =
        ([line(1, 1), line(2, 2)].join("\n"), gzip([line(9, 1), line(3, 2)].join("\n").as_bytes()));
    let files = Files::of(&[sorted.as_bytes(), &unsorted]);
    for order in [Order::Time, Order::Given] {
        let mut intake = Intake::open(&files.paths, None, order).unwrap();
        let bytes = (sorted.len() + unsorted.len()) as u64;
        assert_eq!(intake.bytes(), Some(bytes));
        assert_eq!(intake.by_ref().count(), 4);
        assert_eq!(intake.bytes_read(), bytes, "each byte counts once, however often it is looked at: {order:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn merging_equals_sorting_in_memory(
        files in prop::collection::vec((prop::collection::vec((0..40_u32, 0..8_u8), 0..60), any::<bool>()), 1..5),
        sort_bytes_max in prop::sample::select(vec![1, 400, 3_000, SORT_BYTES_MAX]),
    ) {
        let mut contents = Vec::new();
        let mut expected = Vec::new();
        for (file, (mut rows, sorted)) in files.into_iter().enumerate() {
            if sorted {
                rows.sort_by_key(|(second, _)| *second);
            }
            let mut text = String::new();
            let mut last = 0;
            for (index, (second, kind)) in rows.into_iter().enumerate() {
                match kind {
                    0 => text.push_str("refused\n"),
                    1 => writeln!(text, "\n{{\"occurred_at\":\"2026-03-01T09:00:{second:02}+08:00\"}}").unwrap(),
                    _ => {
                        last = second + 1;
                        writeln!(text, "{}", line(second, index)).unwrap();
                    }
                }
                let line_number = text.lines().count();
                expected.push((last, file, line_number, kind < 2));
            }
            contents.push(text.into_bytes());
        }
        expected.sort_unstable();
        let expected: Vec<(usize, usize, bool)> = expected.into_iter().map(|(_, file, line, refused)| (file, line, refused)).collect();
        let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
        let files = Files::of(&contents);
        let intake = Intake::open_among(&crate::files::Files::Real, &files.paths, None, Order::Time, sort_bytes_max).unwrap();
        let found: Vec<(usize, usize, bool)> = intake
            .map(Result::unwrap)
            .map(|input| (input.source.file as usize, usize::try_from(input.source.line).unwrap(), input.body.is_err()))
            .collect();
        prop_assert_eq!(found, expected);
    }
}
