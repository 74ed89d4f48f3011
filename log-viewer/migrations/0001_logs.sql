-- Log entries in compressed blocks, and how far each container's files have been read.
--
-- A row per entry would make the ring at its limit delete row by row, which stalls for seconds and leaves the file
-- several times too large. A block is some 64 KiB of text with one document in a full-text index; the index
-- is cut into parts that are dropped whole (log_entries_fts_N, made as they are needed).

create table containers (
    id integer primary key,
    -- Docker's own id: a container that was made again under the same name is another one.
    docker_id text not null unique,
    name text not null,
    image text,
    project text,
    service text,
    running integer not null,
    -- Nanoseconds; of the newest record that was read.
    last_at integer,
    -- Milliseconds; when its folder was found to be gone.
    removed_at integer
) strict;

create index containers_by_name on containers (name);

-- How far the log of a container has been read: which file (by inode and by a checksum of its start), and where in it
-- (by offset and by a checksum of what stands before it).
create table cursors (
    container_id integer primary key references containers (id) on delete cascade,
    device integer not null,
    inode integer not null,
    head_length integer not null,
    head_hash integer not null,
    position integer not null,
    tail_length integer not null,
    tail_hash integer not null,
    -- Nanoseconds; of the last record before it.
    last_at integer not null
) strict;

-- Entries that may still grow, at most one of each stream; with what is needed to go on with them.
create table open_entries (
    id integer primary key,
    container_id integer not null references containers (id) on delete cascade,
    stream integer not null,
    at integer not null,
    level integer not null,
    text text not null,
    state blob not null,
    unique (container_id, stream)
) strict;

-- Blocks. Those without a part are not closed yet: small, not indexed, and read by every search.
create table log_entries (
    id integer primary key autoincrement,
    part integer,
    entries integer not null,
    text_bytes integer not null,
    first_id integer not null,
    last_id integer not null,
    -- Nanoseconds.
    oldest integer not null,
    newest integer not null,
    -- Bits: containers by their number modulo 64, levels by their order.
    containers integer not null,
    levels integer not null,
    -- Entries by container and level.
    counts blob not null,
    -- Who, when and how bad; which entries have the frequent tokens; then the texts.
    heads blob not null,
    postings blob not null,
    texts blob not null
) strict;

create index log_entries_open on log_entries (id) where part is null;

-- Parts of the full-text index. A retired one is no longer searched and is freed in small steps.
create table parts (
    id integer primary key autoincrement,
    entries integer not null default 0,
    retired integer not null default 0
) strict;

-- The newest number that was given to an entry: a number is never used twice.
create table numbers (
    id integer primary key check (id = 1),
    last_entry integer not null
) strict;

insert into numbers (id, last_entry) values (1, 0);
