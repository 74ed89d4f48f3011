//! Which containers are wanted, by their names.

/// Names or patterns, where `*` stands for anything and `?` for one character.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names {
    patterns: Vec<String>,
}

impl Names {
    /// Reads a list with commas. An empty one wants everything.
    pub(crate) fn parse(list: &str) -> Self {
        Self {
            patterns: list
                .split(',')
                .map(str::trim)
                .filter(|pattern| !pattern.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.patterns.is_empty()
            || self
                .patterns
                .iter()
                .any(|pattern| matches(pattern.as_bytes(), name.as_bytes()))
    }
}

/// Goes back to the last star only, so it takes no longer than pattern times name. Docker's names are ASCII.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else {
                    return false;
                };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                from = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_want_what_they_say() {
        for (list, wanted, unwanted) in [
            ("", &["web", "a-b"][..], &[][..]),
            (" , ", &["web"], &[]),
            ("web", &["web"], &["web-1", "my-web", "Web", ""]),
            ("web, db", &["web", "db"], &["web,db", "cache"]),
            ("web*", &["web", "web-1"], &["my-web"]),
            ("*web", &["web", "my-web"], &["web-1"]),
            (
                "shop-*-?",
                &["shop-api-1", "shop--2", "shop-a-b-3"],
                &["shop-api-10", "shop-1"],
            ),
            ("*a*b*c", &["abc", "xaxbxc", "aabbcc"], &["acb", "abcd"]),
            ("**", &["", "web"], &[]),
            ("?", &["a"], &["", "ab"]),
            ("[a]", &["[a]"], &["a"]),
        ] {
            let names = Names::parse(list);
            for name in wanted {
                assert!(names.wants(name), "{list} wants {name}");
            }
            for name in unwanted {
                assert!(!names.wants(name), "{list} does not want {name}");
            }
        }
    }

    #[test]
    fn hostile_patterns_end_soon() {
        let pattern = "*a".repeat(200);
        assert!(!matches(pattern.as_bytes(), "a".repeat(150).as_bytes()));
        assert!(matches(pattern.as_bytes(), "a".repeat(400).as_bytes()));
    }
}
