-- A batch of sessions is written by one statement. With a foreign key that is checked row by row, SQLite keeps a copy
-- of each page that the statement changes, in case it must be undone; checked at the commit, it keeps none.

create table sessions_of_errors (
    session blob not null,
    error_id integer not null references errors (id) on delete cascade deferrable initially deferred,
    at integer not null,
    primary key (session, error_id)
) strict, without rowid;

insert into sessions_of_errors (session, error_id, at) select session, error_id, at from error_sessions;
drop table error_sessions;
alter table sessions_of_errors rename to error_sessions;

create index error_sessions_by_error on error_sessions (error_id, at);
