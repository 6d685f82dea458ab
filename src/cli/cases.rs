//! `suyuan cases`: chains, each behind one suspected source.

use std::collections::BTreeMap;

use clap::{Args as ClapArgs, ValueEnum};

use super::filter::{ListArgs, Status};
use super::show::{Table, color_wanted, counted, fit, money, print, put, who};
use super::trace::{GraphFormat, draw};
use super::wrong_usage;
use crate::codec::json;
use crate::model::{Case, Fen, Id};
use crate::query::{self, Chain, Folder, Graph, Node, Rest};

/// List cases, those with the most deducted first; or draw one.
///
/// Beneficiaries are those who deducted as much as `false_deduction` reports, or more. In a tree, whoever deducted less,
/// and is suspected of nothing else, is counted with the others. What was deducted is an upper limit: sales too small to be followed
/// are not taken off again.
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  suyuan cases                                         the 50 heaviest cases that stand
  suyuan cases --taxpayer 91310000MA1FL0LX06           those it is on
  suyuan cases 0123456789abcdef01234567                one case as a tree, from its source on
  suyuan cases 0123456789abcdef01234567 --format dot | dot -Tsvg > case.svg
  suyuan cases --status all --format jsonl > cases.jsonl")]
pub(crate) struct Args {
    /// Which, and where.
    #[command(flatten)]
    pub(crate) list: ListArgs,
    /// A table or a tree to read, or what other programs read [default: tree for one case, else table].
    #[arg(long, value_enum)]
    pub(crate) format: Option<CaseFormat>,
    /// In a tree, how many neighbours of each at most; the rest is one line.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) width: u16,
}

/// How cases are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaseFormat {
    /// Aligned columns.
    Table,
    /// One JSON object a line, as `suyuan replay` writes them.
    Jsonl,
    /// Each case as a tree.
    Tree,
    /// One case in the language of GraphViz.
    Dot,
    /// One case as a Mermaid flowchart.
    Mermaid,
    /// One case as one JSON document of nodes and edges.
    Json,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let format = args.format.unwrap_or(if args.list.id.is_some() { CaseFormat::Tree } else { CaseFormat::Table });
    let graph = match format {
        CaseFormat::Dot => Some(GraphFormat::Dot),
        CaseFormat::Mermaid => Some(GraphFormat::Mermaid),
        CaseFormat::Json => Some(GraphFormat::Json),
        CaseFormat::Table | CaseFormat::Jsonl | CaseFormat::Tree => None,
    };
    if graph.is_some() && args.list.id.is_none() {
        return Err(wrong_usage("one drawing is of one case: name it, `suyuan cases ID --format ...`"));
    }
    let folder = args.list.read.open()?;
    if let (Some(graph), Some(id)) = (graph, args.list.id) {
        let chain = query::chain(folder, id)?.ok_or_else(|| args.list.unknown("case", id))?;
        return print(draw(&chain.graph, graph, false).as_bytes());
    }
    let listed = query::cases(folder, &args.list.filter(format != CaseFormat::Jsonl))?;
    args.list.remark(folder, &listed, "case")?;
    let text = match format {
        CaseFormat::Tree => trees(folder, listed.items.iter().map(|case| case.case_id), args.width.into())?,
        CaseFormat::Table => table(folder, &listed.items, args.list.status == Some(Status::All))?,
        CaseFormat::Jsonl | CaseFormat::Dot | CaseFormat::Mermaid | CaseFormat::Json => {
            let mut lines = Vec::new();
            for case in &listed.items {
                json::write_case(case, &mut lines);
                lines.push(b'\n');
            }
            return print(&lines);
        }
    };
    print(text.as_bytes())
}

fn trees(folder: &Folder, ids: impl Iterator<Item = Id>, width: usize) -> anyhow::Result<String> {
    let mut text = String::new();
    for id in ids {
        if let Some(chain) = query::chain(folder, id)? {
            let gap = if text.is_empty() { "" } else { "\n" };
            let least = query::reported_from(folder);
            put(&mut text, format_args!("{gap}{}", tree(&chain, least, width, color_wanted())));
        }
    }
    Ok(text)
}

/// A case with its heading, drawn as a tree of at most so many neighbours of each. Whoever deducted less than `least`,
/// and is suspected of nothing else, is counted, not drawn.
pub(crate) fn tree(chain: &Chain, least: Fen, width: usize, colored: bool) -> String {
    let case = &chain.case;
    if !case.ties.is_empty() {
        return gang(case);
    }
    let lifted = if case.standing { "" } else { ", lifted" };
    let name = chain.graph.node(case.origin).and_then(|node| node.name.as_deref());
    let of_listed = match usize::try_from(case.nodes_total).unwrap_or(usize::MAX).saturating_sub(case.nodes.len()) {
        0 => String::new(),
        _ => format!(" by the {} largest", case.nodes.len()),
    };
    let least_shown = money(least);
    let of_least = if least == Fen::ZERO { String::new() } else { format!(" of {least_shown} yuan or more") };
    let mut text = format!(
        "case {} {}{lifted}: {}\n{} yuan of tax began at {} with no purchase behind it; at most {} of it was deducted{of_listed}, \
         counting each fen once.\nBeneficiaries{of_least}: {}\n\n",
        case.case_id,
        case.typology,
        counted(case.nodes_total, "taxpayer", "taxpayers"),
        money(query::begun(case)),
        who(case.origin, name),
        money(query::deducted(case)),
        query::beneficiaries(case, least),
    );
    let (graph, others) = drawn(chain, least);
    text += &draw(&graph.within(width), GraphFormat::Tree, colored);
    if others.count > 0 {
        let (others, tax) = (counted(others.count as u64, "other", "others"), money(others.tax));
        put(&mut text, format_args!("and {others} who deducted less than {least_shown} each: {tax} together\n"));
    }
    text
}

/// A gang: its firms, and what ties them.
fn gang(case: &Case) -> String {
    let mut text = format!(
        "case {} {}{}: {} that hang together, named by {}\n",
        case.case_id,
        case.typology,
        if case.standing { "" } else { ", lifted" },
        counted(case.nodes_total, "taxpayer", "taxpayers"),
        case.origin,
    );
    let mut hands: BTreeMap<(Id, &str), Vec<String>> = BTreeMap::new();
    for tie in &case.ties {
        let roles: Vec<_> = tie.roles.names().collect();
        let tied = format!("{} ({})", tie.taxpayer_id, roles.join(", "));
        hands.entry((tie.party_id, tie.kind.code())).or_default().push(tied);
    }
    for ((party, kind), firms) in hands.into_iter().filter(|(_, firms)| firms.len() > 1) {
        put(&mut text, format_args!("  {kind} {party}: {}\n", firms.join(", ")));
    }
    text
}

/// Of a chain, what is drawn: whoever deducted `least` or more, or is suspected of something else, and whoever stands
/// between them and the source; and the others.
pub(crate) fn drawn(chain: &Chain, least: Fen) -> (Graph, Rest) {
    // What is found of value that was deducted may be about another case.
    let suspicious = |node: &Node| node.typologies.iter().any(|code| **code != *DEDUCTED);
    chain.graph.clone().only(|node| suspicious(node) || node.deducted.is_some_and(|tax| tax >= least))
}

/// The finding about value of a case that was deducted.
const DEDUCTED: &str = "false_deduction";

fn table(folder: &Folder, cases: &[Case], with_status: bool) -> anyhow::Result<String> {
    let mut table = Table::new(&[
        "case",
        "typology",
        "source",
        "name",
        ">tax",
        ">deducted at most",
        ">taxpayers",
        ">beneficiaries",
        ">edges",
        "status",
    ]);
    let least = query::reported_from(folder);
    for case in cases {
        let name = folder.name(case.origin)?.map(|name| fit(&name, 20)).unwrap_or_default();
        let deducted = query::deducted(case);
        let beneficiaries = query::beneficiaries(case, least);
        let status = match (with_status, case.standing) {
            (_, false) => "lifted",
            (true, true) => "standing",
            (false, true) => "",
        };
        table.row(vec![
            case.case_id.as_str().into(),
            (&*case.typology).into(),
            case.origin.as_str().into(),
            name.into(),
            money(query::begun(case)).into(),
            money(deducted).into(),
            case.nodes_total.to_string().into(),
            beneficiaries.to_string().into(),
            case.edges_total.to_string().into(),
            status.into(),
        ]);
    }
    Ok(if table.is_empty() { String::new() } else { table.write("", color_wanted()) })
}
