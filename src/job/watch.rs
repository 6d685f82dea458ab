//! Who is told what a job does while it does it.

/// How far the reading of an input has come.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// Events taken.
    pub events: u64,
    /// Bytes of its files that were read.
    pub read: u64,
    /// Bytes that they have in all, where that is known.
    pub bytes: Option<u64>,
}

/// Whoever looks on: a terminal, or a test.
pub trait Watch {
    /// Something to be known beside the result.
    fn tell(&mut self, text: &str);
    /// How far it has come.
    fn at(&mut self, at: At);
    /// The input is at its end, or was left before it.
    fn ended(&mut self, whole: bool);
}
