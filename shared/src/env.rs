//! Reads settings from the environment, once, and reports every fault at once.
//!
//! A setting `NAME` may also come from the file that `NAME_FILE` points at. A blank
//! value counts as unset. Tests pass a closure over a map instead of the environment.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// One setting as the documentation and `--help` show it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The name of the environment variable.
    pub name: &'static str,
    /// The default as a user would write it; empty when there is none.
    pub default: &'static str,
    /// What it is for, with its unit.
    pub about: &'static str,
}

/// One setting that cannot be used as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The variable to change.
    pub name: String,
    /// What is wrong with it; never the value of a secret.
    pub detail: String,
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be used:")?;
        for fault in &self.0 {
            write!(f, "\n  {}: {}", fault.name, fault.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// The unit of a bare number in a duration setting.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// A bare number means seconds.
    Seconds,
    /// A bare number means days.
    Days,
}

/// Reads settings one by one and collects the faults.
pub struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// Reads through `lookup`, which answers like [`std::env::var`].
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            faults: Vec::new(),
        }
    }

    /// Notes that `name` cannot be used.
    pub fn fault(&mut self, name: &str, detail: impl Into<String>) {
        self.faults.push(Fault {
            name: name.to_owned(),
            detail: detail.into(),
        });
    }

    /// The value of `NAME`, or what the file named by `NAME_FILE` holds, without the space around it.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let filled = |value: String| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        let direct = (self.lookup)(name).and_then(filled);
        let file_name = format!("{name}_FILE");
        let Some(path) = (self.lookup)(&file_name).and_then(filled) else {
            return direct;
        };
        if direct.is_some() {
            self.fault(name, format!("is set, and {file_name} too; keep one of them"));
            return direct;
        }
        match std::fs::read_to_string(&path) {
            Ok(value) => filled(value),
            Err(error) => {
                self.fault(&file_name, format!("cannot read {path}: {error}"));
                None
            }
        }
    }

    /// A value of any type that can be read from text; `what` completes "must be …".
    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T, what: &str) -> T {
        let Some(value) = self.text(name) else {
            return default;
        };
        value.parse().unwrap_or_else(|_| {
            self.fault(name, format!("must be {what}, not \"{value}\""));
            default
        })
    }

    /// A whole number within `range`.
    pub fn number(&mut self, name: &str, default: u64, range: std::ops::RangeInclusive<u64>) -> u64 {
        let what = format!("a whole number from {} to {}", range.start(), range.end());
        let value = self.parsed(name, default, &what);
        if !range.contains(&value) {
            self.fault(name, format!("must be {what}, not \"{value}\""));
            return default;
        }
        value
    }

    /// A length of time: a bare number in `unit`, or a number with the suffix `s`, `m`, `h` or `d`.
    pub fn duration(&mut self, name: &str, unit: Unit, default: Duration) -> Duration {
        let Some(value) = self.text(name) else {
            return default;
        };
        parse_duration(&value, unit).unwrap_or_else(|| {
            self.fault(
                name,
                format!("must be a time such as 90s, 15m, 12h or 30d, not \"{value}\""),
            );
            default
        })
    }

    /// A size in bytes: a bare number, or one with the suffix `KiB`, `MiB` or `GiB` (or `K`, `M`, `G`).
    pub fn bytes(&mut self, name: &str, default: u64, range: std::ops::RangeInclusive<u64>) -> u64 {
        let Some(value) = self.text(name) else {
            return default;
        };
        match parse_bytes(&value).filter(|size| range.contains(size)) {
            Some(size) => size,
            None => {
                let (least, most) = (range.start(), range.end());
                self.fault(
                    name,
                    format!("must be a size such as 262144 or 256KiB, from {least} to {most} bytes, not \"{value}\""),
                );
                default
            }
        }
    }

    /// An http or https address, without a slash at its end.
    pub fn url(&mut self, name: &str) -> Option<String> {
        let url = self.text(name)?;
        self.checked_url(name, &url)
    }

    /// An address that has to be set.
    pub fn required_url(&mut self, name: &str) -> String {
        let url = self.text(name);
        if url.is_none() {
            self.fault(name, "is required and not set");
        }
        url.and_then(|url| self.checked_url(name, &url))
            .unwrap_or_default()
    }

    fn checked_url(&mut self, name: &str, url: &str) -> Option<String> {
        let address = url.trim_end_matches('/');
        let host = ["http://", "https://"]
            .iter()
            .find_map(|scheme| address.strip_prefix(scheme));
        if host.is_some_and(|host| !host.starts_with('/')) {
            return Some(address.to_owned());
        }
        self.fault(name, format!("must be an http or https address, not \"{url}\""));
        None
    }

    /// A secret under the first of `names` that is set, with that name. Missing, blank and `<placeholder>` are faults.
    pub fn required_secret<'n>(&mut self, names: &[&'n str]) -> (&'n str, String) {
        for name in names {
            if let Some(value) = self.text(name) {
                if value.starts_with('<') && value.ends_with('>') {
                    self.fault(name, "still holds a placeholder; put a key of your own there");
                }
                return (name, value);
            }
        }
        let name = names[names.len() - 1];
        self.fault(name, "is required and not set");
        (name, String::new())
    }

    /// Ends the reading: the value, or every fault that was noted.
    ///
    /// # Errors
    /// All faults, in the order in which the settings were read.
    pub fn finish<T>(self, value: T) -> Result<T, Faults> {
        if self.faults.is_empty() {
            Ok(value)
        } else {
            Err(Faults(self.faults))
        }
    }
}

fn parse_duration(text: &str, unit: Unit) -> Option<Duration> {
    let (digits, seconds_each) = match text.as_bytes().last()? {
        b's' => (&text[..text.len() - 1], 1),
        b'm' => (&text[..text.len() - 1], 60),
        b'h' => (&text[..text.len() - 1], 3_600),
        b'd' => (&text[..text.len() - 1], 86_400),
        _ => (text, if matches!(unit, Unit::Seconds) { 1 } else { 86_400 }),
    };
    let count: u64 = digits.trim_end().parse().ok()?;
    // A century is more than anybody keeps anything, and leaves room to add it to a clock.
    count
        .checked_mul(seconds_each)
        .filter(|seconds| *seconds <= 36_525 * 86_400)
        .map(Duration::from_secs)
}

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return None,
    };
    digits.trim_end().parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader<'a>(lookup: &'a dyn Fn(&str) -> Option<String>) -> Reader<'a> {
        Reader::new(lookup)
    }

    #[test]
    fn every_fault_is_reported_at_once_with_its_name() {
        let lookup = |name: &str| match name {
            "PORT" => Some("many".to_owned()),
            "KEEP" => Some("-1".to_owned()),
            "KEY" => Some("<put-a-key-here>".to_owned()),
            _ => None,
        };
        let mut settings = reader(&lookup);

        settings.number("PORT", 1, 1..=9);
        settings.duration("KEEP", Unit::Days, Duration::ZERO);
        settings.required_secret(&["KEY"]);
        settings.required_secret(&["OTHER_KEY"]);
        let faults = settings.finish(()).expect_err("four settings are bad");

        let names: Vec<_> = faults.0.iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(names, ["PORT", "KEEP", "KEY", "OTHER_KEY"]);
    }

    #[test]
    fn a_blank_value_counts_as_unset() {
        let lookup = |_: &str| Some("  ".to_owned());
        let mut settings = reader(&lookup);

        assert_eq!(settings.number("PORT", 7, 1..=9), 7);
        assert_eq!(settings.text("NAME"), None);
        assert!(settings.finish(()).is_ok());
    }

    #[test]
    fn a_value_can_come_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "from the file\n").unwrap();
        let lookup = |name: &str| match name {
            "KEY_FILE" => Some(path.display().to_string()),
            "GONE_FILE" => Some("/nowhere/at/all".to_owned()),
            _ => None,
        };
        let mut settings = reader(&lookup);

        assert_eq!(
            settings.required_secret(&["KEY"]),
            ("KEY", "from the file".to_owned())
        );
        assert_eq!(settings.text("GONE"), None);
        let faults = settings.finish(()).expect_err("one file cannot be read");
        assert_eq!(faults.0.len(), 1);
        assert_eq!(faults.0[0].name, "GONE_FILE");
    }

    #[test]
    fn an_address_without_a_host_is_a_fault() {
        for (url, is_taken) in [
            ("https://x.io/monlight/", true),
            ("http://[::1]:8000", true),
            ("http://", false),
            ("https:///x", false),
            ("ftp://x.io", false),
        ] {
            let lookup = |name: &str| (name == "BASE_URL").then(|| url.to_owned());
            let mut settings = reader(&lookup);

            assert_eq!(settings.url("BASE_URL").is_some(), is_taken, "{url}");
        }
    }

    #[test]
    fn a_value_and_its_file_together_are_a_fault() {
        let lookup = |name: &str| name.starts_with("KEY").then(|| "x".to_owned());
        let mut settings = reader(&lookup);

        settings.text("KEY");

        assert_eq!(settings.finish(()).expect_err("ambiguous").0[0].name, "KEY");
    }

    #[test]
    fn durations_take_a_bare_number_in_their_unit_or_a_suffix() {
        for (text, unit, seconds) in [
            ("90", Unit::Seconds, Some(90)),
            ("90", Unit::Days, Some(90 * 86_400)),
            ("15m", Unit::Days, Some(900)),
            ("2h", Unit::Seconds, Some(7_200)),
            ("30d", Unit::Seconds, Some(2_592_000)),
            ("0", Unit::Seconds, Some(0)),
            ("-1", Unit::Seconds, None),
            ("1.5h", Unit::Seconds, None),
            ("d", Unit::Seconds, None),
            ("99999999999999999999", Unit::Seconds, None),
            ("ü", Unit::Seconds, None),
        ] {
            assert_eq!(parse_duration(text, unit).map(|d| d.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn sizes_take_binary_suffixes() {
        for (text, size) in [
            ("262144", Some(262_144)),
            ("256KiB", Some(262_144)),
            ("1m", Some(1 << 20)),
            ("2 GiB", Some(2 << 30)),
            ("1TB", None),
            ("", None),
            ("99999999999999999999G", None),
        ] {
            assert_eq!(parse_bytes(text), size, "{text}");
        }
    }
}
