-- Groups of errors, their newest occurrences, and what is needed to find them again.
--
-- A report touches few pages: the group's row (with the counts of its last 48 hours
-- and the places of its kept occurrences packed into it), one occurrence that is
-- overwritten in place, and the indexes of the lists.

create table projects (
    id integer primary key,
    name text not null unique,
    -- Groups in the project, the overflow group left out: MAX_GROUPS is checked without counting.
    groups integer not null default 0
) strict;

create table errors (
    id integer primary key autoincrement,
    project_id integer not null references projects (id),
    fingerprint blob not null,
    exception_type text not null,
    -- The newest occurrence's, cut to what a list shows; the whole text is in the occurrence.
    message text not null,
    culprit text,
    level text,
    environment text,
    release text,
    count integer not null,
    first_seen integer not null,
    last_seen integer not null,
    -- 0 open, 1 resolved, 2 ignored, 3 resolved and ignored.
    state integer not null default 0,
    resolved_at integer,
    reopened_at integer,
    -- Sources ever seen: 1 server, 2 browser, 3 both; and the newest one.
    sources integer not null,
    newest_source integer not null,
    -- Reports in the last 24 hours less those in the 24 hours before.
    trend integer not null,
    -- Packed: counts per hour, newest 48 hours; slots and times of the kept occurrences.
    hours blob not null,
    slots blob not null
) strict;

create index errors_by_resolution on errors (resolved_at) where resolved_at is not null;
create index errors_by_last_seen on errors (state, last_seen);
create index errors_by_project on errors (project_id, state, last_seen);
-- The id comes second because it decides between equals; the rest lets a walk skip groups without reading them.
create index errors_by_first_seen on errors (first_seen, id, state, project_id);
create index errors_by_count on errors (count, id, state, project_id);
create index errors_by_trend on errors (trend, id, state, project_id);
create index errors_from_servers on errors (id) where sources in (1, 3);
create index errors_from_browsers on errors (id) where sources in (2, 3);

-- Which key leads to which group. Scheme 1 is the documented fingerprint with the exception type behind it,
-- scheme 0 the project's overflow group; more schemes, and several keys of one group, can come.
create table error_keys (
    project_id integer not null references projects (id),
    scheme integer not null,
    key blob not null,
    error_id integer not null references errors (id) on delete cascade,
    primary key (project_id, scheme, key)
) strict, without rowid;

create index error_keys_by_error on error_keys (error_id);

-- The newest occurrences of each group. A slot is overwritten when its occurrence is the oldest of its group.
create table error_occurrences (
    slot integer primary key,
    id integer not null,
    error_id integer not null references errors (id) on delete cascade,
    at integer not null,
    -- JSON of what was reported, compressed with zstd.
    body blob not null
) strict;

create index error_occurrences_by_error on error_occurrences (error_id);

-- Counts per hour that are older than the 48 hours in the group's row.
create table error_hours (
    error_id integer not null references errors (id) on delete cascade,
    hour integer not null,
    count integer not null,
    primary key (error_id, hour)
) strict, without rowid;

create index error_hours_by_hour on error_hours (hour);

-- Environments (kind 1) and releases (kind 2) ever seen, and in which groups.
create table facets (
    id integer primary key,
    project_id integer not null references projects (id),
    kind integer not null,
    value text not null,
    unique (project_id, kind, value)
) strict;

create table error_facets (
    facet_id integer not null references facets (id) on delete cascade,
    error_id integer not null references errors (id) on delete cascade,
    primary key (facet_id, error_id)
) strict, without rowid;

create index error_facets_by_error on error_facets (error_id);

-- The last sessions of each group; a session is kept as the first 16 bytes of a digest.
create table error_sessions (
    session blob not null,
    error_id integer not null references errors (id) on delete cascade,
    at integer not null,
    primary key (session, error_id)
) strict, without rowid;

create index error_sessions_by_error on error_sessions (error_id, at);

-- Reports that have been counted, by digest of project and event_id, so that a repeat is counted once.
create table seen_events (
    key blob primary key,
    error_id integer not null,
    at integer not null
) strict, without rowid;

create index seen_events_by_time on seen_events (at);

-- Any three characters of type and message lead to the group. The text itself is in the group's row.
create virtual table errors_fts using fts5 (text, content = '', contentless_delete = 1, tokenize = 'trigram');

-- Groups whose newest message the search index does not hold yet.
create table errors_unindexed (
    error_id integer primary key references errors (id) on delete cascade
) strict;

-- Alerts on their way: one row for each channel that still has to be told.
create table alerts (
    id integer primary key autoincrement,
    error_id integer references errors (id) on delete cascade,
    channel text not null,
    -- The same for every try, so that a receiver can recognise a repeat.
    token text not null,
    payload text not null,
    created_at integer not null,
    attempts integer not null default 0,
    next_at integer not null
) strict;

create index alerts_by_time on alerts (channel, next_at);
create index alerts_by_error on alerts (error_id);

-- When mails went out, for the limit per hour.
create table alerts_sent (
    id integer primary key,
    channel text not null,
    at integer not null
) strict;

create index alerts_sent_by_time on alerts_sent (channel, at);
