//! Finds the maps of a stack and reads them where they are stored.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use shared::clock::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::map_text::{Pieces, Source, Text, UNREADABLE};
use crate::page::path;
use crate::source_map::normal_debug_id;
use crate::stack::{self, Stack};
use crate::store::maps::Found;
use crate::store::{self, Store};
use crate::unminify::{MOST_FRAMES, StoredMap, Unminified, unminify_parsed};
use crate::used::Used;

/// What all indexes of one stack may have together. A stack leads through a few scripts.
const INDEXES_OF_A_STACK: usize = 6 << 20;
/// Releases of which it is remembered whether they have maps.
const RELEASES: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");
/// Stacks that are read at the same time.
const READERS: usize = 2;
/// A stack that has to wait for longer goes as it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// The maps of all projects.
pub(crate) struct Maps {
    store: Store,
    used: Arc<Used>,
    pieces: Arc<Pieces>,
    releases: Mutex<Releases>,
    readers: Arc<Semaphore>,
    pub(crate) counted: Counted,
}

/// Of which releases there are maps.
struct Releases {
    /// By project and release. Forgotten when a map comes or goes.
    known: LruCache<(String, String), bool>,
    /// How often a map came or went: what was asked for before that says nothing of the time after it.
    changes: u64,
}

impl Releases {
    fn new() -> Self {
        Self {
            known: LruCache::new(RELEASES),
            changes: 0,
        }
    }

    fn change(&mut self) {
        self.known.clear();
        self.changes += 1;
    }

    /// Notes what the database said when there had been so many changes.
    fn note(&mut self, release: (String, String), has_maps: bool, changes: u64) {
        if changes == self.changes {
            self.known.put(release, has_maps);
        }
    }
}

/// Frames since the start.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) resolved: AtomicU64,
    pub(crate) unresolved: AtomicU64,
}

/// What a stack's scripts are looked for by.
pub(crate) struct Origin<'a> {
    pub(crate) project: &'a str,
    pub(crate) release: Option<&'a str>,
    /// By the URL of the script.
    pub(crate) debug_ids: &'a HashMap<Cow<'a, str>, Cow<'a, str>>,
}

impl Maps {
    pub(crate) fn new(store: Store, used: Arc<Used>) -> Self {
        Self {
            pieces: Arc::new(Pieces::new(store.clone())),
            store,
            used,
            releases: Mutex::new(Releases::new()),
            readers: Arc::new(Semaphore::new(READERS)),
            counted: Counted::default(),
        }
    }

    /// To be called when a map has come or gone.
    pub(crate) fn changed(&self) {
        self.releases().change();
    }

    fn releases(&self) -> MutexGuard<'_, Releases> {
        self.releases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a stack again with the names and places of the sources, as far as there are maps. What stands in the way
    /// is told at the frames.
    ///
    /// With the lines of its sources a stack may be many times as long. It keeps its turn until it has room elsewhere.
    pub(crate) async fn unminify<'t>(
        &self,
        stack: &'t str,
        origin: &Origin<'_>,
        now: Timestamp,
    ) -> Resolved<'t> {
        let parsed = stack::parse(stack);
        let urls = urls(&parsed);
        let found = if urls.is_empty() {
            Ok(HashMap::new())
        } else {
            self.find(&urls, origin).await
        };
        let (unminified, turn) = match found {
            Ok(maps) => self.resolve(stack, &parsed, maps, now).await,
            Err(error) => {
                tracing::error!(%error, "source maps cannot be read");
                (leave(stack, &parsed, UNREADABLE), None)
            }
        };
        let unresolved = unminified
            .frames
            .iter()
            .filter(|frame| frame.unresolved.is_some())
            .count() as u64;
        let resolved = unminified.frames.len() as u64 - unresolved;
        self.counted.resolved.fetch_add(resolved, Ordering::Relaxed);
        self.counted.unresolved.fetch_add(unresolved, Ordering::Relaxed);
        (unminified, turn)
    }

    /// Looks for the map of each script.
    async fn find(&self, urls: &[&str], origin: &Origin<'_>) -> store::Result<FoundMaps> {
        let debug_id = |url: &str| origin.debug_ids.get(url).and_then(|id| normal_debug_id(id));
        let ids: Vec<String> = urls.iter().filter_map(|url| debug_id(url)).collect();
        let by_id = if ids.is_empty() {
            HashMap::new()
        } else {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            newest(self.store.maps_by_debug_id(origin.project, &ids).await?)
        };
        let has_maps = match origin.release {
            Some(release) => self.has_maps(origin.project, release).await?,
            None => false,
        };
        let by_path = match origin.release {
            Some(release) if has_maps => {
                let paths: Vec<&str> = urls.iter().map(|url| path(url)).collect();
                newest(self.store.maps_by_path(origin.project, release, &paths).await?)
            }
            _ => HashMap::new(),
        };
        let found = urls.iter().map(|url| {
            let id = debug_id(url);
            let found = id
                .as_ref()
                .and_then(|id| by_id.get(id))
                .or_else(|| by_path.get(path(url)));
            let found = found
                .cloned()
                .ok_or_else(|| missing(url, id.as_deref(), origin.release, has_maps));
            ((*url).to_owned(), found)
        });
        Ok(found.collect())
    }

    async fn has_maps(&self, project: &str, release: &str) -> store::Result<bool> {
        let key = (project.to_owned(), release.to_owned());
        let changes = {
            let mut releases = self.releases();
            if let Some(known) = releases.known.get(&key) {
                return Ok(*known);
            }
            releases.changes
        };
        let has_maps = self.store.has_release(project, release).await?;
        self.releases().note(key, has_maps, changes);
        Ok(has_maps)
    }

    async fn resolve<'t>(
        &self,
        text: &'t str,
        stack: &Stack<'t>,
        found: FoundMaps,
        now: Timestamp,
    ) -> Resolved<'t> {
        for map in found.values().flatten() {
            self.used.map(map.id, now);
        }
        if found.values().all(Result::is_err)
            && let Some(unminified) = self.read_at_hand(text, stack, &found)
        {
            return (unminified, None);
        }
        // Who waits holds nothing of a map: all who wait together would hold many times what is kept at hand.
        let turn = Arc::clone(&self.readers).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(PATIENCE, turn).await else {
            let unminified = leave(text, stack, "too many stacks came at once to read their maps");
            return (unminified, None);
        };
        let turn = Some(turn);
        // Most errors come again, and then all that they need is at hand.
        if let Some(unminified) = self.read_at_hand(text, stack, &found) {
            return (unminified, turn);
        }
        let (pieces, handle, own_text) = (Arc::clone(&self.pieces), Handle::current(), text.to_owned());
        let reading = tokio::task::spawn_blocking(move || {
            let database = Source::database(handle).ok()?;
            let stack = stack::parse(&own_text);
            Some(read(&own_text, &stack, &found, &pieces, &database).into_owned())
        });
        let unminified = reading.await.ok().flatten();
        let unminified = unminified.unwrap_or_else(|| leave(text, stack, UNREADABLE));
        (unminified, turn)
    }

    /// `None` when what is at hand is not enough.
    fn read_at_hand<'t>(
        &self,
        text: &'t str,
        stack: &Stack<'t>,
        found: &FoundMaps,
    ) -> Option<Unminified<'t>> {
        let missed = Rc::default();
        let source = Source::AtHand(Rc::clone(&missed));
        let unminified = read(text, stack, found, &self.pieces, &source);
        (!missed.get()).then_some(unminified)
    }
}

/// Which map each script has, by its URL, or why it has none.
type FoundMaps = HashMap<String, Result<Found, String>>;
/// A stack, and its turn to read maps if it had one.
type Resolved<'t> = (Unminified<'t>, Option<OwnedSemaphorePermit>);

fn read<'t>(
    text: &'t str,
    stack: &Stack<'t>,
    found: &FoundMaps,
    pieces: &Arc<Pieces>,
    source: &Source,
) -> Unminified<'t> {
    let mut room = INDEXES_OF_A_STACK;
    unminify_parsed(text, stack, |url| {
        let map = found.get(url).ok_or("the stack has too many scripts")?;
        let map = map.as_ref().map_err(Clone::clone)?;
        let index = pieces.index(map.id, source)?;
        room = room
            .checked_sub(index.len())
            .ok_or("the stack leads through too many scripts with large maps")?;
        Ok(StoredMap {
            index,
            text: Box::new(Text::new(map, pieces, source)),
        })
    })
}

/// As it is, for this reason.
fn leave<'t>(text: &'t str, stack: &Stack<'t>, why: &str) -> Unminified<'t> {
    unminify_parsed(text, stack, |_| Err(why.to_owned()))
}

/// The scripts of a stack, each once.
fn urls<'t>(stack: &Stack<'t>) -> Vec<&'t str> {
    let mut urls = Vec::new();
    for place in stack
        .frames
        .iter()
        .take(MOST_FRAMES)
        .filter_map(|frame| frame.place.as_ref())
    {
        if !urls.contains(&place.url) {
            urls.push(place.url);
        }
    }
    urls
}

/// The newest of several stands last, and so stays.
fn newest(found: Vec<Found>) -> HashMap<String, Found> {
    found
        .into_iter()
        .map(|found| (found.asked.clone(), found))
        .collect()
}

/// What was looked for, in words for the person who uploaded something else.
fn missing(url: &str, debug_id: Option<&str>, release: Option<&str>, has_maps: bool) -> String {
    let path = path(url);
    let by_release = match release {
        None => "no map, and the report names no release".to_owned(),
        Some(release) if has_maps => format!("no map for {path} in release {release}"),
        Some(release) => format!("no map for release {release}"),
    };
    match debug_id {
        Some(id) => format!("no map with debug id {id}; {by_release}"),
        None => by_release,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::maps::{NewMap, Packed};

    #[test]
    fn what_was_asked_before_a_map_came_is_not_believed_after_it() {
        let mut releases = Releases::new();
        let release = || ("shop".to_owned(), "1.0".to_owned());
        let asked_at = releases.changes;

        releases.change();
        releases.note(release(), false, asked_at);
        assert_eq!(releases.known.get(&release()), None);

        releases.note(release(), true, releases.changes);
        assert_eq!(releases.known.get(&release()), Some(&true));
    }

    #[tokio::test]
    async fn a_stack_has_its_turn_until_it_has_room_elsewhere() {
        let (store, _folder) = crate::store::testing::store().await;
        let map = NewMap {
            project: "shop",
            release: "1.0",
            file_url: "https://x/a.js",
            path: "/a.js",
            debug_id: None,
            size: 1,
            index: Packed {
                size: 1,
                bytes: b"none",
            },
        };
        store
            .publish_map(store.new_map_id(), &map, Timestamp::MAX)
            .await
            .unwrap();
        let maps = Maps::new(store, Arc::default());
        let origin = Origin {
            project: "shop",
            release: Some("1.0"),
            debug_ids: &HashMap::new(),
        };
        let why = |unminified: Unminified<'_>| unminified.frames[0].unresolved.as_deref().map(str::to_owned);
        let stack = "Error\n    at a (https://x/a.js:1:1)";

        let (first, turn) = maps.unminify(stack, &origin, Timestamp::MAX).await;
        let (_, other_turn) = maps.unminify(stack, &origin, Timestamp::MAX).await;
        assert_eq!(why(first).unwrap(), "the stored map is damaged");
        // Found before, as a clock that runs ahead while nothing else does would also end the wait for the database.
        let parsed = stack::parse(stack);
        let found = maps.find(&urls(&parsed), &origin).await.unwrap();
        tokio::time::pause();
        let (waited, none) = maps.resolve(stack, &parsed, found, Timestamp::MAX).await;
        assert!(why(waited).unwrap().contains("too many stacks") && none.is_none());
        tokio::time::resume();

        drop((turn, other_turn));
        let (last, _) = maps.unminify(stack, &origin, Timestamp::MAX).await;
        assert_eq!(why(last).unwrap(), "the stored map is damaged");
    }
}
