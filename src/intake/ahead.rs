//! Reads an input on a thread of its own, some blocks ahead of whoever wants it: to unpack a file takes about as long as to
//! look it through, and nothing else goes on at that time.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, sync_channel};

use super::Error;
use super::source::READ_BYTES;
use super::stream::spawn;

/// Blocks that wait for whoever reads.
const BLOCKS_WAITING: usize = 2;

/// An input that is being read ahead.
pub(super) struct Ahead {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
    ended: bool,
}

impl Ahead {
    /// Starts reading.
    pub(super) fn start(mut reader: Box<dyn BufRead + Send>) -> Result<Self, Error> {
        let (sender, blocks) = sync_channel(BLOCKS_WAITING);
        spawn("intake-ahead", move || {
            loop {
                let block = read_block(&mut *reader);
                let is_last = block.as_ref().map_or(true, Vec::is_empty);
                // Whoever does not read any more does not miss it.
                if sender.send(block).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(Self { blocks, block: Vec::new(), taken: 0, ended: false })
    }
}

/// The next bytes; none at the end.
fn read_block(reader: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut block = vec![0; READ_BYTES];
    loop {
        match reader.read(&mut block) {
            Ok(bytes) => {
                block.truncate(bytes);
                return Ok(block);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl BufRead for Ahead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.block.len() && !self.ended {
            let next =
                self.blocks.recv().unwrap_or_else(|_| Err(io::Error::other("the thread that reads it has ended")));
            self.ended = next.as_ref().map_or(true, Vec::is_empty);
            (self.block, self.taken) = (Vec::new(), 0);
            self.block = next?;
        }
        Ok(&self.block[self.taken..])
    }

    fn consume(&mut self, bytes: usize) {
        self.taken += bytes;
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let bytes = available.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&available[..bytes]);
        self.consume(bytes);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_comes_in_order_and_then_its_end() {
        let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut ahead = Ahead::start(Box::new(io::Cursor::new(bytes.clone()))).unwrap();
        let mut read = Vec::new();
        ahead.read_to_end(&mut read).unwrap();
        assert!(read == bytes && ahead.fill_buf().unwrap().is_empty());
    }

    #[test]
    fn a_failure_comes_after_what_was_read_before_it_and_whoever_stops_reading_is_not_waited_for() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let inner = io::BufReader::new(io::Cursor::new(b"before".to_vec()).chain(Fails));
        let mut ahead = Ahead::start(Box::new(inner)).unwrap();
        let mut read = Vec::new();
        assert_eq!(ahead.read_to_end(&mut read).unwrap_err().to_string(), "gone");
        assert_eq!(read, b"before");
        drop(Ahead::start(Box::new(io::BufReader::new(io::repeat(0)))).unwrap());
    }
}
