//! `suyuan invoice`: the life of one invoice.

mod document;
#[cfg(test)]
mod tests;

use clap::{Args as ClapArgs, ValueEnum};
use serde_json::json;

use super::filter::{id, invoice_no};
use super::read::{ReadArgs, tell};
use super::show::{
    Cell, Table, clean, color_wanted, minute, money, money_or_blank, print, print_json, put, share, who,
};
use super::signals::sentences;
use crate::model::{Fen, Instant, InvoiceNo, TaxpayerId};
use crate::query::{self, Folder, InvoiceLife, OriginShare, words};
use crate::state::{AbnormalBy, ClaimKind, Issue, Issued};

pub(crate) use document::signal_document;

/// Show the life of one invoice: issued, received, deducted, voided, red-lettered, marked; whose value its tax is; and
/// what was found about it.
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  suyuan invoice 26442000000012345678
  suyuan invoice 3100162130-12345678 --seller 914403001922038216
  suyuan invoice legacy:2017-11459356 --format json")]
pub(crate) struct Args {
    /// Its number: 20 digits, code-number, or `legacy:...`.
    #[arg(value_name = "NO", value_parser = invoice_no)]
    pub(crate) invoice_no: InvoiceNo,
    /// Its issuer; without it, all issuers of this number are looked for, in all partitions.
    #[arg(long, value_name = "TAXPAYER", value_parser = id)]
    pub(crate) seller: Option<TaxpayerId>,
    /// Text to read, or one JSON document.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Where it is read.
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// To read.
    Text,
    /// For other programs.
    Json,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = args.read.open()?;
    let lives = query::lives(folder, args.invoice_no, args.seller)?;
    if lives.is_empty() {
        let of = args.seller.map(|seller| format!(" of seller {seller}")).unwrap_or_default();
        let dir = folder.dir().display();
        anyhow::bail!("{dir} knows of no invoice {}{of}: check the number, or the folder", args.invoice_no);
    }
    if args.format == Format::Json {
        return print_json(
            &json!({ "invoice_no": args.invoice_no.as_str(), "invoices": lives.iter().map(document::life).collect::<Vec<_>>() }),
        );
    }
    if !query::doubts_are_read(folder) {
        let data = args.read.data.flag();
        tell(&format!(
            "the journal is too long to look for doubts about it here: `suyuan doubts --taxpayer SELLER{data}`"
        ));
    }
    if lives.iter().filter(|life| !life.seller_id.is_empty()).count() > 1 {
        let note = "it names several invoices, each with its own life; --seller shows one";
        tell(&format!("{} is not the number of one invoice: {note}", args.invoice_no));
    }
    let pages = lives.iter().map(|life| page(folder, life)).collect::<Result<Vec<_>, _>>()?;
    print(pages.join("\n").as_bytes())
}

fn page(folder: &Folder, life: &InvoiceLife) -> anyhow::Result<String> {
    let mut text = heading(folder, life)?;
    let mut table = Table::new(&["when", "what", "by", ">tax"]);
    for (at, what, by, tax) in happenings(life) {
        table.row(vec![minute(at).into(), what.into(), by.into(), tax.map(money_or_blank).unwrap_or_default().into()]);
    }
    if !table.is_empty() {
        put(&mut text, format_args!("\n{}", table.write("  ", color_wanted())));
    }
    text += &standing(life);
    text += &provenance(life);
    for doubt in &life.doubts {
        put(&mut text, format_args!("\n  doubtful: {} ({})\n", clean(&doubt.reason), doubt.code));
    }
    for signal in &life.findings {
        let status = words::signal_status(signal.status);
        let (code, whom, score) = (&signal.typology, signal.taxpayer_id, signal.score);
        put(
            &mut text,
            format_args!("\n  {code} of {whom}, {status}, score {score}\n{}", sentences(folder, signal, "    ")?),
        );
    }
    Ok(text)
}

fn heading(folder: &Folder, life: &InvoiceLife) -> anyhow::Result<String> {
    let seller = who(life.seller_id, life.seller_name.as_deref());
    let Some(issue) = life.issued.as_ref().and_then(|issued| issued.issue) else {
        let no = life.invoice_no;
        return Ok(if life.seller_id.is_empty() {
            format!("invoice {no}: claimed without naming a seller, and no one invoice is meant\n")
        } else {
            format!("invoice {no} of {seller}: its issuance has not been seen\n")
        });
    };
    let buyer = match issue.buyer_id {
        Some(buyer) => who(buyer, folder.name(buyer)?.as_deref()),
        None => "a natural person".into(),
    };
    let kind = words::invoice_kind(issue.invoice_kind);
    let red = match issue.red_of {
        Some(blue) => format!(", a red letter that offsets {blue}"),
        None if issue.amount < Fen::ZERO || issue.tax < Fen::ZERO => ", a red letter that names no invoice".into(),
        None => String::new(),
    };
    Ok(format!(
        "invoice {} ({kind}{red})\n  seller  {seller}\n  buyer   {buyer}\n  amount  {}, tax {}\n",
        life.invoice_no,
        money(issue.amount),
        money(issue.tax)
    ))
}

/// What happened to an invoice, in order of time: when, what, by whom, and how much tax.
fn happenings(life: &InvoiceLife) -> Vec<(Instant, String, String, Option<Fen>)> {
    let mut found = Vec::new();
    let seller = life.seller_id.to_string();
    let issue = life.issued.as_ref().and_then(|issued| issued.issue);
    if let Some(Issue { issued_at, tax, .. }) = issue {
        found.push((issued_at, "issued".to_owned(), seller.clone(), Some(tax)));
    }
    if let Some(void) = life.issued.as_ref().and_then(|issued| issued.void) {
        found.push((void.at, "voided".into(), seller.clone(), None));
    }
    for letter in &life.red_letters {
        let voided = if letter.voided { ", itself voided" } else { "" };
        let what = format!("red-lettered by {}{voided}", letter.invoice_no);
        found.push((letter.issued_at, what, seller.clone(), Some(letter.tax)));
    }
    for (at, abnormal, reason) in &life.marks {
        let what = if *abnormal { "marked abnormal" } else { "mark lifted" };
        found.push((*at, format!("{what}: {}", clean(reason)), "authority".into(), None));
    }
    for holding in &life.holders {
        let holder = holding.taxpayer_id.to_string();
        let unnamed = if holding.unnamed { " (no seller named)" } else { "" };
        if let Some(received) = holding.held.received {
            found.push((received.at, format!("booked{unnamed}"), holder.clone(), None));
        }
        for claim in &holding.held.claims {
            let what = match claim.kind {
                ClaimKind::Deduct(purpose) => {
                    format!("claimed for {}: {}{unnamed}", claim.period, words::purpose(purpose))
                }
                ClaimKind::Reverse(_) => format!("claim of {} given back{unnamed}", claim.period),
            };
            found.push((claim.at, what, holder.clone(), Some(claim.tax)));
        }
    }
    found.sort_by_key(|(at, ..)| *at);
    found
}

fn standing(life: &InvoiceLife) -> String {
    let mut text = String::new();
    match life.issued.as_ref().and_then(Issued::abnormal_by) {
        Some(AbnormalBy::Mark) => text += "\n  abnormal: the authority marked it\n",
        Some(AbnormalBy::Turn(period)) => {
            put(
                &mut text,
                format_args!("\n  abnormal in turn: by the abnormal tax its seller deducted for {period}\n"),
            );
        }
        None => {}
    }
    for holding in life.holders.iter().filter(|holding| !holding.held.claims.is_empty()) {
        let waited = holding.held.arrived.is_none() && holding.held.waited_until > Instant::default();
        let overdue = if waited { "; the invoice did not come within the grace period" } else { "" };
        let whom = who(holding.taxpayer_id, holding.name.as_deref());
        put(&mut text, format_args!("\n  deductions of {whom} that stand: {}{overdue}\n", money(holding.standing)));
    }
    text
}

fn provenance(life: &InvoiceLife) -> String {
    let from = &life.provenance;
    let whole: Fen = from.origins.iter().map(|share| share.tax).sum::<Fen>() + from.own + from.remainder;
    if whole == Fen::ZERO {
        let closed = life.issued.as_ref().is_some_and(Issued::is_shrunk);
        return if closed {
            "\n  whose value its tax is: no longer kept, its month is closed\n".into()
        } else {
            String::new()
        };
    }
    // Each with the lines that say more of it.
    let mut lines: Vec<(Fen, Vec<[String; 5]>)> = Vec::new();
    let cells = |name: String, tax: Fen, hops: String, via: String| [name, money(tax), share(tax, whole), hops, via];
    let origin = |share: &OriginShare| who(share.origin, share.name.as_deref());
    for share in &from.origins {
        lines.push((share.tax, vec![cells(origin(share), share.tax, share.hops.to_string(), share.via.to_string())]));
    }
    if from.own > Fen::ZERO {
        let mut own = vec![cells("the seller itself".into(), from.own, "0".into(), String::new())];
        for share in &from.settled {
            let name = format!("· of that, {}", origin(share));
            own.push(cells(name, share.tax, share.hops.to_string(), share.via.to_string()));
        }
        if from.short > Fen::ZERO {
            let why = if from.opening { "stock from before the journal" } else { "nothing stands behind" };
            own.push(cells(format!("· of that, {why}"), from.short, String::new(), String::new()));
        }
        lines.push((from.own, own));
    }
    lines.sort_by_key(|(tax, _)| -*tax);
    if from.remainder > Fen::ZERO {
        let rest = cells("smaller origins".into(), from.remainder, String::new(), String::new());
        lines.push((from.remainder, vec![rest]));
    }
    let mut table = Table::new(&["origin", ">tax", ">share", ">hops", "through"]);
    for line in lines.into_iter().flat_map(|(_, lines)| lines) {
        table.row(line.map(Cell::from).into());
    }
    format!("\n  whose value its tax is, as far as it stands: {}\n{}", money(whole), table.write("  ", color_wanted()))
}
