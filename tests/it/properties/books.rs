//! One taxpayer's rows, added up again from their parts by an auditor of its own.

use std::collections::{BTreeMap, BTreeSet};

use suyuan::model::{Fen, Id, Instant, InvoiceKind, InvoiceNo, Period, Purpose};
use suyuan::provenance::{Blend, Ordinal};
use suyuan::state::{
    ClaimKind, Held, Issue, Issued, Key, Month, OriginRow, Partner, Passed, Profile, Row, Side, TaintVisit, Tainted,
    Totals, Voucher, standing,
};

use super::findings::Findings;
use super::{AllRows, standing_tax};

/// A taxpayer's rows, by kind.
#[derive(Default)]
pub(super) struct Books<'a> {
    id: Id,
    profile: Option<&'a Profile>,
    issued: BTreeMap<InvoiceNo, &'a Issued>,
    held: BTreeMap<(InvoiceNo, Id), &'a Held>,
    months: BTreeMap<Period, &'a Month>,
    partners: BTreeMap<(Side, Id), &'a Partner>,
    origins: BTreeMap<Id, &'a OriginRow>,
    passed: BTreeMap<(Ordinal, Id), Passed>,
    deficits: Vec<Instant>,
    flowed_on: BTreeMap<Period, Fen>,
    waiting: BTreeMap<InvoiceNo, InvoiceNo>,
    settled: BTreeSet<(Ordinal, InvoiceNo)>,
    visits: BTreeMap<(Id, Id), &'a TaintVisit>,
    names: BTreeSet<(Id, Id)>,
    tainted: BTreeMap<Id, Tainted>,
    findings: Findings<'a>,
}

/// Whether two things that should be the same are.
#[allow(clippy::needless_pass_by_value, reason = "amounts and counts, given as they are computed")]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, kept: T, counted: T) -> Result<(), String> {
    if kept == counted { Ok(()) } else { Err(format!("{what}: the books say {kept:?}, the parts {counted:?}")) }
}

/// What of a held invoice is in its holder's books.
fn in_books(held: &Held) -> Fen {
    if held.entered { held.vector.total() } else { Fen::ZERO }
}

fn not_negative(what: &str, amounts: &[i64]) -> Result<(), String> {
    if amounts.iter().all(|amount| *amount >= 0) { Ok(()) } else { Err(format!("{what}: {amounts:?}")) }
}

fn is_red(red_of: Option<InvoiceNo>, amount: Fen, tax: Fen) -> bool {
    red_of.is_some() || amount < Fen::ZERO || tax < Fen::ZERO
}

/// What an invoice adds to a counterparty: reds add amounts and no count.
fn trade(totals: &mut Totals, red: bool, amount: Fen, tax: Fen) {
    totals.count += u32::from(!red);
    totals.amount += amount;
    totals.tax += tax;
}

impl<'a> Books<'a> {
    /// Of every taxpayer.
    pub(super) fn all(rows: &'a AllRows) -> BTreeMap<Id, Self> {
        let mut all: BTreeMap<Id, Self> = BTreeMap::new();
        for ((entity, key), row) in rows {
            if entity.kind != suyuan::model::Kind::Taxpayer {
                continue;
            }
            let books = all.entry(entity.id).or_default();
            books.id = entity.id;
            match (*key, row) {
                (Key::Profile, Row::Profile(row)) => books.profile = Some(row),
                (Key::Issued(no), Row::Issued(row)) => drop(books.issued.insert(no, row)),
                (Key::Held { invoice_no, .. }, Row::Held(row)) => {
                    books.held.insert((invoice_no, row.seller_id), row);
                }
                (Key::Month(period), Row::Month(row)) => drop(books.months.insert(period, row)),
                (Key::Partner(side, id), Row::Partner(row)) => drop(books.partners.insert((side, id), row)),
                (Key::Origin(id), Row::Origin(row)) => drop(books.origins.insert(id, row)),
                (Key::Passed(_, buyer), Row::Passed(page)) => {
                    books.passed.extend(page.iter().map(|(ordinal, passed)| ((ordinal, buyer), passed)));
                }
                (Key::Deficit(at, _), _) => books.deficits.push(at),
                (Key::FlowedOn(..), Row::FlowedOn(row)) => {
                    *books.flowed_on.entry(row.period).or_default() += row.tax;
                }
                (Key::WaitingRed { blue_no, red_no }, _) => drop(books.waiting.insert(red_no, blue_no)),
                (Key::Settled(origin, no), _) => drop(books.settled.insert((origin, no))),
                (Key::Taint { origin, named }, Row::Taint(row)) => drop(books.visits.insert((origin, named), row)),
                (Key::TaintName { named, origin }, _) => drop(books.names.insert((origin, named))),
                (Key::Tainted(origin), Row::Tainted(row)) => drop(books.tainted.insert(origin, **row)),
                (Key::Signal(_), Row::Signal(row)) => books.findings.signal(&row.0),
                (Key::Standing { order, place, signal_id }, _) => books.findings.listed(order, place, signal_id),
                (Key::Task, Row::Task(row)) => books.findings.task(row),
                _ => {}
            }
        }
        all
    }

    /// Everything that must hold after any event.
    pub(super) fn check(&self) -> Result<(), String> {
        let profile = self.profile.ok_or("no profile")?;
        self.check_profile(profile)?;
        self.check_sales()?;
        self.check_purchases()?;
        self.check_months(profile)?;
        self.check_passed()?;
        self.check_origins()?;
        self.check_accusations()?;
        same("open findings", profile.open_signals, self.findings.open())?;
        self.findings.check()
    }

    fn check_profile(&self, profile: &Profile) -> Result<(), String> {
        let ledger = &profile.ledger;
        if !ledger.balances(profile.pool.total()) {
            return Err(format!("value appeared or vanished: {ledger:?}, pool {:?}", profile.pool));
        }
        let totals = [ledger.arrived, ledger.originated, ledger.opening, ledger.passed_on, ledger.withdrawn];
        not_negative("ledger", &totals)?;
        not_negative("ledger", &[ledger.expired, ledger.originated - ledger.opening])?;
        not_negative_blend("pool", &profile.pool)?;
        let claimed = self.held.iter().filter(|((_, seller), held)| seller.is_empty() && !held.claims.is_empty());
        same("claims that name no seller", profile.unnamed_claims as usize, claimed.count())?;
        let unseen = self
            .held
            .iter()
            .filter(|((_, seller), held)| !seller.is_empty() && !held.claims.is_empty() && held.arrived.is_none());
        same("claims of invoices that have not arrived", profile.claimed_unseen as usize, unseen.count())?;
        same("deficits", profile.deficits as usize, self.deficits.len())?;
        same("deficits forgotten already", self.deficits.iter().any(|at| *at < profile.deficits_since), false)?;
        same("flowed on", profile.flowed_on, self.flowed_on.values().copied().sum())?;
        for (period, tax) in &self.flowed_on {
            let month = self.months.get(period).map_or(Fen::ZERO, |month| month.flowed_on);
            not_negative("flowed on", &[tax.0, (month - *tax).0])?;
        }
        same("waiting red letters", profile.waiting_reds as usize, self.waiting.len())?;
        let gone = profile.deregistered_since().is_some();
        if !(if gone { &profile.pool } else { &profile.expired }).is_empty() {
            return Err(format!("gone: {gone}, pool {:?}, expired {:?}", profile.pool, profile.expired));
        }
        same("expired", ledger.expired, profile.expired.total().0)?;
        let flagged = self.origins.values().filter(|origin| origin.accuses()).count();
        same("accused names", profile.tainted_origins as usize, flagged)
    }

    fn check_sales(&self) -> Result<(), String> {
        let mut partners: BTreeMap<Id, Totals> = BTreeMap::new();
        for (no, issued) in &self.issued {
            self.check_sale(*no, issued).map_err(|wrong| format!("{no}: {wrong}"))?;
            if let (Some(issue), None) = (issued.issue, issued.void)
                && let Some(buyer) = issue.buyer_id
            {
                let red = is_red(issue.red_of, issue.amount, issue.tax);
                trade(partners.entry(buyer).or_default(), red, issue.amount, issue.tax);
            }
        }
        self.check_partners(Side::Sold, &partners)
    }

    fn check_sale(&self, no: InvoiceNo, issued: &Issued) -> Result<(), String> {
        not_negative_blend("vector", &issued.vector)?;
        not_negative_blend("settled", &issued.settled)?;
        if issued.gone {
            same("short of a sale that began here whole", issued.short, issued.vector.total())?;
            same("settled of it", issued.settled.total(), Fen::ZERO)?;
        } else {
            let own = issued.vector.of(Ordinal::OWN);
            not_negative(
                "short, and what of its own is neither short nor settled",
                &[issued.short.0, (own - issued.short - issued.settled.total()).0],
            )?;
        }
        let mut reds = Totals::default();
        for (red_no, red) in &self.issued {
            if let (Some(issue), None) = (red.issue, red.void)
                && issue.red_of == Some(no)
                && !self.waiting.contains_key(red_no)
            {
                reds.add(issue.amount, issue.tax);
            }
        }
        same("red letters", issued.reds, reds)?;
        let stands = |issue: &Issue| {
            let red = is_red(issue.red_of, issue.amount, issue.tax);
            if red || issued.void.is_some() { Fen::ZERO } else { issue.tax - reds.tax.abs().min(issue.tax) }
        };
        same("its vector", issued.vector.total(), issued.issue.as_ref().map_or(Fen::ZERO, stands))
    }

    fn check_purchases(&self) -> Result<(), String> {
        let mut partners: BTreeMap<Id, Totals> = BTreeMap::new();
        for ((no, seller), held) in &self.held {
            not_negative_blend("vector", &held.vector).map_err(|wrong| format!("held {no}: {wrong}"))?;
            let mut reds = Totals::default();
            for red in self.held.iter().filter(|((_, of), _)| of == seller).map(|(_, red)| red) {
                if let (Some(arrived), None) = (red.arrived, red.voided_at)
                    && arrived.red_of == Some(*no)
                {
                    reds.add(arrived.amount, arrived.tax);
                }
            }
            same(&format!("red letters of held {no}"), held.reds, reds)?;
            if let (Some(arrived), None) = (held.arrived, held.voided_at) {
                let red = is_red(arrived.red_of, arrived.amount, arrived.tax);
                trade(partners.entry(*seller).or_default(), red, arrived.amount, arrived.tax);
            }
        }
        self.check_partners(Side::Bought, &partners)
    }

    fn check_partners(&self, side: Side, counted: &BTreeMap<Id, Totals>) -> Result<(), String> {
        for ((_, id), partner) in self.partners.iter().filter(|((of, _), _)| *of == side) {
            let counted = counted.get(id).copied().unwrap_or_default();
            same(&format!("{side:?} trade with {id}"), partner.totals, counted)?;
        }
        let all = counted.keys().all(|id| self.partners.contains_key(&(side, *id)));
        if all { Ok(()) } else { Err(format!("a partner is missing on the side {side:?}")) }
    }

    /// The sums of each month, counted again.
    fn counted_months(&self) -> BTreeMap<Period, Month> {
        let mut months: BTreeMap<Period, Month> = BTreeMap::new();
        for issued in self.issued.values() {
            let Some(issue) = issued.issue else { continue };
            let month = months.entry(issue.issued_at.period()).or_default();
            month.sold.add(issue.amount, issue.tax);
            if issued.void.is_some() {
                month.sold_void.add(issue.amount, issue.tax);
            } else if issue.invoice_kind == InvoiceKind::FarmPurchase && issue.buyer_id == Some(self.id) {
                let red = is_red(issue.red_of, issue.amount, issue.tax);
                trade(&mut month.vouchers, red, issue.amount, issue.tax);
            }
            if is_red(issue.red_of, issue.amount, issue.tax) {
                month.sold_red.add(issue.amount, issue.tax);
            }
            month.sold_zero += u32::from(issue.amount == Fen::ZERO);
            if issue.invoice_kind != suyuan::model::InvoiceKind::FarmPurchase {
                month.drawn += issued.vector.total() - issued.short;
            }
        }
        for held in self.held.values() {
            for claim in &held.claims {
                let month = months.entry(claim.period).or_default();
                match claim.kind {
                    ClaimKind::Deduct(Purpose::NotDeductible) => {}
                    ClaimKind::Deduct(_) => month.deducted.add(Fen::ZERO, claim.tax),
                    ClaimKind::Reverse(_) => month.reversed.add(Fen::ZERO, claim.tax),
                }
            }
            for claim in standing(held.claims.clone()) {
                if claim.kind == ClaimKind::Deduct(Purpose::ExportRefund) {
                    months.entry(claim.period).or_default().refunds += claim.tax;
                }
            }
            for (period, tax) in Voucher::of(held).deducted {
                months.entry(period).or_default().special_deducted += tax;
            }
            let Some(arrived) = held.arrived else { continue };
            let month = months.entry(arrived.issued_at.period()).or_default();
            month.bought.add(arrived.amount, arrived.tax);
            if held.voided_at.is_some() {
                month.bought_void.add(arrived.amount, arrived.tax);
            }
            if is_red(arrived.red_of, arrived.amount, arrived.tax) {
                month.bought_red.add(arrived.amount, arrived.tax);
            }
            month.arrived += in_books(held);
        }
        months
    }

    /// Counterparties of each month, and those first met in it.
    fn check_met(&self) -> Result<(), String> {
        let mut buyers: BTreeSet<(Period, Id)> = BTreeSet::new();
        let mut sellers: BTreeSet<(Period, Id)> = BTreeSet::new();
        let mut blue: BTreeMap<Period, (u32, Fen)> = BTreeMap::new();
        let mut first: BTreeMap<(Side, Id), Instant> = BTreeMap::new();
        let mut note = |side: Side, id: Id, at: Instant| {
            let first = first.entry((side, id)).or_insert(at);
            *first = at.min(*first);
        };
        for issued in self.issued.values() {
            let Some(issue) = issued.issue.filter(|i| !is_red(i.red_of, i.amount, i.tax)) else { continue };
            let (count, standing) = blue.entry(issue.issued_at.period()).or_default();
            *count += u32::from(issued.void.is_none());
            *standing += issued.vector.total();
            let Some(buyer) = issue.buyer_id else { continue };
            note(Side::Sold, buyer, issue.issued_at);
            if issued.void.is_none() {
                buyers.insert((issue.issued_at.period(), buyer));
            }
        }
        for ((_, seller), held) in &self.held {
            if let Some(arrived) = held.arrived.filter(|a| !is_red(a.red_of, a.amount, a.tax)) {
                note(Side::Bought, *seller, arrived.issued_at);
                if held.voided_at.is_none() {
                    sellers.insert((arrived.issued_at.period(), *seller));
                }
            }
        }
        for (period, month) in &self.months {
            let counted = buyers.iter().filter(|(of, _)| of == period).count();
            same(&format!("buyers of {period}"), month.buyers as usize, counted)?;
            let counted = sellers.iter().filter(|(of, _)| of == period).count();
            same(&format!("sellers of {period}"), month.sellers as usize, counted)?;
            let counted = blue.get(period).copied().unwrap_or_default();
            same(&format!("blue of {period}"), (month.sold_blue, month.sold_standing), counted)?;
            for (side, kept) in [(Side::Sold, month.new_buyers), (Side::Bought, month.new_sellers)] {
                let met = first.iter().filter(|((of, _), at)| *of == side && at.period() == *period).count();
                same(&format!("first met on the side {side:?} in {period}"), kept as usize, met)?;
            }
        }
        Ok(())
    }

    fn check_months(&self, profile: &Profile) -> Result<(), String> {
        self.check_met()?;
        let counted = self.counted_months();
        let nothing = Month::default();
        let mut originated = Fen::ZERO;
        for (period, month) in &self.months {
            let parts = counted.get(period).unwrap_or(&nothing);
            let sums = |m: &Month| [m.sold, m.sold_void, m.sold_red, m.bought, m.bought_void, m.bought_red, m.deducted];
            same(&format!("{period}"), sums(month), sums(parts))?;
            same(&format!("{period} reversed"), month.reversed, parts.reversed)?;
            same(&format!("{period} vouchers"), month.vouchers, parts.vouchers)?;
            same(&format!("{period} refunds"), month.refunds, parts.refunds)?;
            same(&format!("{period} zero"), month.sold_zero, parts.sold_zero)?;
            same(&format!("{period} special"), month.special_deducted, parts.special_deducted)?;
            same(&format!("{period} arrived"), month.arrived, parts.arrived)?;
            same(&format!("{period} drawn"), month.drawn, parts.drawn)?;
            let opening = month.opening.0;
            let days = [month.arrived_days, month.drawn_days, month.returned_own.0, month.originated.0, opening];
            not_negative(&format!("{period}"), &days)?;
            originated += month.originated;
        }
        if !counted.iter().all(|(period, parts)| *parts == nothing || self.months.contains_key(period)) {
            return Err("a month is missing".into());
        }
        same("claimed", profile.claimed, counted.values().map(Month::claimed).sum())?;
        let ledger = &profile.ledger;
        let standing: Fen = self.issued.values().map(|issued| issued.vector.total()).sum();
        same("passed on", ledger.passed_on, standing.0)?;
        let arrived: Fen = self.held.values().map(|held| in_books(held)).sum();
        same("arrived and not given up", ledger.arrived - ledger.withdrawn, arrived.0)?;
        let vouchers = self.issued.iter().filter(|(no, issued)| self.is_voucher(**no, issued));
        let vouchers: Fen = vouchers.map(|(_, issued)| issued.short).sum();
        let opening: Fen = self.months.values().map(|month| month.opening).sum();
        same("opening", ledger.opening, (opening + vouchers).0)?;
        same("originated", ledger.originated - ledger.opening, originated.0)
    }

    /// Issued by its buyer for a farmer who cannot.
    fn is_voucher(&self, no: InvoiceNo, issued: &Issued) -> bool {
        let of = issued.issue.filter(|issue| issue.invoice_kind == InvoiceKind::FarmPurchase);
        of.and_then(|issue| issue.buyer_id).is_some_and(|buyer| self.held.contains_key(&(no, buyer)))
    }

    fn check_passed(&self) -> Result<(), String> {
        let mut counted: BTreeMap<(Ordinal, Id), (Fen, Fen)> = BTreeMap::new();
        for issued in self.issued.values() {
            let Some(buyer) = issued.issue.and_then(|issue| issue.deducting_buyer()) else { continue };
            for slice in issued.vector.slices() {
                counted.entry((slice.origin, buyer)).or_default().0 += Fen(slice.tax);
            }
            for slice in issued.settled.slices() {
                counted.entry((slice.origin, buyer)).or_default().1 += Fen(slice.tax);
            }
            counted.entry((Ordinal::OWN, buyer)).or_default().0 -= issued.settled.total();
        }
        for ((origin, buyer), passed) in &self.passed {
            let counted = counted.get(&(*origin, *buyer)).copied().unwrap_or_default();
            same(&format!("of {origin:?} to {buyer}"), (passed.direct, passed.settled), counted)?;
        }
        let settled: BTreeSet<(Ordinal, InvoiceNo)> = self
            .issued
            .iter()
            .flat_map(|(no, issued)| issued.settled.slices().iter().map(|slice| (slice.origin, *no)))
            .collect();
        same("settled sales", &self.settled, &settled)?;
        let missing = counted.iter().find(|(key, sums)| **sums != Default::default() && !self.passed.contains_key(key));
        missing.map_or(Ok(()), |missing| Err(format!("not noted as passed: {missing:?}")))
    }

    fn check_origins(&self) -> Result<(), String> {
        for (id, origin) in &self.origins {
            let (mut taken, mut deducted) = (Fen::ZERO, Fen::ZERO);
            for held in self.held.values() {
                if !held.entered {
                    continue;
                }
                let (total, part) = (held.vector.total(), held.vector.of(origin.ordinal));
                taken += part;
                let claimed = (standing_tax(&held.claims) + held.lent.unwrap_or_default()).min(total);
                deducted += if total > Fen::ZERO { part.share(claimed, total) } else { Fen::ZERO };
            }
            same(&format!("taken of {id}"), origin.taken, taken)?;
            same(&format!("deducted of {id}"), origin.deducted, deducted)?;
        }
        Ok(())
    }
}

impl Books<'_> {
    /// Value of accused origins, under all their names.
    fn check_accusations(&self) -> Result<(), String> {
        same("names of accused origins", &self.names, &self.visits.keys().copied().collect())?;
        let mut counted: BTreeMap<Id, (u32, Fen, Fen)> = BTreeMap::new();
        for ((origin, named), visit) in &self.visits {
            let row = self.origins.get(named).ok_or("a name without value")?;
            if *origin == self.id {
                continue; // what came back to the source in others' names
            }
            let taken = if named == origin { row.taken } else { visit.parts.total().min(row.taken) };
            let sums = counted.entry(*origin).or_default();
            sums.0 += 1;
            sums.1 += taken;
            sums.2 += row.deducted.share(taken, row.taken);
        }
        let kept = self.tainted.iter().map(|(id, total)| (*id, (total.names, total.taken, total.deducted)));
        same("value of accused origins", kept.collect(), counted)
    }
}

fn not_negative_blend(what: &str, blend: &Blend) -> Result<(), String> {
    let mut amounts: Vec<i64> = blend.slices().iter().map(|slice| slice.tax).collect();
    amounts.push(blend.remainder().0);
    not_negative(what, &amounts)
}
