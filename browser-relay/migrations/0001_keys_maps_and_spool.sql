-- Keys of browsers, source maps, and what waits for the error tracker and the metrics collector.

create table dsn_keys (
    id integer primary key autoincrement,
    -- 32 hex digits; public, so it is kept as it is.
    public_key text not null unique,
    project text not null,
    active integer not null,
    created_at integer not null,
    -- A JSON array; null stands for CORS_ORIGINS.
    allowed_origins text,
    -- Requests in any 60 s per client; null stands for RATE_LIMIT.
    rate_limit integer,
    last_used integer
) strict;

create table source_maps (
    id integer primary key autoincrement,
    project text not null,
    release text not null,
    -- As it was uploaded.
    file_url text not null,
    -- Its path without query, which is what a frame is found by.
    path text not null,
    -- 32 lower-case hex digits.
    debug_id text,
    -- Of the map's text, in bytes.
    size integer not null,
    uploaded_at integer not null,
    last_used integer not null,
    unique (project, release, file_url)
) strict;

create index source_maps_by_path on source_maps (project, release, path);
create index source_maps_by_project on source_maps (project, id);
create index source_maps_by_release on source_maps (project, release, id);
create index source_maps_by_debug_id on source_maps (project, debug_id) where debug_id is not null;
create index source_maps_by_last_use on source_maps (last_used);

-- What a map's lookup begins with. In a table of its own, as are the blocks: a row that is touched at each use must be small.
create table source_map_indexes (
    map_id integer primary key,
    -- Before it was compressed, in bytes.
    size integer not null,
    bytes blob not null
) strict;

-- The text of the maps in compressed blocks of 16 KiB. The id is that of the map times 2^20, plus the block's number.
create table source_map_blocks (
    id integer primary key,
    bytes blob not null
) strict;

-- What a peer could not take. A row holds what was committed together.
create table spool (
    id integer primary key autoincrement,
    -- 0 the error tracker, 1 the metrics collector.
    peer integer not null,
    -- Reports or points.
    items integer not null,
    -- What makes a batch of points count once however often it is sent.
    retry_key text,
    -- Of the body before it was compressed, in bytes.
    size integer not null,
    -- JSON values, separated by commas, compressed.
    body blob not null,
    accepted_at integer not null
) strict;

create index spool_by_peer on spool (peer, id);
