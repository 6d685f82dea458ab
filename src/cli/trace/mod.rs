//! `suyuan trace`: follows value up to suppliers or down to customers, and draws what was found.

mod document;
mod dot;
mod mermaid;
#[cfg(test)]
mod tests;
mod tree;

use clap::{Args as ClapArgs, ValueEnum};

use super::filter::{id, since, tell_unknown, yuan};
use super::read::{ReadArgs, tell};
use super::show::{color_wanted, print};
use crate::model::{Fen, Instant, TaxpayerId};
use crate::query::{self, Direction, Graph, Question};
use crate::state::{Key, Profile};

pub(crate) use document::origin as origin_document;

/// Follow value from a taxpayer to those it came from, or to those it went to.
///
/// The tree shows the largest neighbours of each taxpayer first, with the tax between the two. With --origin only value
/// of that origin is followed, with what each receiver deducted of it: so it is, unasked, going down from a taxpayer that
/// is suspected as a source, unless --all follows everything. A taxpayer that is there already is marked, not drawn
/// again.
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  suyuan trace up 91310000MA1FL0LX06        whom it bought from, and whose value that was
  suyuan trace down 914403001922038216      whom it sold to; of a suspected source, what began there
  suyuan trace down 914403001922038216 --since 2026-01-01 --min-tax 10000 --depth 3
  suyuan trace down 914403001922038216 --origin 91310000MA1FL0LX06    value of the second alone
  suyuan trace down 914403001922038216 --format dot | dot -Tsvg > chain.svg")]
pub(crate) struct Args {
    /// Which way: to suppliers, or to customers.
    #[arg(value_enum)]
    pub(crate) direction: Way,
    /// From whom.
    #[arg(value_name = "TAXPAYER", value_parser = id)]
    pub(crate) taxpayer: TaxpayerId,
    /// Follow only value that began with this taxpayer.
    #[arg(long, value_name = "TAXPAYER", value_parser = id)]
    pub(crate) origin: Option<TaxpayerId>,
    /// Follow all value, though the taxpayer is suspected as a source.
    #[arg(long, conflicts_with = "origin")]
    pub(crate) all: bool,
    /// Leave out those whose last invoice is older than this day.
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<Instant>,
    /// How many invoices away at most [default: 6 for value of one origin, else 2].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) depth: Option<u8>,
    /// How many neighbours of each at most; the rest is one line [default: 12 for value of one origin, else 8].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) width: Option<u16>,
    /// Do not follow less tax than this, in yuan.
    #[arg(long, value_name = "YUAN", default_value = "0", value_parser = yuan)]
    pub(crate) min_tax: Fen,
    /// A tree to read, or a graph for other programs.
    #[arg(long, value_enum, default_value_t = GraphFormat::Tree)]
    pub(crate) format: GraphFormat,
    /// Where it is read.
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// To suppliers.
    Up,
    /// To customers.
    Down,
}

/// How a graph is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// A tree with amounts beside it.
    Tree,
    /// The language of GraphViz.
    Dot,
    /// A Mermaid flowchart, for documents.
    Mermaid,
    /// One JSON document of nodes and edges.
    Json,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = args.read.open()?;
    let taxpayer = folder.subject(args.taxpayer)?;
    let Some(profile) = folder.row::<Profile>(taxpayer, &Key::Profile)? else {
        anyhow::bail!("{}: {} does not speak of this taxpayer; check the id", args.taxpayer, folder.dir().display());
    };
    let accused = profile.flag.is_some() && args.direction == Way::Down && args.origin.is_none() && !args.all;
    if accused {
        tell(
            "it is suspected as a source of false invoices: this is the value that began there; --all follows everything it sold",
        );
    }
    let origin = args.origin.or(accused.then_some(taxpayer));
    let (depth, width) = if origin.is_some() { OF_ONE_ORIGIN } else { OF_ALL };
    let question = Question {
        taxpayer_id: taxpayer,
        direction: match args.direction {
            Way::Up => Direction::Up,
            Way::Down => Direction::Down,
        },
        origin,
        since: args.since,
        depth: args.depth.unwrap_or(depth).into(),
        width: args.width.unwrap_or(width).into(),
        tax_min: args.min_tax,
    };
    args.origin.map_or(Ok(()), |origin| tell_unknown(folder, origin))?;
    let graph = query::flow(folder, &question)?;
    if graph.edges.is_empty() {
        tell("nothing leads on from there by what was asked");
    }
    print(draw(&graph, args.format, color_wanted()).as_bytes())
}

/// How deep and how wide a trace is unless told otherwise: so that it is read, and not scrolled through. Value of one origin
/// thins out by itself.
const OF_ONE_ORIGIN: (u8, u16) = (6, 12);
const OF_ALL: (u8, u16) = (2, 8);

/// Draws a graph.
pub(crate) fn draw(graph: &Graph, format: GraphFormat, colored: bool) -> String {
    match format {
        GraphFormat::Tree => tree::write(graph, colored),
        GraphFormat::Dot => dot::write(graph),
        GraphFormat::Mermaid => mermaid::write(graph),
        GraphFormat::Json => format!("{}\n", document::graph(graph)),
    }
}
