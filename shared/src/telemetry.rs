//! The service's own log: one event per line on standard error, as text or JSON.

use std::fmt::Write as _;
use std::io::{self, IsTerminal};

use tracing::{Level, Metadata};
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
    let lines = tracing_subscriber::fmt::layer().with_writer(OneLine(lines));
    let registry = tracing_subscriber::registry().with(targets);
    // The error means that a subscriber is there already, which is so when tests start several services.
    let _ = match settings.format {
        Format::Json => registry
            .with(lines.json().flatten_event(true).with_current_span(false))
            .try_init(),
        Format::Text => registry.with(lines.with_target(false)).try_init(),
    };
}

/// Writes each event as one line, whatever a client, a peer or a file has put into it.
///
/// The formats escape the new lines of some fields and not of others, and leave what a terminal takes for an order or
/// shows backwards.
struct OneLine<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for OneLine<W> {
    type Writer = OneLine<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        OneLine(self.0.make_writer())
    }

    fn make_writer_for(&'w self, event: &Metadata<'_>) -> Self::Writer {
        OneLine(self.0.make_writer_for(event))
    }
}

impl<W: io::Write> io::Write for OneLine<W> {
    /// An event comes in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        match escaped(event) {
            Some(line) => self.0.write_all(line.as_bytes())?,
            None => self.0.write_all(event)?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The event with every character escaped that is not to be written as it is, as JSON does it; `None` when there is none.
fn escaped(event: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(event);
    let line = text.strip_suffix('\n').unwrap_or(&text);
    if !line.contains(is_an_order) {
        return None;
    }
    let mut written = String::with_capacity(text.len() + 16);
    for character in line.chars() {
        if is_an_order(character) {
            let _ = write!(written, "\\u{:04x}", u32::from(character));
        } else {
            written.push(character);
        }
    }
    written.push('\n');
    Some(written)
}

/// True for what moves the cursor, ends a line or turns the direction of reading.
fn is_an_order(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_whatever_is_in_it() {
        let hostile = "a\r\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2J\u{9b}31m\u{7f}\u{2028}\u{202e}é日本";
        for format in [Format::Text, Format::Json] {
            let written = Written::default();
            let lines = written.clone();
            let subscriber = tracing_subscriber::fmt().with_writer(OneLine(move || lines.clone()));
            let log = || tracing::error!(shown = %hostile, text = hostile, debug = ?hostile, "an event");

            match format {
                Format::Text => tracing::subscriber::with_default(subscriber.finish(), log),
                Format::Json => tracing::subscriber::with_default(subscriber.json().finish(), log),
            }

            let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
            let line = text.strip_suffix('\n').expect("a line ends");
            assert!(!line.contains(is_an_order), "{line:?}");
            assert!(line.contains("é日本"), "{line}");
            if format == Format::Json {
                let event: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(event["fields"]["shown"], hostile);
            }
        }
    }

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
