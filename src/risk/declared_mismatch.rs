//! A return that says less than the invoices do.

use super::finding::percent;
use super::returns::{Return, not_evened_out};
use super::{Finding, Matter, Parameter, Sentence, Subject, ToldBy, Typology, Unit, View, When};
use crate::model::{About, Fen, Period};
use crate::state::Month;

/// Months before its own in which a difference may have been declared early.
const MONTHS_BACK: i32 = 2;
/// Returns running that are added up where each of them differs.
const RUNNING_MAX: i32 = 6;
/// A month is known where it has an invoice of the firm that is not void, or one of so many months before it has.
const TRADED_BACK: i32 = 2;
/// Months after its own in which one may be declared late.
const MONTHS_AHEAD: i32 = 1;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "declared_mismatch",
    name_zh: "票表不符",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Returns,
    doc: "A month's return declares less output tax than the firm's invoices of that month carry, net of voids and red \
          letters, or more input tax (less what is transferred out) than the deductions of that period, net of reversals. \
          Both are compared for every return by the tax bureaus (票表比对, circular Shuizongfa 2017 no. 124). Full score \
          where the difference is grave and two figures agree: output tax and sales, or the returns of two months, or \
          input beyond both the deductions and the invoices received. A correction of the return withdraws it. Looks \
          alike and is honest: more declared than invoiced, by sales without an invoice; small differences; one month's \
          difference that the returns of the months around it even out; input tax paid at customs, for which there is no \
          invoice; a return for a month before the journal, of which it has no invoice of the firm, nor of the two months before.",
    parameters: &[
        Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000."),
        Parameter::new("score_grave", Unit::Score, "Score where it is grave and two figures agree.").not_below("score"),
        Parameter::new("tax_min_fen", Unit::Fen, "A smaller difference than this is not looked at."),
        Parameter::new("share_min_bp", Unit::BasisPoints, "Nor is one of a smaller share of what it should be."),
        Parameter::new("tax_grave_fen", Unit::Fen, "From this difference on it may be grave.").not_below("tax_min_fen"),
        Parameter::new("share_grave_bp", Unit::BasisPoints, "From this share on it may be grave.")
            .not_below("share_min_bp"),
        Parameter::new("score_running", Unit::Score, "Score where so many returns running differ to the same side."),
        Parameter::new("running_min", Unit::Months, "How many those are, at least."),
    ],
    months_back: RUNNING_MAX + MONTHS_BACK,
    months_ahead: MONTHS_AHEAD,
    told_by: &[ToldBy::ThirdParties],
    accuses_source: false,
    when: When::AtOnce,
    check,
};

/// What a return lacks or has too much of, on one side of it.
struct Difference {
    tax: Fen,
    share: i64,
    /// Whether another figure says the same.
    agrees: bool,
}

impl Difference {
    fn is_grave(&self, tax: i64, share: i64) -> bool {
        self.agrees && self.tax.0 >= tax && self.share >= share
    }
}

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score, score_grave, tax_min, share_min, tax_grave, share_grave, score_running, running_min] =
        view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let small_scale = view.is_small_scale(period);
    let differs = |filed: Return| {
        let sides = [(filed.undeclared(), filed.invoiced.tax), (filed.overdeclared(), filed.input)];
        let is_much = |(tax, of): (Fen, Fen)| tax > Fen::ZERO && tax.ratio_bp(of) >= share_min;
        filed.undeclared().0 >= tax_min || filed.overdeclared().0 >= tax_min || sides.into_iter().any(is_much)
    };
    let month = view.month_if(period, |month| Return::of(month, small_scale).is_some_and(differs))?;
    let filed = Return::of(&month, small_scale)?;
    if filed.is_of_nothing() || !is_known(view, period) {
        return None; // zero_declaration says it, or nobody knows
    }
    let mut around = Vec::new();
    for month in (-MONTHS_AHEAD..=MONTHS_BACK).filter(|months| *months != 0).map(|months| period.minus(months)) {
        around.extend(view.filed(month).filter(|_| is_known(view, month)));
    }
    let short = |filed: &Return| filed.undeclared().0 >= tax_min || filed.overdeclared().0 >= tax_min;
    let months = 1 + i64::try_from(around.iter().filter(|filed| short(filed)).count()).unwrap_or(0);
    let undeclared = not_evened_out(filed.undeclared(), &around, Return::undeclared);
    let sales_share = filed.undeclared_sales().ratio_bp(filed.invoiced.amount);
    let output = Difference {
        tax: undeclared,
        share: undeclared.ratio_bp(filed.invoiced.tax),
        agrees: sales_share >= share_grave || months > 1,
    };
    let imported = view.imported(period).unwrap_or_default();
    let overdeclared = not_evened_out(filed.overdeclared(), &around, Return::overdeclared) - imported;
    let received = month.bought.tax - month.bought_void.tax;
    let beyond_received = filed.input - imported - received;
    let input = Difference {
        tax: overdeclared,
        share: overdeclared.ratio_bp(filed.input),
        agrees: beyond_received.0 >= tax_min || months > 1,
    };
    let [output, input] =
        [output, input].map(|side| Some(side).filter(|side| side.tax.0 >= tax_min && side.share >= share_min));
    // A slip is made once; what is left out by little, return after return, is left out on purpose.
    let running = running(view, period, share_min);
    let running = running.filter(|(returns, tax)| *returns >= running_min && tax.0 >= tax_min);
    if let (Some((returns, tax)), [None, None]) = (running, [&output, &input]) {
        return Some(of_running(period, returns, tax, [score_running, running_min, tax_min]));
    }
    let sides = [&output, &input];
    if sides.iter().all(|side| side.is_none()) {
        return None;
    }
    let is_grave = sides.into_iter().flatten().any(|side| side.is_grave(tax_grave, share_grave));
    let stake = sides.into_iter().flatten().map(|side| side.tax).sum();
    let text = sentence(period, &filed, output.as_ref(), input.as_ref());
    let score = if is_grave { score_grave } else { score };
    let score = if running.is_some() { score.max(score_running) } else { score };
    let mut finding = Finding::new(score, stake, text);
    if let Some(side) = &output {
        finding = finding
            .number("undeclared_output_tax", side.tax.0, tax_min, "fen", "month and those around it")
            .number("undeclared_output_share", side.share, share_min, "bp", "month");
        if sales_share >= share_min {
            finding = finding.number("undeclared_sales_share", sales_share, share_min, "bp", "month");
        }
    }
    if let Some(side) = &input {
        finding = finding
            .number("overdeclared_input_tax", side.tax.0, tax_min, "fen", "month and those around it")
            .number("overdeclared_input_share", side.share, share_min, "bp", "month");
        if beyond_received.0 >= tax_min {
            finding = finding.number("input_tax_beyond_invoices", beyond_received.0, tax_min, "fen", "month");
        }
    }
    if let Some((returns, tax)) = running {
        finding = finding.number("returns_short_running", returns, running_min, "months", "running").number(
            "tax_short_running",
            tax.0,
            tax_min,
            "fen",
            "the same months",
        );
    }
    if months > 1 {
        finding = finding.number("returns_that_differ", months, 2, "months", "month and those around it");
    }
    Some(finding)
}

/// Whether anything is known of a firm's trade by a month: of one before the journal began there is its return alone.
fn is_known(view: &mut View<'_, '_>, period: Period) -> bool {
    let trades =
        |month: &Month| month.sold.count > month.sold_void.count || month.bought.count > month.bought_void.count;
    (0..=TRADED_BACK).any(|back| view.read_month(period.minus(back), trades))
}

/// How many returns up to one differ to the same side by so great a share, and by how much in all; what is not evened out by
/// the month after is left to it.
fn running(view: &mut View<'_, '_>, period: Period, share_min: i64) -> Option<(i64, Fen)> {
    let side = |view: &mut View<'_, '_>, is_output: bool| {
        let (mut returns, mut tax) = (0, Fen::ZERO);
        for back in 0..RUNNING_MAX {
            let at = period.minus(back);
            let Some(filed) = view.filed(at).filter(|_| is_known(view, at)) else { break };
            let (short, of) = if is_output {
                (filed.undeclared(), filed.invoiced.tax)
            } else {
                (filed.overdeclared() - view.imported(at).unwrap_or_default(), filed.input)
            };
            if short <= Fen::ZERO || short.ratio_bp(of) < share_min || filed.is_of_nothing() {
                break;
            }
            (returns, tax) = (returns + 1, tax + short);
        }
        (returns, tax)
    };
    [side(view, true), side(view, false)].into_iter().filter(|(returns, _)| *returns > 0).max()
}

fn of_running(period: Period, returns: i64, tax: Fen, [score, running_min, tax_min]: [i64; 3]) -> Finding {
    let text = tax.grouped();
    let sentence = Sentence {
        zh: format!(
            "至{period}连续{returns}期申报与发票、勾选抵扣不符，且方向相同，累计{text}元；请通知该户更正申报，并核实是否有意少报。"
        ),
        en: format!(
            "{returns} returns running to {period} differ from the invoices and claims to the same side, by {text} yuan in \
             all; have them corrected, and find out whether it is meant."
        ),
    };
    Finding::new(score, tax, sentence)
        .number("returns_short_running", returns, running_min, "months", "running")
        .number("tax_short_running", tax.0, tax_min, "fen", "the same months")
}

fn sentence(period: Period, filed: &Return, output: Option<&Difference>, input: Option<&Difference>) -> Sentence {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    if let Some(side) = output {
        let (by_invoices, less, share) = (filed.invoiced.tax.grouped(), side.tax.grouped(), percent(side.share));
        zh.push(format!("申报销项税额{}元，开票税额{by_invoices}元，少报{less}元（{share}%）", filed.output.grouped()));
        en.push(format!(
            "{} yuan of output tax where the invoices carry {by_invoices}, {less} too little ({share} %)",
            filed.output.grouped()
        ));
    }
    if let Some(side) = input {
        let (net, claimed) = ((filed.input - filed.out).grouped(), filed.claimed.grouped());
        let (more, share) = (side.tax.grouped(), percent(side.share));
        zh.push(format!("申报进项税额（减转出）{net}元，勾选抵扣{claimed}元，多报{more}元（{share}%）"));
        en.push(format!(
            "{net} yuan of input tax less transfers where {claimed} were claimed, {more} too much ({share} %)"
        ));
    }
    Sentence {
        zh: format!("{period}{}；请通知该户更正申报或说明差异。", zh.join("；")),
        en: format!(
            "The return for {period} declares {}; have it corrected, or the difference explained.",
            en.join(", and ")
        ),
    }
}
