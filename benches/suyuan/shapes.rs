//! Worlds that differ in their graph alone: the same events, an invoice and its deduction, among firms that trade evenly,
//! around one hub that ends up accused, and as a few do with nearly everybody, round and round.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng as _, SeedableRng as _};

/// Who trades with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Everybody with everybody, by chance.
    Uniform,
    /// Half of all invoices are one new firm's, each to another buyer; in the end it stands accused before all of them.
    Hub,
    /// Seller and buyer by Zipf's law, so that the largest trade with each other in circles all the time.
    Zipf,
}

pub(crate) const SHAPES: [Shape; 3] = [Shape::Uniform, Shape::Hub, Shape::Zipf];

const FIRMS: u64 = 20_000;
/// 90,000 yuan and 13 % of it.
const AMOUNT_FEN: u64 = 9_000_000;
const TAX_FEN: u64 = 1_170_000;
/// The world's length, in seconds: half a year, so that it has quiet epochs and busy ones.
const SECONDS: u64 = 180 * 86_400;

impl Shape {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Hub => "hub",
            Self::Zipf => "zipf",
        }
    }

    /// Writes so many events, in order of time.
    pub(crate) fn write(self, folder: &Path, events: u64) -> PathBuf {
        let path = folder.join(format!("{}.jsonl.zst", self.name()));
        let encoder = zstd::Encoder::new(File::create(&path).unwrap(), 1).unwrap().auto_finish();
        let mut out = BufWriter::new(encoder);
        let mut chance = Pcg64Mcg::seed_from_u64(1);
        let invoices = events / 2;
        let mut hub_buyers = 0;
        if self == Self::Hub {
            register(&mut out, "HUB", "2026-01-01");
        }
        for number in 0..invoices {
            let (seller, buyer) = match self {
                Self::Hub if number % 2 == 0 => {
                    hub_buyers += 1;
                    ("HUB".to_owned(), format!("C{hub_buyers:09}"))
                }
                Self::Uniform | Self::Hub => (firm(chance.next_u64() % FIRMS), firm(chance.next_u64() % FIRMS)),
                Self::Zipf => (firm(zipf(&mut chance)), firm(zipf(&mut chance))),
            };
            let buyer = if seller == buyer { "OTHER".to_owned() } else { buyer };
            trade(&mut out, number, SECONDS * number / invoices, &seller, &buyer);
        }
        out.flush().unwrap();
        drop(out);
        path
    }
}

fn firm(number: u64) -> String {
    format!("F{number:09}")
}

/// A rank whose chance falls with itself.
fn zipf(chance: &mut Pcg64Mcg) -> u64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and the number of firms"
    )]
    let rank = (FIRMS as f64).powf((chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64) as u64;
    rank - 1
}

fn register(out: &mut impl Write, id: &str, day: &str) {
    writeln!(
        out,
        r#"{{"type":"taxpayer_registered","occurred_at":"{day}T00:00:00+08:00","taxpayer_id":"{id}","name":"{id}","registered_on":"{day}","industry":"5191","region":"440300","address":"-","capital_fen":100000000,"kind":"general","people":[]}}"#
    )
    .unwrap();
}

fn trade(out: &mut impl Write, number: u64, second: u64, seller: &str, buyer: &str) {
    let start = chrono::DateTime::parse_from_rfc3339("2026-01-01T00:00:00+08:00").unwrap();
    let at = start + chrono::Duration::seconds(i64::try_from(second).unwrap());
    let (month, at) = (at.format("%Y-%m"), at.to_rfc3339());
    let no = format!("26{number:018}");
    writeln!(
        out,
        r#"{{"type":"invoice_issued","occurred_at":"{at}","invoice_no":"{no}","invoice_kind":"special","seller_id":"{seller}","buyer_id":"{buyer}","lines":[{{"goods_code":"1090511000000000000","goods_name":"steel","amount_fen":{AMOUNT_FEN},"rate_bp":1300,"tax_fen":{TAX_FEN}}}],"amount_fen":{AMOUNT_FEN},"tax_fen":{TAX_FEN}}}"#
    )
    .unwrap();
    writeln!(
        out,
        r#"{{"type":"invoice_deducted","occurred_at":"{at}","invoice_no":"{no}","buyer_id":"{buyer}","seller_id":"{seller}","period":"{month}","tax_fen":{TAX_FEN},"purpose":"deduct"}}"#
    )
    .unwrap();
}
