//! The bytes of a frame: records of one partition, packed and checked. Numbers are little-endian.
//!
//! ```text
//!  0  "SYF1"
//!  4  checksum u32: CRC-32C of all that follows
//!  8  name of the journal, 16 bytes; zeros in an inbox
//! 24  partition u32
//! 28  records u32
//! 32  first offset u64: the partition's own number of the first record; 0 in an inbox
//! 40  clock of the journal after it i64
//! 48  digest of the journal after it, 32 bytes
//! 80  length of the records u32
//! 84  records, packed with LZ4 (block format)
//! ```

/// A journal's own name: only rows that bear it are its rows.
pub type JournalName = [u8; 16];

/// Records of one partition, one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The journal's name; zeros in an inbox.
    pub name: JournalName,
    /// Whose.
    pub partition: u32,
    /// How many records.
    pub count: u32,
    /// The partition's own number of the first.
    pub first_offset: u64,
    /// The journal's clock after the last, in milliseconds.
    pub clock: i64,
    /// The journal's digest after the last.
    pub digest: [u8; 32],
    /// The records.
    pub bytes: Vec<u8>,
}

const MAGIC: &[u8; 4] = b"SYF1";
const HEAD_BYTES: usize = 84;
/// The most that a frame unpacks to, in bytes.
const UNPACKED_BYTES_MAX: usize = 256 << 20;

impl Frame {
    /// Where the partition goes on after it.
    pub fn end(&self) -> u64 {
        self.first_offset + u64::from(self.count)
    }

    /// Its bytes.
    pub fn write(&self) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).expect("a frame ends long before four GiB");
        let packed = lz4_flex::block::compress(&self.bytes);
        let mut out = Vec::with_capacity(HEAD_BYTES + packed.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.name);
        out.extend_from_slice(&self.partition.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.first_offset.to_le_bytes());
        out.extend_from_slice(&self.clock.to_le_bytes());
        out.extend_from_slice(&self.digest);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&packed);
        let checksum = crc32c::crc32c(&out[8..]);
        out[4..8].copy_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads one back, or says what is wrong with it and what to do.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        match bytes.first_chunk() {
            Some(version) if version.starts_with(b"SYF") && version != MAGIC => Err(format!(
                "it is in format {}, and this program reads SYF1: use the release that wrote it, or a later one",
                version.escape_ascii()
            )),
            _ => Self::read_own(bytes)
                .map_err(|what| format!("{what}. Somebody else writes to this topic, or it is damaged")),
        }
    }

    fn read_own(bytes: &[u8]) -> Result<Self, String> {
        let Some((head, packed)) = bytes.split_first_chunk::<HEAD_BYTES>() else {
            return Err(format!("it has {} bytes", bytes.len()));
        };
        let four = |at: usize| u32::from_le_bytes(*head[at..].first_chunk().expect("within the head"));
        let eight = |at: usize| u64::from_le_bytes(*head[at..].first_chunk().expect("within the head"));
        if &head[..4] != MAGIC {
            return Err(format!("it begins with `{}`", head[..4].escape_ascii()));
        }
        if crc32c::crc32c(&bytes[8..]) != four(4) {
            return Err("its checksum is another".into());
        }
        let length = four(80) as usize;
        // A byte of LZ4 stands for 255 at most.
        if length > UNPACKED_BYTES_MAX || length / 255 > packed.len() {
            return Err(format!("it is to unpack to {length} bytes"));
        }
        let unpacked = lz4_flex::block::decompress(packed, length).map_err(|error| error.to_string())?;
        if unpacked.len() != length {
            return Err(format!("it unpacks to {} bytes, not to {length}", unpacked.len()));
        }
        Ok(Self {
            name: *head[8..].first_chunk().expect("within the head"),
            partition: four(24),
            count: four(28),
            first_offset: eight(32),
            clock: eight(40).cast_signed(),
            digest: *head[48..].first_chunk().expect("within the head"),
            bytes: unpacked,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        let bytes = (0..2_000_u32).flat_map(|number| (number / 7).to_le_bytes()).collect();
        Frame { name: [7; 16], partition: 3, count: 12, first_offset: 99, clock: -5, digest: [9; 32], bytes }
    }

    #[test]
    fn a_frame_is_read_back_and_smaller_than_its_records() {
        let bytes = frame().write();
        assert!(bytes.len() < frame().bytes.len());
        assert_eq!(Frame::read(&bytes), Ok(frame()));
        assert_eq!(frame().end(), 111);
        let empty = Frame::default();
        assert_eq!(Frame::read(&empty.write()), Ok(empty));
    }

    #[test]
    fn a_frame_of_another_format_says_which_and_what_reads_it() {
        let bytes = frame().write();
        let said = |bytes: &[u8]| Frame::read(bytes).unwrap_err();
        assert_eq!(
            said(&[b"SYF2", &bytes[4..]].concat()),
            "it is in format SYF2, and this program reads SYF1: use the release that wrote it, or a later one"
        );
        assert!(said(b"no frame").contains("Somebody else writes to this topic, or it is damaged"));
    }

    #[test]
    fn a_frame_with_any_byte_changed_or_cut_is_none() {
        let bytes = frame().write();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(Frame::read(&changed).is_err(), "byte {at}");
            assert!(Frame::read(&bytes[..at]).is_err(), "cut at {at}");
        }
    }
}
