//! Measures the index of a map: `index_map FILE`, or without a file one of 13 MB that is made here.

use std::fs::File;
use std::io::{Read, Write};
use std::time::Instant;

use browser_relay::source_map::{Index, Limits, Position, ReadAt, index};

struct Stored(File);

impl ReadAt for Stored {
    fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> std::io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, bytes, offset)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args().nth(1);
    let path = given.clone().map_or_else(
        || std::env::temp_dir().join(format!("index_map.{}.json", std::process::id())),
        Into::into,
    );
    if given.is_none() {
        make(File::create(&path)?)?;
    }
    let mut read = File::open(&path)?;
    std::io::copy(&mut read, &mut std::io::sink())?;

    let before = Instant::now();
    let indexed = index(File::open(&path)?, Limits::default())?;
    let took = before.elapsed();
    let (text, size) = (indexed.text_bytes, indexed.bytes.len());
    println!("{text} bytes in {took:?}, index {size} bytes");

    let opened = Index::open(&indexed.bytes).ok_or("not an index")?;
    let mut stored = Stored(File::open(&path)?);
    let (mut found, mut shown) = (0, 0);
    let before = Instant::now();
    for step in 0..10_000_u32 {
        let position = Position {
            line: 1,
            column: step.wrapping_mul(2_654_435_761) % 4_000_000,
        };
        if let Ok(original) = opened.find(&mut stored, position) {
            found += 1;
            if step % 10 == 0 {
                shown += u32::from(opened.context(&mut stored, &original).is_ok());
            }
        }
    }
    let took = before.elapsed() / 10_000;
    println!("{found} of 10000 found, {shown} shown with their lines, {took:?} each");
    let mut status = String::new();
    File::open("/proc/self/status")?.read_to_string(&mut status)?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    println!("{}", peak.unwrap_or("peak memory unknown"));
    if given.is_none() {
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

/// 760,000 segments on one line, 200 sources of 500 lines, 20,000 names.
fn make(file: File) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(file);
    file.write_all(br#"{"version":3,"sources":["#)?;
    for source in 0..200 {
        let comma = if source > 0 { "," } else { "" };
        write!(file, r#"{comma}"webpack://shop/./src/modules/module{source}.ts""#)?;
    }
    file.write_all(br#"],"sourcesContent":["#)?;
    for source in 0..200 {
        file.write_all(if source > 0 { b",\"" } else { b"\"" })?;
        for line in 0..500 {
            write!(
                file,
                "  const value{line} = compute(\\\"{source}\\\", other.member, {line} * 3); // why it is so\\n"
            )?;
        }
        file.write_all(b"\"")?;
    }
    file.write_all(br#"],"names":["#)?;
    for name in 0..20_000 {
        let comma = if name > 0 { "," } else { "" };
        write!(file, r#"{comma}"identifier{name}""#)?;
    }
    file.write_all(br#"],"mappings":""#)?;
    let mut before = [0_i64; 4];
    for segment in 0..760_000_i64 {
        let within = segment % 3_800;
        let now = [
            segment / 3_800,
            within / 8,
            segment * 7 % 61,
            segment * 31 % 20_000,
        ];
        let mut fields = vec![3 + segment % 5];
        let count = if segment % 4 == 0 { 4 } else { 3 };
        for field in 0..count {
            fields.push(now[field] - before[field]);
            before[field] = now[field];
        }
        file.write_all(if segment > 0 { b"," } else { b"" })?;
        fields
            .into_iter()
            .try_for_each(|field| put_vlq(&mut file, field))?;
    }
    file.write_all(br#""}"#)?;
    file.flush()
}

fn put_vlq(file: &mut impl Write, number: i64) -> std::io::Result<()> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut rest = number.unsigned_abs() << 1 | u64::from(number < 0);
    loop {
        let digit = (rest & 31) as usize;
        rest >>= 5;
        file.write_all(&[DIGITS[digit | if rest > 0 { 32 } else { 0 }]])?;
        if rest == 0 {
            return Ok(());
        }
    }
}
