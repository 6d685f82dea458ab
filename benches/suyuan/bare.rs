//! The bare limit: what a machine can do with these events at all. They go through the decoder that `replay` uses; for each
//! event two states of 400 bytes are updated in a hash map and two rows of 120 bytes under keys of 40 are put into RocksDB
//! in batches, one database a thread, its log off as in the store. Nothing else: no order, no journal, no messages, no
//! findings.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Instant;

use rocksdb::{DB, Options, WriteBatch, WriteOptions};
use suyuan::codec::json::read_event;
use suyuan::model::{Event, Fact, Id};

const STATE_BYTES: usize = 400;
const KEY_BYTES: usize = 40;
const VALUE_BYTES: usize = 120;
/// Events of one batch of puts.
const BATCH_EVENTS: usize = 1_024;
/// Text handed to a thread at once.
const BLOCK_BYTES: usize = 256 << 10;

type States = HashMap<Id, Box<[u8; STATE_BYTES]>, foldhash::fast::RandomState>;

/// Events per second.
pub(crate) fn events_per_second(input: &Path, folder: &Path, threads: usize) -> f64 {
    let begun = Instant::now();
    let mut senders = Vec::new();
    let mut workers = Vec::new();
    for thread in 0..threads {
        let (sender, blocks) = sync_channel::<Vec<u8>>(4);
        let database = folder.join(format!("bare-{thread}"));
        senders.push(sender);
        workers.push(thread::spawn(move || work(&database, &blocks)));
    }
    let reader = zstd::Decoder::new(File::open(input).unwrap()).unwrap();
    let mut reader = BufReader::with_capacity(BLOCK_BYTES, reader);
    for turn in 0.. {
        let mut block = Vec::with_capacity(BLOCK_BYTES + 4096);
        while block.len() < BLOCK_BYTES && reader.read_until(b'\n', &mut block).unwrap() > 0 {}
        if block.is_empty() {
            break;
        }
        senders[turn % threads].send(block).unwrap();
    }
    drop(senders);
    let events: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    events as f64 / begun.elapsed().as_secs_f64()
}

/// Lines read into events a second, by one thread that does nothing else.
pub(crate) fn lines_per_second(input: &Path) -> f64 {
    let text = zstd::decode_all(File::open(input).unwrap()).unwrap();
    let begun = Instant::now();
    let mut events = 0_usize;
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        std::hint::black_box(read_event(line).unwrap());
        events += 1;
    }
    events as f64 / begun.elapsed().as_secs_f64()
}

fn work(database: &Path, blocks: &Receiver<Vec<u8>>) -> usize {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_compression_type(rocksdb::DBCompressionType::Lz4);
    options.set_write_buffer_size(64 << 20);
    let db = DB::open(&options, database).unwrap();
    let mut unlogged = WriteOptions::default();
    unlogged.disable_wal(true);
    let mut states = States::default();
    let mut batch = WriteBatch::default();
    let mut events = 0_usize;
    for block in blocks {
        for line in block.split_inclusive(|byte| *byte == b'\n') {
            let event = read_event(line.trim_ascii_end()).unwrap();
            for (side, id) in sides(&event).into_iter().enumerate() {
                let state = states.entry(id).or_insert_with(|| Box::new([0; STATE_BYTES]));
                let at = events % (STATE_BYTES / 8) * 8;
                let counted = u64::from_le_bytes(state[at..at + 8].try_into().unwrap()) + event.fingerprint.0;
                state[at..at + 8].copy_from_slice(&counted.to_le_bytes());
                let mut key = [0; KEY_BYTES];
                let name = id.as_str().as_bytes();
                key[..name.len().min(31)].copy_from_slice(&name[..name.len().min(31)]);
                key[31] = u8::from(side == 1);
                key[32..].copy_from_slice(&(events as u64).to_be_bytes());
                batch.put(key, &state[..VALUE_BYTES]);
            }
            events += 1;
            if events.is_multiple_of(BATCH_EVENTS) {
                db.write_opt(std::mem::take(&mut batch), &unlogged).unwrap();
            }
        }
    }
    db.write_opt(batch, &unlogged).unwrap();
    db.flush().unwrap();
    events
}

/// Whose two states an event changes: of an invoice the seller's and the buyer's, of others one and the same twice.
fn sides(event: &Event) -> [Id; 2] {
    let owner = event.owner().id;
    let other = if let Fact::InvoiceIssued(invoice) = &event.fact { invoice.buyer_id } else { None };
    [owner, other.unwrap_or(owner)]
}
