-- A value that may be replaced stands with its name only, so that a minute's other points can be summarised before the
-- minute is over. No release has kept it elsewhere.
drop table replaceable_points;

-- Values that a later point of the same name replaces: those that count.
create table replaceable_points (
    series_id integer not null,
    point_id integer not null,
    minute integer not null,
    -- Milliseconds.
    at integer not null,
    value real not null,
    primary key (series_id, point_id)
) strict, without rowid;

create index replaceable_points_by_minute on replaceable_points (minute);

-- What some of the points of a minute come to, made while more of them come in. They are made anew after a start.
create table partials (
    -- The minute times 2^38, the page times 2^12, and a number: the partials of one page lie together.
    id integer primary key,
    data blob not null
) strict;
