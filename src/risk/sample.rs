//! The random sample: who is drawn, by a published seed. What neither rule nor model sees is seen by it, and it says how good
//! they are. Anybody can draw again from the journal: see the page of `random_check`.

use serde::Deserialize;

use super::rules::RulesError;
use crate::model::{Fen, Id, Period, TaxpayerId};
use crate::state::Stratum;

/// A share of one, in millionths.
pub const WHOLE_PPM: i64 = 1_000_000;
/// The most classes of scale, and the most strata with a rate of their own.
const CLASSES_MAX: usize = 8;
const STRATA_MAX: usize = 256;
/// The longest seed, in bytes.
const SEED_BYTES_MAX: usize = 128;

/// How a rule set samples.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Published with the rule set, before the months that it draws from.
    pub seed: String,
    /// Of firms that no other rate is for, so many are drawn each month, in millionths.
    pub rate_ppm: i64,
    /// Sales of twelve months from which on a firm is of the next scale.
    pub scales_fen: Vec<i64>,
    /// Rates of their own; the first that fits counts.
    #[serde(default)]
    pub strata: Vec<StratumRate>,
}

/// The rate of a stratum; what is not named may be anything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StratumRate {
    /// The first two digits of GB/T 4754.
    pub industry: Option<u8>,
    /// The first two digits of GB/T 2260: the province.
    pub region: Option<u8>,
    /// From 0, the smallest.
    pub scale: Option<u8>,
    /// So many are drawn each month, in millionths.
    pub rate_ppm: i64,
}

impl Sample {
    /// Checks what was read.
    pub(super) fn check(&self) -> Result<(), RulesError> {
        let refused = |name, value, expected: &str| {
            Err(RulesError::OutOfRange { place: "sample".into(), name, value, expected: expected.into() })
        };
        let size = |len: usize| i64::try_from(len).unwrap_or(i64::MAX);
        if self.seed.is_empty() || self.seed.len() > SEED_BYTES_MAX || self.seed.contains(char::is_control) {
            return refused("seed", size(self.seed.len()), "give 1 to 128 bytes of text without control characters");
        }
        let rates = self.strata.iter().map(|stratum| stratum.rate_ppm).chain([self.rate_ppm]);
        if let Some(rate) = rates.into_iter().find(|rate| !(0..=WHOLE_PPM).contains(rate)) {
            return refused("rate_ppm", rate, "give 0 to 1000000");
        }
        if self.scales_fen.len() > CLASSES_MAX || !self.scales_fen.is_sorted() {
            return refused("scales_fen", size(self.scales_fen.len()), "give at most eight amounts, rising");
        }
        if self.strata.len() > STRATA_MAX {
            return refused("strata", size(self.strata.len()), "give at most 256");
        }
        Ok(())
    }

    /// The class of a firm with such sales in twelve months.
    pub fn scale(&self, sales: Fen) -> u8 {
        let passed = self.scales_fen.iter().filter(|least| sales.0 >= **least).count();
        u8::try_from(passed).expect("classes are few")
    }

    /// Below which draw a firm of a stratum is in the sample, in millionths.
    pub fn rate_ppm(&self, stratum: Stratum) -> i64 {
        let fits = |rate: &&StratumRate| {
            rate.industry.is_none_or(|industry| industry == stratum.industry)
                && rate.region.is_none_or(|region| region == stratum.region)
                && rate.scale.is_none_or(|scale| scale == stratum.scale)
        };
        self.strata.iter().find(fits).map_or(self.rate_ppm, |rate| rate.rate_ppm)
    }

    /// The draw of a firm in a month, from 0 to 999,999.
    pub fn draw_ppm(&self, taxpayer_id: TaxpayerId, period: Period) -> i64 {
        let number = Id::derived_number("sample", &[&self.seed, taxpayer_id.as_str(), &period.to_string()]);
        let draw = (u128::from(number) * u128::from(WHOLE_PPM.unsigned_abs())) >> 64;
        i64::try_from(draw).expect("below a million")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Sample {
        toml::from_str(
            "seed = \"2026 spring\"
             rate_ppm = 2_000
             scales_fen = [500_000_000, 5_000_000_000]
             strata = [{ industry = 51, scale = 2, rate_ppm = 50_000 }, { region = 44, rate_ppm = 7_000 }]",
        )
        .unwrap()
    }

    #[test]
    fn a_draw_is_what_the_page_says_it_is() {
        let hash = blake3::hash(b"sample\x002026 spring\x0091310000MA1FL0LX06\x002026-03").to_hex();
        let number = u64::from_str_radix(&hash[..16], 16).unwrap();
        let draw = u128::from(number) * 1_000_000 / (1 << 64);
        let firm = TaxpayerId::parse("91310000MA1FL0LX06").unwrap();
        assert_eq!(u128::try_from(sample().draw_ppm(firm, Period::parse("2026-03").unwrap())).unwrap(), draw);
    }

    #[test]
    fn about_as_many_are_drawn_as_the_rate_says_and_others_each_month() {
        let sample = Sample { rate_ppm: 20_000, ..sample() };
        let drawn = |period| {
            let firm = |number: u32| TaxpayerId::parse(&format!("F{number}")).unwrap();
            (0..20_000).filter(|number| sample.draw_ppm(firm(*number), period) < sample.rate_ppm).collect::<Vec<u32>>()
        };
        let (march, april) = (drawn(Period::of(2026, 3)), drawn(Period::of(2026, 4)));
        assert!(
            (320..480).contains(&march.len()) && (320..480).contains(&april.len()),
            "{} {}",
            march.len(),
            april.len()
        );
        assert!(march.iter().filter(|firm| april.contains(firm)).count() < 40);
    }

    #[test]
    fn the_first_stratum_that_fits_counts() {
        let sample = sample();
        sample.check().unwrap();
        let rate =
            |industry, region, sales| sample.rate_ppm(Stratum { industry, region, scale: sample.scale(Fen(sales)) });
        assert_eq!(rate(51, 44, 5_000_000_000), 50_000);
        assert_eq!(rate(51, 44, 4_999_999_999), 7_000);
        assert_eq!(rate(13, 31, 0), 2_000);
    }

    #[test]
    fn a_sample_that_cannot_be_drawn_is_refused() {
        let wrong = |change: fn(&mut Sample)| {
            let mut sample = sample();
            change(&mut sample);
            sample.check().unwrap_err().to_string()
        };
        assert!(wrong(|sample| sample.seed.clear()).contains("seed"));
        assert!(wrong(|sample| sample.strata[1].rate_ppm = 1_000_001).contains("rate_ppm = 1000001"));
        assert!(wrong(|sample| sample.scales_fen.reverse()).contains("scales_fen"));
    }
}
