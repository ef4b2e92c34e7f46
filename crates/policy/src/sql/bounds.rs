//! Whether a condition leaves any row out.

use super::lex::{Kind, Token};

/// Whether a deleting or updating statement has a limit: a condition that is not always true, or a `LIMIT`.
pub(super) fn bounded(tokens: &[Token<'_>]) -> bool {
    let Some(base) = tokens.first().map(|token| token.depth) else { return false };
    let level = |token: &&Token<'_>| token.depth == base;
    let limited = tokens.windows(2).any(|pair| {
        pair[0].depth == base && (pair[0].is("limit") || pair[0].is("top")) && !pair[1].is("all")
            || pair[0].depth == base && pair[0].is("top") && pair[1].sign('(')
    });
    let at = tokens.iter().position(|token| level(&token) && token.is("where"));
    match at {
        None => limited,
        Some(at) => {
            let end = tokens[at..]
                .iter()
                .position(|token| {
                    token.depth == base && ["returning", "order", "limit", "option"].iter().any(|word| token.is(word))
                        || token.depth < base
                })
                .map_or(tokens.len(), |length| at + length);
            limited || !always(&tokens[at + 1..end], 0)
        }
    }
}

/// Deepest parentheses taken off a condition.
const DEEPEST: usize = 8;

fn always(condition: &[Token<'_>], deep: usize) -> bool {
    let Some(base) = condition.first().map(|token| token.depth) else { return true };
    let split = |word: &'static str, other: &'static str| {
        condition.split(move |token| token.depth == base && (token.is(word) || !other.is_empty() && token.is(other)))
    };
    if condition.iter().any(|token| token.depth == base && token.is("or")) {
        return deep < DEEPEST && split("or", "").any(|part| !part.is_empty() && always(part, deep + 1));
    }
    let between = condition.iter().any(|token| token.is("between"));
    if !between && condition.iter().any(|token| token.depth == base && token.is("and")) {
        return deep < DEEPEST && split("and", "").all(|part| !part.is_empty() && always(part, deep + 1));
    }
    if let [open, inside @ .., close] = condition
        && open.sign('(')
        && close.sign(')')
        && inside.iter().all(|token| token.depth > open.depth)
    {
        return deep < DEEPEST && always(inside, deep + 1);
    }
    atom(condition)
}

/// A single comparison that holds for every row.
fn atom(condition: &[Token<'_>]) -> bool {
    match condition {
        [one] => one.is("true") || is_number(one) && !is_zero(one),
        [not, one] if not.is("not") => one.is("false") || is_zero(one),
        [column, is, not, null] if is.is("is") && not.is("not") && null.is("null") => is_key(column),
        [_, like, pattern] if like.is("like") || like.is("ilike") => pattern.text() == Some("%"),
        _ => comparison(condition),
    }
}

fn comparison(condition: &[Token<'_>]) -> bool {
    let is_sign = |token: &Token<'_>| matches!(token.kind, Kind::Sign('=' | '<' | '>' | '!'));
    let Some(start) = condition.iter().position(is_sign) else { return false };
    let length = condition[start..].iter().take_while(|token| is_sign(token)).count();
    let (left, right) = (&condition[..start], &condition[start + length..]);
    let sign: String = condition[start..start + length]
        .iter()
        .filter_map(|token| if let Kind::Sign(sign) = token.kind { Some(sign) } else { None })
        .collect();
    let same = !left.is_empty() && left.iter().map(|token| &token.kind).eq(right.iter().map(|token| &token.kind));
    match sign.as_str() {
        "=" | "==" | "<=" | ">=" if same => true,
        "<>" | "!=" => {
            is_constant(left) && is_constant(right) && !same || is_key_of(left) && right.first().is_some_and(is_zero)
        }
        "<" | "<=" => is_constant(left) && is_constant(right) && number(left) < number(right),
        ">" | ">=" if is_constant(left) && is_constant(right) => number(left) > number(right),
        ">" | ">=" => {
            is_key_of(left) && (right.first().is_some_and(is_zero) || right.first().is_some_and(|t| t.sign('-')))
        }
        _ => false,
    }
}

fn is_constant(side: &[Token<'_>]) -> bool {
    matches!(side, [one] if matches!(one.kind, Kind::Number(_) | Kind::Text(_)))
}

fn number(side: &[Token<'_>]) -> Option<u64> {
    match side.first()?.kind {
        Kind::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}

fn is_number(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Number(_))
}

fn is_zero(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Number("0"))
}

fn is_key_of(side: &[Token<'_>]) -> bool {
    side.last().is_some_and(is_key)
}

/// A column that every row has.
fn is_key(token: &Token<'_>) -> bool {
    let (Kind::Word(name) | Kind::Quoted(name)) = token.kind else { return false };
    let name = name.to_ascii_lowercase();
    name == "id" || name == "rowid" || name == "ctid" || name.ends_with("_id") || name == "uuid"
}
