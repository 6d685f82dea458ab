//! A reader of journals written from `src/log/FORMAT.md` alone: it shares no code with the program's own, so that either
//! shows where the other, or the document, is wrong. It refuses with a sentence and repairs nothing.

use std::collections::BTreeMap;
use std::path::Path;

/// The format that the document describes.
const FORMAT: u16 = 6;
/// The version of `progress` and `standing` that it describes, and that of a `progress` with what waits.
const TOLD: u64 = 2;
const WITH_KEPT: u64 = 3;

/// A whole journal.
pub(crate) struct Journal {
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) turns: Vec<Turn>,
}

/// One block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) number: u64,
    pub(crate) input_consumed: u64,
    pub(crate) progress: Vec<u8>,
    pub(crate) standing: Vec<u8>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) outputs: Vec<u8>,
}

/// Records of one partition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) partition: u32,
    pub(crate) first_offset: u64,
    pub(crate) count: u32,
    pub(crate) bytes: Vec<u8>,
}

/// What is true between two turns.
#[derive(Debug, Default, PartialEq, Eq)]
struct Between {
    turn: u64,
    input_consumed: u64,
    progress: Vec<u8>,
    standing: Vec<u8>,
    next_offsets: BTreeMap<u32, u64>,
}

/// What `progress` says, as far as the tests ask.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) roots: u64,
    pub(crate) events: u64,
    pub(crate) rows: u64,
    pub(crate) input_ended: bool,
    pub(crate) files: u64,
    /// Records and digest of each partition.
    pub(crate) partitions: Vec<(u64, [u8; 32])>,
    /// Messages that wait: their root, and what they say.
    pub(crate) waiting: Vec<(u64, Vec<u8>)>,
}

/// What `standing` says.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) identity: String,
    pub(crate) first_file: u64,
    pub(crate) files: Vec<String>,
}

/// Bytes taken from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (head, rest) = self.0.split_at_checked(count).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(head)
    }

    fn little(&mut self, count: usize) -> Result<u64, String> {
        Ok(self.take(count)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn u16(&mut self) -> Result<u16, String> {
        Ok(u16::try_from(self.little(2)?).unwrap())
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::try_from(self.little(4)?).unwrap())
    }

    fn u64(&mut self) -> Result<u64, String> {
        self.little(8)
    }

    fn size(&mut self) -> Result<usize, String> {
        Ok(self.u32()? as usize)
    }

    /// The format, behind the sign that a thing begins with.
    fn format(&mut self, sign: &[u8]) -> Result<(), String> {
        if self.take(sign.len())? != sign {
            return Err(format!("it does not begin with {}", String::from_utf8_lossy(sign)));
        }
        let (version, complement) = (self.u16()?, self.u16()?);
        if complement != !version {
            return Err("version and complement differ".into());
        }
        if version == FORMAT { Ok(()) } else { Err(format!("format {version}")) }
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for place in 0..10 {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a varint has no end".into())
    }

    fn text(&mut self) -> Result<Vec<u8>, String> {
        let length = usize::try_from(self.varint()?).unwrap();
        Ok(self.take(length)?.to_vec())
    }

    fn end(&self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("{} bytes are left over", self.0.len())) }
    }
}

/// Reads a folder: the header, then the segments in the order of their names.
pub(crate) fn read(dir: &Path) -> Result<Journal, String> {
    let file = |name: &str| std::fs::read(dir.join(name)).map_err(|error| format!("{name}: {error}"));
    let fields = header(&file("header")?).map_err(|what| format!("header: {what}"))?;
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".journal"));
    names.sort();
    let (mut turns, mut now, mut before) = (Vec::new(), Between::default(), (0, 0));
    for name in names {
        let bytes = file(&name)?;
        let first_turn = now.turn + 1;
        if name != format!("{first_turn:020}.journal") {
            return Err(format!("{name} stands where turn {first_turn} belongs"));
        }
        segment(&bytes, &mut now, before, &mut turns).map_err(|what| format!("{name}: {what}"))?;
        before = (first_turn, bytes.len() as u64);
    }
    Ok(Journal { fields, turns })
}

/// The text file `header`.
pub(crate) fn header(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let last = text.trim_end_matches('\n').rfind('\n').ok_or("it has one line")? + 1;
    if text[last..] != format!("crc32c: {:08x}\n", crc32c::crc32c(&bytes[..last])) {
        return Err("its checksum is another".into());
    }
    let mut lines = text[..last].lines();
    if lines.next() != Some(&format!("suyuan journal {FORMAT}")) {
        return Err("its first line is another".into());
    }
    let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    lines.map(|line| field(line).ok_or_else(|| format!("`{line}` is no field"))).collect()
}

fn segment(bytes: &[u8], now: &mut Between, before: (u64, u64), turns: &mut Vec<Turn>) -> Result<(), String> {
    let mut rest = Bytes(bytes);
    rest.format(b"SUYUANJL")?;
    let head_bytes = rest.size()?;
    let (first_turn, previous) = (rest.u64()?, (rest.u64()?, rest.u64()?));
    let mut said = Between { turn: first_turn.wrapping_sub(1), input_consumed: rest.u64()?, ..Between::default() };
    let (partitions, progress_bytes, standing_bytes) = (rest.u32()?, rest.size()?, rest.size()?);
    for _ in 0..partitions {
        said.next_offsets.insert(rest.u32()?, rest.u64()?);
    }
    (said.progress, said.standing) = (rest.take(progress_bytes)?.to_vec(), rest.take(standing_bytes)?.to_vec());
    let covered = bytes.len() - rest.0.len();
    if head_bytes != covered + 4 || rest.u32()? != crc32c::crc32c(&bytes[..covered]) {
        return Err("the checksum of its head is another".into());
    }
    if said != *now || previous != before {
        return Err("its head does not go on from what is before it".into());
    }
    while !rest.0.is_empty() {
        let at = bytes.len() - rest.0.len();
        let turn = block(&mut rest, now).map_err(|what| format!("the block at byte {at}: {what}"))?;
        turns.push(turn);
    }
    Ok(())
}

fn block(rest: &mut Bytes<'_>, now: &mut Between) -> Result<Turn, String> {
    let whole = rest.0;
    rest.format(b"TURN")?;
    let length = usize::try_from(rest.u64()?).map_err(|error| error.to_string())?;
    let (of_block, of_head) = (rest.u32()?, rest.u32()?);
    let (number, input_consumed) = (rest.u64()?, rest.u64()?);
    let (frame_count, section_count) = (rest.u32()?, rest.u32()?);
    let (progress_bytes, standing_bytes) = (rest.size()?, rest.size()?);
    let mut heads = Vec::new();
    for _ in 0..frame_count {
        let (partition, count, first_offset) = (rest.u32()?, rest.u32()?, rest.u64()?);
        heads.push((partition, count, first_offset, rest.size()?, rest.size()?, rest.u32()?));
    }
    let mut sections = Vec::new();
    for _ in 0..section_count {
        sections.push((rest.size()?, rest.size()?));
    }
    let head_bytes = whole.len() - rest.0.len();
    let checksum = |parts: [&[u8]; 2]| crc32c::crc32c_append(crc32c::crc32c(parts[0]), parts[1]);
    if checksum([&whole[..16], &whole[24..head_bytes]]) != of_head {
        return Err("the checksum of its head is another".into());
    }
    let all = whole.get(..length).ok_or("it is cut short")?;
    if checksum([&all[..16], &all[20..]]) != of_block {
        return Err("its checksum is another".into());
    }
    if number != now.turn + 1 {
        return Err(format!("turn {number} stands where turn {} belongs", now.turn + 1));
    }
    let (progress, standing) = (rest.take(progress_bytes)?.to_vec(), rest.take(standing_bytes)?.to_vec());
    let mut frames = Vec::new();
    for (partition, count, first_offset, bytes, packed, of_frame) in heads {
        let packed = rest.take(packed)?;
        if crc32c::crc32c(packed) != of_frame {
            return Err("the checksum of a frame is another".into());
        }
        let next = now.next_offsets.entry(partition).or_default();
        if *next != first_offset {
            return Err(format!("partition {partition} goes on at {first_offset}, not at {next}"));
        }
        *next += u64::from(count);
        frames.push(Frame { partition, first_offset, count, bytes: unpacked(packed, bytes)? });
    }
    let mut outputs = Vec::new();
    for (bytes, packed) in sections {
        outputs.extend(unpacked(rest.take(packed)?, bytes)?);
    }
    if whole.len() - rest.0.len() != length {
        return Err("its length is another".into());
    }
    (now.turn, now.input_consumed) = (number, input_consumed);
    now.progress.clone_from(&progress);
    if !standing.is_empty() {
        now.standing.clone_from(&standing);
    }
    Ok(Turn { number, input_consumed, progress, standing, frames, outputs })
}

fn unpacked(packed: &[u8], bytes: usize) -> Result<Vec<u8>, String> {
    let unpacked = lz4_flex::block::decompress(packed, bytes).map_err(|error| error.to_string())?;
    if unpacked.len() == bytes { Ok(unpacked) } else { Err("it unpacks to another length".into()) }
}

/// The version that `progress` and `standing` begin with.
fn told(bytes: &mut Bytes<'_>, known: &[u64]) -> Result<u64, String> {
    let version = bytes.varint()?;
    if known.contains(&version) { Ok(version) } else { Err(format!("version {version}")) }
}

/// Reads `progress`.
pub(crate) fn progress(bytes: &[u8]) -> Result<Progress, String> {
    let mut rest = Bytes(bytes);
    let version = told(&mut rest, &[TOLD, WITH_KEPT])?;
    let name = rest.text()?;
    if name.len() != 16 {
        return Err("the journal's name has not 16 bytes".into());
    }
    let roots = rest.varint()?;
    let (_clock, _ticked) = (rest.varint()?, rest.varint()?);
    let (events, rows) = (rest.varint()?, rest.varint()?);
    let (_accepted, _duplicates, _conflicting, _dead) =
        (rest.varint()?, rest.varint()?, rest.varint()?, rest.varint()?);
    let (input_ended, files) = (rest.take(1)?[0] == 1, rest.varint()?);
    let mut partitions = Vec::new();
    for _ in 0..rest.varint()? {
        let (records, _clock) = (rest.varint()?, rest.varint()?);
        partitions.push((records, rest.take(32)?.try_into().unwrap()));
    }
    let mut waiting = Vec::new();
    for _ in 0..if version == WITH_KEPT { rest.varint()? } else { 0 } {
        let (root, _parent, _from) = (rest.varint()?, rest.varint()?, rest.varint()?);
        waiting.push((root, rest.text()?));
    }
    rest.end()?;
    Ok(Progress { roots, events, rows, input_ended, files, partitions, waiting })
}

/// Reads `standing`.
pub(crate) fn begun(bytes: &[u8]) -> Result<Begun, String> {
    let mut rest = Bytes(bytes);
    told(&mut rest, &[TOLD])?;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|error| error.to_string());
    let (identity, first_file) = (text(rest.text()?)?, rest.varint()?);
    let files = (0..rest.varint()?).map(|_| text(rest.text()?)).collect::<Result<_, _>>()?;
    rest.end()?;
    Ok(Begun { identity, first_file, files })
}
