//! Writes invoices: lines whose amounts add up, tax rounded line by line, and the red letter that mirrors them. An
//! invoice's lines follow from the seed and its own number, so a red letter months later needs no memory of them.

use crate::model::{BasisPoints, Fen, GoodsCode, Invoice, InvoiceKind, InvoiceNo, Line, Quantity};

use super::agenda::{Nature, Sheet};
use super::chance::Chance;
use super::firm::{Firm, NOBODY, index};
use super::goods::GOODS;
use super::identity;

/// One unit, in millionths.
const UNIT: i128 = 1_000_000;

/// Draws that belong to one invoice alone.
pub(super) fn chance_of(seed: u64, sheet: &Sheet) -> Chance {
    Chance::new(seed ^ 0x6c69_6e65, u64::from(sheet.invoice.seller) << 32 | u64::from(sheet.invoice.serial))
}

/// The tax on an amount, rounded half away from zero.
pub(super) fn tax_on(amount: i64, rate_bp: i32) -> i64 {
    let scaled = i128::from(amount) * i128::from(rate_bp);
    i64::try_from((scaled + 5_000 * scaled.signum()) / 10_000).expect("an amount within the cap")
}

/// The invoice on a sheet.
pub(super) fn blue(seed: u64, firms: &[Firm], sheet: &Sheet) -> Invoice {
    let seller = &firms[index(sheet.invoice.seller)];
    let no = sheet.invoice.number(seller.region_code());
    written(seed, firms, sheet, no, None, lines(seed, seller, sheet))
}

/// The red letter numbered `no` that offsets so many thousandths of the invoice on a sheet.
pub(super) fn red(seed: u64, firms: &[Firm], sheet: &Sheet, no: InvoiceNo, thousandths: u16) -> Invoice {
    let seller = &firms[index(sheet.invoice.seller)];
    let mut lines = lines(seed, seller, sheet);
    for line in &mut lines {
        let part = |whole: i64| whole / 1_000 * i64::from(thousandths) + whole % 1_000 * i64::from(thousandths) / 1_000;
        line.amount = Fen(-part(line.amount.0));
        line.tax = if thousandths == 1_000 { -line.tax } else { Fen(tax_on(line.amount.0, line.rate.0)) };
        line.quantity = line.quantity.map(|quantity| Quantity(-part(quantity.0)));
    }
    let of = sheet.invoice.number(seller.region_code());
    written(seed, firms, sheet, no, Some(of), lines)
}

fn written(
    seed: u64,
    firms: &[Firm],
    sheet: &Sheet,
    invoice_no: InvoiceNo,
    red_of: Option<InvoiceNo>,
    lines: Vec<Line>,
) -> Invoice {
    let seller = &firms[index(sheet.invoice.seller)];
    Invoice {
        invoice_no,
        invoice_kind: sheet.kind,
        seller_id: seller.id,
        buyer_id: (sheet.buyer != NOBODY).then(|| firms[index(sheet.buyer)].id),
        amount: lines.iter().map(|line| line.amount).sum(),
        tax: lines.iter().map(|line| line.tax).sum(),
        lines,
        device: seller.device(seed),
        issuer_person_id: Some(identity::person_id(seed, seller.people[2])),
        red_of,
        remark: None,
    }
}

/// One to three lines, of goods with one rate, that add up to the amount.
fn lines(seed: u64, seller: &Firm, sheet: &Sheet) -> Vec<Line> {
    let mut chance = chance_of(seed, sheet);
    let farm = sheet.kind == InvoiceKind::FarmPurchase;
    let rate_bp = match sheet.nature {
        Nature::Export | Nature::FeignedExport => 0,
        Nature::Real | Nature::Feigned if farm => GOODS[sheet.good].rate_bp,
        Nature::Real | Nature::Feigned => seller.rate_bp(sheet.good),
    };
    let sells = seller.line_of_business().sells;
    let count = if sheet.mixed { 1 + chance.weighted([60, 25, 15].into_iter()) } else { 1 };
    let mut left = sheet.amount;
    let mut lines = Vec::with_capacity(count);
    for number in 1..=count {
        let other = sells[chance.place(sells.len())];
        let fits = number > 1 && (rate_bp == 0 || seller.rate_bp(other) == rate_bp);
        let good = &GOODS[if fits { other } else { sheet.good }];
        let amount = if number == count { left } else { left / 100 * chance.between(30, 70) };
        left -= amount;
        let price = good.price_fen * chance.between(90, 110) / 100 * i64::from(sheet.price_percent) / 100;
        let quantity = i128::from(amount) * UNIT / i128::from(price.max(1));
        lines.push(Line {
            goods_code: GoodsCode(good.code),
            goods_name: good.name.into(),
            spec: None,
            unit: Some(good.unit.into()),
            quantity: i64::try_from(quantity).ok().map(Quantity),
            amount: Fen(amount),
            rate: BasisPoints(rate_bp),
            tax: Fen(tax_on(amount, rate_bp)),
        });
    }
    lines
}
