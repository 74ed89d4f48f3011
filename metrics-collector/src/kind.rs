//! What a metric is.

use serde::{Deserialize, Serialize};

/// How a metric's values are to be understood.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Each value is an increment.
    Counter,
    /// Each value is one of many, of which the distribution matters.
    Histogram,
    /// Each value replaces the one before.
    Gauge,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Counter, Self::Histogram, Self::Gauge];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Histogram => "histogram",
            Self::Gauge => "gauge",
        }
    }

    /// `None` when there is no such kind.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// As it is stored. What was stored once is never given to another kind.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Counter => 0,
            Self::Histogram => 1,
            Self::Gauge => 2,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_is_written() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            assert_eq!(Kind::from_code(kind.code()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!((Kind::parse("timer"), Kind::from_code(9)), (None, None));
    }
}
