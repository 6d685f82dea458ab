//! The script's language: one event a line, as short as can be.
//!
//! ```text
//! at 2026-03-02T09:00            # the next event's time, or 2026-03-02T09:00:07.250+08:00; each after it is a minute later
//! wait 40                        # days
//! register A on=2026-01-05 rep=P1 kind=small_scale
//! register A rep=P1/13800138000 fin=P2 handler=P3,P4 collector=P5 at=科技路1号305室 grade=D  # people with their phones
//! change A rep=P2                | status A missing        | quota A 100000.00 25
//! issue 101 A B 9000.00 tax=1170.00 kind=ordinary goods=1090511000000000000 red=100
//! issue 102 A - 50.00            # to nobody in particular
//! issue 103 A B 50.00 mac=00:1a:2b:3c:4d:5e ip=113.87.1.2
//! void 101 A                     | receive 101 B from=A    | mark 101 A   | lift 101 A
//! deduct 101 B 2026-03 from=A tax=1170.00 purpose=export_refund
//! reverse 101 B 2026-03 from=A tax=1170.00 reason=error
//! declare A 2026-03 sales=9000.00 output=1170.00 input=800.00 out=10.00 payable=380.00
//! observe A 2026-03 electricity/consumption 12000 unit=kWh
//! ```
//! What a return does not name is zero. Tax is 13 % unless given; a deduction takes the tax of the invoice of that number. Invoice numbers become
//! `legacy:101`.

use std::collections::BTreeMap;

use crate::codec;
use crate::model::{
    BasisPoints, CreditGrade, DAY_MS, Date, DeductionReversed, Device, Event, Fact, Fen, GoodsCode, Id, Instant,
    Invoice, InvoiceDeducted, InvoiceKind, InvoiceMark, InvoiceNo, InvoiceQuotaGranted, InvoiceReceived, InvoiceVoided,
    Line, ObservationSource, Observed, Period, Person, Purpose, Role, SECOND_MS, Status, TaxpayerChanged, TaxpayerKind,
    TaxpayerRegistered, TaxpayerStatusChanged, VatDeclared,
};

/// A line that says nothing a script can say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("script line {line}: {reason}")]
pub struct ScriptError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Reads a script.
pub fn parse(script: &str) -> Result<Vec<Event>, ScriptError> {
    let mut reader =
        Reader { at: Instant::parse("2026-03-02T09:00:00+08:00").expect("a valid instant"), taxes: BTreeMap::new() };
    let mut events = Vec::new();
    for (index, line) in script.lines().enumerate() {
        let text = line.split('#').next().unwrap_or_default();
        for command in text.split('|') {
            let event = reader.command(command).map_err(|reason| ScriptError { line: index + 1, reason })?;
            events.extend(event);
        }
    }
    Ok(events)
}

struct Reader {
    at: Instant,
    taxes: BTreeMap<InvoiceNo, Fen>,
}

/// A command's words, and its `name=value` options.
struct Words<'a> {
    words: Vec<&'a str>,
    options: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    fn word(&self, at: usize, what: &str) -> Result<&'a str, String> {
        self.words.get(at).copied().ok_or_else(|| format!("`{}` wants {what}", self.words[0]))
    }

    fn option(&self, name: &str) -> Option<&'a str> {
        self.options.get(name).copied()
    }
}

impl Reader {
    fn command(&mut self, text: &str) -> Result<Option<Event>, String> {
        let (options, words): (Vec<_>, Vec<_>) = text.split_whitespace().partition(|word| word.contains('='));
        let options = options.into_iter().filter_map(|option| option.split_once('=')).collect();
        let words = Words { words, options };
        let Some(verb) = words.words.first() else { return Ok(None) };
        let fact = match *verb {
            "at" => {
                self.at = moment(words.word(1, "a time")?)?;
                return Ok(None);
            }
            "wait" => {
                let days: i64 = words.word(1, "days")?.parse().map_err(|_| "days are a number")?;
                self.at = Instant(self.at.0 + days * DAY_MS);
                return Ok(None);
            }
            "register" => self.register(&words)?,
            "change" => Fact::TaxpayerChanged(Box::new(change(&words)?)),
            "status" => Fact::TaxpayerStatusChanged(status(&words)?),
            "quota" => Fact::InvoiceQuotaGranted(InvoiceQuotaGranted {
                taxpayer_id: id(words.word(1, "a taxpayer")?)?,
                invoice_kind: InvoiceKind::Special,
                max_amount: money(words.word(2, "an amount")?)?,
                monthly_count: words.word(3, "a count")?.parse().map_err(|_| "a count is a number")?,
            }),
            "issue" => self.issue(&words)?,
            "void" => Fact::InvoiceVoided(InvoiceVoided {
                invoice_no: number(words.word(1, "a number")?)?,
                seller_id: id(words.word(2, "a seller")?)?,
            }),
            "receive" => Fact::InvoiceReceived(InvoiceReceived {
                invoice_no: number(words.word(1, "a number")?)?,
                buyer_id: id(words.word(2, "a buyer")?)?,
                seller_id: words.option("from").map(id).transpose()?,
            }),
            "deduct" => self.deduct(&words)?,
            "reverse" => self.reverse(&words)?,
            "declare" => Fact::VatDeclared(declare(&words)?),
            "observe" => Fact::Observed(observe(&words)?),
            "mark" => Fact::InvoiceMarkedAbnormal(mark(&words)?),
            "lift" => Fact::InvoiceMarkLifted(mark(&words)?),
            other => return Err(format!("`{other}` is no command of a script")),
        };
        let occurred_at = self.at;
        self.at = Instant(self.at.0 + 60 * SECOND_MS);
        let fingerprint = codec::fingerprint(occurred_at, &fact);
        Ok(Some(Event { occurred_at, event_id: None, source_system: None, fingerprint, fact }))
    }

    fn register(&self, words: &Words<'_>) -> Result<Fact, String> {
        let on = words.option("on").map(|text| Date::parse(text).ok_or("a date is YYYY-MM-DD")).transpose()?;
        Ok(Fact::TaxpayerRegistered(Box::new(TaxpayerRegistered {
            taxpayer_id: id(words.word(1, "a taxpayer")?)?,
            name: words.words[1].into(),
            registered_on: on.unwrap_or_else(|| self.at.date()),
            industry: words.option("industry").unwrap_or("5179").into(),
            region: words.option("region").unwrap_or("440305").into(),
            street: None,
            address: words.option("at").unwrap_or_default().into(),
            capital: Fen(100_000_000),
            kind: kind(words)?.unwrap_or(TaxpayerKind::General),
            credit_grade: grade(words)?,
            people: people(words),
        })))
    }

    fn issue(&mut self, words: &Words<'_>) -> Result<Fact, String> {
        let invoice_no = number(words.word(1, "a number")?)?;
        let amount = money(words.word(4, "an amount")?)?;
        let tax = match words.option("tax") {
            Some(text) => money(text)?,
            None => Fen(amount.0 * 13 / 100),
        };
        self.taxes.insert(invoice_no, tax);
        let buyer = words.word(3, "a buyer, or -")?;
        let goods = words.option("goods").map(|code| code.parse().map(GoodsCode).map_err(|_| "goods are 19 digits"));
        let lines = goods.transpose()?.map(|goods_code| Line {
            goods_code,
            goods_name: "".into(),
            spec: None,
            unit: None,
            quantity: None,
            amount,
            rate: BasisPoints(1_300),
            tax,
        });
        Ok(Fact::InvoiceIssued(Box::new(Invoice {
            invoice_no,
            invoice_kind: invoice_kind(words.option("kind").unwrap_or("special"))?,
            seller_id: id(words.word(2, "a seller")?)?,
            buyer_id: if buyer == "-" { None } else { Some(id(buyer)?) },
            lines: lines.into_iter().collect(),
            amount,
            tax,
            device: device(words),
            issuer_person_id: None,
            red_of: words.option("red").map(number).transpose()?,
            remark: None,
        })))
    }

    fn tax(&self, words: &Words<'_>, no: InvoiceNo) -> Result<Fen, String> {
        match words.option("tax") {
            Some(text) => money(text),
            None => self.taxes.get(&no).copied().ok_or_else(|| format!("{no} was not issued above: say tax=")),
        }
    }

    fn deduct(&self, words: &Words<'_>) -> Result<Fact, String> {
        let invoice_no = number(words.word(1, "a number")?)?;
        let purpose = match words.option("purpose").unwrap_or("deduct") {
            "deduct" => Purpose::Deduct,
            "export_refund" => Purpose::ExportRefund,
            "not_deductible" => Purpose::NotDeductible,
            other => return Err(format!("`{other}` is no purpose")),
        };
        Ok(Fact::InvoiceDeducted(InvoiceDeducted {
            invoice_no,
            buyer_id: id(words.word(2, "a buyer")?)?,
            seller_id: words.option("from").map(id).transpose()?,
            period: period(words.word(3, "a period")?)?,
            tax: self.tax(words, invoice_no)?,
            purpose,
        }))
    }

    fn reverse(&self, words: &Words<'_>) -> Result<Fact, String> {
        let invoice_no = number(words.word(1, "a number")?)?;
        Ok(Fact::DeductionReversed(DeductionReversed {
            invoice_no,
            buyer_id: id(words.word(2, "a buyer")?)?,
            seller_id: words.option("from").map(id).transpose()?,
            period: period(words.word(3, "a period")?)?,
            tax: self.tax(words, invoice_no)?,
            reason: words.option("reason").unwrap_or("error").into(),
        }))
    }
}

fn change(words: &Words<'_>) -> Result<TaxpayerChanged, String> {
    Ok(TaxpayerChanged {
        taxpayer_id: id(words.word(1, "a taxpayer")?)?,
        name: None,
        industry: words.option("industry").map(Into::into),
        region: words.option("region").map(Into::into),
        street: None,
        address: words.option("at").map(Into::into),
        capital: None,
        kind: kind(words)?,
        credit_grade: grade(words)?,
        people: people(words),
        former_taxpayer_id: words.option("former").map(id).transpose()?,
    })
}

fn status(words: &Words<'_>) -> Result<TaxpayerStatusChanged, String> {
    let status = match words.word(2, "a status")? {
        "normal" => Status::Normal,
        "abnormal" => Status::Abnormal,
        "missing" => Status::Missing,
        "deregistered" => Status::Deregistered,
        other => return Err(format!("`{other}` is no status")),
    };
    Ok(TaxpayerStatusChanged { taxpayer_id: id(words.word(1, "a taxpayer")?)?, status, reason: None })
}

fn declare(words: &Words<'_>) -> Result<VatDeclared, String> {
    let figure = |name: &str| words.option(name).map_or(Ok(Fen::ZERO), money);
    Ok(VatDeclared {
        taxpayer_id: id(words.word(1, "a taxpayer")?)?,
        period: period(words.word(2, "a period")?)?,
        sales: figure("sales")?,
        output_tax: figure("output")?,
        input_tax: figure("input")?,
        transferred_out: figure("out")?,
        payable_tax: figure("payable")?,
    })
}

fn observe(words: &Words<'_>) -> Result<Observed, String> {
    use ObservationSource as Of;
    const SOURCES: [Of; 7] =
        [Of::Customs, Of::Electricity, Of::Logistics, Of::Payroll, Of::Bank, Of::Market, Of::Court];
    let name = words.word(3, "a source and a metric")?;
    let (source, metric) = name.split_once('/').ok_or_else(|| format!("`{name}` is no source/metric"))?;
    let source = SOURCES.into_iter().find(|known| known.code() == source);
    Ok(Observed {
        taxpayer_id: id(words.word(1, "a taxpayer")?)?,
        source: source.ok_or_else(|| format!("`{name}` names no source"))?,
        metric: metric.into(),
        period: period(words.word(2, "a period")?)?,
        value: words.word(4, "a figure")?.parse().map_err(|_| "a figure is a whole number")?,
        unit: words.option("unit").unwrap_or_default().into(),
    })
}

fn mark(words: &Words<'_>) -> Result<InvoiceMark, String> {
    Ok(InvoiceMark {
        invoice_no: number(words.word(1, "a number")?)?,
        seller_id: id(words.word(2, "a seller")?)?,
        reason: words.option("reason").unwrap_or("missing").into(),
    })
}

fn kind(words: &Words<'_>) -> Result<Option<TaxpayerKind>, String> {
    match words.option("kind") {
        None => Ok(None),
        Some("general") => Ok(Some(TaxpayerKind::General)),
        Some("small_scale") => Ok(Some(TaxpayerKind::SmallScale)),
        Some(other) => Err(format!("`{other}` is no kind of taxpayer")),
    }
}

fn invoice_kind(text: &str) -> Result<InvoiceKind, String> {
    Ok(match text {
        "special" => InvoiceKind::Special,
        "ordinary" => InvoiceKind::Ordinary,
        "farm_purchase" => InvoiceKind::FarmPurchase,
        "toll" => InvoiceKind::Toll,
        "vehicle" => InvoiceKind::Vehicle,
        "transport" => InvoiceKind::Transport,
        "other" => InvoiceKind::Other,
        other => return Err(format!("`{other}` is no kind of invoice")),
    })
}

/// Each role's people, parted by commas; a phone stands behind a stroke.
fn people(words: &Words<'_>) -> Vec<Person> {
    let roles = [
        ("rep", Role::LegalRepresentative),
        ("fin", Role::FinanceOfficer),
        ("handler", Role::TaxHandler),
        ("collector", Role::InvoiceCollector),
    ];
    let in_role = |(name, role): (&str, Role)| {
        let named = words.option(name).map(|all| all.split(',')).into_iter().flatten();
        let person = |who: &str| {
            let (person_id, phone) = who.split_once('/').map_or((who, None), |(who, phone)| (who, Some(phone)));
            Person { role, person_id: person_id.into(), phone: phone.map(Into::into) }
        };
        named.map(person).collect::<Vec<_>>()
    };
    roles.into_iter().flat_map(in_role).collect()
}

fn grade(words: &Words<'_>) -> Result<Option<CreditGrade>, String> {
    Ok(match words.option("grade") {
        None => None,
        Some("A") => Some(CreditGrade::A),
        Some("B") => Some(CreditGrade::B),
        Some("M") => Some(CreditGrade::M),
        Some("C") => Some(CreditGrade::C),
        Some("D") => Some(CreditGrade::D),
        Some(other) => return Err(format!("`{other}` is no credit grade")),
    })
}

fn device(words: &Words<'_>) -> Option<Device> {
    let (ip, mac) = (words.option("ip").map(Into::into), words.option("mac").map(Into::into));
    (ip.is_some() || mac.is_some()).then_some(Device { ip, mac })
}

fn id(text: &str) -> Result<Id, String> {
    Id::parse(text).map_err(|error| format!("`{text}` {error}"))
}

fn number(text: &str) -> Result<InvoiceNo, String> {
    InvoiceNo::parse(text)
        .or_else(|_| InvoiceNo::parse(&format!("legacy:{text}")))
        .map_err(|error| format!("`{text}` {error}"))
}

fn period(text: &str) -> Result<Period, String> {
    Period::parse(text).ok_or_else(|| format!("`{text}` is no period"))
}

/// Yuan with two decimals, or none.
fn money(text: &str) -> Result<Fen, String> {
    let (yuan, fen) = text.split_once('.').unwrap_or((text, "00"));
    let digits = format!("{yuan}{fen}");
    let value: i64 = digits.parse().map_err(|_| format!("`{text}` is no amount"))?;
    if fen.len() == 2 { Ok(Fen(value)) } else { Err(format!("`{text}` has not two decimals")) }
}

fn moment(text: &str) -> Result<Instant, String> {
    let full = if text.contains('T') { format!("{text}:00+08:00") } else { format!("{text}T09:00:00+08:00") };
    Instant::parse(&full).or_else(|| Instant::parse(text)).ok_or_else(|| format!("`{text}` is no time"))
}
