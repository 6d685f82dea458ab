//! The bytes of a block: one turn, whole and checked. All numbers are little-endian; checksums are CRC-32C.
//!
//! ```text
//!  0  "TURN"
//!  4  version u16, and its complement u16
//!  8  length of the block u64
//! 16  checksum u32: of the block without these four bytes
//! 20  checksum u32 of the head: of 0..16, of 24..56, and of the table
//! 24  turn u64
//! 32  input consumed u64
//! 40  number of frames u32
//! 44  number of sections of outputs u32
//! 48  length of `progress` u32
//! 52  length of `standing` u32
//! 56  table, per frame: partition u32, records u32, first offset u64, length u32, packed u32, checksum u32 of packed
//!     table, per section of outputs: length u32, packed u32
//!     progress, standing, packed frames in the table's order, packed sections of outputs
//! ```
//! Frames and outputs are packed with LZ4 (block format). The head is checked by itself, so that a reader of one
//! partition can step over what it does not want. Whatever a turn says, it fits: outputs are cut into as many sections as
//! they need, and only what its caller keeps small has a limit.

use std::io::{self, Read};

use super::error::Error;
use super::{Frame, Turn};

/// Version of the format of segments and blocks.
pub const VERSION: u16 = 6;
/// The most a frame, a section of outputs or the progress of a turn take unpacked, in bytes: a reader holds one at a time.
pub const SECTION_BYTES_MAX: usize = 256 << 20;
/// The most frames of a turn, and the most sections of its outputs.
pub const SECTIONS_MAX: usize = 1 << 20;

/// The most bytes that one packed byte can stand for.
const UNPACKED_PER_BYTE_MAX: usize = 255;

pub(super) const MAGIC: &[u8; 4] = b"TURN";
pub(super) const FIXED_BYTES: usize = 56;
const FRAME_ENTRY_BYTES: usize = 28;
const OUTPUTS_ENTRY_BYTES: usize = 8;
/// What the checksum of the head covers, beside the table: up to the two checksums, and from behind them.
const BEFORE_CHECKSUMS: usize = 16;
const AFTER_CHECKSUMS: usize = 24;
/// How much of a block is looked at in one go while it is only checked, in bytes.
const CHECKED_BYTES: usize = 1 << 20;

/// What the head of a block says.
#[derive(Clone, Debug)]
pub(super) struct Head {
    raw: Vec<u8>,
    /// Of the whole block.
    pub(super) length: u64,
    pub(super) turn: u64,
    pub(super) input_consumed: u64,
    pub(super) frames: Vec<FrameHead>,
    progress_bytes: usize,
    standing_bytes: usize,
    outputs: Vec<Packed>,
}

/// What the table says of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameHead {
    pub(super) partition: u32,
    pub(super) count: u32,
    pub(super) first_offset: u64,
    pub(super) size: Packed,
    checksum: u32,
}

/// How large something is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed {
    /// Unpacked, in bytes.
    bytes: usize,
    /// In the block, in bytes.
    pub(super) packed: usize,
}

/// What stands where a block may begin.
pub(super) enum Found {
    /// A head that is right by itself.
    Head(Head),
    /// Nothing at all: the end.
    End,
    /// Something that is no head, or not a whole one.
    Bad(&'static str),
    /// A head of another format.
    Other(u16),
}

/// Appends a turn's block, its outputs cut into sections of so many bytes. On an error, what was appended is of no use.
pub(super) fn encode(turn: &Turn, section_bytes: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    let section_bytes = section_bytes.clamp(1, SECTION_BYTES_MAX);
    let sections = turn.outputs.len().div_ceil(section_bytes);
    within(turn, "the number of frames", turn.frames.len(), SECTIONS_MAX)?;
    within(turn, "the number of sections of outputs", sections, SECTIONS_MAX)?;
    within(turn, "`progress`", turn.progress.len(), SECTION_BYTES_MAX)?;
    within(turn, "`standing`", turn.standing.len(), SECTION_BYTES_MAX)?;
    for frame in &turn.frames {
        within(turn, "a frame", frame.bytes.len(), SECTION_BYTES_MAX)?;
    }
    let head_bytes = head_bytes(turn.frames.len(), sections);
    out.resize(start + head_bytes, 0);
    out.extend_from_slice(&turn.progress);
    out.extend_from_slice(&turn.standing);
    let mut entry_at = start + FIXED_BYTES;
    for frame in &turn.frames {
        let packed_at = out.len();
        let packed = pack(&frame.bytes, out);
        let checksum = crc32c::crc32c(&out[packed_at..]);
        let mut entry = Writer(&mut out[entry_at..]);
        entry.u32(frame.partition).u32(frame.count).u64(frame.first_offset);
        entry.u32(u32_of(frame.bytes.len())).u32(packed).u32(checksum);
        entry_at += FRAME_ENTRY_BYTES;
    }
    for section in turn.outputs.chunks(section_bytes) {
        let packed = pack(section, out);
        Writer(&mut out[entry_at..]).u32(u32_of(section.len())).u32(packed);
        entry_at += OUTPUTS_ENTRY_BYTES;
    }
    let block = &mut out[start..];
    let length = block.len() as u64;
    let mut fixed = Writer(block);
    fixed.bytes(MAGIC).u16(VERSION).u16(!VERSION).u64(length).u32(0).u32(0);
    fixed.u64(turn.number).u64(turn.input_consumed);
    fixed.u32(u32_of(turn.frames.len())).u32(u32_of(sections));
    fixed.u32(u32_of(turn.progress.len())).u32(u32_of(turn.standing.len()));
    let head = head_checksum(&block[..head_bytes]);
    block[20..24].copy_from_slice(&head.to_le_bytes());
    let whole = crc32c::crc32c_append(crc32c::crc32c(&block[..16]), &block[20..]);
    block[16..20].copy_from_slice(&whole.to_le_bytes());
    Ok(())
}

/// Reads what stands where a block may begin. Takes no more than the head from the source.
pub(super) fn read_head(source: &mut impl Read) -> io::Result<Found> {
    let mut raw = vec![0; FIXED_BYTES];
    match fill(source, &mut raw)? {
        0 => return Ok(Found::End),
        FIXED_BYTES => {}
        _ => return Ok(Found::Bad("a block is cut short in its head")),
    }
    let mut fixed = Scan(&raw);
    if fixed.bytes(4) != MAGIC {
        return Ok(Found::Bad("no block begins here"));
    }
    let (version, complement) = (fixed.u16(), fixed.u16());
    if version != !complement {
        return Ok(Found::Bad("the head of a block is not what was written"));
    }
    if version != VERSION {
        return Ok(Found::Other(version));
    }
    let length = fixed.u64();
    fixed.bytes(8);
    let (turn, input_consumed) = (fixed.u64(), fixed.u64());
    let (frame_count, section_count) = (fixed.size(), fixed.size());
    let (progress_bytes, standing_bytes) = (fixed.size(), fixed.size());
    let head_bytes = head_bytes(frame_count.min(SECTIONS_MAX), section_count.min(SECTIONS_MAX));
    if frame_count > SECTIONS_MAX || section_count > SECTIONS_MAX || length < head_bytes as u64 {
        return Ok(Found::Bad("the head of a block is not what was written"));
    }
    raw.resize(head_bytes, 0);
    if fill(source, &mut raw[FIXED_BYTES..])? < head_bytes - FIXED_BYTES {
        return Ok(Found::Bad("a block is cut short in its head"));
    }
    if head_checksum(&raw).to_le_bytes() != raw[20..24] {
        return Ok(Found::Bad("the head of a block is not what was written"));
    }
    let (frames, outputs) = raw[FIXED_BYTES..].split_at(FRAME_ENTRY_BYTES * frame_count);
    let frames: Vec<FrameHead> = frames.chunks_exact(FRAME_ENTRY_BYTES).map(FrameHead::read).collect();
    let outputs: Vec<Packed> =
        outputs.chunks_exact(OUTPUTS_ENTRY_BYTES).map(|bytes| Packed::read(&mut Scan(bytes))).collect();
    let head = Head { raw, length, turn, input_consumed, frames, progress_bytes, standing_bytes, outputs };
    // The checksum holds, so these can only fail for a writer's fault; a reader's memory depends on them.
    let sizes = || head.frames.iter().map(|frame| frame.size).chain(head.outputs.iter().copied());
    let body = sizes().map(|size| size.packed as u64).sum::<u64>() + head.told_bytes() as u64;
    let largest = sizes().map(|size| size.bytes).chain([progress_bytes, standing_bytes]).max().unwrap_or(0);
    if body != head.body_bytes() || largest > SECTION_BYTES_MAX || !sizes().all(Packed::can_be) {
        return Ok(Found::Bad("the head of a block contradicts itself"));
    }
    Ok(Found::Head(head))
}

impl Head {
    /// What follows the head.
    pub(super) fn body_bytes(&self) -> u64 {
        self.length - self.raw.len() as u64
    }

    /// How much of the block is its head.
    pub(super) fn head_bytes(&self) -> u64 {
        self.raw.len() as u64
    }

    /// What stands between head and frames.
    pub(super) fn told_bytes(&self) -> usize {
        self.progress_bytes + self.standing_bytes
    }

    /// How much of that is `progress`, which comes first.
    pub(super) fn progress_bytes(&self) -> usize {
        self.progress_bytes
    }

    /// Whether the block is what was written.
    pub(super) fn vouches_for(&self, body: &[u8]) -> bool {
        body.len() as u64 == self.body_bytes() && self.is_checksum(crc32c::crc32c_append(self.begun_checksum(), body))
    }

    /// Reads the body through, and keeps no more of it than `progress` and `standing`; `None` where the block is not what
    /// was written.
    pub(super) fn check(&self, body: &mut impl Read) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        let mut progress = vec![0; self.told_bytes()];
        let mut read = fill(body, &mut progress)? as u64;
        let mut checksum = crc32c::crc32c_append(self.begun_checksum(), &progress);
        let standing = progress.split_off(self.progress_bytes);
        let mut part = vec![0; CHECKED_BYTES];
        while read < self.body_bytes() {
            let wanted = usize::try_from(self.body_bytes() - read).unwrap_or(CHECKED_BYTES).min(CHECKED_BYTES);
            let count = fill(body, &mut part[..wanted])?;
            if count == 0 {
                return Ok(None);
            }
            checksum = crc32c::crc32c_append(checksum, &part[..count]);
            read += count as u64;
        }
        Ok(self.is_checksum(checksum).then_some((progress, standing)))
    }

    /// The checksum of the block, as far as its head goes.
    fn begun_checksum(&self) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&self.raw[..16]), &self.raw[20..])
    }

    fn is_checksum(&self, checksum: u32) -> bool {
        checksum.to_le_bytes() == self.raw[16..20]
    }

    /// The turn, out of a body that was vouched for; without its frames, where they are not wanted. `None` if it cannot be
    /// unpacked.
    pub(super) fn unpack(&self, body: &[u8], with_frames: bool) -> Option<Turn> {
        let mut rest = Scan(body);
        let progress = rest.bytes(self.progress_bytes).to_vec();
        let standing = rest.bytes(self.standing_bytes).to_vec();
        let packed = self.frames.iter().map(|frame| (frame, rest.bytes(frame.size.packed)));
        let frames = if with_frames {
            packed.map(|(frame, bytes)| frame.unpack(bytes)).collect::<Option<_>>()?
        } else {
            packed.for_each(drop);
            Vec::new()
        };
        let mut outputs = Vec::with_capacity(self.outputs.iter().map(|section| section.bytes).sum());
        for section in &self.outputs {
            unpack(rest.bytes(section.packed), section.bytes, &mut outputs)?;
        }
        Some(Turn { number: self.turn, input_consumed: self.input_consumed, progress, standing, frames, outputs })
    }
}

impl Packed {
    /// Whether so many bytes can unpack to so many: a byte of LZ4 stands for 255 at most, and no room is made for more.
    fn can_be(self) -> bool {
        self.bytes <= self.packed.saturating_mul(UNPACKED_PER_BYTE_MAX)
    }

    fn read(entry: &mut Scan<'_>) -> Self {
        Self { bytes: entry.size(), packed: entry.size() }
    }
}

impl FrameHead {
    fn read(bytes: &[u8]) -> Self {
        let mut entry = Scan(bytes);
        Self {
            partition: entry.u32(),
            count: entry.u32(),
            first_offset: entry.u64(),
            size: Packed::read(&mut entry),
            checksum: entry.u32(),
        }
    }

    /// The offset after the frame's last.
    pub(super) fn next_offset(&self) -> u64 {
        self.first_offset.saturating_add(u64::from(self.count))
    }

    /// Whether these packed bytes are what was written.
    pub(super) fn vouches_for(&self, packed: &[u8]) -> bool {
        crc32c::crc32c(packed) == self.checksum
    }

    /// The frame, out of its packed bytes. `None` if they cannot be unpacked.
    pub(super) fn unpack(&self, packed: &[u8]) -> Option<Frame> {
        let mut bytes = Vec::with_capacity(self.size.bytes);
        unpack(packed, self.size.bytes, &mut bytes)?;
        Some(Frame { partition: self.partition, first_offset: self.first_offset, count: self.count, bytes })
    }
}

fn head_bytes(frames: usize, sections: usize) -> usize {
    FIXED_BYTES + FRAME_ENTRY_BYTES * frames + OUTPUTS_ENTRY_BYTES * sections
}

fn within(turn: &Turn, what: &'static str, found: usize, max: usize) -> Result<(), Error> {
    if found <= max {
        return Ok(());
    }
    Err(Error::TooLarge { turn: turn.number, what, found: found as u64, max: max as u64 })
}

fn u32_of(size: usize) -> u32 {
    u32::try_from(size).expect("checked against a limit that fits")
}

fn head_checksum(head: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&head[..BEFORE_CHECKSUMS]), &head[AFTER_CHECKSUMS..])
}

/// Appends the packed bytes; returns how many.
fn pack(bytes: &[u8], out: &mut Vec<u8>) -> u32 {
    let at = out.len();
    out.resize(at + lz4_flex::block::get_maximum_output_size(bytes.len()), 0);
    let packed = lz4_flex::block::compress_into(bytes, &mut out[at..]).expect("the output has the size it asked for");
    out.truncate(at + packed);
    u32_of(packed)
}

/// Appends what was packed, which has so many bytes.
fn unpack(packed: &[u8], bytes: usize, out: &mut Vec<u8>) -> Option<()> {
    let at = out.len();
    out.resize(at + bytes, 0);
    let unpacked = lz4_flex::block::decompress_into(packed, &mut out[at..]).ok()?;
    (unpacked == bytes).then_some(())
}

/// Reads until the buffer is full or the source ends; returns how much it was.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Writes numbers one after another into bytes that are there already.
pub(super) struct Writer<'a>(pub(super) &'a mut [u8]);

impl Writer<'_> {
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let (head, tail) = std::mem::take(&mut self.0).split_at_mut(bytes.len());
        head.copy_from_slice(bytes);
        self.0 = tail;
        self
    }

    pub(super) fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(super) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }
}

/// Takes numbers one after another off bytes whose length was checked before.
pub(super) struct Scan<'a>(pub(super) &'a [u8]);

impl<'a> Scan<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(count);
        self.0 = tail;
        head
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.bytes(2).try_into().expect("two were taken"))
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes(4).try_into().expect("four were taken"))
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes(8).try_into().expect("eight were taken"))
    }

    pub(super) fn size(&mut self) -> usize {
        usize::try_from(self.u32()).expect("a usize has at least 32 bits")
    }
}
