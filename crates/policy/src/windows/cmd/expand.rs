//! Variables of `cmd`: `%x%`, `%x:~n,m%`, `%x:a=b%`, `!x!`, and those of `for`.

use super::super::judge::environment;
use super::super::look::Look;
use super::super::powershell::replace_any_case;
use super::super::value::{HOLE, MOST_TEXT};

/// Longest name of a variable looked for (characters).
const MOST_NAME: usize = 256;

impl Look<'_> {
    /// Expands `%…%` in a line before it is parsed.
    pub(super) fn percent(&mut self, line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if out.len() > MOST_TEXT {
                return HOLE.to_string();
            }
            if let Some(after) = rest.strip_prefix('%') {
                out.push('%');
                rest = after;
                continue;
            }
            let end = rest.char_indices().take(MOST_NAME).find(|(_, c)| *c == '%').map(|(end, _)| end);
            if let Some(end) = end
                && let Some(value) = self.expansion(&rest[..end])
            {
                out.push_str(&value);
                rest = &rest[end + 1..];
            } else if rest.starts_with(|c: char| c.is_ascii_digit() || c == '*') {
                // Arguments of a batch file.
                out.push(HOLE);
                rest = &rest[1..];
            } else {
                out.push('%');
            }
        }
        out.push_str(rest);
        out
    }

    /// The value of `name`, `name:~n,m` or `name:a=b`; `None` when this is no variable's name.
    fn expansion(&mut self, inner: &str) -> Option<String> {
        let (name, shape) = match inner.split_once(':') {
            Some((name, shape)) => (name, Some(shape)),
            None => (inner, None),
        };
        let value = self.command_variable(name);
        let named = !name.is_empty()
            && !name.starts_with('~')
            && name.chars().all(|c| c.is_alphanumeric() || "_()-.#@$".contains(c));
        if value.is_none() && !named {
            return None;
        }
        if value.is_none() {
            environment::asked(self, name);
        }
        let value = value.unwrap_or_else(|| HOLE.to_string());
        if !self.spend(value.len()) {
            return Some(HOLE.to_string());
        }
        let Some(shape) = shape else { return Some(value) };
        if value.contains(HOLE) {
            return Some(HOLE.to_string());
        }
        if let Some(range) = shape.strip_prefix('~') {
            return Some(part(&value, range));
        }
        let (from, to) = shape.split_once('=')?;
        if let Some(from) = from.strip_prefix('*') {
            let at = value.to_ascii_lowercase().find(&from.to_ascii_lowercase());
            return Some(at.map_or(value.clone(), |at| format!("{to}{}", &value[at + from.len()..])));
        }
        Some(if from.is_empty() { value } else { replace_any_case(&value, from, to) })
    }

    /// What a variable is known to hold.
    pub(super) fn command_variable(&self, name: &str) -> Option<String> {
        let key = format!("env:{}", name.to_lowercase());
        if let Some(value) = self.vars.get(&key) {
            return Some(value.shown());
        }
        environment::known(self, name)
    }

    /// Expands the variables of `for` and, where they are on or known, `!…!`.
    pub(super) fn late(&mut self, text: &str) -> String {
        let text = self.loop_variables(text);
        if !text.contains('!') {
            return text;
        }
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find('!') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let end = rest.char_indices().take(MOST_NAME).find(|(_, c)| *c == '!').map(|(end, _)| end);
            let name = end.map(|end| rest[..end].split(':').next().unwrap_or_default().to_owned());
            let known = name.as_ref().is_some_and(|name| self.command_variable(name).is_some());
            match end.filter(|_| known || self.delayed).and_then(|end| Some((end, self.expansion(&rest[..end])?))) {
                Some((end, value)) => {
                    out.push_str(&value);
                    rest = &rest[end + 1..];
                }
                None => out.push('!'),
            }
            if out.len() > MOST_TEXT {
                return HOLE.to_string();
            }
        }
        out.push_str(rest);
        out
    }

    fn loop_variables(&mut self, text: &str) -> String {
        if !text.contains('%') {
            return text.to_owned();
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let shape: String = rest
                .strip_prefix('~')
                .map_or_else(String::new, |after| after.chars().take_while(|c| "fdpnxsatz".contains(*c)).collect());
            let tilde = usize::from(rest.starts_with('~'));
            // The last letter of the shape can be the variable itself.
            let found = (0..=shape.len()).rev().find_map(|length| {
                let name = rest.get(tilde + length..)?.chars().next()?;
                let value = self.vars.get(&format!("for:{name}"))?;
                Some((value.shown(), &shape[..length], tilde + length + name.len_utf8()))
            });
            match found {
                Some((value, shape, used)) => {
                    out.push_str(&shaped(&value, shape));
                    rest = &rest[used..];
                }
                None => out.push('%'),
            }
            if out.len() > MOST_TEXT || !self.spend(1) {
                return HOLE.to_string();
            }
        }
        out.push_str(rest);
        out
    }
}

/// `%%~nxi` and the like, as far as the text tells.
fn shaped(value: &str, shape: &str) -> String {
    let name = value.rsplit(['\\', '/']).next().unwrap_or_default();
    match shape {
        "" | "f" => value.trim_matches('"').to_owned(),
        "nx" => name.to_owned(),
        _ => HOLE.to_string(),
    }
}

/// `~from,length` of a value; negative counts from the end.
fn part(value: &str, range: &str) -> String {
    let chars: Vec<char> = value.chars().collect();
    let count = i64::try_from(chars.len()).unwrap_or(i64::MAX);
    let (from, length) = range.split_once(',').map_or((range, None), |(from, length)| (from, Some(length)));
    let (Ok(from), length) =
        (from.trim().parse::<i32>().map(i64::from), length.map(|length| length.trim().parse::<i32>()))
    else {
        return HOLE.to_string();
    };
    let start = if from < 0 { (count + from).max(0) } else { from.min(count) };
    let end = match length {
        None => count,
        Some(Ok(length)) if length < 0 => (count + i64::from(length)).max(start),
        Some(Ok(length)) => (start + i64::from(length)).min(count),
        Some(Err(_)) => return HOLE.to_string(),
    };
    let at = |at: i64| usize::try_from(at).unwrap_or_default();
    chars.get(at(start)..at(end)).map(|part| part.iter().collect()).unwrap_or_default()
}
