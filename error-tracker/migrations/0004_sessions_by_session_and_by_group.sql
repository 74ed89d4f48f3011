-- Sessions are asked for by session and forgotten by group. One table with an index had each row change a page at a
-- random place; two tables are each written in an order of their own, in which neighbouring rows share pages.
-- Neither has a foreign key: to look each row's group up costs more than the row (store/ingest/write.rs, store/actions.rs).

create table session_errors (
    session blob not null,
    error_id integer not null,
    primary key (session, error_id)
) strict, without rowid;

create table sessions_by_error (
    error_id integer not null,
    session blob not null,
    at integer not null,
    primary key (error_id, session)
) strict, without rowid;

insert into sessions_by_error (error_id, session, at)
    select error_id, session, at from error_sessions order by error_id, session;

-- What was on its way goes where it belongs, as the ways are new.
insert into sessions_by_error (error_id, session, at)
    select error_id, session, max(at) from write_buffer
    where session is not null and exists (select 1 from errors where id = write_buffer.error_id)
    group by error_id, session
    on conflict (error_id, session) do update set at = max(at, excluded.at);

insert into session_errors (session, error_id)
    select session, error_id from sessions_by_error order by session, error_id;

drop table error_sessions;
alter table sessions_by_error rename to error_sessions;
