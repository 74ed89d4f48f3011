-- What some of the points of a minute come to, made while more of them come in. They are made anew after a start.
drop table partials;

create table partials (
    -- The minute times 2^36, the page times 2^10, and a number: the partials of one page lie together. With longer numbers
    -- the minutes from 2033 on would have no room.
    id integer primary key,
    data blob not null
) strict;

-- What the settled minutes of an hour come to, while it is not over. They are made anew after a start.
create table hours_so_far (
    -- Page and hour, as in metrics_aggregated.
    id integer primary key,
    -- Which rows are valid is only known to the process that has written them.
    generation integer not null,
    -- A bit for each minute that is in it.
    minutes integer not null,
    data blob not null
) strict;
