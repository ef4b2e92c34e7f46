//! What commands to databases without SQL would do; told with the same words as statements.

mod mongo;
mod redis;
#[cfg(test)]
mod tests;

use crate::sql::SqlDeed;

/// What a call of the Redis client does; `args` as given to `redis-cli`, options included, its own name left out.
pub(crate) fn redis(args: &[&str]) -> Vec<SqlDeed> {
    redis::arguments(args)
}

/// What lines fed to the Redis client do, one command a line.
pub(crate) fn redis_text(text: &str) -> Vec<SqlDeed> {
    redis::lines(text)
}

/// What a script for the MongoDB shell does. A text over
/// [`SHELL_TEXT_BYTES`](clawbutler_core::limits::SHELL_TEXT_BYTES) is not looked at and comes out as `Unknown`.
pub(crate) fn mongo(js: &str) -> Vec<SqlDeed> {
    mongo::script(js)
}

/// Deeds told apart in one text.
const MOST_DEEDS: usize = 128;

fn say(deeds: &mut Vec<SqlDeed>, deed: SqlDeed) {
    if deeds.len() < MOST_DEEDS && !deeds.contains(&deed) {
        deeds.push(deed);
    }
}
