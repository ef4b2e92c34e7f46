//! What a condition says about the names of files: `$_.Name -eq 'obj'`.

use super::ast::{Element, Expr, Piece, Script, Statement, Step};

/// The names that a block of `Where-Object` lets through; `None` when it does not tell.
pub(crate) fn names_left(script: &Script) -> Option<Vec<String>> {
    match script.as_slice() {
        [Statement::Pipeline(elements)] => match elements.as_slice() {
            [Element::Expression { value, .. }] => of(value),
            _ => None,
        },
        _ => None,
    }
}

fn of(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Sub(script) => names_left(script),
        Expr::Chain(first, rest) => {
            if let [(op, right)] = rest.as_slice()
                && matches!(op.as_str(), "eq" | "like" | "in")
            {
                return is_name(first).then(|| texts(right)).flatten();
            }
            let mut sides = std::iter::once(first.as_ref()).chain(rest.iter().map(|(_, right)| right));
            if rest.iter().all(|(op, _)| op == "and") {
                return sides.find_map(of);
            }
            if rest.iter().all(|(op, _)| op == "or") {
                return sides.map(of).collect::<Option<Vec<_>>>().map(|names| names.concat());
            }
            None
        }
        _ => None,
    }
}

fn is_name(expr: &Expr) -> bool {
    let Expr::Steps(base, steps) = expr else { return false };
    let item = matches!(base.as_ref(), Expr::Var(name) if name == "_" || name == "psitem");
    let name = |member: &Expr| text(member).is_some_and(|name| name.eq_ignore_ascii_case("name"));
    item && matches!(steps.as_slice(), [Step::Member(member)] if name(member))
}

fn texts(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::List(items) => items.iter().map(text).collect(),
        Expr::Sub(script) => match script.as_slice() {
            [Statement::Pipeline(elements)] => match elements.as_slice() {
                [Element::Expression { value, .. }] => texts(value),
                _ => None,
            },
            _ => None,
        },
        other => Some(vec![text(other)?]),
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Text(pieces) => match pieces.as_slice() {
            [Piece::Plain(text)] => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}
