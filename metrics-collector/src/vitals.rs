//! Web Vitals: their names, and what counts as good.
//!
//! The thresholds are those that web.dev publishes for each metric; a page is rated by the 75th percentile.

use serde::Serialize;

/// The share by which a page is rated.
pub(crate) const RATED_SHARE: f64 = 0.75;

/// One of the measures of how a page feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Vital {
    Lcp,
    Inp,
    Cls,
    Fcp,
    Ttfb,
    Fid,
}

/// How good a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rating {
    Good,
    NeedsImprovement,
    Poor,
}

impl Vital {
    pub(crate) const ALL: [Self; 6] = [Self::Lcp, Self::Inp, Self::Cls, Self::Fcp, Self::Ttfb, Self::Fid];

    /// The metric that carries it.
    pub(crate) fn metric(self) -> &'static str {
        match self {
            Self::Lcp => "web_vitals_lcp",
            Self::Inp => "web_vitals_inp",
            Self::Cls => "web_vitals_cls",
            Self::Fcp => "web_vitals_fcp",
            Self::Ttfb => "web_vitals_ttfb",
            Self::Fid => "web_vitals_fid",
        }
    }

    pub(crate) fn of_metric(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vital| vital.metric() == name)
    }

    /// Up to the first it is good, above the second it is poor. Milliseconds, but for CLS, which has no unit.
    fn thresholds(self) -> (f64, f64) {
        match self {
            Self::Lcp => (2_500.0, 4_000.0),
            Self::Inp => (200.0, 500.0),
            Self::Cls => (0.1, 0.25),
            Self::Fcp => (1_800.0, 3_000.0),
            Self::Ttfb => (800.0, 1_800.0),
            Self::Fid => (100.0, 300.0),
        }
    }

    pub(crate) fn rate(self, value: f64) -> Rating {
        let (good, poor) = self.thresholds();
        if value <= good {
            Rating::Good
        } else if value <= poor {
            Rating::NeedsImprovement
        } else {
            Rating::Poor
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_the_threshold_has_the_better_rating() {
        for (vital, good, poor) in [
            (Vital::Lcp, 2_500.0, 4_000.0),
            (Vital::Inp, 200.0, 500.0),
            (Vital::Cls, 0.1, 0.25),
            (Vital::Fcp, 1_800.0, 3_000.0),
            (Vital::Ttfb, 800.0, 1_800.0),
            (Vital::Fid, 100.0, 300.0),
        ] {
            assert_eq!(vital.rate(0.0), Rating::Good);
            assert_eq!(vital.rate(good), Rating::Good);
            assert_eq!(vital.rate(good * 1.001), Rating::NeedsImprovement);
            assert_eq!(vital.rate(poor), Rating::NeedsImprovement);
            assert_eq!(vital.rate(poor * 1.001), Rating::Poor);
            assert_eq!(Vital::of_metric(vital.metric()), Some(vital));
        }
        assert_eq!(Vital::of_metric("page_load_time"), None);
        assert_eq!(
            serde_json::to_value(Rating::NeedsImprovement).unwrap(),
            "needs-improvement"
        );
    }
}
