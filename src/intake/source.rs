//! Opens one input: a file, or standard input; plain, gzip or zstd by its first bytes, whatever its name says; without
//! its byte order mark. Decompresses as it goes, so that no input, however it unfolds, is held in memory.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Error;
use super::identity::ContentSoFar;
use crate::files::{File, Files};

/// Bytes read from a file, or out of a decompressor, at a time.
pub(super) const READ_BYTES: usize = 256 * 1_024;
/// How much is looked at to tell what an input is.
const HEAD_BYTES: u64 = 64;
/// The most history a zstd frame may refer to, as a power of two: what `zstd -d` itself takes without being asked.
pub(super) const WINDOW_LOG_MAX: u32 = 27;
/// The same of one among several that are merged while they are read: what `zstd` makes without being told `--ultra` or
/// `--long`. Those with more are read one after another.
pub(super) const WINDOW_LOG_TOGETHER: u32 = 23;
/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// One input by name.
#[derive(Clone, Debug)]
pub(super) struct Name {
    /// Whose files it is among.
    pub files: Files,
    /// Where it is; empty for standard input.
    pub path: PathBuf,
    /// As errors and reports say it.
    pub shown: String,
    /// Whether it is a regular file, which can be read twice. Standard input and pipes cannot.
    pub again: bool,
    /// The most history its frames of zstd may refer to, as a power of two.
    pub window_log: u32,
}

/// An input opened for reading, decompressed.
pub(super) struct Text {
    /// Its bytes, after the byte order mark.
    pub reader: Box<dyn BufRead + Send>,
    /// Whether there was a mark, which says that the text is UTF-8.
    pub marked: bool,
    /// Whether it looks like JSON Lines: empty, or an object first.
    pub json: bool,
    /// Whether it is unpacked while it is read.
    pub packed: bool,
}

impl Name {
    /// Looks at what is named, without reading it.
    pub(super) fn look(files: &Files, path: &Path) -> Result<Self, Error> {
        let (files, window_log) = (files.clone(), WINDOW_LOG_MAX);
        if path.as_os_str() == "-" {
            return Ok(Self { files, path: PathBuf::new(), shown: "standard input".into(), again: false, window_log });
        }
        let shown = path.display().to_string();
        match files.input_bytes(path) {
            Ok(bytes) => Ok(Self { files, path: path.to_owned(), shown, again: bytes.is_some(), window_log }),
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => Err(Error::Folder { file: shown }),
            Err(source) => Err(Error::Open { file: shown, source }),
        }
    }

    /// Whether this is standard input.
    pub(super) fn is_standard_input(&self) -> bool {
        self.path.as_os_str().is_empty()
    }

    /// How many bytes it has, where that is known beforehand.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.again.then(|| self.files.input_bytes(&self.path).ok()).flatten().flatten()
    }

    /// Opens it from its beginning, counting what is read of it.
    pub(super) fn open(&self, so_far: &ReadSoFar) -> Result<Text, Error> {
        if self.is_standard_input() {
            return self.text(Box::new(io::stdin()));
        }
        self.text(Box::new(Counted { file: self.file()?, so_far: so_far.clone() }))
    }

    /// Opens a file from its beginning, hashing what is read of it.
    pub(super) fn open_hashed(&self, content: ContentSoFar) -> Result<Text, Error> {
        self.text(Box::new(Hashed { file: self.file()?, content }))
    }

    /// Opens a file as it is on disk.
    pub(super) fn file(&self) -> Result<File, Error> {
        self.files.open_input(&self.path).map_err(|source| Error::Open { file: self.shown.clone(), source })
    }

    fn text(&self, raw: Box<dyn Read + Send>) -> Result<Text, Error> {
        let failed = |source| Error::Read { file: self.shown.clone(), line: 1, source };
        let (reader, packed) = decompressed(raw, self.window_log).map_err(failed)?;
        let (head, reader) = peek(reader, HEAD_BYTES).map_err(failed)?;
        if let Some(what) = not_text(&head) {
            return Err(Error::NotText { file: self.shown.clone(), what });
        }
        let marked = head.starts_with(MARK);
        let start = if marked { MARK.len() } else { 0 };
        let json = head.len() == start || head[start..].trim_ascii_start().starts_with(b"{");
        let mut head = Cursor::new(head);
        head.set_position(start as u64);
        Ok(Text { reader: Box::new(head.chain(reader)), marked, json, packed })
    }
}

/// How many bytes of some files were read, before they were decompressed.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadSoFar(Arc<AtomicU64>);

impl ReadSoFar {
    /// Now.
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A file whose reading is counted.
struct Counted {
    file: File,
    so_far: ReadSoFar,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.so_far.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// A file that is hashed while it is read.
struct Hashed {
    file: File,
    content: ContentSoFar,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.content.add(&buffer[..read]);
        Ok(read)
    }
}

/// Recognises gzip (any number of members) and zstd (any number of frames) by their first bytes, and says whether it is one.
fn decompressed(raw: Box<dyn Read + Send>, window_log: u32) -> io::Result<(Box<dyn BufRead + Send>, bool)> {
    let (head, rest) = peek(raw, 4)?;
    let gzip = head.starts_with(b"\x1f\x8b");
    let frame = head == b"\x28\xb5\x2f\xfd";
    let skippable = head.len() == 4 && head[0] & 0xf0 == 0x50 && head[1..] == *b"\x2a\x4d\x18";
    let raw = BufReader::with_capacity(READ_BYTES, Cursor::new(head).chain(rest));
    if gzip {
        let decoder = flate2::bufread::MultiGzDecoder::new(raw);
        return Ok((Box::new(BufReader::with_capacity(READ_BYTES, decoder)), true));
    }
    if frame || skippable {
        let mut decoder = zstd::Decoder::with_buffer(raw)?;
        decoder.window_log_max(window_log)?;
        return Ok((Box::new(BufReader::with_capacity(READ_BYTES, Zstd(decoder))), true));
    }
    Ok((Box::new(raw), false))
}

/// Unpacks zstd, and tells a window that is larger than it may be ([`is_window`]).
struct Zstd<R>(R);

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            // The library has no kind for it.
            let is_window = error.to_string().contains("requires too much memory");
            if is_window { io::Error::new(error.kind(), Window) } else { error }
        })
    }
}

/// A frame's window is larger than it may be.
#[derive(Debug, thiserror::Error)]
#[error(
    "it was packed with a window of more than 128 MiB: unpack it with `zstd -d --long=31`, and give what comes out of that"
)]
struct Window;

/// Whether reading failed because of a frame's window.
pub(super) fn is_window(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Window>()).is_some()
}

/// The first bytes, and a reader for what follows them. Reads on where a pipe gives fewer at a time.
fn peek<R: Read>(mut reader: R, bytes: u64) -> io::Result<(Vec<u8>, R)> {
    let mut head = Vec::new();
    reader.by_ref().take(bytes).read_to_end(&mut head)?;
    Ok((head, reader))
}

/// What people hand over by mistake, told by its first bytes: each would be refused line by line otherwise.
fn not_text(head: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 6] = [
        (b"PK\x03\x04", "a spreadsheet or another zip archive"),
        (b"\xd0\xcf\x11\xe0", "a spreadsheet of the old format"),
        (b"Obj\x01", "an Avro container"),
        (b"%PDF", "a PDF document"),
        (b"\xff\xfe", "text in UTF-16"),
        (b"\xfe\xff", "text in UTF-16"),
    ];
    known.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, what)| what)
}
