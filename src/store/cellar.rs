//! Entities that nobody asks for and for which the shelf has no room: their parcels, in a file without a name. RocksDB has
//! their rows as well, by which they outlive the process; but there each row has to be looked for by itself, in several
//! files, and so has each that is not there. Here one reading brings all of it back, with what is known of other keys.
//!
//! The file consists of segments, each filled in memory and written at once. A parcel that is taken out leaves a gap. While
//! more than half of the file is in use it grows; otherwise the segment with the largest gaps is written anew without them.
//! What it holds can be lost at any time: where the file cannot be written or read, or says something else than was
//! written, all of it is given up, and rows come from RocksDB.
//!
//! ```text
//! segment  records, and zeros up to its end
//! record   length of all of it, CRC-32C of all behind that, both u32; the parcel as [`Parcel::write`] has it
//! ```
//! Numbers are little-endian.

use std::io;

use rustc_hash::FxHashMap;

use super::name::Name;
use super::parcel::Parcel;
use crate::files::{Place, Scratch};

/// What is written at once, in bytes.
const SEGMENT_BYTES: usize = 256 << 10;
/// Larger records are not kept: they fit into any segment that is half empty.
const RECORD_BYTES_MAX: usize = SEGMENT_BYTES / 4;
/// Up to so many segments the file grows, however little of it is in use.
const SEGMENTS_MIN: usize = 8;
/// Length and checksum of a record.
const HEAD_BYTES: usize = 8;
/// What a parcel in the file takes of memory, in bytes: its place in an index between half and full.
pub(super) const SPOT_BYTES: usize = (size_of::<Name>() + size_of::<Spot>() + 1) * 3 / 2;

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spot {
    segment: u32,
    at: u32,
    size: u32,
}

/// Parcels in a file.
#[derive(Debug)]
pub(super) struct Cellar {
    /// Where the file is made; `None` where parcels are not kept, or not any more.
    place: Option<Place>,
    file: Option<Scratch>,
    index: FxHashMap<Name, Spot>,
    /// How many bytes of each segment are in use, and of all.
    used: Vec<usize>,
    used_bytes: usize,
    /// The segment that is being filled, and what it has so far.
    filling: usize,
    filled: Vec<u8>,
    /// A record, and a segment; kept for their memory.
    record: Vec<u8>,
    segment: Vec<u8>,
}

impl Cellar {
    /// An empty one, whose file will be in a folder. Without one it stays empty.
    pub(super) fn new(place: Option<Place>) -> Self {
        let (index, used) = Default::default();
        let (filled, record, segment) = Default::default();
        Self { place, file: None, index, used, used_bytes: 0, filling: 0, filled, record, segment }
    }

    /// How many it has.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// Size of the file, in bytes.
    pub(super) fn file_bytes(&self) -> u64 {
        (self.used.len() * SEGMENT_BYTES) as u64
    }

    /// Keeps a parcel that needs no writing, if it can.
    pub(super) fn put(&mut self, parcel: &Parcel) {
        debug_assert!(!parcel.is_dirty, "RocksDB has its rows");
        if self.place.is_none() {
            return;
        }
        self.record.clear();
        self.record.extend_from_slice(&[0; HEAD_BYTES]);
        parcel.write(&mut self.record);
        let size = self.record.len();
        if size > RECORD_BYTES_MAX {
            return;
        }
        let head = [short(size), crc32c::crc32c(&self.record[HEAD_BYTES..])];
        self.record[..4].copy_from_slice(&head[0].to_le_bytes());
        self.record[4..HEAD_BYTES].copy_from_slice(&head[1].to_le_bytes());
        if self.filled.len() + size > SEGMENT_BYTES
            && let Err(error) = self.turn_over()
        {
            return self.give_up(&error);
        }
        debug_assert!(self.filled.len() + size <= SEGMENT_BYTES, "there are others with larger gaps");
        if self.used.is_empty() {
            self.used.push(0);
        }
        let spot = Spot { segment: short(self.filling), at: short(self.filled.len()), size: short(size) };
        self.filled.extend_from_slice(&self.record);
        self.used[self.filling] += size;
        self.used_bytes += size;
        let before = self.index.insert(parcel.name, spot);
        debug_assert!(before.is_none(), "an entity is put away once");
    }

    /// Takes a parcel out.
    pub(super) fn take(&mut self, name: Name) -> Option<Parcel> {
        let spot = self.index.remove(&name)?;
        let (segment, at, size) = (spot.segment as usize, spot.at as usize, spot.size as usize);
        self.used[segment] -= size;
        self.used_bytes -= size;
        if segment == self.filling {
            return read(self.filled.get(at..at + size)?, name);
        }
        self.record.resize(size, 0);
        let found = match &mut self.file {
            Some(file) => file.read_exact_at(&mut self.record, (segment * SEGMENT_BYTES + at) as u64),
            None => return None,
        };
        let parcel = found.and_then(|()| {
            read(&self.record, name).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it has been changed"))
        });
        parcel.map_err(|error| self.give_up(&error)).ok()
    }

    /// Writes the segment that is full, and begins another: a new one, or one with large gaps, whose parcels are then its
    /// first.
    fn turn_over(&mut self) -> io::Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(place.files.scratch_in(&place.dir)?),
        };
        self.filled.resize(SEGMENT_BYTES, 0);
        file.write_all_at(&self.filled, (self.filling * SEGMENT_BYTES) as u64)?;
        self.filled.clear();
        let full = self.filling;
        let others = self.used.iter().enumerate().filter(|(segment, _)| *segment != full);
        let emptiest = others.min_by_key(|(_, used)| **used);
        let may_grow = self.used.len() < SEGMENTS_MIN || self.used_bytes > self.used.len() * SEGMENT_BYTES / 2;
        let Some((segment, used)) = emptiest.filter(|(_, used)| **used == 0 || !may_grow) else {
            self.filling = self.used.len();
            self.used.push(0);
            return Ok(());
        };
        self.filling = segment;
        if *used > 0 {
            self.segment.resize(SEGMENT_BYTES, 0);
            file.read_exact_at(&mut self.segment, (segment * SEGMENT_BYTES) as u64)?;
            self.close_gaps(segment);
        }
        Ok(())
    }

    /// Fills a segment with what is still in use of what it had.
    fn close_gaps(&mut self, segment: usize) {
        let mut at = 0;
        while let Some(head) = self.segment.get(at..).and_then(<[u8]>::first_chunk)
            && let size @ 1.. = u32::from_le_bytes(*head)
        {
            let end = at + size as usize;
            let Some(record) = self.segment.get(at..end) else { return };
            let name = record.get(HEAD_BYTES..).and_then(Parcel::name_of);
            let spot = name.and_then(|name| self.index.get_mut(&name));
            if let Some(spot) = spot
                && *spot == (Spot { segment: short(segment), at: short(at), size })
            {
                spot.at = short(self.filled.len());
                self.filled.extend_from_slice(record);
            }
            at = end;
        }
    }

    /// Empties it for good: all that was here is read from RocksDB.
    fn give_up(&mut self, error: &io::Error) {
        let dir = self.place.take().map(|place| place.dir).unwrap_or_default();
        tracing::warn!(%error, dir = %dir.display(), "Rows that nobody asks for are not kept in a file any more; they come from RocksDB, which is slower.");
        *self = Self::new(None);
    }
}

/// Places in a segment, and numbers of segments: of a file of a thousand terabytes.
fn short(number: usize) -> u32 {
    u32::try_from(number).expect("less than 2³²")
}

/// A record's parcel, if it is the one, as it was written.
fn read(record: &[u8], name: Name) -> Option<Parcel> {
    let (head, body) = record.split_at_checked(HEAD_BYTES)?;
    let checksum = u32::from_le_bytes(head[4..].try_into().ok()?);
    let parcel = (crc32c::crc32c(body) == checksum).then(|| Parcel::read_from(body)).flatten()?;
    (parcel.name == name).then_some(parcel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Files;

    fn name(number: u64) -> Name {
        Name::read(&[number.to_le_bytes(), number.to_le_bytes()].concat()).unwrap()
    }

    fn parcel(number: u64, size: usize) -> Parcel {
        let mut bytes = name(number).bytes().to_vec();
        bytes.extend((0..13 + size).map(|at| (at as u64 * number).to_le_bytes()[0]));
        Parcel::read_from(&bytes).unwrap()
    }

    fn bytes(parcel: &Parcel) -> Vec<u8> {
        let mut bytes = Vec::new();
        parcel.write(&mut bytes);
        bytes
    }

    /// Kept: with records of any size, it looked for a segment with room for one without end.
    #[test]
    fn the_file_grows_no_larger_than_twice_what_is_in_it_whatever_the_sizes() {
        let dir = tempfile::tempdir().unwrap();
        let mut cellar = Cellar::new(Some(Place { files: Files::Real, dir: dir.path().to_owned() }));
        let mut sizes = [0; 97];
        let mut state = 1_u64;
        for _ in 0..4_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = (state >> 33) % 97;
            let place = usize::try_from(number).unwrap();
            let size = usize::try_from(state >> 40).unwrap() % RECORD_BYTES_MAX;
            let found = cellar.take(name(number)).map_or(0, |found| bytes(&found).len());
            assert_eq!(found, std::mem::take(&mut sizes[place]));
            let parcel = parcel(number, size);
            let size = bytes(&parcel).len();
            cellar.put(&parcel);
            sizes[place] = if size + HEAD_BYTES <= RECORD_BYTES_MAX { size } else { 0 };
            let used = sizes.iter().sum::<usize>() as u64;
            assert!(cellar.file_bytes() <= 2 * used + (SEGMENTS_MIN * SEGMENT_BYTES) as u64);
        }
        assert!(cellar.file_bytes() > 3 << 20);
    }

    #[test]
    fn what_is_not_as_it_was_written_is_given_up_and_is_nobody_elses() {
        let parcel = |number: u64| parcel(number, usize::try_from(number).unwrap() % 7_000);
        let dir = tempfile::tempdir().unwrap();
        let place = Place { files: Files::Real, dir: dir.path().to_owned() };
        for damaged in 0..50 {
            let mut cellar = Cellar::new(Some(place.clone()));
            (0..1_000).for_each(|number| cellar.put(&parcel(number)));
            let mut large = bytes(&parcel(1_000));
            large.resize(RECORD_BYTES_MAX, 1);
            cellar.put(&Parcel::read_from(&large).unwrap());
            assert_eq!(cellar.len(), 1_000);
            let spot = cellar.index[&name(damaged)];
            let at =
                u64::from(spot.segment) * SEGMENT_BYTES as u64 + u64::from(spot.at) + damaged % u64::from(spot.size);
            let file = cellar.file.as_mut().unwrap();
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            file.write_all_at(&[byte[0] ^ 1 << (damaged % 8)], at).unwrap();
            for number in (100..1_000).step_by(9) {
                assert_eq!(bytes(&cellar.take(name(number)).unwrap()), bytes(&parcel(number)));
            }
            let found = cellar.take(name(damaged));
            // Its length is told by the index, and is not asked of the file.
            assert!(found.is_none_or(|found| bytes(&found) == bytes(&parcel(damaged))));
            assert!(damaged % u64::from(spot.size) < 4 || cellar.len() == 0 && cellar.take(name(101)).is_none());
        }
    }
}
