//! What in a block matches.

use memchr::memchr;

use super::Filter;
use crate::ansi::stripped;
use crate::lines::Lines;

const ESCAPE: u8 = 0x1b;

/// Whether entries with these texts, one directly after the other, may match.
pub(super) fn may_match(texts: &[u8], filter: &Filter) -> bool {
    let anchor = filter.query.anchor();
    anchor.is_none_or(|anchor| anchor.find(texts).is_some() || has_colours(texts))
}

/// Colours may stand within what is looked for.
fn has_colours(texts: &[u8]) -> bool {
    memchr(ESCAPE, texts).is_some()
}

/// Calls `hit` with the place of each wanted entry, in order. `lines` has texts when the filter has a query.
pub(super) fn for_each_hit(lines: &Lines, filter: &Filter, mut hit: impl FnMut(usize)) {
    if !filter.has_query() {
        let wanted = lines.heads().iter().enumerate();
        wanted
            .filter(|(_, head)| filter.accepts(head))
            .for_each(|(index, _)| hit(index));
        return;
    }
    match filter
        .query
        .anchor()
        .filter(|_| !has_colours(lines.texts().as_bytes()))
    {
        // From one place where a match may be to the next: what lies between is not even cut into entries.
        Some(anchor) => {
            let texts = lines.texts().as_bytes();
            let mut from = 0;
            while let Some(place) = texts.get(from..).and_then(|rest| anchor.find(rest)) {
                let index = lines.index_at(from + place);
                if filter.accepts(&lines.heads()[index]) && filter.query.matches(lines.text(index)) {
                    hit(index);
                }
                from = lines.span(index).end;
            }
        }
        None => {
            for (index, (head, text)) in lines.iter().enumerate() {
                if filter.accepts(head) && filter.query.matches(&stripped(text)) {
                    hit(index);
                }
            }
        }
    }
}
