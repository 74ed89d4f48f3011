//! Equal answers to those of the `sourcemap` crate, on maps of every shape.

use proptest::prelude::*;

use super::*;

/// A segment: how far after its predecessor, and the place it names.
type Segment = (u32, Option<(u32, u32, u32, Option<u32>)>);

#[derive(Debug, Clone)]
struct Part {
    lines: Vec<Vec<Segment>>,
    root: Option<String>,
    /// Which of the members comes first.
    turn: usize,
}

const SOURCES: u32 = 4;
const NAMES: u32 = 5;

fn segment() -> impl Strategy<Value = Segment> {
    let name = prop::option::of(0..NAMES);
    let place = (0..SOURCES, 0..2_000_u32, 0..300_u32, name);
    (0..40_u32, prop::option::weighted(0.9, place))
}

fn part() -> impl Strategy<Value = Part> {
    let line = prop_oneof![
        2 => Just(Vec::new()),
        5 => prop::collection::vec(segment(), 0..12),
        1 => prop::collection::vec(segment(), 200..700),
    ];
    let root = prop::option::of(prop_oneof![Just(""), Just("/srv/app/"), Just("webpack://x")]);
    (prop::collection::vec(line, 0..12), root, 0..9_usize).prop_map(|(lines, root, turn)| Part {
        lines,
        root: root.map(str::to_owned),
        turn,
    })
}

impl Part {
    /// `shuffle` turns each line round, so that its segments stand in another order.
    fn mappings(&self, shuffle: bool) -> String {
        let (mut text, mut before) = (String::new(), [0_i64; 4]);
        for (number, line) in self.lines.iter().enumerate() {
            if number > 0 {
                text.push(';');
            }
            let mut column = 0_i64;
            let mut placed: Vec<_> = line
                .iter()
                .map(|(step, place)| {
                    column += i64::from(*step) + i64::from(shuffle);
                    (column, *place)
                })
                .collect();
            if shuffle {
                let middle = placed.len() / 3;
                placed.rotate_left(middle);
            }
            let mut last = 0;
            for (number, (column, place)) in placed.into_iter().enumerate() {
                if number > 0 {
                    text.push(',');
                }
                put_vlq(&mut text, column - last);
                last = column;
                let Some((source, line, column, name)) = place else {
                    continue;
                };
                let now = [source, line, column, name.unwrap_or(0)].map(i64::from);
                let fields = if name.is_some() { 4 } else { 3 };
                for field in 0..fields {
                    put_vlq(&mut text, now[field] - before[field]);
                    before[field] = now[field];
                }
            }
        }
        text
    }

    fn json(&self, shuffle: bool) -> String {
        let sources: Vec<_> = (0..SOURCES).map(|source| format!("src/{source}.ts")).collect();
        let names: Vec<_> = (0..NAMES).map(|name| format!("name{name}")).collect();
        let mut members = vec![
            r#""version":3"#.to_owned(),
            format!(r#""sources": {}"#, json!(sources)),
            format!(r#""names":{}"#, json!(names)),
            format!(r#""mappings":{}"#, json!(self.mappings(shuffle))),
            r#""file" : "x.js""#.to_owned(),
            r#""x_scopes":{"a":[1,{"mappings":"!!"},[],{}],"b":-1.5e3,"c":null}"#.to_owned(),
            r#""sourcesContent":["a\nb",null]"#.to_owned(),
            r#""ignoreList":[2]"#.to_owned(),
        ];
        if let Some(root) = &self.root {
            members.push(format!(r#""sourceRoot":{}"#, json!(root)));
        }
        let turn = self.turn % members.len();
        members.rotate_left(turn);
        format!("{{{}}}", members.join(" ,\n"))
    }

    fn last_column(&self) -> u32 {
        let steps = self.lines.last().into_iter().flatten();
        steps.map(|(step, _)| step).sum()
    }
}

/// Every line, at every column where something may change.
fn assert_equal(map: &str, lines: u32, columns: &[u32]) -> Result<(), TestCaseError> {
    let reference = sourcemap::decode_slice(map.as_bytes()).unwrap();
    let reference = match reference {
        sourcemap::DecodedMap::Index(map) => map.flatten().unwrap(),
        sourcemap::DecodedMap::Regular(map) => map,
        sourcemap::DecodedMap::Hermes(_) => unreachable!("no such map is made"),
    };
    let indexed = indexed(map.as_bytes());
    for line in 0..lines + 2 {
        for column in columns {
            let expected = reference.lookup_token(line, *column);
            let expected = expected.filter(|token| token.get_dst_line() == line);
            let found = find(&indexed, map.as_bytes(), line + 1, *column);
            match (expected, found) {
                (None, Err(Miss::Outside)) => {}
                (Some(token), Err(Miss::NoSource)) => prop_assert!(!token.has_source()),
                (Some(token), Ok(original)) => {
                    prop_assert_eq!(token.get_source(), Some(original.source.as_str()));
                    prop_assert_eq!(token.get_src_line() + 1, original.position.line);
                    prop_assert_eq!(token.get_src_col(), original.position.column);
                    prop_assert_eq!(token.get_name(), original.name.as_deref());
                    prop_assert_eq!(original.source.ends_with("/2.ts"), original.is_ignored);
                }
                (expected, found) => prop_assert!(false, "{line}:{column} {expected:?} {found:?}"),
            }
        }
    }
    Ok(())
}

fn sampled() -> impl Strategy<Value = Vec<u32>> {
    let column = prop_oneof![0..60_u32, 0..500_u32, 0..20_000_u32, Just(u32::MAX)];
    prop::collection::vec(column, 20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_plain_map_answers_as_the_reference_does(part in part(), columns in sampled()) {
        assert_equal(&part.json(false), part.lines.len() as u32, &columns)?;
    }

    #[test]
    fn segments_out_of_order_answer_as_the_reference_does(part in part(), columns in sampled()) {
        assert_equal(&part.json(true), part.lines.len() as u32, &columns)?;
    }

    #[test]
    fn sections_answer_as_the_reference_does(
        parts in prop::collection::vec((part(), 0..3_u32, 1..50_u32, any::<bool>(), any::<bool>()), 0..5),
        columns in sampled(),
    ) {
        // Each begins where the one before has ended, on the same line or some lines after it.
        let (mut line, mut column) = (0, 0);
        let mut sections = Vec::new();
        for (part, gap, step, is_map_first, is_nested) in &parts {
            if *gap > 0 {
                (line, column) = (line + gap, *step - 1);
            } else {
                column += step;
            }
            let offset = format!(r#""offset":{{"line":{line},"column":{column}}}"#);
            let mut map = format!(r#""map":{}"#, part.json(false));
            let mut offset = offset;
            if *is_nested {
                let (outer, inner) = (column / 2, column - column / 2);
                let inner = format!(r#"{{"offset":{{"line":0,"column":{inner}}},{map}}}"#);
                map = format!(r#""map":{{"version":3,"sections":[{inner}]}}"#);
                offset = format!(r#""offset":{{"line":{line},"column":{outer}}}"#);
            }
            sections.push(if *is_map_first { format!("{{{map},{offset}}}") } else { format!("{{{offset},{map}}}") });
            let lines = (part.lines.len() as u32).saturating_sub(1);
            column = part.last_column() + if lines == 0 { column } else { 0 };
            line += lines;
        }
        let map = format!(r#"{{"version":3,"sources":[],"sections":[{}],"names":[]}}"#, sections.join(","));

        assert_equal(&map, line, &columns)?;
    }

    #[test]
    fn a_lookup_reads_little(part in part(), column in 0..20_000_u32) {
        let map = part.json(false);
        let indexed = indexed(map.as_bytes());
        let mut text = Counted { text: map.as_bytes(), read: 0 };

        let _ = Index::open(&indexed.bytes).unwrap().find(&mut text, Position { line: 1, column });

        prop_assert!(text.read <= 16 << 10, "{}", text.read);
    }
}

struct Counted<'a> {
    text: &'a [u8],
    read: usize,
}

impl super::super::ReadAt for Counted<'_> {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.read += bytes.len();
        self.text.read_at(offset, bytes)
    }
}
