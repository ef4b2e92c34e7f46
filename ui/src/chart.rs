//! Thin charts in SVG, and the arithmetic behind them. Labels and table twins belong to who draws them.

use leptos::prelude::*;

/// Width and height of the drawing's own grid.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 48.0;
/// Bars drawn at most.
const MOST: usize = 120;

/// How values that share a bar become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    Sum,
    Highest,
}

/// At most `most` values in the same order, neighbours folded together.
pub(crate) fn folded(values: &[f64], most: usize, fold: Fold) -> Vec<f64> {
    let size = values.len().div_ceil(most.max(1)).max(1);
    let one = |part: &[f64]| match fold {
        Fold::Sum => part.iter().sum(),
        Fold::Highest => part.iter().copied().fold(0.0, f64::max),
    };
    values.chunks(size).map(one).collect()
}

/// The values as heights between 0 and 1; all 0 when there is nothing to see.
pub(crate) fn heights(values: &[f64]) -> Vec<f64> {
    let top = values.iter().copied().fold(0.0, f64::max);
    values.iter().map(|value| if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 }).collect()
}

/// The sum so far, value by value.
pub(crate) fn running(values: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |value: &f64| {
        sum += value;
        sum
    };
    values.iter().map(add).collect()
}

/// One bar a value, the first on the left.
pub(crate) fn bars(values: &[f64], fold: Fold, says: String) -> AnyView {
    let heights = heights(&folded(values, MOST, fold));
    #[expect(clippy::cast_precision_loss, reason = "at most 120 bars")]
    let slot = (WIDTH / heights.len().max(1) as f64).min(24.0);
    let mut path = String::new();
    let mut left = 0.0;
    for height in heights {
        let tall = if height > 0.0 { (height * HEIGHT).max(1.0) } else { 0.0 };
        let wide = (slot * 0.72).max(1.0);
        path.push_str(&format!("M{left:.1} {HEIGHT}v-{tall:.1}h{wide:.1}v{tall:.1}z"));
        left += slot;
    }
    drawing(path, "chart bars", says)
}

/// The line of a sum that grows, filled below.
pub(crate) fn area(values: &[f64], says: String) -> AnyView {
    let heights = heights(&folded(values, MOST, Fold::Highest));
    #[expect(clippy::cast_precision_loss, reason = "at most 120 points")]
    let slot = WIDTH / heights.len().saturating_sub(1).max(1) as f64;
    let mut path = format!("M0 {HEIGHT}");
    let mut left = 0.0;
    for height in heights {
        path.push_str(&format!("L{left:.1} {:.1}", HEIGHT - height * (HEIGHT - 2.0)));
        left += slot;
    }
    path.push_str(&format!("L{:.1} {HEIGHT}z", left - slot));
    drawing(path, "chart area", says)
}

fn drawing(path: String, class: &'static str, says: String) -> AnyView {
    view! {
        <svg class=class viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=says><path d=path/></svg>
    }
    .into_any()
}

/// How much of a whole is done: `None` when the whole is not known.
pub(crate) fn percent(done: u64, whole: u64) -> Option<u64> {
    (whole > 0).then(|| done.min(whole).saturating_mul(100) / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_bar_when_there_are_many() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(folded(&values, 120, Fold::Sum), values);
        assert_eq!(folded(&values, 3, Fold::Sum), [3.0, 7.0, 5.0]);
        assert_eq!(folded(&values, 3, Fold::Highest), [2.0, 4.0, 5.0]);
        assert_eq!(folded(&[], 3, Fold::Sum), Vec::<f64>::new());
        assert!(folded(&vec![1.0; 10_000], MOST, Fold::Sum).len() <= MOST);
    }

    #[test]
    fn heights_fill_the_chart_and_survive_nothing() {
        assert_eq!(heights(&[1.0, 4.0]), [0.25, 1.0]);
        assert_eq!(heights(&[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(running(&[1.0, 2.0, 3.0]), [1.0, 3.0, 6.0]);
    }

    #[test]
    fn a_share_of_nothing_is_unknown() {
        assert_eq!([percent(1, 4), percent(9, 4), percent(0, 0)], [Some(25), Some(100), None]);
    }
}
