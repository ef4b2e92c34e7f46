//! Characters that PowerShell takes for one another.

/// Dashes that open a parameter or an operator.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2013}' | '\u{2014}' | '\u{2015}')
}

/// Quotes of plain texts.
pub(super) fn is_single(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

/// Quotes of texts with values in them.
pub(super) fn is_double(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

/// What may stand in a variable's name without braces.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
