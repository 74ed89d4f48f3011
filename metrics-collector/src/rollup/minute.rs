//! Minutes, made from their points or, when these are many, from their partials.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::gather::{ALL_SERIES, MOST_VALUES, Pages, Summaries, passes};
use super::partial;
use crate::bucket::Resolution;
use crate::catalogue::Metric;
use crate::kind::Kind;
use crate::minute::{self, BySeries, Searching};
use crate::page::{PageId, SeriesId};
use crate::store::aggregated::Place;
use crate::store::covers::Cover;
use crate::store::replaceable::NamedValue;
use crate::store::{Result, Store, raw};
use crate::summary::{Found, Search};

/// What is held at once to look for percentiles, half of what is held of a minute that is made from its points: each of these
/// knows what it looks for.
const MOST_SEARCH_BYTES: usize = MOST_VALUES as usize * size_of::<f64>() / 2;
/// Rows of a minute that is made from partials are written when they are so many bytes.
const MOST_ROW_BYTES: usize = 256 << 10;

/// Makes the rows of a minute. More points than a few are summarised in parts first, `partial_points` at a time.
pub(super) async fn settle(store: &Store, minute: i64, partial_points: u64) -> Result<()> {
    let Some(change) = store.unsettled().change(Resolution::Minute, minute) else {
        return Ok(());
    };
    let settling = Settling {
        store,
        minute,
        change,
        named: store.named_values(minute).await?,
    };
    let has_partials = !store.unsettled().covers.of(minute).partials.is_empty();
    let few_points = partial_points.min(MOST_VALUES);
    let is_busy = has_partials || store.raw_points(raw::rows_of(minute)).await? > few_points;
    if is_busy && partial::cover(store, minute, partial_points).await? {
        settling.by_partials().await
    } else {
        settling.by_points().await
    }
}

struct Settling<'s> {
    store: &'s Store,
    minute: i64,
    /// What is made holds all that was there at this change.
    change: u64,
    named: Vec<NamedValue>,
}

impl Settling<'_> {
    async fn by_points(&self) -> Result<()> {
        let rows = raw::rows_of(self.minute);
        let mut pages = Pages::of(self.minute);
        let mut left = self.pages_with_names();
        for keys in passes(self.store, self.minute, rows.clone(), &self.named).await? {
            let mut collector = BySeries::new(keys);
            minute::read(self.store, self.minute, rows.clone(), &mut collector).await?;
            minute::add_named(&mut collector, &self.store.catalogue(), &self.named);
            pages.add(collector).await;
            if !self.write(pages.take_finished(), &mut left).await? {
                return Ok(());
            }
        }
        pages.close();
        self.finish(pages.take_finished(), left).await
    }

    /// Goes through the partials twice: first for what percentiles have to be looked for, then for the rows. So few rows are
    /// held, and the points are gone through but once or twice.
    async fn by_partials(&self) -> Result<()> {
        let cover = self.store.unsettled().covers.of(self.minute);
        let mut left = self.pages_with_names();
        let named = self.named_by_page();
        let mut next = PageId(0);
        loop {
            let (searches, end) = self.searches(next, &cover, &named).await?;
            let found = self.look_for(searches, &cover).await?;
            let (mut pages, mut bytes) = (Pages::of(self.minute), 0);
            while end.is_none_or(|end| next < end) {
                let Some(page) = self.next_page(next, &named).await? else {
                    pages.close();
                    return self.finish(pages.take_finished(), left).await;
                };
                next = PageId(page.0 + 1);
                for (series, mut summary) in self.page(page, &cover, &named).await? {
                    if let Some(found) = found.get(&series) {
                        summary.set_exact(*found);
                    }
                    bytes += pages.push(series, &summary);
                }
                pages.close();
                if bytes >= MOST_ROW_BYTES {
                    if !self.write(pages.take_finished(), &mut left).await? {
                        return Ok(());
                    }
                    bytes = 0;
                }
            }
            if !self.write(pages.take_finished(), &mut left).await? {
                return Ok(());
            }
        }
    }

    /// What has to be looked for on some of the pages from this one on, and the first page of those that are left.
    async fn searches(
        &self,
        from: PageId,
        cover: &Cover,
        named: &BTreeMap<PageId, Summaries>,
    ) -> Result<(Vec<(SeriesId, Search)>, Option<PageId>)> {
        let (mut searches, mut bytes) = (Vec::new(), 0);
        let mut next = from;
        while let Some(page) = self.next_page(next, named).await? {
            next = PageId(page.0 + 1);
            let summaries = self.page(page, cover, named).await?.into_iter();
            let of_page: Vec<_> = summaries
                .filter_map(|(series, summary)| Some((series, summary.search()?)))
                .collect();
            bytes += of_page.iter().map(|(_, search)| search.bytes()).sum::<usize>();
            if bytes > MOST_SEARCH_BYTES && !searches.is_empty() {
                return Ok((searches, Some(page)));
            }
            searches.extend(of_page);
        }
        Ok((searches, None))
    }

    /// The first page from this one on that has values.
    async fn next_page(&self, from: PageId, named: &BTreeMap<PageId, Summaries>) -> Result<Option<PageId>> {
        let partial = self.store.page_with_partials(self.minute, from).await?;
        let named = named.range(from..).next().map(|(page, _)| *page);
        Ok(partial.into_iter().chain(named).min())
    }

    async fn page(
        &self,
        page: PageId,
        cover: &Cover,
        named: &BTreeMap<PageId, Summaries>,
    ) -> Result<Summaries> {
        let mut summaries = partial::merge_page(self.store, self.minute, page, &cover.partials).await?;
        for (series, summary) in named.get(&page).into_iter().flatten() {
            summaries.entry(*series).or_default().merge(summary);
        }
        Ok(summaries)
    }

    /// What the values come to that may be replaced.
    fn named_by_page(&self) -> BTreeMap<PageId, Summaries> {
        let mut collector = BySeries::new(ALL_SERIES);
        minute::add_named(&mut collector, &self.store.catalogue(), &self.named);
        let mut pages = BTreeMap::<PageId, Summaries>::new();
        for (series, part) in collector.into_parts() {
            pages
                .entry(series.page())
                .or_default()
                .insert(series, part.finish());
        }
        pages
    }

    /// Goes through the values once more for the exact percentiles, as often as is needed to hold few at once.
    async fn look_for(
        &self,
        mut searches: Vec<(SeriesId, Search)>,
        cover: &Cover,
    ) -> Result<HashMap<SeriesId, Found>> {
        let mut found = HashMap::new();
        while !searches.is_empty() {
            let mut bytes = 0;
            let fitting = searches.iter().take_while(|(_, search)| {
                bytes += search.bytes();
                bytes <= MOST_SEARCH_BYTES
            });
            let later = searches.split_off(fitting.count().max(1));
            let mut searching = Searching::new(searches);
            let rows = raw::rows_of(self.minute).start..cover.next_row;
            minute::read(self.store, self.minute, rows, &mut searching).await?;
            minute::add_named(&mut searching, &self.store.catalogue(), &self.named);
            found.extend(searching.into_found());
            searches = later;
        }
        Ok(found)
    }

    /// Pages of metrics whose values may be replaced.
    fn pages_with_names(&self) -> HashSet<PageId> {
        let catalogue = self.store.catalogue();
        let metrics = catalogue.metrics().map(|(_, metric)| metric);
        metrics
            .filter(|metric| metric.kind == Kind::Histogram)
            .flat_map(Metric::all_pages)
            .collect()
    }

    /// Writes whole pages, and takes them off from those that are left. False when what was read is not all of the minute any
    /// more.
    async fn write(&self, pages: Vec<(PageId, Vec<u8>)>, left: &mut HashSet<PageId>) -> Result<bool> {
        for (page, _) in &pages {
            left.remove(page);
        }
        let rows = self.places(pages);
        self.store
            .write_rows(Resolution::Minute, self.minute, self.change, rows)
            .await
    }

    /// Writes the last pages. Of those that are left there are no values any more: what was there counts elsewhere now.
    async fn finish(&self, mut pages: Vec<(PageId, Vec<u8>)>, mut left: HashSet<PageId>) -> Result<()> {
        for (page, _) in &pages {
            left.remove(page);
        }
        pages.extend(left.into_iter().map(|page| (page, Vec::new())));
        let rows = self.places(pages);
        self.store
            .settle(Resolution::Minute, self.minute, self.change, rows)
            .await
    }

    fn places(&self, pages: Vec<(PageId, Vec<u8>)>) -> Vec<(Place, Vec<u8>)> {
        let place = |page| Place {
            page,
            resolution: Resolution::Minute,
            bucket: self.minute,
        };
        pages.into_iter().map(|(page, row)| (place(page), row)).collect()
    }
}
