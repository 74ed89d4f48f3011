//! Draws resident memory over time as an SVG that stands alone and can be read in light and dark.

use std::fmt::Write;

use super::samples::{MEGABYTE, Sample};
use super::stack::NAMES;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 44.0;
/// Room for the names at the ends of the lines.
const RIGHT: f64 = 632.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 336.0;
const MOST_POINTS: usize = 240;
/// Up to here the axis goes: pages of the binary that another process read first are resident and not charged.
const ABOVE_LIMIT: f64 = 1.15;
const NAME_HEIGHT: f64 = 15.0;

/// Each colour has enough contrast on its background; the names say what the colours mean.
const STYLE: &str = "\
.back{fill:#fff}.text{fill:#333}.grid{stroke:#e3e3e3}.limit{stroke:#555}\
.s0{stroke:#b3261e;fill:#b3261e}.s1{stroke:#1558b0;fill:#1558b0}.s2{stroke:#2e7031;fill:#2e7031}\
.s3{stroke:#8a3ea8;fill:#8a3ea8}\
@media (prefers-color-scheme:dark){.back{fill:#16181d}.text{fill:#d6d8dc}.grid{stroke:#2c3038}\
.limit{stroke:#a5a9b0}.s0{stroke:#ff8a80;fill:#ff8a80}.s1{stroke:#82b4ff;fill:#82b4ff}\
.s2{stroke:#81d186;fill:#81d186}.s3{stroke:#d8a0ee;fill:#d8a0ee}}\
text{font:12px system-ui,sans-serif;stroke:none!important}polyline{fill:none!important;stroke-width:1.8;stroke-linejoin:round}";

/// The whole file, for a run that took so many minutes.
pub(super) fn draw(samples: &[Sample], minutes: f64, limit_mb: f64) -> String {
    let y = |megabytes: f64| y(megabytes / (limit_mb * ABOVE_LIMIT));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Resident memory of the four services over {minutes:.0} minutes, in megabytes, below the limit of {limit_mb:.0}\">\n\
         <style>{STYLE}</style>\n<rect class=\"back\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>\n"
    );
    let mut text = |x: f64, y: f64, anchor: &str, class: &str, words: &str| {
        let _ = writeln!(
            svg,
            "<text class=\"{class}\" x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\">{words}</text>"
        );
    };
    text(LEFT, 22.0, "start", "text", "Resident memory under load, MB");
    text((LEFT + RIGHT) / 2.0, BOTTOM + 34.0, "middle", "text", "minutes");
    for megabytes in (0..=limit_mb as u32).step_by(5) {
        text(
            LEFT - 8.0,
            y(f64::from(megabytes)) + 4.0,
            "end",
            "text",
            &megabytes.to_string(),
        );
    }
    for minute in ticks(minutes) {
        text(
            x(minute, minutes),
            BOTTOM + 17.0,
            "middle",
            "text",
            &format!("{minute}"),
        );
    }
    // Above its line, as the names at its end are near it.
    text(RIGHT, y(limit_mb) - 6.0, "end", "text", "limit");
    let ends = samples.last().map_or([0.0; 4], |sample| sample.resident_bytes);
    let places = spread(ends.map(|bytes| y(bytes / MEGABYTE)));
    for (number, (name, place)) in NAMES.iter().zip(places).enumerate() {
        text(RIGHT + 8.0, place + 4.0, "start", &format!("s{number}"), name);
    }

    for megabytes in (0..limit_mb as u32).step_by(5) {
        let height = y(f64::from(megabytes));
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{height:.1}\" y2=\"{height:.1}\"/>"
        );
    }
    let limit = y(limit_mb);
    let _ = writeln!(
        svg,
        "<line class=\"limit\" stroke-dasharray=\"6 4\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{limit:.1}\" y2=\"{limit:.1}\"/>"
    );
    let step = samples.len().div_ceil(MOST_POINTS).max(1);
    for number in 0..NAMES.len() {
        let _ = write!(svg, "<polyline class=\"s{number}\" points=\"");
        for few in samples.chunks(step) {
            // The most of each few: a peak must not fall between two points.
            let most = few
                .iter()
                .map(|sample| sample.resident_bytes[number])
                .fold(0.0, f64::max);
            let _ = write!(
                svg,
                "{:.1},{:.1} ",
                x(few[0].minutes, minutes),
                y(most / MEGABYTE)
            );
        }
        svg.push_str("\"/>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

fn x(minute: f64, minutes: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * (minute / minutes).clamp(0.0, 1.0)
}

/// Of a share of the axis.
fn y(share: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * share.clamp(0.0, 1.0)
}

/// Round minutes, at most seven of them.
fn ticks(minutes: f64) -> Vec<f64> {
    let steps = [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 240.0];
    let step = steps
        .into_iter()
        .find(|step| minutes / step <= 6.0)
        .unwrap_or(minutes);
    let count = (minutes / step).floor() as u32;
    (0..=count).map(|number| f64::from(number) * step).collect()
}

/// Moves names apart that would lie on each other, as little as that takes, from the lowest one up.
fn spread(places: [f64; 4]) -> [f64; 4] {
    let mut order = [0, 1, 2, 3];
    order.sort_by(|&a, &b| places[b].total_cmp(&places[a]));
    let mut moved = places;
    for pair in 1..order.len() {
        let below = moved[order[pair - 1]];
        moved[order[pair]] = moved[order[pair]].min(below - NAME_HEIGHT);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(count: u32) -> Vec<Sample> {
        (0..count)
            .map(|number| Sample {
                minutes: f64::from(number) / 12.0,
                resident_bytes: [10.0, 20.0, 12.0, if number == 7 { 30.0 } else { 11.0 }]
                    .map(|mb| mb * MEGABYTE),
                anonymous_bytes: [0.0; 4],
            })
            .collect()
    }

    #[test]
    fn half_an_hour_of_samples_is_a_small_file_with_a_line_and_a_name_for_each_service() {
        let svg = draw(&samples(361), 30.0, 30.0);

        assert!(svg.len() < 40_000, "{} bytes", svg.len());
        assert_eq!(svg.matches("<polyline").count(), 4);
        assert!(NAMES.iter().all(|name| svg.contains(&format!(">{name}</text>"))));
        assert!(
            svg.contains(&format!(",{:.1} ", y(1.0 / ABOVE_LIMIT))),
            "a peak of one sample is drawn"
        );
    }

    #[test]
    fn names_never_lie_on_each_other() {
        let mut places = spread([100.0, 101.0, 99.0, 40.0]);

        places.sort_by(f64::total_cmp);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= NAME_HEIGHT));
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(30.0), [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0]);
        assert_eq!(ticks(2.0), [0.0, 0.5, 1.0, 1.5, 2.0]);
    }
}
