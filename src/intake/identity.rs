//! What an input is, in a few lines of text: enough to refuse taking up a run again with another one. A file is what its
//! name and all of its bytes are.

use std::fmt;
use std::io::Read;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use super::source::{Name, READ_BYTES};
use super::stop::Stop;
use super::{Error, Mapping, Order};

/// What stands for the content of an input that cannot be read again.
const ONCE: &str = "can be read only once";
/// How much of a hash is kept, in hexadecimal digits: 128 bits.
const HASH_DIGITS: usize = 32;

/// What an input is: its order, its mapping and its files, a line each. Kept as text, compared line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputIdentity(String);

impl InputIdentity {
    /// Takes back what was printed.
    pub fn from_text(text: &str) -> Self {
        Self(text.trim_end().to_owned())
    }

    /// Whether all of it can be read again, from its beginning.
    pub fn can_be_read_again(&self) -> bool {
        self.once().is_none()
    }

    fn once(&self) -> Option<&str> {
        self.0.lines().find(|line| line.ends_with(ONCE))
    }

    /// Whether a run over the input `earlier` may go on with this one; if not, why, and what to do.
    pub fn may_resume(&self, earlier: &Self) -> Result<(), String> {
        if let Some(line) = self.once() {
            return Err(format!("{line}: a run over it cannot be taken up again; start one in an empty folder"));
        }
        let mut ours = self.0.lines();
        let mut theirs = earlier.0.lines();
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return Ok(()),
                (ours, theirs) if ours == theirs => {}
                (ours, theirs) => {
                    let (ours, theirs) = (ours.unwrap_or("nothing"), theirs.unwrap_or("nothing"));
                    return Err(format!(
                        "the input is another one: `{ours}` where there was `{theirs}`; give the same input, or start in an \
                         empty folder"
                    ));
                }
            }
        }
    }
}

impl fmt::Display for InputIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a file holds: how many bytes, and what they hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    bytes: u64,
    hash: blake3::Hash,
}

/// What was read of a file so far, from its beginning on.
#[derive(Clone, Debug, Default)]
pub(super) struct ContentSoFar(Arc<Mutex<blake3::Hasher>>);

impl ContentSoFar {
    /// Adds what was read next.
    pub(super) fn add(&self, bytes: &[u8]) {
        self.0.lock().expect("nobody panics holding it").update(bytes);
    }

    /// What the file holds, if so many bytes are all of it, and all of them were read.
    pub(super) fn all_of(&self, bytes: u64) -> Option<Content> {
        let hasher = self.0.lock().expect("nobody panics holding it");
        (hasher.count() == bytes).then(|| Content { bytes, hash: hasher.finalize() })
    }
}

/// Who can say what an input is, and what is needed for it.
#[derive(Debug)]
pub(super) struct Asked {
    names: Vec<Name>,
    order: Order,
    mapping: String,
    /// What those have found who read the files through to look at their order.
    found: Receiver<Result<Vec<Option<Content>>, Error>>,
    answer: Option<InputIdentity>,
}

impl Asked {
    /// Of these inputs.
    pub(super) fn new(
        names: &[Name],
        order: Order,
        mapping: Option<&Mapping>,
        found: Receiver<Result<Vec<Option<Content>>, Error>>,
    ) -> Self {
        let mapping = mapping.map_or("none", Mapping::digest).to_owned();
        Self { names: names.to_vec(), order, mapping, found, answer: None }
    }

    /// Says it. Reads what nobody else has read.
    pub(super) fn answer(&mut self, stop: &Stop) -> Result<InputIdentity, Error> {
        if let Some(answer) = &self.answer {
            return Ok(answer.clone());
        }
        let order = match self.order {
            Order::Time => "time",
            Order::Given => "given",
        };
        let mut text = format!("order {order}\nmapping {}", self.mapping);
        let mut found = stop.receive(&self.found)?.transpose()?.unwrap_or_default().into_iter();
        for name in &self.names {
            let known = found.next().flatten();
            text.push('\n');
            text.push_str(&line(name, known, stop)?);
        }
        Ok(self.answer.insert(InputIdentity(text)).clone())
    }
}

fn line(name: &Name, known: Option<Content>, stop: &Stop) -> Result<String, Error> {
    if !name.again {
        return Ok(format!("{} {ONCE}", name.shown));
    }
    let Content { bytes, hash } = match known {
        Some(content) => content,
        None => read(name, stop)?,
    };
    // The folder may be named in another way the next time.
    let last = name.path.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("file {last}, {bytes} bytes, blake3 {}", &hash.to_hex()[..HASH_DIGITS]))
}

fn read(name: &Name, stop: &Stop) -> Result<Content, Error> {
    let failed = |source| Error::Open { file: name.shown.clone(), source };
    let mut file = name.file()?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        stop.check()?;
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(Content { bytes: hasher.count(), hash: hasher.finalize() }),
            read => hasher.update(&buffer[..read]),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use crate::intake::Intake;

    use super::*;

    fn identity(path: &Path, order: Order) -> InputIdentity {
        Intake::open(&[PathBuf::from(path)], None, order).unwrap().fingerprint().unwrap()
    }

    #[test]
    fn a_run_goes_on_with_the_same_input_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let identity = |text: &str, order| {
            std::fs::write(&path, text).unwrap();
            identity(&path, order)
        };
        let first = identity("{}\n", Order::Time);
        let kept = InputIdentity::from_text(&format!("{first}\n"));
        assert_eq!(identity("{}\n", Order::Time).may_resume(&kept), Ok(()));
        let why = identity("{ }\n", Order::Time).may_resume(&kept).unwrap_err();
        assert!(why.contains("file a.jsonl, 4 bytes") && why.contains("there was `file a.jsonl, 3 bytes"), "{why}");
        let why = identity("{}\n", Order::Given).may_resume(&kept).unwrap_err();
        assert!(why.contains("`order given` where there was `order time`"), "{why}");
        assert_ne!(identity("{]\n", Order::Time), first);
    }

    #[test]
    fn a_byte_anywhere_makes_it_another_input_whoever_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let at = |second: u32| format!("{{\"occurred_at\":\"2026-03-01T09:12:{second:02}+08:00\"}}\n");
        let sorted: String = (0..60).flat_map(|second| std::iter::repeat_n(at(second), 200)).collect();
        let unsorted = [at(30), sorted.clone()].concat();
        for text in [sorted, unsorted] {
            for order in [Order::Time, Order::Given] {
                std::fs::write(&path, &text).unwrap();
                let before = identity(&path, order);
                let mut changed = text.clone().into_bytes();
                let middle = changed.len() / 2;
                changed[middle] ^= 1;
                std::fs::write(&path, &changed).unwrap();
                assert!(identity(&path, order).may_resume(&before).is_err());
                std::fs::write(&path, &text).unwrap();
                assert_eq!(identity(&path, order), before);
                let hash = blake3::hash(text.as_bytes()).to_hex();
                assert!(before.to_string().ends_with(&hash[..HASH_DIGITS]), "{before}");
            }
        }
    }

    #[test]
    fn what_follows_compressed_text_counts_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl.zst");
        let mut bytes = zstd::encode_all("{}\n".repeat(100).as_bytes(), 0).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        let before = identity(&path, Order::Time);
        // A frame that says nothing.
        let beyond = 2 * READ_BYTES;
        bytes.extend(b"\x50\x2a\x4d\x18");
        bytes.extend(u32::try_from(beyond).unwrap().to_le_bytes());
        bytes.extend(vec![0; beyond]);
        std::fs::write(&path, &bytes).unwrap();
        let after = identity(&path, Order::Time);
        assert!(after.may_resume(&before).is_err());
        assert!(after.to_string().ends_with(&blake3::hash(&bytes).to_hex()[..HASH_DIGITS]), "{after}");
    }
}
