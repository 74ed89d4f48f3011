//! The service's own log: one event per line on standard error, as text or JSON.

use std::io::IsTerminal;

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Json,
    /// For a person.
    Text,
}

/// What is logged and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// The least severe level that is written.
    pub level: Level,
    /// Text or JSON; JSON unless standard error is a terminal.
    pub format: Format,
}

impl LogSettings {
    /// Reads `LOG_LEVEL` and `LOG_FORMAT`.
    pub fn read(reader: &mut crate::env::Reader<'_>) -> Self {
        let level = reader.parsed(
            "LOG_LEVEL",
            LogLevel(Level::INFO),
            "error, warn, info, debug or trace",
        );
        let format = match reader
            .text("LOG_FORMAT")
            .map(|text| text.to_ascii_lowercase())
            .as_deref()
        {
            Some("json") => Format::Json,
            Some("text") => Format::Text,
            None if std::io::stderr().is_terminal() => Format::Text,
            None => Format::Json,
            Some(other) => {
                reader.fault("LOG_FORMAT", format!("must be json or text, not \"{other}\""));
                Format::Json
            }
        };
        Self {
            level: level.0,
            format,
        }
    }
}

struct LogLevel(Level);

impl std::str::FromStr for LogLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "error" => Ok(Self(Level::ERROR)),
            "warn" | "warning" => Ok(Self(Level::WARN)),
            "info" => Ok(Self(Level::INFO)),
            "debug" => Ok(Self(Level::DEBUG)),
            "trace" => Ok(Self(Level::TRACE)),
            _ => Err(()),
        }
    }
}

/// Starts writing log lines to standard error. Once per process; a second call changes nothing.
pub fn start(settings: LogSettings) {
    start_into(settings, std::io::stderr);
}

/// The same, with another place for the lines.
pub fn start_into<W>(settings: LogSettings, lines: W)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;

    // Libraries log what only their authors can read, and sqlx logs statements: they speak up from warn.
    let library_level = settings.level.min(Level::WARN);
    let targets = Targets::new().with_default(settings.level).with_targets(
        ["sqlx", "hyper", "hyper_util", "reqwest", "rustls", "lettre", "h2"]
            .map(|name| (name, library_level)),
    );
    let lines = tracing_subscriber::fmt::layer().with_writer(lines);
    let registry = tracing_subscriber::registry().with(targets);
    // The error means that a subscriber is there already, which is so when tests start several services.
    let _ = match settings.format {
        Format::Json => registry
            .with(lines.json().flatten_event(true).with_current_span(false))
            .try_init(),
        Format::Text => registry.with(lines.with_target(false)).try_init(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_any_case() {
        let lookup = |name: &str| (name == "LOG_LEVEL").then(|| "DEBUG".to_owned());
        let mut reader = crate::env::Reader::new(&lookup);

        assert_eq!(LogSettings::read(&mut reader).level, Level::DEBUG);
        assert!(reader.finish(()).is_ok());
    }

    #[test]
    fn an_unknown_level_and_format_are_faults() {
        let lookup = |_: &str| Some("loud".to_owned());
        // NAME_FILE answers too, so the faults speak of both; what counts is that both names are there.
        let mut reader = crate::env::Reader::new(&lookup);

        LogSettings::read(&mut reader);

        let text = reader.finish(()).expect_err("neither can be used").to_string();
        assert!(text.contains("LOG_LEVEL") && text.contains("LOG_FORMAT"));
    }
}
