-- Events and sessions on their way into their tables (store/ingest/write_buffer.rs). A ring: each row is written over a
-- few thousand reports later. Nothing is declared as never null, as a statement that may fail for that keeps copies of pages.
create table write_buffer (
    -- The number modulo the rows of the ring.
    place integer primary key,
    number integer,
    event blob,
    counted_at integer,
    session blob,
    at integer,
    error_id integer
) strict;
