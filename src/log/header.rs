//! The journal's header: what it was begun with, as names and values in a text file that people can read. What they
//! mean is the runtime's business; here they are written once and compared.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::Path;

use super::error::Error;
use super::format::VERSION;
use super::segment::{Segment, write_whole};
use crate::files::Place;

/// Name of the header's file.
pub(super) const FILE: &str = "header";
const FIRST_LINE: &str = "suyuan journal ";
const CHECKSUM: &str = "crc32c: ";

/// What a journal was begun with: partitions, fingerprint of the input, digest of the rules, and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Values by name. Names are of letters, digits, `_`, `-` and `.`; values are one line of text.
    pub fields: BTreeMap<String, String>,
}

/// A field in which two headers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Name of the field.
    pub name: String,
    /// As the journal has it, if it does.
    pub journal: Option<String>,
    /// As it is wanted now, if it is.
    pub wanted: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
        write!(f, "{}: {} there, {} now", self.name, or_none(&self.journal), or_none(&self.wanted))
    }
}

impl Header {
    /// With one more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.fields.insert(name.into(), value.to_string());
        self
    }

    /// In what this header of a journal differs from what is wanted, by name.
    pub fn differences(&self, wanted: &Self) -> Vec<Difference> {
        let mut names: Vec<&String> = self.fields.keys().chain(wanted.fields.keys()).collect();
        names.sort();
        names.dedup();
        names
            .into_iter()
            .map(|name| (name, self.fields.get(name), wanted.fields.get(name)))
            .filter(|(_, journal, wanted)| journal != wanted)
            .map(|(name, journal, wanted)| Difference {
                name: name.clone(),
                journal: journal.cloned(),
                wanted: wanted.cloned(),
            })
            .collect()
    }

    /// Refuses a journal that was begun with anything else.
    pub fn require(&self, dir: &Path, wanted: &Self) -> Result<(), Error> {
        let differences = self.differences(wanted);
        if differences.is_empty() { Ok(()) } else { Err(Error::Differs { dir: dir.to_owned(), differences }) }
    }

    /// Writes the file, durably and whole or not at all.
    pub(super) fn write(&self, place: &Place) -> Result<(), Error> {
        let mut text = format!("{FIRST_LINE}{VERSION}\n");
        for (name, value) in &self.fields {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            let lawful = !name.is_empty() && name.chars().all(plain) && !value.contains(char::is_control);
            if !lawful {
                return Err(Error::HeaderField { name: name.clone() });
            }
            text.extend([name.as_str(), ": ", value.as_str(), "\n"]);
        }
        let last_line = checksum_line(text.as_bytes());
        write_whole(place, FILE, [text, last_line].concat().as_bytes())
    }

    /// Reads the header of a journal that must be there.
    pub fn of_journal(place: &Place) -> Result<Self, Error> {
        if let Some(header) = Self::read(place)? {
            return Ok(header);
        }
        let dir = place.dir.clone();
        let exists = place.files.exists(&dir).map_err(Error::io("look for", &dir))?;
        let has_turns = exists && !Segment::list(place)?.is_empty();
        Err(if has_turns { Error::HeaderLost { dir } } else { Error::Missing { dir } })
    }

    /// Reads the file back; `None` where there is none.
    pub(super) fn read(place: &Place) -> Result<Option<Self>, Error> {
        let path = place.dir.join(FILE);
        let mut bytes = Vec::new();
        match place.files.open(&path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &path)(error)),
        }
        let damaged = || Error::damaged(&path, 0, "it is not the text it was written as");
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
        let version = text.lines().next().and_then(|line| line.strip_prefix(FIRST_LINE)).ok_or_else(damaged)?;
        let found: u32 = version.parse().map_err(|_| damaged())?;
        if found != u32::from(VERSION) {
            return Err(Error::format(&path, found));
        }
        let at = text.rfind(CHECKSUM).ok_or_else(damaged)?;
        if text[at..] != checksum_line(&bytes[..at]) {
            return Err(damaged());
        }
        let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let fields = text[..at].lines().skip(1).map(field).collect::<Option<_>>().ok_or_else(damaged)?;
        Ok(Some(Self { fields }))
    }
}

/// The last line of the file, for all that stands above it.
fn checksum_line(above: &[u8]) -> String {
    format!("{CHECKSUM}{:08x}\n", crc32c::crc32c(above))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_header_is_read_back_and_says_what_differs() {
        let dir = tempfile::tempdir().unwrap();
        let header = Header::default().with("partitions", 8).with("input", "a: b 发票").with("empty", "");
        header.write(&dir.path().into()).unwrap();
        assert_eq!(Header::read(&dir.path().into()).unwrap(), Some(header.clone()));
        let wanted = Header::default().with("partitions", 16).with("empty", "").with("rules", "9f");
        let error = header.require(dir.path(), &wanted).unwrap_err().to_string();
        let expected =
            "(input: a: b 发票 there, nothing now; partitions: 8 there, 16 now; rules: nothing there, 9f now)";
        assert!(error.contains(expected), "{error}");
        header.require(dir.path(), &header).unwrap();
    }

    #[test]
    fn a_header_of_another_format_or_a_damaged_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Header::read(&dir.path().into()).unwrap(), None);
        Header::default().with("partitions", 8).write(&dir.path().into()).unwrap();
        let path = dir.path().join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("partitions: 8", "partitions: 9")).unwrap();
        assert!(matches!(Header::read(&dir.path().into()), Err(Error::Damaged { .. })));
        fs::write(&path, text.replacen(&format!("journal {VERSION}"), "journal 99", 1)).unwrap();
        assert!(matches!(Header::read(&dir.path().into()), Err(Error::Newer { found: 99, .. })));
        fs::write(&path, text.replacen(&format!("journal {VERSION}"), "journal 1", 1)).unwrap();
        let error = Header::read(&dir.path().into()).unwrap_err();
        assert!(matches!(error, Error::Older { found: 1, .. }), "{error}");
        assert!(error.to_string().contains("fold the same input again into another folder"), "{error}");
        assert!(matches!(Header::default().with("a b", 1).write(&dir.path().into()), Err(Error::HeaderField { .. })));
        assert!(matches!(
            Header::default().with("a", "1\n2").write(&dir.path().into()),
            Err(Error::HeaderField { .. })
        ));
    }
}
