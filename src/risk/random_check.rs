//! A firm that the reproducible random sample has drawn.

use super::{Finding, Matter, Parameter, Sentence, Subject, Typology, Unit, View, When};
use crate::model::{About, Fen, Period};
use crate::state::Stratum;

/// See `doc`.
pub(super) static TYPOLOGY: Typology = Typology {
    code: "random_check",
    name_zh: "随机抽查",
    since: "0.1.0",
    subject: Subject::Period,
    also: None,
    matter: Matter::Chance,
    doc: "The firm was drawn by the random sample of a month, and not by any rule or model: the third layer, for what the \
          others do not see, and a measure of what they miss. When a month has passed, a firm that has no open finding is \
          put into its stratum (first two digits of its industry and of its region, and its scale by the sales of twelve \
          months) and is drawn where its draw is below the stratum's rate. To draw it again by hand: `printf \
          'sample\\000SEED\\000TAXPAYER\\0002026-03' | b3sum`, of which the first 16 hexadecimal digits, read as a number, times \
          a million, over 16 to the 16th, rounded down, are the draw. Seed, strata and rates are [sample] of the rule set, \
          which is a record of the journal that stands before the months drawn from; draw, rate and stratum are the \
          finding's evidence. A rule set without [sample] draws nobody. Its score is low, for a draw is no doubt.",
    parameters: &[Parameter::new("score", Unit::Score, "Score of the finding, 0 to 1000.")],
    months_back: 0,
    months_ahead: 0,
    told_by: &[],
    accuses_source: false,
    when: When::MonthPassed,
    check,
};

fn check(view: &mut View<'_, '_>, about: &About) -> Option<Finding> {
    let [score] = view.parameters(&TYPOLOGY)?;
    let About::Period(period) = *about else { return None };
    let stratum = view.read_month(period, |month| month.stratum)?;
    let (taxpayer, sample) = (view.taxpayer(), view.sample()?);
    let (rate, draw) = (sample.rate_ppm(stratum), sample.draw_ppm(taxpayer, period));
    if draw >= rate {
        return None;
    }
    let seed = &sample.seed;
    let Stratum { industry, region, scale } = stratum;
    let window = format!("industry {industry:02}, region {region:02}, scale {scale}, {period}");
    Some(Finding::new(score, Fen::ZERO, sentence(period, seed, stratum, draw, rate)).number(
        "sample_draw",
        draw,
        rate - 1,
        "ppm",
        &window,
    ))
}

fn sentence(period: Period, seed: &str, stratum: Stratum, draw: i64, rate: i64) -> Sentence {
    let Stratum { industry, region, scale } = stratum;
    Sentence {
        zh: format!(
            "该户在{period}的随机抽样中被抽中（种子“{seed}”，行业{industry:02}、地区{region:02}、规模{scale}档，抽样数{draw}小于{rate}，\
             单位百万分之一）；请按常规核查一次，并如实反馈结果。"
        ),
        en: format!(
            "Drawn by the random sample of {period} (seed \"{seed}\"; industry {industry:02}, region {region:02}, scale \
             {scale}; draw {draw} below {rate} parts per million): look at it once as at any firm, and report what you find."
        ),
    }
}
