//! Fuzz targets: one function for each decoder and parser, from any bytes to nothing. Each panics where something is wrong:
//! what was read does not come out the same when it is written and read again, a refusal says neither what nor where, what
//! was accepted cannot be folded.
//!
//! `make fuzz` runs them under libFuzzer (`tests/fuzz/libfuzzer.rs`), `tests/it/fuzz/mod.rs` over the corpus that is kept.

mod documents;
mod events;
mod inputs;
mod journal;
mod kafka;
mod rows;
pub(crate) mod seal;
mod worlds;

/// A target by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Its name, and that of its folder in `tests/fuzz/corpus`.
    pub(crate) name: &'static str,
    /// What it does with any bytes.
    pub(crate) run: fn(&[u8]),
}

/// All of them.
pub(crate) const TARGETS: [Target; 23] = [
    Target { name: "event_json", run: events::json },
    Target { name: "event_avro", run: events::avro },
    Target { name: "record", run: journal::record },
    Target { name: "message", run: journal::message },
    Target { name: "output", run: journal::output },
    Target { name: "told", run: journal::told },
    Target { name: "header", run: journal::header },
    Target { name: "segment", run: journal::segment },
    Target { name: "segment_sealed", run: journal::sealed },
    Target { name: "frame", run: kafka::frame },
    Target { name: "wire", run: kafka::wire },
    Target { name: "other_schema", run: kafka::other_schema },
    Target { name: "key", run: rows::key },
    Target { name: "row", run: rows::row },
    Target { name: "lines", run: inputs::lines },
    Target { name: "compressed", run: inputs::compressed },
    Target { name: "table", run: inputs::table },
    Target { name: "mapping", run: documents::mapping },
    Target { name: "rules", run: documents::rules },
    Target { name: "topology", run: documents::topology },
    Target { name: "measured", run: documents::measured },
    Target { name: "world_lines", run: worlds::lines },
    Target { name: "world_moves", run: worlds::moves },
];
