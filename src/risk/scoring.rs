//! How the findings about one taxpayer add up: as independent doubts do, so that two of 500 make 750, never 1000.

use super::rules::Limits;

/// 1000 × (1 − ∏(1 − score/1000)), in integers, rounded down at each step; the order of the scores is their own order.
pub fn merge(scores: impl IntoIterator<Item = u16>) -> u16 {
    let mut scores: Vec<u32> = scores.into_iter().map(|score| u32::from(score.min(1_000))).collect();
    scores.sort_unstable();
    let mut left = 1_000;
    for score in scores {
        left = (left * (1_000 - score)).div_ceil(1_000);
    }
    u16::try_from(1_000 - left).expect("at most a thousand")
}

/// The level, 1 to 5, of a score, and the response that it asks for.
pub fn response(limits: &Limits, score: u16) -> (u8, &'static str) {
    let level = 1 + limits.level_scores.iter().filter(|least| score >= **least).count();
    let response = ["guidance", "reminder", "assessment", "inspection", "audit"][level - 1];
    (u8::try_from(level).expect("five at most"), response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts_add_up_without_ever_passing_certainty() {
        assert_eq!(merge([]), 0);
        assert_eq!(merge([600]), 600);
        assert_eq!(merge([500, 500]), 750);
        assert_eq!(merge([500, 900]), merge([900, 500]));
        assert_eq!(merge(vec![900; 50]), 999);
    }
}
