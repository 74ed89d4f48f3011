//! Which containers are followed: those that come, change, and go.

use std::path::{Path, PathBuf};

use tokio::runtime::Handle;

use super::{Followed, Follower, Stopped};
use crate::lines::ContainerId;
use crate::source::discovery::{Sighting, Sightings};
use crate::source::tail::Tail;

impl Follower {
    /// Looks for containers that have come, changed and gone; everything is due then.
    pub(super) fn look(&mut self, runtime: &Handle) -> Result<(), Stopped> {
        for source in self.discovery.sources() {
            // Adding it again finds out whether it is still the same folder.
            if let Some(watch) = self.events.watch_source(source) {
                self.watched_sources.retain(|_, other| other != source);
                self.watched_sources.insert(watch, source.clone());
            }
        }
        let seen = self.discovery.look();
        for sighting in &seen.containers {
            if sighting.is_wanted {
                self.meet(sighting, runtime)?;
            } else {
                self.ignore(&sighting.described.docker_id);
            }
        }
        for followed in self.followed.values_mut() {
            followed.is_due = true;
            let tail = &mut followed.tail;
            let source = tail.folder().parent().map(PathBuf::from);
            let is_listed = source.is_some_and(|source| seen.listed.contains(&source));
            tail.is_gone = is_listed && matches!(tail.folder().try_exists(), Ok(false));
        }
        self.settle_the_absent(&seen, runtime)?;
        self.found_problems = seen.problems;
        Ok(())
    }

    /// Follows a container, or notes what has changed of it.
    fn meet(&mut self, sighting: &Sighting, runtime: &Handle) -> Result<(), Stopped> {
        let described = &sighting.described;
        let known = self.numbers_by_id.get(&described.docker_id).map(|(id, _)| *id);
        let before = known.and_then(|id| self.followed.get(&id));
        if before.is_some_and(|before| before.described == *described && before.has_log == sighting.has_log) {
            return Ok(());
        }
        let id = match self.ask(runtime, self.store.put_container(described))? {
            Ok(id) => id,
            Err(error) => {
                tracing::error!(%error, container.name = described.name, "a container cannot be noted");
                return Ok(());
            }
        };
        self.numbers_by_id
            .insert(described.docker_id.clone(), (id, false));
        let followed = self.followed.entry(id).or_insert_with(|| {
            // Before anything is read, so that nothing falls between.
            let watch = self.events.watch_container(&sighting.folder);
            if let Some(watch) = &watch {
                self.watched.insert(watch.clone(), id);
            }
            let open = self.open.remove(&id).unwrap_or_default();
            let cursor = self.cursors.remove(&id);
            Followed {
                tail: Tail::new(id, &sighting.folder, &described.docker_id, cursor, open),
                described: described.clone(),
                watch,
                has_log: false,
                is_due: true,
                problem: None,
            }
        });
        followed.tail.name.clone_from(&described.name);
        followed.described.clone_from(described);
        followed.has_log = sighting.has_log;
        Ok(())
    }

    /// Lets go of a container whose new name is not wanted.
    fn ignore(&mut self, docker_id: &str) {
        let Some(id) = self.numbers_by_id.get(docker_id).map(|(id, _)| *id) else {
            return;
        };
        if let Some(mut followed) = self.followed.remove(&id) {
            followed.tail.finish(&mut self.numbers);
            if let Some(chunk) = followed.tail.take_chunk(&mut self.numbers) {
                self.packer.add(chunk);
            }
            self.cursors
                .extend(followed.tail.cursor().map(|cursor| (id, cursor)));
            self.unwatch(followed.watch);
        }
    }

    /// What was known when the service started and is not there: its entries are complete, and it is gone.
    fn settle_the_absent(&mut self, seen: &Sightings, runtime: &Handle) -> Result<(), Stopped> {
        // A folder that was not mounted is empty, and does not say that containers were removed.
        if seen.listed.len() < self.discovery.sources().len()
            || !seen.problems.is_empty()
            || seen.containers.is_empty()
        {
            return Ok(());
        }
        for (id, open) in std::mem::take(&mut self.open) {
            let mut tail = Tail::new(id, Path::new(""), "", None, open);
            tail.finish(&mut self.numbers);
            if let Some(chunk) = tail.take_chunk(&mut self.numbers) {
                self.packer.add(chunk);
            }
        }
        let is_seen = |docker_id: &String| {
            seen.containers
                .iter()
                .any(|sighting| sighting.described.docker_id == *docker_id)
        };
        let gone: Vec<ContainerId> = self
            .numbers_by_id
            .iter_mut()
            .filter(|(docker_id, (id, is_removed))| {
                !*is_removed && !is_seen(docker_id) && !self.followed.contains_key(id)
            })
            .map(|(_, (id, is_removed))| {
                *is_removed = true;
                *id
            })
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.send(runtime)?;
        for id in gone {
            self.note_removed(id, runtime)?;
        }
        Ok(())
    }
}
