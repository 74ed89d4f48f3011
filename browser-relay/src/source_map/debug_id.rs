//! The id that ties a map to its script, whatever tool wrote it.

/// Thirty-two lower-case hex digits, from any spelling of a UUID; `None` for what is none.
#[must_use]
pub fn normal_debug_id(text: &str) -> Option<String> {
    let digits: String = text
        .trim()
        .chars()
        .filter(|character| *character != '-')
        .collect();
    let is_id = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| digits.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_spellings_of_an_id_are_the_same() {
        let normal = Some("6f1d9c1e8c1b4a559a511d2c3b4a5f60".to_owned());
        for text in [
            "6F1D9C1E-8C1B-4A55-9A51-1D2C3B4A5F60",
            " 6f1d9c1e8c1b4a559a511d2c3b4a5f60",
        ] {
            assert_eq!(normal_debug_id(text), normal, "{text}");
        }
        for text in ["", "6f1d", "6f1d9c1e8c1b4a559a511d2c3b4a5f6g"] {
            assert_eq!(normal_debug_id(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn dashes_and_case_make_no_difference(id in "[0-9a-f]{32}", shape in prop::collection::vec(any::<(bool, bool)>(), 32)) {
            let written: String = id
                .chars()
                .zip(shape)
                .flat_map(|(digit, (is_upper, has_dash))| {
                    let digit = if is_upper { digit.to_ascii_uppercase() } else { digit };
                    [Some(digit), has_dash.then_some('-')]
                })
                .flatten()
                .collect();

            prop_assert_eq!(normal_debug_id(&written), Some(id));
        }
    }
}
