//! What the rounds come to, beside the goals.

use super::Round;
use crate::table::{Figure, Goal, Unit, median};

pub(super) fn figures(rounds: &[Round], binary_bytes: u64) -> Vec<Figure> {
    let of = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value));
    let most = |value: &dyn Fn(&Round) -> f64| rounds.iter().map(value).fold(0.0, f64::max);
    let per_second = |name, measured, goal| Figure::new(name, Unit::PerSecond, measured, goal);
    let milliseconds = |name, measured, goal| Figure::new(name, Unit::Milliseconds, measured, goal);
    let megabytes = |name, measured, goal| Figure::new(name, Unit::Megabytes, measured, goal);
    let good_alone = of(&|round| round.good_alone.p99_ms);
    vec![
        per_second(
            "3 KB errors, peers healthy",
            of(&|round| round.through.per_second()),
            Goal::AtLeast(4_000.0),
        )
        .beside(of(&|round| round.tracker_alone), "tracker alone"),
        milliseconds(
            "  p99 at 64 connections",
            of(&|round| round.through.p99_ms),
            Goal::None,
        ),
        milliseconds(
            "  CPU of relay and tracker for each",
            of(&|round| round.through_cpu_ms),
            Goal::AtMost(0.25),
        ),
        per_second(
            "the same, tracker away",
            of(&|round| round.spooled.per_second()),
            Goal::RatioAtLeast(0.7),
        )
        .beside(of(&|round| round.raw_sqlite), "raw SQLite"),
        milliseconds(
            "  p99 at 64 connections",
            of(&|round| round.spooled.p99_ms),
            Goal::None,
        ),
        per_second(
            "drain of the spool",
            of(&|round| round.drained_per_second),
            Goal::RatioAtLeast(0.6),
        )
        .beside(of(&|round| round.tracker_alone), "tracker alone"),
        milliseconds(
            "  p99 of live errors meanwhile",
            of(&|round| round.live_p99_ms),
            Goal::AtMost(50.0),
        ),
        milliseconds(
            "upload of a map of 13 MB",
            of(&|round| round.upload_ms),
            Goal::AtMost(3_000.0),
        ),
        megabytes(
            "  memory grows by",
            most(&|round| round.upload_grew_mb),
            Goal::AtMost(12.0),
        ),
        megabytes(
            "  and a second later is more by",
            most(&|round| round.upload_kept_mb),
            Goal::None,
        ),
        milliseconds(
            "stack of 30 frames over 5 maps, cold",
            of(&|round| round.cold_ms),
            Goal::AtMost(30.0),
        ),
        milliseconds("  the same, warm", of(&|round| round.warm_ms), Goal::AtMost(2.0)),
        per_second(
            "preflights",
            of(&|round| round.preflights),
            Goal::RatioAtLeast(0.5),
        )
        .beside(of(&|round| round.echo), "hyper echo"),
        milliseconds(
            "p99 among 256 connections of strangers",
            of(&|round| round.good_among_strangers.p99_ms),
            Goal::AtMost(2.0 * good_alone),
        )
        .beside(good_alone, "without them"),
        megabytes(
            "resident memory, idle",
            of(&|round| round.idle.resident_mb),
            Goal::AtMost(8.0),
        ),
        megabytes(
            "resident memory, peak of all",
            most(&|round| round.loaded.peak_mb),
            Goal::AtMost(30.0),
        ),
        megabytes(
            "binary",
            binary_bytes as f64 / 1024.0 / 1024.0,
            Goal::AtMost(20.0),
        ),
    ]
}
