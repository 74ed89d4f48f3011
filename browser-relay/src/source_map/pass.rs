//! Reads a map once, from its first byte to its last, and leaves an index of it.
//!
//! What is held meanwhile is one buffer of 64 KB, the index itself (about a twentieth of the map, and never more than its
//! limit) and 40 bytes for each section. The text is neither kept nor needed twice.

use std::io::Read;

use super::content::LineCounter;
use super::debug_id::normal_debug_id;
use super::fault::BadMap;
use super::json::{Extent, Scanner, Short, StringSink};
use super::layout::{Section, Tables, entry};
use super::mappings::MappingChecker;

/// Sections within sections: the standard allows none, some bundlers of bundles write one level.
const DEEPEST_SECTIONS: u32 = 4;

/// A bundle of a large application has some thousands of modules, each of which may be a section.
const MOST_SECTIONS: usize = 1 << 15;

/// How much a map may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest text, in bytes; not more than 4 GiB whatever is set.
    pub text_bytes: u64,
    /// The largest index, in bytes, which is also what the pass may hold in memory.
    pub index_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: 256 << 20,
            index_bytes: 16 << 20,
        }
    }
}

/// The index of a map that was found sound.
#[derive(Debug)]
pub struct Indexed {
    /// What [`Index::open`](super::Index::open) reads.
    pub bytes: Vec<u8>,
    /// The length of the map's text.
    pub text_bytes: u64,
    /// The id that ties the map to its bundle, in its [normal form](super::normal_debug_id).
    pub debug_id: Option<String>,
}

/// Checks a map and makes its index, in one pass.
///
/// # Errors
///
/// When the text cannot be read, is no sound map, or goes beyond a limit.
pub fn index(map: impl Read, limits: Limits) -> Result<Indexed, BadMap> {
    let text_limit = limits.text_bytes.min(u32::MAX.into());
    let mut pass = Pass {
        scanner: Scanner::new(map, text_limit),
        tables: Tables::default(),
        sections: Vec::new(),
        debug_id: String::new(),
        index_limit: limits.index_bytes,
    };
    pass.scanner.skip_preamble()?;
    pass.take_map(0)?;
    pass.scanner.expect_end()?;
    pass.check_order()?;
    let bytes = pass.tables.to_bytes(&pass.sections, &pass.debug_id);
    if bytes.len() > limits.index_bytes {
        return Err(BadMap::TooDetailed {
            limit: limits.index_bytes,
        });
    }
    Ok(Indexed {
        bytes,
        text_bytes: pass.scanner.position(),
        debug_id: Some(pass.debug_id).filter(|id| !id.is_empty()),
    })
}

struct Pass<R> {
    scanner: Scanner<R>,
    tables: Tables,
    sections: Vec<Section>,
    debug_id: String,
    index_limit: usize,
}

/// What one map object has shown so far.
#[derive(Default)]
struct Seen {
    members: Vec<&'static str>,
    sections: bool,
    version: bool,
    used_sources: u32,
    used_names: u32,
}

impl Seen {
    fn once(&mut self, member: &'static str) -> Result<(), BadMap> {
        if self.members.contains(&member) {
            return Err(BadMap::Twice(member));
        }
        self.members.push(member);
        Ok(())
    }
}

impl<R: Read> Pass<R> {
    /// Takes a map, which is the document itself or that of a section.
    fn take_map(&mut self, depth: u32) -> Result<(), BadMap> {
        let mut seen = Seen::default();
        let mut section = self.tables.begin_section();
        let mut more = self.scanner.enter(b'{', b'}', "a map, which is an object")?;
        while more {
            let name = self.scanner.take_name()?;
            self.take_member(name.as_str(), &mut section, &mut seen, depth)?;
            more = self.scanner.go_on(b'}')?;
        }
        // The maps within sections leave it out at times.
        if depth == 0 && !seen.version {
            return Err(BadMap::Version);
        }
        let own = self.tables.begin_section();
        if seen.sections {
            return Ok(());
        }
        if !seen.members.contains(&"mappings") {
            return Err(BadMap::Missing("mappings"));
        }
        let count = own.first_source - section.first_source;
        if seen.used_sources > count {
            let index = seen.used_sources - 1;
            return Err(BadMap::NoSuchSource { index, count });
        }
        let count = own.first_name - section.first_name;
        if seen.used_names > count {
            let index = seen.used_names - 1;
            return Err(BadMap::NoSuchName { index, count });
        }
        if self.sections.len() == MOST_SECTIONS {
            return Err(BadMap::TooManySections { most: MOST_SECTIONS });
        }
        self.sections.push(section);
        Ok(())
    }

    fn take_member(
        &mut self,
        name: &str,
        section: &mut Section,
        seen: &mut Seen,
        depth: u32,
    ) -> Result<(), BadMap> {
        match name {
            "version" => {
                seen.version = self.scanner.take_count()? == Some(3);
                if !seen.version {
                    return Err(BadMap::Version);
                }
            }
            "mappings" => {
                seen.once("mappings")?;
                self.take_mappings(seen)?;
            }
            "sources" => {
                seen.once("sources")?;
                self.take_list(|pass| {
                    let extent = pass.take_text(&mut super::json::Skip)?;
                    pass.tables.sources.push(entry(extent));
                    Ok(())
                })?;
            }
            "names" => {
                seen.once("names")?;
                self.take_list(|pass| {
                    let extent = pass.take_text(&mut super::json::Skip)?;
                    pass.tables.names.push(entry(extent));
                    Ok(())
                })?;
            }
            "sourcesContent" => {
                seen.once("sourcesContent")?;
                self.take_list(Self::take_content)?;
            }
            "sourceRoot" => {
                seen.once("sourceRoot")?;
                section.root = entry(self.take_text(&mut super::json::Skip)?);
            }
            // The older name is what most tools still write; some write both.
            "ignoreList" | "x_google_ignoreList" => {
                self.take_list(|pass| {
                    if let Some(source) = pass.scanner.take_count()? {
                        pass.tables.ignored.push([source]);
                    }
                    Ok(())
                })?;
            }
            "debugId" | "debug_id" if depth == 0 => {
                let mut id = Short::default();
                if self.take_text(&mut id)?.is_some()
                    && let Some(id) = normal_debug_id(id.as_str())
                {
                    self.debug_id = id;
                }
            }
            "sections" => {
                seen.once("sections")?;
                if depth == DEEPEST_SECTIONS {
                    let most = DEEPEST_SECTIONS;
                    return Err(BadMap::SectionsTooDeep { most });
                }
                self.check_pure(section)?;
                seen.sections = true;
                self.take_list(|pass| pass.take_section(depth))?;
                *section = self.tables.begin_section();
            }
            _ => self.scanner.skip_value()?,
        }
        if seen.sections {
            self.check_pure(section)?;
        }
        Ok(())
    }

    /// An index map may have empty lists of its own, but nothing in them: whose would they be?
    fn check_pure(&self, section: &Section) -> Result<(), BadMap> {
        let here = self.tables.begin_section();
        let is_pure = here.first_checkpoint == section.first_checkpoint
            && here.first_source == section.first_source
            && here.first_name == section.first_name
            && here.first_content == section.first_content
            && here.first_ignored == section.first_ignored;
        if is_pure { Ok(()) } else { Err(BadMap::Mixed) }
    }

    fn take_section(&mut self, depth: u32) -> Result<(), BadMap> {
        let first = self.sections.len();
        let (mut offset, mut has_map) = (None, false);
        let mut more = self.scanner.enter(b'{', b'}', "a section, which is an object")?;
        while more {
            let name = self.scanner.take_name()?;
            match name.as_str() {
                "offset" if offset.is_some() => return Err(BadMap::Twice("offset")),
                "offset" => offset = Some(self.take_offset()?),
                "map" if has_map => return Err(BadMap::Twice("map")),
                "map" => {
                    self.take_map(depth + 1)?;
                    has_map = true;
                }
                _ => self.scanner.skip_value()?,
            }
            more = self.scanner.go_on(b'}')?;
        }
        let (line, column) = offset.ok_or(BadMap::Missing("offset"))?;
        if !has_map {
            return Err(BadMap::SectionElsewhere);
        }
        for inner in &mut self.sections[first..] {
            if inner.line == 0 {
                inner.column = add(inner.column, column)?;
            }
            inner.line = add(inner.line, line)?;
        }
        Ok(())
    }

    fn take_offset(&mut self) -> Result<(u32, u32), BadMap> {
        let (mut line, mut column) = (None, None);
        let mut more = self.scanner.enter(b'{', b'}', "an offset, which is an object")?;
        while more {
            let name = self.scanner.take_name()?;
            match name.as_str() {
                "line" => line = self.scanner.take_count()?,
                "column" => column = self.scanner.take_count()?,
                _ => self.scanner.skip_value()?,
            }
            more = self.scanner.go_on(b'}')?;
        }
        let line = line.ok_or(BadMap::Missing("offset.line"))?;
        Ok((line, column.ok_or(BadMap::Missing("offset.column"))?))
    }

    fn take_mappings(&mut self, seen: &mut Seen) -> Result<(), BadMap> {
        let mut checker = MappingChecker::new(&mut self.tables, self.index_limit);
        let extent = self.scanner.take_string(&mut checker)?;
        checker.finish(extent.end)?;
        seen.used_sources = checker.used_sources;
        seen.used_names = checker.used_names;
        Ok(())
    }

    /// Each item of an array; `null` is an empty one.
    fn take_list(&mut self, mut take: impl FnMut(&mut Self) -> Result<(), BadMap>) -> Result<(), BadMap> {
        if self.scanner.peek_token()? == b'n' {
            return self.scanner.skip_value();
        }
        let mut more = self.scanner.enter(b'[', b']', "an array")?;
        while more {
            take(self)?;
            if self.tables.size_bytes() > self.index_limit {
                let limit = self.index_limit;
                return Err(BadMap::TooDetailed { limit });
            }
            more = self.scanner.go_on(b']')?;
        }
        Ok(())
    }

    /// A string; what else may stand in its place (`null`, in the names of some tools a number) is `None`.
    fn take_text(&mut self, sink: &mut impl StringSink) -> Result<Option<Extent>, BadMap> {
        if self.scanner.peek_token()? == b'"' {
            return self.scanner.take_string(sink).map(Some);
        }
        self.scanner.skip_value()?;
        Ok(None)
    }

    fn take_content(&mut self) -> Result<(), BadMap> {
        if self.scanner.peek_token()? != b'"' {
            self.scanner.skip_value()?;
            self.tables.contents.push(entry(None));
            return Ok(());
        }
        let start = self.scanner.position() + 1;
        let mut counter = LineCounter::new(&mut self.tables.marks, start);
        let extent = self.scanner.take_string(&mut counter)?;
        self.tables.contents.push(entry(Some(extent)));
        Ok(())
    }

    fn check_order(&self) -> Result<(), BadMap> {
        let place = |section: &Section| (section.line, section.column);
        let is_out = |pair: &[Section]| place(&pair[1]) < place(&pair[0]);
        match self.sections.windows(2).position(is_out) {
            Some(before) => Err(BadMap::SectionOrder { section: before + 1 }),
            None => Ok(()),
        }
    }
}

fn add(one: u32, other: u32) -> Result<u32, BadMap> {
    let sum = one.checked_add(other).filter(|sum| *sum <= i32::MAX as u32);
    sum.ok_or(BadMap::SectionOffset)
}
