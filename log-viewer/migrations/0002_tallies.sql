-- How often a token is in many blocks at once: counting a word over everything reads one short row for each group of
-- blocks instead of two columns of each of them.
--
-- A group is some dozens of closed blocks of a part that follow each other. Blocks need not be in one: those of an older
-- database are not, nor are the newest ones.

create table block_groups (
    id integer primary key autoincrement,
    part integer not null,
    first_block integer not null,
    last_block integer not null,
    blocks integer not null
) strict;

create index block_groups_by_part on block_groups (part);

-- Of tokens, and of two that follow each other, as far as they are frequent.
create table tallies (
    group_id integer not null,
    token text not null,
    tally blob not null,
    primary key (group_id, token)
) strict, without rowid;
