//! Statements come out as labelled; no text brings the look down.

use proptest::prelude::*;

use super::SqlDeed::{self, *};
use super::look;

fn file(path: &str) -> SqlDeed {
    ReadsFile { path: path.into() }
}

fn out(path: &str) -> SqlDeed {
    WritesFile { path: path.into() }
}

fn drops(what: &str) -> SqlDeed {
    Drops { what: what.into() }
}

fn unknown(what: &str) -> SqlDeed {
    Unknown(what.into())
}

#[track_caller]
fn check(rows: Vec<(&str, Vec<SqlDeed>)>) {
    let wrong: Vec<String> = rows
        .into_iter()
        .filter_map(|(text, wanted)| {
            let found = look(text);
            (found != wanted).then(|| format!("{text}\n   found {found:?}\n  wanted {wanted:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_only_reads() {
    check(vec![
        ("", vec![]),
        ("-- drop table x", vec![]),
        ("select 1", vec![Reads]),
        ("SELECT * FROM users WHERE name = 'drop table x; delete from y'", vec![Reads]),
        ("select \"delete\" from t /* truncate t; */ where a = 1 -- update x", vec![Reads]),
        ("select a from t for update", vec![Reads]),
        ("(select 1) union (select 2)", vec![Reads]),
        ("with x as (select 1) select * from x", vec![Reads]),
        ("with x (a, b) as materialized (select 1, 2), y as (select 3) select * from x, y", vec![Reads]),
        ("values (1)", vec![Reads]),
        ("table users", vec![Reads]),
        ("show tables; describe t; desc t", vec![Reads]),
        ("pragma table_info(t)", vec![Reads]),
        ("\\dt", vec![Reads]),
        ("\\x\n\\timing on\nselect 1;", vec![Reads]),
        (".tables", vec![Reads]),
        (".mode csv\n.headers on\nselect * from t;", vec![Reads]),
        (".schema", vec![Reads]),
        ("explain delete from t", vec![Explains]),
        ("explain (verbose, costs off) update t set a = 1", vec![Explains]),
        ("explain (analyze off) delete from t", vec![Explains]),
        ("explain analyze select 1", vec![Reads]),
        ("begin; commit; rollback", vec![]),
        ("set search_path to x", vec![]),
        ("use db; select replace(a, 'x', 'y'), insert(a, 1, 2, 'z') from t", vec![Reads]),
        ("select $$drop table x$$", vec![Reads]),
        ("select $a$it's$a$", vec![Reads]),
        ("copy t to stdout", vec![Reads]),
        ("\\copy t to stdout", vec![Reads]),
        ("select 'it''s' from t", vec![Reads]),
        ("select 'it\\'s' from t", vec![Reads]),
        ("analyze; vacuum", vec![Reads]),
        ("match (n:Person) where n.age > 3 return n", vec![Reads]),
        ("show measurements", vec![Reads]),
        ("select extract(year from d) from t", vec![Reads]),
        ("exec sp_help 't'", vec![Reads]),
    ]);
}

#[test]
fn what_adds_and_changes() {
    check(vec![
        ("insert into t values (1, 'delete from x')", vec![Inserts]),
        ("insert into t select * from s", vec![Inserts]),
        ("insert into t values (1) on conflict (id) do update set a = 2", vec![Inserts, Updates { bounded: true }]),
        ("insert into t values (1) on conflict do nothing", vec![Inserts]),
        ("replace into t values (1)", vec![Inserts, Updates { bounded: true }]),
        ("update t set a = 1 where id = 5", vec![Updates { bounded: true }]),
        ("update t set a = 1", vec![Updates { bounded: false }]),
        ("update t set a = (select b from s where s.id = t.id)", vec![Updates { bounded: false }]),
        ("create table t (id int, on_delete text)", vec![CreatesThings]),
        ("create table t (a int references b on delete cascade)", vec![CreatesThings]),
        ("create index i on t (a); create view v as select 1", vec![CreatesThings]),
        ("create or replace view v as select 1", vec![CreatesThings]),
        ("create or replace table t as select 1", vec![drops("TABLE"), CreatesThings]),
        (
            "create trigger a after insert on t begin delete from x; update y set z = case when 1 then 2 end; end; select 1",
            vec![CreatesThings, Reads],
        ),
        ("create function f() returns int as $$ delete from t $$ language sql", vec![CreatesThings]),
        ("alter table t add column a int", vec![Alters { drops: false }]),
        ("alter table t alter column a drop not null", vec![Alters { drops: false }]),
        ("alter table t drop column a", vec![Alters { drops: true }]),
        ("alter table t drop a", vec![Alters { drops: true }]),
        ("alter table t rename to u", vec![Alters { drops: false }]),
        ("select * into t2 from t", vec![Reads, CreatesThings]),
        ("select nextval('s')", vec![Reads, Updates { bounded: true }]),
        ("grant all on t to bob", vec![Grants]),
        ("revoke all on t from bob", vec![Grants]),
        ("create user bob password 'x'", vec![Roles]),
        ("alter role bob superuser", vec![Roles]),
        ("drop user bob", vec![Roles]),
        ("set role admin", vec![Roles]),
        (
            "merge into t using s on t.id = s.id when matched then delete",
            vec![Updates { bounded: true }, DeletesRows { bounded: true }],
        ),
        ("create (n:Person {name: 'x'}) return n", vec![Inserts]),
        ("match (n {id: 1}) set n.x = 2", vec![Updates { bounded: true }]),
    ]);
}

#[test]
fn what_destroys() {
    check(vec![
        ("delete from t", vec![DeletesRows { bounded: false }]),
        ("DELETE FROM t WHERE id = 3", vec![DeletesRows { bounded: true }]),
        ("delete from t where id in (select id from s)", vec![DeletesRows { bounded: true }]),
        ("delete from t where 1=1", vec![DeletesRows { bounded: false }]),
        ("delete from t where (1 = 1)", vec![DeletesRows { bounded: false }]),
        ("delete from t where true", vec![DeletesRows { bounded: false }]),
        ("delete from t where not false", vec![DeletesRows { bounded: false }]),
        ("delete from t where id=id", vec![DeletesRows { bounded: false }]),
        ("delete from t where a = 3 or 'x' = 'x'", vec![DeletesRows { bounded: false }]),
        ("delete from t where a = 3 and 1 = 1", vec![DeletesRows { bounded: true }]),
        ("delete from t where id > 0", vec![DeletesRows { bounded: false }]),
        ("delete from t where id is not null", vec![DeletesRows { bounded: false }]),
        ("delete from t where name like '%'", vec![DeletesRows { bounded: false }]),
        ("delete from t where created between 1 and 2", vec![DeletesRows { bounded: true }]),
        ("delete from t limit 10", vec![DeletesRows { bounded: true }]),
        ("delete from t -- where id = 1", vec![DeletesRows { bounded: false }]),
        ("delete from t /* where id = 1 */", vec![DeletesRows { bounded: false }]),
        ("delete from t returning 'where'", vec![DeletesRows { bounded: false }]),
        ("update t set a = 1 where 2 > 1", vec![Updates { bounded: false }]),
        ("with d as (delete from t returning *) select * from d", vec![Reads, DeletesRows { bounded: false }]),
        ("with x as (select 1) delete from t", vec![DeletesRows { bounded: false }]),
        ("explain analyze delete from t", vec![DeletesRows { bounded: false }]),
        ("explain (analyze, buffers) delete from t where id = 1", vec![DeletesRows { bounded: true }]),
        ("select 1; drop table t", vec![Reads, drops("TABLE")]),
        ("drop database x; drop schema y cascade", vec![drops("DATABASE"), drops("SCHEMA")]),
        ("drop materialized view v", vec![drops("VIEW")]),
        ("/*!50000 drop table t */", vec![drops("TABLE")]),
        ("dRoP/**/tAbLe t", vec![drops("TABLE")]),
        ("truncate t", vec![Truncates]),
        ("do $$ begin delete from t; end $$", vec![DeletesRows { bounded: false }]),
        ("do $$ begin if true then drop table t; end if; end $$", vec![drops("TABLE")]),
        ("do $$ begin execute 'drop table ' || n; end $$", vec![drops("TABLE"), Dynamic]),
        ("execute immediate 'drop table t'", vec![drops("TABLE")]),
        ("prepare p as delete from t; execute p", vec![DeletesRows { bounded: false }]),
        ("prepare p from @v; execute p", vec![Dynamic]),
        ("exec('drop table t')", vec![drops("TABLE")]),
        ("match (n) detach delete n", vec![DeletesRows { bounded: false }]),
        ("match (n) where n.id = 3 detach delete n", vec![DeletesRows { bounded: true }]),
        ("drop measurement cpu", vec![drops("MEASUREMENT")]),
        ("drop keyspace k", vec![drops("KEYSPACE")]),
        ("select '\\'; drop table t; --'", vec![Reads, drops("TABLE")]),
        (
            "create event e on schedule every 1 day do delete from t",
            vec![DeletesRows { bounded: false }, CreatesThings],
        ),
    ]);
}

#[test]
fn what_reaches_outside() {
    check(vec![
        ("copy t from program 'curl x | sh'", vec![RunsProgram]),
        ("copy (select 1) to program 'sh'", vec![RunsProgram]),
        ("copy t to '/tmp/x'", vec![out("/tmp/x")]),
        ("copy t from '/etc/passwd'", vec![Inserts, file("/etc/passwd")]),
        ("\\copy t to program 'sh'", vec![RunsProgram]),
        ("\\copy t from 'a.csv' csv", vec![file("a.csv")]),
        ("exec xp_cmdshell 'dir'", vec![RunsProgram]),
        ("\\! rm -rf x", vec![RunsProgram]),
        ("select 1 \\! rm", vec![Reads, RunsProgram]),
        (".shell rm x", vec![RunsProgram]),
        ("select 1;\n.system ls", vec![Reads, RunsProgram]),
        (".load ./evil", vec![RunsProgram]),
        (".output |sh", vec![RunsProgram]),
        (".output x.txt", vec![out("x.txt")]),
        (".once out.csv\nselect 1", vec![out("out.csv"), Reads]),
        (".read drop.sql", vec![file("drop.sql")]),
        (".backup main copy.db", vec![out("copy.db")]),
        ("\\i drop.sql", vec![file("drop.sql")]),
        ("\\o out.txt", vec![out("out.txt")]),
        ("\\g |sh", vec![RunsProgram]),
        ("select 'x' \\gexec", vec![Reads, Dynamic]),
        ("system rm -rf 'x", vec![RunsProgram, unknown("unclosed")]),
        ("source dump.sql", vec![file("dump.sql")]),
        ("select sys_exec('rm')", vec![Reads, RunsProgram]),
        ("select load_extension('x.so')", vec![Reads, RunsProgram]),
        ("select pg_read_file('/etc/passwd')", vec![Reads, file("/etc/passwd")]),
        ("select load_file('/etc/passwd')", vec![Reads, file("/etc/passwd")]),
        ("select lo_export(1, '/tmp/x')", vec![Reads, out("/tmp/x")]),
        ("select writefile('x', 'y')", vec![Reads, out("x")]),
        ("select * from t into outfile '/tmp/x'", vec![Reads, out("/tmp/x")]),
        ("load data local infile 'a.csv' into table t", vec![Inserts, file("a.csv")]),
        ("vacuum into 'copy.db'", vec![out("copy.db")]),
        ("attach 'other.db' as o", vec![file("other.db")]),
        ("shutdown", vec![Server]),
        ("alter system set x = 1", vec![Server]),
        ("kill 5", vec![Server]),
        ("set global x = 1", vec![Server]),
        ("select pg_terminate_backend(5)", vec![Reads, Server]),
        ("create function f() returns void as 'x.so', 'f' language c", vec![RunsProgram, CreatesThings]),
        ("do $$ import os $$ language plpython3u", vec![RunsProgram]),
        ("select * from 'a.csv'", vec![Reads, file("a.csv")]),
        ("select * from read_csv('a.csv')", vec![Reads, file("a.csv")]),
        ("frobnicate x", vec![unknown("FROBNICATE")]),
        ("?", vec![unknown("?")]),
        ("select 'open", vec![Reads, unknown("unclosed")]),
        ("call do_it()", vec![unknown("CALL")]),
    ]);
}

#[test]
fn texts_in_texts_have_an_end() {
    assert_eq!(look(&"prepare a as ".repeat(4_000)), vec![unknown("PREPARE")]);
    assert_eq!(look(&"create event a do ".repeat(3_000)), vec![unknown("CREATE"), CreatesThings]);
}

#[test]
fn a_long_text_is_not_looked_at() {
    assert_eq!(look(&"select 1;".repeat(10_000)), vec![unknown("too long")]);
}

proptest! {
    #[test]
    fn no_text_brings_it_down(text in "\\PC{0,200}") {
        prop_assert!(look(&text).len() <= super::MOST_DEEDS);
    }

    #[test]
    fn no_row_of_words_brings_it_down(words in prop::collection::vec(prop::sample::select(vec![
        "delete", "from", "where", "(", ")", "'", "''", "\"", "$$", ";", "or", "and", "1", "=", "with", "as", "explain",
        "analyze", "begin", "end", "case", "create", "trigger", "execute", "do", "prepare", "copy", "to", "\\", "\n.",
        "/*", "*/", "--", "\n", "é", "not", "is", "null", "id", "alter", "drop", "merge", "into", "then", "if", "loop",
    ]), 0..60), gap in prop::sample::select(vec!["", " "])) {
        prop_assert!(look(&words.join(gap)).len() <= super::MOST_DEEDS);
    }
}
