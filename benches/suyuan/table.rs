//! The table a bench prints: one line a figure.

/// Prints a line: what, the figure, and what is asked of it.
pub(crate) fn line(what: &str, figure: &str, asked: &str) {
    println!("{what:<52}{figure:>14}   {asked}");
}

/// Prints a heading.
pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

/// A figure that may be unknown.
pub(crate) fn or_dash(figure: Option<f64>, digits: usize) -> String {
    figure.map_or("-".into(), |figure| format!("{figure:.digits$}"))
}

/// The middle of some figures, the lower one of two.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[(figures.len() - 1) / 2]
}

/// The figure that so many hundredths of all do not exceed.
pub(crate) fn percentile(mut figures: Vec<f64>, hundredths: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[(figures.len() * hundredths).div_ceil(100).max(1) - 1]
}
