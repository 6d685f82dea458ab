//! The bytes of a block: one turn, whole and checked. All numbers are little-endian; checksums are CRC-32C.
//!
//! ```text
//!  0  "TURN"
//!  4  version u16, and its complement u16
//!  8  length of the block u32
//! 12  checksum u32: of the block without these four bytes
//! 16  checksum u32 of the head: of 0..12, of 20..52, and of the table
//! 20  turn u64
//! 28  input consumed u64
//! 36  number of frames u32
//! 40  length of `progress` u32
//! 44  length of the outputs u32, and as they are packed u32
//! 52  table, per frame: partition u32, records u32, first offset u64, length u32, packed u32, checksum u32 of packed
//!     progress, packed frames in the table's order, packed outputs
//! ```
//! Frames and outputs are packed with LZ4 (block format). The head is checked by itself, so that a reader of one
//! partition can step over what it does not want.

use std::io::{self, Read};

use super::error::Error;
use super::{Frame, Turn};

/// Version of the format of segments and blocks.
pub(super) const VERSION: u16 = 1;
/// The most a turn's block takes on disk, in bytes.
pub const BLOCK_BYTES_MAX: u64 = 1 << 30;
/// The most a frame, the outputs or the progress of a turn take unpacked, in bytes: a reader holds one at a time.
pub const SECTION_BYTES_MAX: usize = 256 << 20;
/// The most frames of a turn.
pub const FRAMES_MAX: usize = 1 << 20;

pub(super) const MAGIC: &[u8; 4] = b"TURN";
const FIXED_BYTES: usize = 52;
const ENTRY_BYTES: usize = 28;

/// What the head of a block says.
#[derive(Clone, Debug)]
pub(super) struct Head {
    raw: Vec<u8>,
    /// Of the whole block.
    pub(super) length: u64,
    pub(super) turn: u64,
    pub(super) input_consumed: u64,
    pub(super) frames: Vec<FrameHead>,
    pub(super) progress_bytes: usize,
    outputs_bytes: usize,
    outputs_packed: usize,
}

/// What the table says of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameHead {
    pub(super) partition: u32,
    pub(super) count: u32,
    pub(super) first_offset: u64,
    bytes: usize,
    pub(super) packed: usize,
    checksum: u32,
}

/// What stands where a block may begin.
pub(super) enum Found {
    /// A head that is right by itself.
    Head(Head),
    /// Nothing at all: the end.
    End,
    /// Something that is no head, or not a whole one.
    Bad(&'static str),
    /// A head of a later format.
    Newer(u16),
}

/// Appends a turn's block. On an error, what was appended is of no use.
pub(super) fn encode(turn: &Turn, out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    within(turn, "the number of frames", turn.frames.len(), FRAMES_MAX)?;
    within(turn, "`progress`", turn.progress.len(), SECTION_BYTES_MAX)?;
    within(turn, "`outputs`", turn.outputs.len(), SECTION_BYTES_MAX)?;
    for frame in &turn.frames {
        within(turn, "a frame", frame.bytes.len(), SECTION_BYTES_MAX)?;
    }
    out.resize(start + FIXED_BYTES + ENTRY_BYTES * turn.frames.len(), 0);
    out.extend_from_slice(&turn.progress);
    for (i, frame) in turn.frames.iter().enumerate() {
        let packed_at = out.len();
        pack(&frame.bytes, out);
        let packed = u32_of(out.len() - packed_at);
        let checksum = crc32c::crc32c(&out[packed_at..]);
        let mut entry = Writer(&mut out[start + FIXED_BYTES + ENTRY_BYTES * i..]);
        entry.u32(frame.partition).u32(frame.count).u64(frame.first_offset);
        entry.u32(u32_of(frame.bytes.len())).u32(packed).u32(checksum);
        let so_far = out.len() - start;
        within(turn, "the block", so_far, usize::try_from(BLOCK_BYTES_MAX).unwrap_or(usize::MAX))?;
    }
    let outputs_at = out.len();
    if !turn.outputs.is_empty() {
        pack(&turn.outputs, out);
    }
    let length = out.len() - start;
    within(turn, "the block", length, usize::try_from(BLOCK_BYTES_MAX).unwrap_or(usize::MAX))?;

    let outputs_packed = u32_of(out.len() - outputs_at);
    let mut fixed = Writer(&mut out[start..]);
    fixed.bytes(MAGIC).u16(VERSION).u16(!VERSION).u32(u32_of(length)).u32(0).u32(0);
    fixed.u64(turn.number).u64(turn.input_consumed).u32(u32_of(turn.frames.len()));
    fixed.u32(u32_of(turn.progress.len())).u32(u32_of(turn.outputs.len())).u32(outputs_packed);
    let block = &mut out[start..];
    let head = head_checksum(&block[..FIXED_BYTES + ENTRY_BYTES * turn.frames.len()]);
    block[16..20].copy_from_slice(&head.to_le_bytes());
    let whole = crc32c::crc32c_append(crc32c::crc32c(&block[..12]), &block[16..]);
    block[12..16].copy_from_slice(&whole.to_le_bytes());
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
    if version > VERSION {
        return Ok(Found::Newer(version));
    }
    let length = u64::from(fixed.u32());
    fixed.bytes(8);
    let (turn, input_consumed) = (fixed.u64(), fixed.u64());
    let frame_count = fixed.size();
    let (progress_bytes, outputs_bytes, outputs_packed) = (fixed.size(), fixed.size(), fixed.size());
    let head_bytes = FIXED_BYTES + ENTRY_BYTES * frame_count.min(FRAMES_MAX);
    if frame_count > FRAMES_MAX || length < head_bytes as u64 || length > BLOCK_BYTES_MAX {
        return Ok(Found::Bad("the head of a block is not what was written"));
    }
    raw.resize(head_bytes, 0);
    if fill(source, &mut raw[FIXED_BYTES..])? < head_bytes - FIXED_BYTES {
        return Ok(Found::Bad("a block is cut short in its head"));
    }
    if head_checksum(&raw).to_le_bytes() != raw[16..20] {
        return Ok(Found::Bad("the head of a block is not what was written"));
    }
    let frames = raw[FIXED_BYTES..].chunks_exact(ENTRY_BYTES).map(FrameHead::read).collect();
    let head = Head { raw, length, turn, input_consumed, frames, progress_bytes, outputs_bytes, outputs_packed };
    // The checksum holds, so these can only fail for a writer's fault; a reader's memory depends on them.
    let parts = head.frames.iter().map(|frame| frame.packed as u64).sum::<u64>();
    let body = parts + (head.progress_bytes + head.outputs_packed) as u64;
    let largest = head.frames.iter().map(|frame| frame.bytes).max().unwrap_or(0).max(outputs_bytes);
    if body != head.body_bytes() || largest > SECTION_BYTES_MAX {
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

    /// Whether the block is what was written.
    pub(super) fn vouches_for(&self, body: &[u8]) -> bool {
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&self.raw[..12]), &self.raw[16..]);
        let checksum = crc32c::crc32c_append(checksum, body);
        body.len() as u64 == self.body_bytes() && checksum.to_le_bytes() == self.raw[12..16]
    }

    /// The turn, out of a body that was vouched for. `None` if it cannot be unpacked.
    pub(super) fn unpack(&self, body: &[u8]) -> Option<Turn> {
        let mut rest = Scan(body);
        let progress = rest.bytes(self.progress_bytes).to_vec();
        let frames = self.frames.iter().map(|frame| frame.unpack(rest.bytes(frame.packed))).collect::<Option<_>>()?;
        let outputs = match self.outputs_packed {
            0 => Vec::new(),
            packed => unpack(rest.bytes(packed), self.outputs_bytes)?,
        };
        Some(Turn { number: self.turn, input_consumed: self.input_consumed, progress, frames, outputs })
    }
}

impl FrameHead {
    fn read(bytes: &[u8]) -> Self {
        let mut entry = Scan(bytes);
        Self {
            partition: entry.u32(),
            count: entry.u32(),
            first_offset: entry.u64(),
            bytes: entry.size(),
            packed: entry.size(),
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
        let bytes = unpack(packed, self.bytes)?;
        Some(Frame { partition: self.partition, first_offset: self.first_offset, count: self.count, bytes })
    }
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
    crc32c::crc32c_append(crc32c::crc32c(&head[..12]), &head[20..])
}

fn pack(bytes: &[u8], out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + lz4_flex::block::get_maximum_output_size(bytes.len()), 0);
    let packed = lz4_flex::block::compress_into(bytes, &mut out[at..]).expect("the output has the size it asked for");
    out.truncate(at + packed);
}

fn unpack(packed: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; bytes];
    let unpacked = lz4_flex::block::decompress_into(packed, &mut out).ok()?;
    (unpacked == bytes).then_some(out)
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
