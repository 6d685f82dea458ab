//! What an input is, in a few lines of text: enough to refuse taking up a run again with another one. Reads only the
//! beginning and the end of each file.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::source::Name;
use super::{Error, Mapping, Order};

/// How much is read at either end of a file.
const END_BYTES: u64 = 64 * 1_024;
/// What stands for the content of an input that cannot be read again.
const ONCE: &str = "can be read only once";

/// What an input is: its order, its mapping and its files, a line each. Kept as text, compared line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputIdentity(String);

impl InputIdentity {
    /// Takes back what was printed.
    pub fn from_text(text: &str) -> Self {
        Self(text.trim_end().to_owned())
    }

    /// Whether a run over the input `earlier` may go on with this one; if not, why, and what to do.
    pub fn may_resume(&self, earlier: &Self) -> Result<(), String> {
        if let Some(line) = self.0.lines().find(|line| line.ends_with(ONCE)) {
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

/// What is needed to find out.
#[derive(Debug)]
pub(super) struct Pending {
    names: Vec<Name>,
    order: Order,
    mapping: String,
}

impl Pending {
    /// Of these inputs.
    pub(super) fn new(names: &[Name], order: Order, mapping: Option<&Mapping>) -> Self {
        let mapping = mapping.map_or("none", Mapping::digest).to_owned();
        Self { names: names.to_vec(), order, mapping }
    }

    /// Reads the ends of the files.
    pub(super) fn read(&self) -> Result<InputIdentity, Error> {
        let order = match self.order {
            Order::Time => "time",
            Order::Given => "given",
        };
        let mut text = format!("order {order}\nmapping {}", self.mapping);
        for name in &self.names {
            text.push('\n');
            text.push_str(&file(name).map_err(|source| Error::Open { file: name.shown.clone(), source })?);
        }
        Ok(InputIdentity(text))
    }
}

fn file(name: &Name) -> std::io::Result<String> {
    if !name.again {
        return Ok(format!("{} {ONCE}", name.shown));
    }
    let mut file = File::open(&name.path)?;
    let bytes = file.metadata()?.len();
    let mut ends = Vec::new();
    file.by_ref().take(END_BYTES).read_to_end(&mut ends)?;
    file.seek(SeekFrom::Start(bytes.saturating_sub(END_BYTES)))?;
    file.take(END_BYTES).read_to_end(&mut ends)?;
    // The folder may be named in another way the next time.
    let last = name.path.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("file {last}, {bytes} bytes, {}", &blake3::hash(&ends).to_hex()[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_with_the_same_input_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let identity = |text: &str, order| {
            std::fs::write(&path, text).unwrap();
            Pending::new(&[Name::look(&path).unwrap()], order, None).read().unwrap()
        };
        let first = identity("{}\n", Order::Time);
        let kept = InputIdentity::from_text(&format!("{first}\n"));
        assert_eq!(identity("{}\n", Order::Time).may_resume(&kept), Ok(()));
        let why = identity("{ }\n", Order::Time).may_resume(&kept).unwrap_err();
        assert!(why.contains("file a.jsonl, 4 bytes") && why.contains("there was `file a.jsonl, 3 bytes"), "{why}");
        let why = identity("{}\n", Order::Given).may_resume(&kept).unwrap_err();
        assert!(why.contains("`order given` where there was `order time`"), "{why}");
        assert_ne!(identity("[]\n", Order::Time), first);
    }

    #[test]
    fn standard_input_cannot_be_taken_up_again() {
        let name = Name::look("-".as_ref()).unwrap();
        let identity = Pending::new(&[name], Order::Time, None).read().unwrap();
        let why = identity.may_resume(&identity).unwrap_err();
        assert!(why.starts_with("standard input can be read only once: a run over it cannot"), "{why}");
    }
}
