//! Inputs as files: lines, tables, compressed or not, read as `suyuan import` reads them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use suyuan::intake::{Error, Input, Intake, Mapping, Order};
use suyuan::model::REFUSED_BYTES_MAX;

static CONTEST: LazyLock<Mapping> =
    LazyLock::new(|| mapping(include_str!("../../../topologies/mappings/contest-2020.toml")).unwrap());

fn mapping(text: &str) -> Result<Mapping, Error> {
    Mapping::parse("mapping.toml", text)
}

/// A file of these bytes, which goes when this is dropped; in memory, where the system has such a folder.
fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let memory = Path::new("/dev/shm");
    let file = if memory.is_dir() { tempfile::NamedTempFile::new_in(memory) } else { tempfile::NamedTempFile::new() };
    let mut file = file.unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Everything that is read of a file, and why no more is.
type Read = (Vec<Input>, Option<String>);

fn read(path: &Path, mapping: Option<&Mapping>, order: Order) -> Read {
    let path = PathBuf::from(path);
    let mut inputs = Vec::new();
    let intake = match Intake::open(std::slice::from_ref(&path), mapping, order) {
        Ok(intake) => intake,
        Err(error) => return (inputs, Some(named(&path, &error))),
    };
    for input in intake {
        match input {
            Ok(input) => inputs.push(input),
            Err(error) => {
                return (inputs, Some(named(&path, &error)));
            }
        }
    }
    (inputs, None)
}

/// What went wrong, which names the file.
fn named(path: &Path, error: &Error) -> String {
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Reads a file in both orders: the same comes, and every refusal says what and where.
fn both_orders(bytes: &[u8], mapping: Option<&Mapping>) -> Read {
    let file = file(bytes);
    let given = read(file.path(), mapping, Order::Given);
    let mut by_time = read(file.path(), mapping, Order::Time);
    for refused in given.0.iter().filter_map(|input| input.body.as_ref().err()) {
        assert!(refused.source.line > 0 && !refused.reason.is_empty(), "{refused:?}");
        assert!(
            refused.bytes.len() <= REFUSED_BYTES_MAX && refused.reason.len() < 4 * REFUSED_BYTES_MAX,
            "{refused:?}"
        );
    }
    let in_time = |input: &Input| input.body.as_ref().map_or(0, |event| event.occurred_at.0);
    assert!(by_time.0.iter().filter(|input| input.body.is_ok()).is_sorted_by_key(in_time));
    // Stable: events of a row keep their order.
    by_time.0.sort_by_key(|input| input.source.line);
    let mut sorted = given.0.clone();
    sorted.sort_by_key(|input| input.source.line);
    let bodies = |inputs: &[Input]| {
        let mut bodies: Vec<_> = inputs.iter().map(|input| (input.source, format!("{:?}", input.body))).collect();
        bodies.sort();
        bodies
    };
    assert_eq!(bodies(&by_time.0), bodies(&sorted));
    assert_eq!(by_time.1, given.1);
    given
}

/// JSON Lines, or anything else without a mapping.
pub(crate) fn lines(bytes: &[u8]) {
    both_orders(bytes, None);
}

/// Bytes that may be compressed; and the same bytes compressed, which come out as they were.
pub(crate) fn compressed(bytes: &[u8]) {
    let (plain, failure) = both_orders(bytes, None);
    if failure.is_some() || is_compressed(bytes) {
        return;
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    for packed in [gzip.finish().unwrap(), zstd::encode_all(bytes, 1).unwrap()] {
        assert_eq!(both_orders(&packed, None), (plain.clone(), None));
    }
}

fn is_compressed(bytes: &[u8]) -> bool {
    let zstd =
        |head: &[u8]| head[..4] == *b"\x28\xb5\x2f\xfd" || (head[0] & 0xf0 == 0x50 && head[1..4] == *b"\x2a\x4d\x18");
    bytes.starts_with(b"\x1f\x8b") || bytes.get(..4).is_some_and(zstd)
}

/// A mapping file up to the first zero, the standard example where there is nothing; then a table.
pub(crate) fn table(bytes: &[u8]) {
    let zero = bytes.iter().position(|byte| *byte == 0);
    let (document, table) = zero.map_or((&b""[..], bytes), |zero| (&bytes[..zero], &bytes[zero + 1..]));
    if document.is_empty() {
        both_orders(table, Some(&CONTEST));
    } else if let Some(mapping) = std::str::from_utf8(document).ok().and_then(|text| mapping(text).ok()) {
        both_orders(table, Some(&mapping));
    }
}
