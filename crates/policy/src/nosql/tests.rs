//! Commands come out as labelled; no text brings the look down.

use proptest::prelude::*;

use super::{mongo, redis, redis_text};
use crate::sql::SqlDeed::{self, *};

#[track_caller]
fn check(look: impl Fn(&str) -> Vec<SqlDeed>, rows: Vec<(&str, Vec<SqlDeed>)>) {
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
fn redis_commands_come_out_as_labelled() {
    let by_words = |text: &str| redis(&text.split('|').collect::<Vec<_>>());
    check(
        by_words,
        vec![
            ("-h|prod|-p|6379|GET|a", vec![Reads]),
            ("ping", vec![]),
            ("keys|*", vec![Reads]),
            ("--scan|--pattern|x*", vec![Reads]),
            ("info|memory", vec![Reads]),
            ("config|get|dir", vec![Reads]),
            ("set|a|flushall", vec![Updates { bounded: true }]),
            ("-n|2|incr|a", vec![Updates { bounded: true }]),
            ("hset|a|b|c", vec![Updates { bounded: true }]),
            ("del|a", vec![DeletesRows { bounded: true }]),
            ("unlink|a|b", vec![DeletesRows { bounded: true }]),
            ("-h|prod|flushall", vec![Truncates]),
            ("FLUSHDB|ASYNC", vec![Truncates]),
            ("config|set|dir|/root/.ssh", vec![Server, WritesFile { path: "/root/.ssh".into() }]),
            ("shutdown|nosave", vec![Server]),
            ("module|load|/tmp/x.so", vec![RunsProgram]),
            ("eval|return redis.call('get', KEYS[1])|1|a", vec![Reads]),
            (
                "eval|return redis.call('del', unpack(redis.call('keys', '*')))|0",
                vec![DeletesRows { bounded: false }, Reads],
            ),
            ("eval|redis.call('flushall')|0", vec![Truncates]),
            ("--eval|x.lua", vec![ReadsFile { path: "x.lua".into() }, Dynamic]),
            ("acl|setuser|bob", vec![Roles]),
            ("frobnicate", vec![Unknown("FROBNICATE".into())]),
        ],
    );
    check(redis_text, vec![("get a\nFLUSHALL\n", vec![Reads, Truncates]), ("# flushall\nping", vec![])]);
}

#[test]
fn mongo_scripts_come_out_as_labelled() {
    check(
        mongo,
        vec![
            ("db.users.find({name: 'deleteMany({})'})", vec![Reads]),
            ("db.getCollectionNames() // drop()", vec![Reads]),
            ("db.users.countDocuments({})", vec![Reads]),
            ("printjson(db.stats())", vec![Reads]),
            ("db.users.insertOne({a: 1})", vec![Inserts]),
            ("db.users.updateOne({_id: 1}, {$set: {a: 1}})", vec![Updates { bounded: true }]),
            ("db.users.updateMany({}, {$set: {a: 1}})", vec![Updates { bounded: false }]),
            ("db.users.updateMany({ a: 2 }, {$set: {a: 1}})", vec![Updates { bounded: true }]),
            ("db.users.deleteMany({})", vec![DeletesRows { bounded: false }]),
            ("db.users.deleteMany( { } )", vec![DeletesRows { bounded: false }]),
            ("db.users.deleteMany({a: 1})", vec![DeletesRows { bounded: true }]),
            ("db.users.remove({})", vec![DeletesRows { bounded: false }]),
            ("db.users.drop()", vec![Drops { what: "COLLECTION".into() }]),
            ("db['users']['drop']()", vec![Drops { what: "COLLECTION".into() }]),
            ("db.dropDatabase()", vec![Drops { what: "DATABASE".into() }]),
            ("db.getSiblingDB('x').dropDatabase()", vec![Drops { what: "DATABASE".into() }]),
            ("db.runCommand({drop: 'users'})", vec![Drops { what: "COLLECTION".into() }]),
            ("db.runCommand({ping: 1})", vec![Reads]),
            ("db.adminCommand({shutdown: 1})", vec![Server]),
            ("db.runCommand(x)", vec![Unknown("x".into())]),
            ("load('x.js')", vec![ReadsFile { path: "x.js".into() }]),
            ("run('rm', '-rf', 'x')", vec![RunsProgram]),
            ("db.eval('x')", vec![Dynamic]),
            ("db.createUser({user: 'a'})", vec![Roles]),
            ("db.users.createIndex({a: 1})", vec![CreatesThings]),
        ],
    );
}

proptest! {
    #[test]
    fn no_text_brings_it_down(text in "\\PC{0,200}") {
        prop_assert!(mongo(&text).len() <= super::MOST_DEEDS);
        prop_assert!(redis_text(&text).len() <= super::MOST_DEEDS);
    }

    #[test]
    fn no_script_brings_it_down(text in "[a-z.({})'\"`\\\\é/*,\\[\\] $]{0,80}") {
        prop_assert!(mongo(&text).len() <= super::MOST_DEEDS);
        prop_assert!(redis_text(&text).len() <= super::MOST_DEEDS);
    }
}
