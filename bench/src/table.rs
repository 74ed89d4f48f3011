//! The table of figures: what was measured, what the machine allows, what is the goal.

use std::fmt::Write;

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    PerSecond,
    Milliseconds,
    Megabytes,
    Kilobytes,
    Bytes,
    Count,
}

#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// At least so much of the limit in the same run.
    RatioAtLeast(f64),
    /// Only for the reader.
    None,
}

pub(crate) struct Figure {
    name: String,
    unit: Unit,
    measured: f64,
    limit: Option<(f64, &'static str)>,
    goal: Goal,
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, unit: Unit, measured: f64, goal: Goal) -> Self {
        Self {
            name: name.into(),
            unit,
            measured,
            limit: None,
            goal,
        }
    }

    /// Sets beside it what was measured in the same run for `what`.
    pub(crate) fn beside(mut self, limit: f64, what: &'static str) -> Self {
        self.limit = Some((limit, what));
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.limit
            .filter(|(limit, _)| *limit > 0.0)
            .map(|(limit, _)| self.measured / limit)
    }

    fn is_reached(&self) -> Option<bool> {
        match self.goal {
            Goal::AtLeast(goal) => Some(self.measured >= goal),
            Goal::AtMost(goal) => Some(self.measured <= goal),
            Goal::RatioAtLeast(goal) => Some(self.ratio().is_some_and(|ratio| ratio >= goal)),
            Goal::None => None,
        }
    }

    fn cells(&self) -> [String; 6] {
        let limit = self
            .limit
            .map(|(limit, what)| format!("{} {what}", self.unit.format(limit)));
        let goal = match self.goal {
            Goal::AtLeast(goal) => format!(">= {}", self.unit.format(goal)),
            Goal::AtMost(goal) => format!("<= {}", self.unit.format(goal)),
            Goal::RatioAtLeast(goal) => format!(">= {goal:.2} x"),
            Goal::None => String::new(),
        };
        let ok = self
            .is_reached()
            .map(|reached| if reached { "yes" } else { "NO" });
        [
            self.name.clone(),
            self.unit.format(self.measured),
            limit.unwrap_or_default(),
            self.ratio()
                .map(|ratio| format!("{ratio:.2}"))
                .unwrap_or_default(),
            goal,
            ok.unwrap_or_default().to_owned(),
        ]
    }
}

impl Unit {
    fn format(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Milliseconds if value < 1.0 => format!("{value:.3} ms"),
            Self::Milliseconds => format!("{value:.1} ms"),
            Self::Megabytes => format!("{value:.1} MB"),
            Self::Kilobytes => format!("{value:.1} KB"),
            Self::Bytes => format!("{value:.1} B"),
            Self::Count => format!("{value:.0}"),
        }
    }
}

/// A Markdown table in lines of equal width, with a last line that counts the missed goals.
pub(crate) fn render(figures: &[Figure]) -> String {
    let head = ["figure", "measured", "limit in this run", "ratio", "goal", "ok"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head)
        .chain(figures.iter().map(Figure::cells))
        .map(Vec::from)
        .collect();
    // Names, goals and verdicts read from the left, numbers from the right.
    let mut text = aligned(&rows, |column| matches!(column, 0 | 4 | 5));
    let missed = figures
        .iter()
        .filter(|figure| figure.is_reached() == Some(false))
        .count();
    text.push('\n');
    push_line(
        &mut text,
        &if missed == 0 {
            "every goal is reached".into()
        } else {
            format!("goals missed: {missed}")
        },
    );
    text
}

/// A Markdown table in lines of equal width. The first row is the head; all have as many cells.
pub(crate) fn aligned(rows: &[Vec<String>], reads_from_the_left: fn(usize) -> bool) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| {
                if reads_from_the_left(column) {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
        let cells: Vec<_> = cells.collect();
        push_line(&mut text, &format!("| {} |", cells.join(" | ")));
        if number == 0 {
            let rules: Vec<_> = widths.iter().map(|&width| "-".repeat(width)).collect();
            push_line(&mut text, &format!("|-{}-|", rules.join("-|-")));
        }
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes any text");
}

/// The middle value; of two middle values the lower one.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get(sorted.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_judged_by_value_or_by_ratio_and_columns_are_aligned() {
        let figures = [
            Figure::new("reports", Unit::PerSecond, 9_000.0, Goal::RatioAtLeast(0.7))
                .beside(12_000.0, "raw SQLite"),
            Figure::new("p99", Unit::Milliseconds, 31.26, Goal::AtMost(25.0)),
            Figure::new("note", Unit::Milliseconds, 0.0123, Goal::None),
        ];

        let text = render(&figures);

        let expected = "\
| figure  | measured |  limit in this run | ratio | goal       | ok  |
|---------|----------|--------------------|-------|------------|-----|
| reports |   9000/s | 12000/s raw SQLite |  0.75 | >= 0.70 x  | yes |
| p99     |  31.3 ms |                    |       | <= 25.0 ms | NO  |
| note    | 0.012 ms |                    |       |            |     |

goals missed: 1
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_ratio_without_its_limit_is_missed() {
        let figure = Figure::new("reports", Unit::PerSecond, 9_000.0, Goal::RatioAtLeast(0.7));

        assert_eq!(figure.is_reached(), Some(false));
    }

    #[test]
    fn the_median_is_a_measured_value() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([5.0]), 5.0);
        assert_eq!(median([4.0, 1.0]), 1.0);
    }
}
