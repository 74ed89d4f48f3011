-- Points, what they come to by minute and by hour, and which series there are.
--
-- A row per point would be ten times as large and as slow: the points of one commit and one minute are one row. A row per
-- series and bucket would be ten thousand rows a minute: sixty-four series of one metric (a page) are one row.

create table projects (
    id integer primary key,
    name text not null unique
) strict;

create table metrics (
    id integer primary key,
    project_id integer not null references projects (id),
    name text not null,
    -- 0 counter, 1 histogram, 2 gauge.
    kind integer not null,
    -- The page that holds the total of all its series.
    total_page integer not null,
    unique (project_id, kind, name)
) strict;

-- Names and values of labels, each kept once.
create table label_texts (
    id integer primary key,
    text text not null
) strict;

create table series (
    -- The page times sixty-four and the place on it.
    id integer primary key,
    metric_id integer not null references metrics (id),
    -- Pairs of numbers of label_texts.
    labels blob not null,
    -- The newest hour that has a point of it, since the epoch.
    last_hour integer not null
) strict;

create index series_by_metric on series (metric_id);

create table metrics_raw (
    -- The minute since the epoch times 2^24, and a number within it: what is of one minute lies together.
    id integer primary key,
    points integer not null,
    data blob not null
) strict;

create table metrics_aggregated (
    -- The page times 2^33, a bit for hours times 2^32, and the minute or hour: a range of time of one page lies together.
    id integer primary key,
    data blob not null
) strict;

-- Minutes and hours whose rows do not hold yet all that belongs there.
create table unsettled (
    -- 0 minute, 1 hour.
    resolution integer not null,
    bucket integer not null,
    primary key (resolution, bucket)
) strict, without rowid;

-- Values that a later point of the same name replaces, and where the one that counts stands.
create table replaceable_points (
    series_id integer not null,
    point_id integer not null,
    minute integer not null,
    -- Milliseconds.
    at integer not null,
    primary key (series_id, point_id)
) strict, without rowid;

create index replaceable_points_by_minute on replaceable_points (minute);

-- Batches that have been taken, by the digest of their key.
create table retry_keys (
    key blob primary key,
    -- Milliseconds.
    at integer not null
) strict, without rowid;

create index retry_keys_by_age on retry_keys (at);

-- From which minute or hour on each tier is complete.
create table floors (
    id integer primary key check (id = 1),
    raw integer not null,
    minutes integer not null,
    hours integer not null
) strict;

insert into floors (id, raw, minutes, hours) values (1, 0, 0, 0);
