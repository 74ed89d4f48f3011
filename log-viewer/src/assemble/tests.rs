use proptest::prelude::*;

use super::*;

const MILLI: i64 = 1_000_000;

fn record(stream: Stream, millis: i64, text: &str) -> Record<'_> {
    Record {
        text: text.into(),
        stream,
        at: Nanos(millis * MILLI),
    }
}

fn assembled<'a>(records: impl IntoIterator<Item = Record<'a>>) -> Vec<Entry> {
    let mut assembler = Assembler::new();
    let mut entries = Vec::new();
    for record in records {
        assembler.push(record, &mut |entry| entries.push(entry));
    }
    assembler.finish(&mut |entry| entries.push(entry));
    entries
}

/// The texts of one stream's entries.
fn texts(records: &[(i64, &str)]) -> Vec<String> {
    assembled(
        records
            .iter()
            .map(|(millis, text)| record(Stream::Stdout, *millis, text)),
    )
    .into_iter()
    .map(|entry| entry.text)
    .collect()
}

#[test]
fn line_ends_go_and_nothing_else() {
    for (text, expected) in [
        ("a\n", "a"),
        ("a\r\n", "a"),
        ("a\r\r\n", "a\r"),
        ("a \n", "a "),
        ("\n", ""),
        ("a\nb\n", "a\nb"),
        ("a\r", "a\r"),
    ] {
        assert_eq!(texts(&[(0, text)]), [expected]);
    }
}

#[test]
fn parts_become_a_line_however_long_it_takes() {
    let part = "x".repeat(16 * 1024);

    assert_eq!(
        texts(&[(7, &part), (7, &part), (7, "end\n")]),
        [format!("{part}{part}end")]
    );
    // A line of exactly that length, and a line end that was cut in two.
    assert_eq!(
        texts(&[(7, &part), (7, "\n"), (8, "next\n")]),
        [part.as_str(), "next"]
    );
    let cut = format!("{}\r", &part[1..]);
    assert_eq!(texts(&[(7, &cut), (7, "\n")]), [&part[1..]]);
    // Old daemons, and a container that was killed in the middle of a line.
    assert_eq!(texts(&[(7, &part), (5_007, "end\n")]).len(), 1);
    assert_eq!(texts(&[(7, &part), (5_008, "end\n")]).len(), 2);
}

#[test]
fn a_short_part_ends_with_its_process() {
    assert_eq!(texts(&[(0, "half "), (0, "a "), (99, "line\n")]), ["half a line"]);
    assert_eq!(
        texts(&[(0, "done"), (100, "done"), (350, "done")]),
        ["done", "done", "done"]
    );
    assert_eq!(
        texts(&[(0, "settings:"), (200, "  retries 3\n")]),
        ["settings:\n  retries 3"]
    );
}

#[test]
fn streams_do_not_mix() {
    let part = "x".repeat(16 * 1024);
    let (out, err) = (Stream::Stdout, Stream::Stderr);

    let entries = assembled([
        record(out, 0, &part),
        record(err, 1, "panic: no\n"),
        record(out, 0, "end\n"),
        record(err, 1, "\n"),
        record(out, 2, "next\n"),
        record(err, 2, "goroutine 1 [running]:\n"),
    ]);

    let found: Vec<_> = entries
        .iter()
        .map(|entry| (entry.stream, entry.at.millis(), entry.text.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (out, 0, format!("{part}end").as_str()),
            (err, 1, "panic: no\n\ngoroutine 1 [running]:"),
            (out, 2, "next"),
        ]
    );
}

#[test]
fn a_line_of_over_a_mebibyte_is_cut_once() {
    // 16384 is no multiple of three, so the cut falls into a character.
    let part = format!("{}x", "€".repeat(5_461));
    let mut records = vec![(0, part.as_str()); 70];
    records.extend([(0, "end\n"), (0, "\tat f (a.js:1:2)\n")]);

    let entries = texts(&records);

    let (line, mark) = entries[0].split_once(" … ").expect("a mark");
    assert!((1024 * 1024 - 3..=1024 * 1024).contains(&line.len()) && part.repeat(64).starts_with(line));
    assert_eq!(
        (mark, &entries[1..]),
        ("[line cut at 1 MiB]", &["\tat f (a.js:1:2)".to_owned()][..])
    );

    // Exactly as much is not cut; in one record it is as in many.
    let mebibyte = "x".repeat(1024 * 1024);
    assert_eq!(texts(&[(0, &format!("{mebibyte}\n"))]), [mebibyte.as_str()]);
    assert_eq!(
        texts(&[(0, &format!("{mebibyte}y\n"))]),
        [format!("{mebibyte} … [line cut at 1 MiB]")]
    );
}

#[test]
fn entries_have_an_end() {
    let mut lines = vec![(0, "head\n")];
    lines.extend([(0, "  more\n"); 1_999]);
    let counts: Vec<usize> = texts(&lines).iter().map(|text| text.lines().count()).collect();
    // The thousand and first line has no head, and those under it are not indented any deeper.
    assert_eq!((counts[0], counts[1..].len()), (1_000, 1_000));

    let long = format!("  {}\n", "x".repeat(10_000));
    let mut lines = vec![(0, "head\n")];
    lines.extend([(0, long.as_str()); 30]);
    let first = &texts(&lines)[0];
    assert!((250_000..=256 * 1024).contains(&first.len()), "{}", first.len());
}

#[test]
fn objects_on_one_line_are_never_open() {
    let mut assembler = Assembler::new();
    let mut entries = Vec::new();

    assembler.push(record(Stream::Stdout, 0, "{\"a\":1"), &mut |entry| {
        entries.push(entry)
    });
    assert_eq!(assembler.open().count(), 1);
    assembler.push(record(Stream::Stdout, 0, "}\n"), &mut |entry| entries.push(entry));

    assert_eq!((assembler.open().count(), entries.len()), (0, 1));
}

#[test]
fn a_traceback_raises_what_named_no_level() {
    let frame = "\tat a.B.c(B.java:1)\n";
    for (head, then, level) in [
        ("cart 7 is gone\n", frame, Level::Error),
        ("cart 7 is gone\n", "  for good\n", Level::Info),
        ("2026-05-01 10:31:07 INFO cart 7 is gone\n", frame, Level::Info),
        ("WARN cart 7 is gone\n", frame, Level::Warning),
        ("CRITICAL cart 7 is gone\n", frame, Level::Critical),
    ] {
        let entries = assembled([record(Stream::Stdout, 0, head), record(Stream::Stdout, 0, then)]);

        assert_eq!((entries.len(), entries[0].level), (1, level), "{head}{then}");
    }
}

#[test]
fn what_cannot_grow_any_more_expires() {
    let mut assembler = Assembler::new();
    let mut entries = Vec::new();
    assembler.push(record(Stream::Stderr, 0, "first\n"), &mut |entry| {
        entries.push(entry)
    });
    assembler.push(record(Stream::Stdout, 1, "second\n"), &mut |entry| {
        entries.push(entry)
    });
    assembler
        .open()
        .zip(1..)
        .for_each(|(open, id)| open.entry.id = Some(id));

    assembler.expire(Nanos(7_000 * MILLI), &mut |entry| entries.push(entry));
    assert!(entries.is_empty());
    assembler.expire(Nanos(7_002 * MILLI), &mut |entry| entries.push(entry));

    let found: Vec<_> = entries
        .iter()
        .map(|entry| (entry.id, entry.text.as_str()))
        .collect();
    assert_eq!(found, [(Some(1), "first"), (Some(2), "second")]);
}

#[test]
fn only_what_is_new_counts_as_changed() {
    let mut assembler = Assembler::new();
    let mut changed = |text: &str| {
        assembler.push(record(Stream::Stdout, 0, text), &mut |_| {});
        let open = assembler.open().next().expect("open");
        [open.take_changed(), open.take_changed()]
    };

    for text in ["head", "\n", "  more\n", "next\n"] {
        assert_eq!(changed(text), [true, false], "{text:?}");
    }
}

#[test]
fn foreign_bytes_leave_a_whole_line() {
    let entry = assembled([record(Stream::Stdout, 0, "é\n")]).remove(0);
    let good = Open::begin(record(Stream::Stdout, 0, "é\n")).to_bytes();
    let mut inside = good.clone();
    let at = inside.len() - 4;
    inside[at] = 1;

    for bytes in [&[][..], &[9; 22], &good[1..], &inside] {
        let mut assembler = Assembler::resume(vec![Open::restore(entry.clone(), bytes)]);
        let mut entries = Vec::new();
        assembler.push(record(Stream::Stdout, 1, "x\n"), &mut |entry| entries.push(entry));
        assert_eq!(entries, std::slice::from_ref(&entry));
    }
}

/// What is done between two records.
#[derive(Debug, Clone, Copy)]
struct Between {
    stores: bool,
    /// Looks for what expired, this much of the way to the next record.
    expires: Option<u8>,
}

#[derive(Debug, Clone)]
struct Step {
    stream: Stream,
    pause_millis: i64,
    text: String,
    between: Between,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let line = prop::sample::select(vec![
        "ready",
        "",
        "INFO ready",
        "ERROR failed",
        "{\"a\":1}",
        "{",
        "  \"a\": 1",
        "}",
        "\tat a.B.c(B.java:1)",
        "a.B: x",
        "Traceback (most recent call last):",
        "  File \"a.py\", line 1, in f",
        "    f()",
        "KeyError: 7",
        "During handling of the above exception, another exception occurred:",
        "panic: x",
        "goroutine 1 [running]:",
        "main.main()",
        "thread 'main' panicked at a.rs:1:2:",
        "note: x",
        "java.io.IOException: gone",
        "\r",
    ]);
    let end = prop::sample::select(vec!["\n", "\n", "\n", "\r\n", "", "FULL", "HUGE"]);
    let pause = prop::sample::select(vec![
        0, 0, 1, 99, 100, 900, 1_001, 4_999, 5_000, 5_001, 6_999, 8_000, 20_000,
    ]);
    let between = (any::<bool>(), prop::option::of(any::<u8>()))
        .prop_map(|(stores, expires)| Between { stores, expires });
    let step =
        (any::<bool>(), pause, line, end, between).prop_map(|(is_err, pause_millis, line, end, between)| {
            Step {
                stream: if is_err { Stream::Stderr } else { Stream::Stdout },
                pause_millis,
                text: match end {
                    "FULL" => format!("{line}{}", "x".repeat(16 * 1024)),
                    "HUGE" => format!("{line}{}", "é".repeat(300 * 1024)),
                    end => format!("{line}{end}"),
                },
                between,
            }
        });
    prop::collection::vec(step, 1..40)
}

/// The records with the times that Docker gives them, and when each was written.
fn timed(steps: &[Step]) -> Vec<(i64, Record<'_>)> {
    let mut now = 0;
    let mut parts: [Option<i64>; 2] = [None; 2];
    steps
        .iter()
        .map(|step| {
            now += step.pause_millis;
            let part = &mut parts[usize::from(step.stream == Stream::Stderr)];
            let at = part.take().unwrap_or(now);
            *part = (step.text.len() >= 16 * 1024 && !step.text.ends_with('\n')).then_some(at);
            (now, record(step.stream, at, &step.text))
        })
        .collect()
}

fn of(stream: Stream, entries: &[Entry]) -> Vec<Entry> {
    entries
        .iter()
        .filter(|entry| entry.stream == stream)
        .map(|entry| Entry {
            id: None,
            ..entry.clone()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn kills_and_waits_change_nothing(steps in steps()) {
        let records = timed(&steps);
        let expected = assembled(records.iter().map(|(_, record)| record.clone()));

        let mut assembler = Assembler::new();
        let mut entries = Vec::new();
        let mut published = 0;
        for (index, (written, record)) in records.iter().enumerate() {
            assembler.push(record.clone(), &mut |entry| entries.push(entry));
            let Between { stores, expires } = steps[index].between;
            if stores {
                let stored: Vec<Open> = assembler.open().map(|open| {
                    if open.entry.id.is_none() {
                        published += 1;
                        open.entry.id = Some(published);
                    }
                    Open::restore(open.entry.clone(), &open.to_bytes())
                }).collect();
                assembler = Assembler::resume(stored);
            }
            if let Some(share) = expires {
                // The next record may come late.
                let latest = records.get(index + 1).map_or(*written, |(next, _)| *next) + 2_000;
                let now = written + (latest - written) * i64::from(share) / 255;
                assembler.expire(Nanos(now * MILLI), &mut |entry| entries.push(entry));
            }
        }
        assembler.finish(&mut |entry| entries.push(entry));

        for stream in [Stream::Stdout, Stream::Stderr] {
            prop_assert_eq!(of(stream, &entries), of(stream, &expected));
        }
        let mut ids: Vec<i64> = entries.iter().filter_map(|entry| entry.id).collect();
        ids.sort_unstable();
        prop_assert_eq!(ids, (1..=published).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_can_be_restored(bytes: Vec<u8>, text in "\\PC{0,9}", next in "\\PC{0,9}") {
        let entry = Entry { id: None, at: Nanos(0), stream: Stream::Stdout, level: Level::Info, text };
        let mut ours = Open::restore(entry.clone(), &[]).to_bytes();
        ours.iter_mut().skip(1).zip(&bytes).for_each(|(byte, other)| *byte = *other);
        for bytes in [bytes, ours] {
            Open::restore(entry.clone(), &bytes).takes(&record(Stream::Stdout, 0, &next));
        }
    }
}
