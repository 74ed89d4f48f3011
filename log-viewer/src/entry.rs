//! A log entry: one line, or several that belong together.

/// Which of a process' two outputs a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// As Docker writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// How bad it is, from the least to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Level {
    /// For diagnosis; `TRACE` too.
    Debug,
    /// Life goes on; `NOTICE` too.
    Info,
    /// Degraded but coping.
    Warning,
    /// Something failed.
    Error,
    /// Someone must act; `FATAL`, `PANIC`, `ALERT` and `EMERGENCY` too.
    Critical,
}

impl Level {
    /// All of them, from the least to the worst.
    pub(crate) const ALL: [Self; 5] = [
        Self::Debug,
        Self::Info,
        Self::Warning,
        Self::Error,
        Self::Critical,
    ];

    /// In capitals, as it is shown.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }
}
