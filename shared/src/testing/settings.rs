//! Settings that no service can use: all are told at once, each with the name to change.

use super::Program;
use super::process::USAGE;

/// Values that no service takes, for the settings that each has.
const FAULTY: [(&str, &str); 8] = [
    ("LISTEN", "nowhere"),
    ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"),
    ("DURABILITY", "for ever"),
    ("RATE_LIMIT", "0"),
    ("MAX_BODY_SIZE", "huge"),
    ("MAX_CONNECTIONS", "0"),
    ("TRUSTED_PROXIES", "everybody"),
];

/// Every fault is told at once with its setting: in what each service has, in `own` settings, and that those in `missing`
/// are not set. A start that cannot succeed leaves nothing behind.
///
/// # Panics
/// When it is not so.
pub fn assert_faults_told(setup: Program, own: &[(&str, &str)], missing: &[&str]) {
    let faulty = [&FAULTY[..], own].concat();
    let setup = missing.iter().fold(setup, |setup, name| setup.without(name));
    let setup = faulty
        .iter()
        .fold(setup, |setup, (name, value)| setup.with(name, value));

    let finished = setup.fails();

    assert_eq!(finished.code, Some(USAGE), "{}", finished.stderr);
    for name in faulty.iter().map(|(name, _)| name).chain(missing) {
        let mut lines = finished.stderr.lines();
        let is_named = lines.any(|line| line.trim_start().starts_with(&format!("{name}: ")));
        assert!(is_named, "{name} is missing in {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    assert!(
        !setup.database.exists(),
        "a start that cannot succeed leaves nothing behind"
    );
}

/// A key that is none, a placeholder, one too many or nothing that can be sent is refused under its name, and not shown.
/// `specific` is the name that wins over `API_KEY`.
///
/// # Panics
/// When it is not so.
pub fn assert_key_is_own(setup: &Program, specific: &str) {
    for name in ["API_KEY", specific] {
        for (key, why) in [
            ("", "is required and not set"),
            ("  ", "is required and not set"),
            ("<put-a-key-here>", "placeholder"),
            ("own-key,<old-key>", "placeholder"),
            ("<new-key>, own-key", "placeholder"),
            (",", "is required and not set"),
            ("one,two,three", "more than two keys"),
            ("with space inside", "no HTTP header can carry"),
        ] {
            // A blank value is none, so the general name counts.
            let (setup, named) = if key.trim().is_empty() {
                (setup.clone().with("API_KEY", ""), "API_KEY: ".to_owned())
            } else {
                (setup.clone(), format!("{name}: "))
            };

            let finished = setup.with(name, key).fails();

            assert_eq!(finished.code, Some(USAGE), "{key:?}: {}", finished.stderr);
            assert!(finished.stderr.contains(&named), "{key:?}: {}", finished.stderr);
            assert!(finished.stderr.contains(why), "{key:?}: {}", finished.stderr);
            assert!(!finished.stderr.contains("own-key"), "{}", finished.stderr);
        }
    }
}
