//! A taxpayer as text to read.

use crate::cli::show::{TEXT_COLUMNS, Table, clean, count_or_blank, minute, money, money_or_blank, put, who, wrap};
use crate::cli::signals::sentences;
use crate::cli::tasks::shares;
use crate::model::{Fen, Signal, SignalStatus, TaskStatus, TaxpayerId};
use crate::query::{Folder, Household, Papers, Past, Traders, words};
use crate::state::Totals;

/// As it stands now.
pub(super) fn household(folder: &Folder, household: &Household, colored: bool) -> anyhow::Result<String> {
    let mut text = papers(household.taxpayer_id, &household.papers);
    if !household.identifiers.is_empty() {
        let later: Vec<_> = household.identifiers.iter().map(TaxpayerId::as_str).collect();
        put(&mut text, format_args!("  later identifiers of the same subject: {}\n", later.join(", ")));
    }
    if let Some(task) = household.task.as_ref().filter(|task| task.status == TaskStatus::Open) {
        let (level, response, score, id) = (task.level, &task.response, task.score, task.task_id);
        let (stake, opened) = (money(task.stake), minute(task.opened_at));
        put(
            &mut text,
            format_args!(
                "\nTask {id}\n  level {level} ({response}), score {score}, {stake} at stake, since {opened}\n"
            ),
        );
        text += &shares(task, "  ");
    }
    text += &findings(folder, &household.findings, "")?;
    text += &months(household, colored);
    text += &value(household, colored);
    text += &traders("Suppliers", &household.suppliers, None, colored);
    let persons = Some(("natural persons", sold_to_persons(household)));
    text += &traders("Customers", &household.customers, persons, colored);
    Ok(text)
}

/// As it was at a time.
pub(super) fn past(folder: &Folder, past: &Past, colored: bool) -> anyhow::Result<String> {
    let mut text = format!("as of {}\n{}", past.at, papers(past.taxpayer_id, &past.papers));
    let all: Vec<Signal> = past.standing.iter().chain(&past.withdrawn).cloned().collect();
    text += &findings(folder, &all, ", in the words and numbers of now")?;
    let mut table =
        Table::new(&["month", ">sold", ">amount", ">tax", ">bought", ">amount", ">tax", ">deductions", ">tax"]);
    for (period, sums) in &past.months {
        let Totals { count, amount, tax } = sums.sold;
        let bought = sums.bought;
        table.row(vec![
            period.to_string().into(),
            count_or_blank(count).into(),
            money_or_blank(amount).into(),
            money_or_blank(tax).into(),
            count_or_blank(bought.count).into(),
            money_or_blank(bought.amount).into(),
            money_or_blank(bought.tax).into(),
            count_or_blank(sums.deducted.count).into(),
            money_or_blank(sums.deducted.tax).into(),
        ]);
    }
    if !table.is_empty() {
        let heading =
            "Months, over what had happened by then: counts leave out what was void, amounts are net of red letters";
        put(&mut text, format_args!("\n{heading}\n{}", table.write("  ", colored)));
    }
    let note = "Scores and sentences of findings are those of now. The pool, what began with the taxpayer, its partners \
                and its task are known as of now only, and are left out here.";
    put(&mut text, format_args!("\n{}", wrap(note, "", TEXT_COLUMNS)));
    Ok(text)
}

fn papers(id: TaxpayerId, papers: &Papers) -> String {
    let mut text = format!("{id} {}\n", papers.name.as_deref().map(clean).unwrap_or_default());
    let mut line = |name: &str, said: Option<String>| {
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            put(&mut text, format_args!("  {name:<22}{}\n", clean(&said)));
        }
    };
    let kind = papers.kind.map(words::taxpayer_kind).unwrap_or_default();
    line(
        "registered",
        papers.registered_on.map(|on| format!("{on}, {kind}")).or_else(|| Some(format!("not seen {kind}"))),
    );
    let codes = [("industry", &papers.industry), ("region", &papers.region), ("address", &papers.address)];
    for (name, code) in codes {
        line(name, code.as_ref().map(ToString::to_string));
    }
    line("capital", papers.capital.map(money));
    line("credit", papers.credit_grade.map(|grade| words::credit_grade(grade).into()));
    line(
        "status",
        papers.status.as_ref().map(|(status, since, reason)| {
            let because = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{} since {}{because}", words::status(*status), minute(*since))
        }),
    );
    for person in &papers.people {
        let phone = person.phone.as_ref().map(|phone| format!(", {phone}")).unwrap_or_default();
        line(words::officer(person.role), Some(format!("{}{phone}", person.person_id)));
    }
    for (kind, quota) in &papers.quotas {
        let limit = money(quota.max_amount);
        line("quota", Some(format!("{} {kind} invoices a month, up to {limit} each", quota.monthly_count)));
    }
    line("formerly", papers.former_taxpayer_id.map(|former| former.to_string()));
    text
}

/// Each with its sentence; with `changed` behind it where it has changed since it was raised.
fn findings(folder: &Folder, signals: &[Signal], changed: &str) -> anyhow::Result<String> {
    let open = signals.iter().filter(|signal| signal.status == SignalStatus::Open).count();
    if signals.is_empty() {
        return Ok("\nNo findings\n".into());
    }
    let mut text = format!("\nFindings: {open} open, {} withdrawn\n", signals.len() - open);
    for signal in signals {
        let about = folder.with_names(&words::about(&signal.about), signal)?;
        let (code, score) = (&signal.typology, signal.score);
        let (stake, raised) = (money(signal.stake), minute(signal.raised_at));
        put(&mut text, format_args!("  {code} about {about}, score {score}, {stake} at stake, raised {raised}"));
        if let Some(at) = signal.withdrawn_at {
            let why = signal.withdrawn_reason.as_ref().map(|why| format!(" by {why}")).unwrap_or_default();
            put(&mut text, format_args!(", withdrawn {}{why}\n", minute(at)));
        } else {
            let changed = if signal.version > 1 { changed } else { "" };
            put(&mut text, format_args!("{changed}\n{}", sentences(folder, signal, "    ")?));
        }
    }
    Ok(text)
}

fn months(household: &Household, colored: bool) -> String {
    let mut table = Table::new(&[
        "month",
        ">sold",
        ">amount",
        ">tax",
        ">void",
        ">red",
        ">bought",
        ">amount",
        ">tax",
        ">deducted",
        ">own origin",
        ">drawn",
        ">declared payable",
    ]);
    for (period, month) in &household.months {
        table.row(vec![
            period.to_string().into(),
            count_or_blank(month.sold.count).into(),
            money_or_blank(month.sold.amount - month.sold_void.amount).into(),
            money_or_blank(month.sold.tax - month.sold_void.tax).into(),
            count_or_blank(month.sold_void.count).into(),
            count_or_blank(month.sold_red.count).into(),
            count_or_blank(month.bought.count).into(),
            money_or_blank(month.bought.amount - month.bought_void.amount).into(),
            money_or_blank(month.bought.tax - month.bought_void.tax).into(),
            money_or_blank(month.deducted.tax - month.reversed.tax).into(),
            money_or_blank(month.originated).into(),
            money_or_blank(month.drawn).into(),
            month.declared.value.map(|[.., payable]| money(payable)).unwrap_or_default().into(),
        ]);
    }
    if table.is_empty() {
        return String::new();
    }
    format!(
        "\nMonths of issue: counts of all invoices, void and red ones too; amounts net of both; deductions by period\n{}",
        table.write("  ", colored)
    )
}

fn value(household: &Household, colored: bool) -> String {
    let ledger = household.profile.ledger;
    let pooled = household.profile.pool.total();
    let lines = [
        ("arrived", ledger.arrived, "came in with invoices"),
        ("originated", ledger.originated, "no purchase stands behind"),
        ("· opening", ledger.opening, "of that, stock from before the journal, or self-issued vouchers"),
        ("passed on", ledger.passed_on, "left with invoices"),
        ("withdrawn", ledger.withdrawn, "given up to sellers who voided or red-lettered"),
        ("expired", ledger.expired, "left over when it deregistered"),
        ("pooled", pooled.0, "not yet passed on"),
    ];
    let mut table = Table::new(&["value", ">tax", ""]);
    for (name, tax, meaning) in lines.into_iter().filter(|(_, tax, _)| *tax != 0) {
        table.row(vec![name.into(), money(Fen(tax)).into(), meaning.into()]);
    }
    if table.is_empty() {
        return String::new();
    }
    let mut text = format!("\nValue\n{}", table.write("  ", colored));
    let mut pool = Table::new(&["pool of", ">tax", ">hops", "through"]);
    for share in &household.pool {
        let whose = if share.origin == household.taxpayer_id {
            "its own".to_owned()
        } else {
            who(share.origin, share.name.as_deref())
        };
        let (hops, via) = (share.hops.to_string(), share.via.as_str());
        pool.row(vec![whose.into(), money(share.tax).into(), hops.into(), via.into()]);
    }
    if household.pool_remainder > Fen::ZERO {
        pool.row(vec!["smaller origins".into(), money(household.pool_remainder).into(), "".into(), "".into()]);
    }
    if !pool.is_empty() {
        put(&mut text, format_args!("\n{}", pool.write("  ", colored)));
    }
    text
}

/// The largest, those beyond, and `beside` them those who have no id: together as much as the months say.
fn traders(heading: &str, traders: &Traders, beside: Option<(&str, [Fen; 2])>, colored: bool) -> String {
    let mut table = Table::new(&["taxpayer", ">invoices", ">amount", ">tax", "first", "last"]);
    for (id, name, partner) in &traders.largest {
        table.row(vec![
            who(*id, name.as_deref()).into(),
            count_or_blank(partner.totals.count).into(),
            money(partner.totals.amount).into(),
            money(partner.totals.tax).into(),
            partner.first_at.date().to_string().into(),
            partner.last_at.date().to_string().into(),
        ]);
    }
    let more = traders.count - traders.largest.len();
    let mut sums = |label: String, count: String, amount: Fen, tax: Fen| {
        table.row(vec![label.into(), count.into(), money(amount).into(), money(tax).into(), "".into(), "".into()]);
    };
    if more > 0 {
        let Totals { count, amount, tax } = traders.others;
        sums(format!("… {more} more"), count_or_blank(count), amount, tax);
    }
    if let Some((label, [amount, tax])) = beside.filter(|(_, sums)| *sums != [Fen::ZERO; 2]) {
        sums(label.into(), String::new(), amount, tax);
    }
    if table.is_empty() {
        return String::new();
    }
    let of =
        if more == 0 { String::new() } else { format!(": the {} largest of {}", traders.largest.len(), traders.count) };
    format!("\n{heading}{of}\n{}", table.write("  ", colored))
}

/// What was sold to nobody who has an id: what the months have more than all customers together.
fn sold_to_persons(household: &Household) -> [Fen; 2] {
    let net = |of: fn(&Totals) -> Fen| -> Fen {
        household.months.iter().map(|(_, month)| of(&month.sold) - of(&month.sold_void)).sum()
    };
    let customers = |of: fn(&Totals) -> Fen| -> Fen {
        let named: Fen = household.customers.largest.iter().map(|(.., partner)| of(&partner.totals)).sum();
        named + of(&household.customers.others)
    };
    let amount: fn(&Totals) -> Fen = |totals| totals.amount;
    let tax: fn(&Totals) -> Fen = |totals| totals.tax;
    [amount, tax].map(|of| net(of) - customers(of))
}
