-- What some of the points of a minute come to, made while more of them come in. They are made anew after a start.
drop table partials;

create table partials (
    -- The minute times 2^36, the page times 2^10, and a number: the partials of one page lie together. With longer numbers
    -- the minutes from 2033 on would have no room.
    id integer primary key,
    data blob not null
) strict;
