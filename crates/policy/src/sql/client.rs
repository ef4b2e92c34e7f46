//! Commands of database clients: `\copy`, `.read`, `source`.

use super::SqlDeed;

/// What a line of `psql`, `mysql`, `sqlite3` or `sqlplus` does; `line` with its backslash or point.
pub(super) fn line(line: &str) -> Option<SqlDeed> {
    let (name, rest) = line.split_at(line.find(|c: char| c.is_whitespace()).unwrap_or(line.len()));
    let rest = rest.trim();
    if line.contains('`') {
        return Some(SqlDeed::RunsProgram);
    }
    if let Some(dot) = name.strip_prefix('.') {
        return dotted(&dot.to_ascii_lowercase(), rest);
    }
    if name.starts_with("\\!") {
        return Some(SqlDeed::RunsProgram);
    }
    backslashed(name, rest)
}

/// The last argument without its quotes.
fn file(rest: &str) -> String {
    let rest = rest.trim().trim_end_matches(';').trim();
    for quote in ['\'', '"'] {
        if let Some(inside) = rest.strip_suffix(quote) {
            return inside.rsplit(quote).next().unwrap_or_default().to_owned();
        }
    }
    rest.split_whitespace().last().unwrap_or_default().to_owned()
}

fn first_file(rest: &str) -> String {
    let words = rest.split_whitespace().find(|word| !word.starts_with('-')).unwrap_or_default();
    words.trim_matches(['\'', '"', ';']).to_owned()
}

fn reads(rest: &str) -> SqlDeed {
    if rest.trim_start_matches(['\'', '"']).starts_with('|') {
        SqlDeed::RunsProgram
    } else {
        SqlDeed::ReadsFile { path: first_file(rest) }
    }
}

fn writes(rest: &str) -> Option<SqlDeed> {
    let rest = rest.trim();
    match rest {
        "" | "stdout" | "off" => None,
        _ if rest.trim_start_matches(['\'', '"']).starts_with('|') => Some(SqlDeed::RunsProgram),
        _ => Some(SqlDeed::WritesFile { path: file(rest) }),
    }
}

fn dotted(name: &str, rest: &str) -> Option<SqlDeed> {
    // The client takes any beginning of a name that is not shared.
    let is = |full: &str, least: usize| name.len() >= least && full.starts_with(name);
    if is("shell", 2) || is("system", 2) || is("load", 2) {
        Some(SqlDeed::RunsProgram)
    } else if is("read", 3) || is("import", 2) {
        Some(reads(rest))
    } else if is("output", 1) || is("once", 3) || is("log", 3) || is("trace", 3) {
        writes(rest)
    } else if is("excel", 3) || is("www", 2) {
        Some(SqlDeed::RunsProgram)
    } else if is("backup", 2) || is("save", 2) || is("clone", 2) {
        writes(rest)
    } else if is("restore", 3) {
        Some(SqlDeed::Drops { what: "DATABASE".into() })
    } else if is("open", 2) {
        Some(if rest.contains("--new") {
            SqlDeed::WritesFile { path: file(rest) }
        } else {
            SqlDeed::ReadsFile { path: file(rest) }
        })
    } else if is("archive", 2) || name == "ar" {
        Some(SqlDeed::WritesFile { path: file(rest) })
    } else if is("sha3sum", 3) || is("dump", 2) || is("schema", 3) || is("tables", 2) || is("databases", 4) {
        Some(SqlDeed::Reads)
    } else if is("cd", 2) || is("parameter", 2) {
        Some(SqlDeed::Unknown(format!(".{name}")))
    } else {
        None
    }
}

fn backslashed(name: &str, rest: &str) -> Option<SqlDeed> {
    match name {
        "\\i" | "\\ir" | "\\include" | "\\include_relative" | "\\." | "\\lo_import" => Some(reads(rest)),
        "\\o" | "\\out" | "\\w" | "\\write" | "\\T" | "\\tee" | "\\lo_export" | "\\s" => writes(rest),
        "\\g" | "\\gx" if rest.is_empty() => None,
        "\\g" | "\\gx" => writes(rest),
        "\\gexec" => Some(SqlDeed::Dynamic),
        "\\P" | "\\e" | "\\edit" | "\\ef" | "\\ev" => Some(SqlDeed::RunsProgram),
        "\\copy" => Some(copy(rest)),
        "\\password" => Some(SqlDeed::Roles),
        "\\lo_unlink" => Some(SqlDeed::DeletesRows { bounded: true }),
        _ if name.starts_with("\\d") || name.starts_with("\\l") || name.starts_with("\\z") || name == "\\sf" => {
            Some(SqlDeed::Reads)
        }
        _ => None,
    }
}

/// `\copy t from 'f'`, `\copy (select …) to program '…'`.
fn copy(rest: &str) -> SqlDeed {
    let lower = rest.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    if words.contains(&"program") {
        return SqlDeed::RunsProgram;
    }
    let direction = words.iter().rposition(|word| matches!(*word, "from" | "to"));
    let target = rest.split_whitespace().nth(direction.map_or(usize::MAX, |at| at.saturating_add(1)));
    let path = target.unwrap_or_default().trim_matches(['\'', '"', ';']).to_owned();
    match direction.map(|at| words[at]) {
        Some("to") if !path.eq_ignore_ascii_case("stdout") => SqlDeed::WritesFile { path },
        Some("from") if !path.eq_ignore_ascii_case("stdin") => SqlDeed::ReadsFile { path },
        Some("from") => SqlDeed::Inserts,
        _ => SqlDeed::Reads,
    }
}
