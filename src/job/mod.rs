//! What `replay` and `import` do, in any place and for whoever looks on: they open a folder, fold an input into it from
//! where it was interrupted, and write what was found. The command line adds arguments and a terminal, nothing else.

mod feed;
mod folding;
mod import;
mod replay;
mod results;
mod verify;
mod watch;

pub use feed::{Sent, feed};
pub use folding::{Folded, GOES_ON};
pub use import::{Imported, begun_partitions, import};
pub use replay::{Replayed, replay};
pub use results::{FILES, Totals};
pub use verify::{Stated, Verified, VerifiedFolder, verify_folder, verify_topics};
pub use watch::{At, Watch};
