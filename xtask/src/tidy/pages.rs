//! Rules on HTML: the content policy forbids inline scripts and styles, so they must not be written.

use super::Findings;

/// Judges one file; only HTML below `ui/` counts.
pub(crate) fn check(name: &str, text: &str, found: &mut Findings) {
    let html = std::path::Path::new(name).extension().is_some_and(|extension| extension == "html");
    if !name.starts_with("ui/") || !html {
        return;
    }
    let lower = text.to_lowercase();
    if lower.contains("<style") || lower.contains(" style=") {
        found.problems.push(format!("{name} carries an inline style; put it into ui/styles"));
    }
    for tag in lower.split("<script").skip(1) {
        let attributes = tag.split('>').next().unwrap_or_default();
        if !attributes.contains("src=") {
            found.problems.push(format!("{name} carries an inline script; put it into a file"));
        }
    }
    if lower.contains("javascript:") || lower.split_whitespace().any(is_handler) {
        found.problems.push(format!("{name} carries an inline event handler"));
    }
}

/// `onclick="…"` and the like.
fn is_handler(word: &str) -> bool {
    let Some((name, _)) = word.split_once("=\"") else { return false };
    name.len() > 2 && name.starts_with("on") && name.chars().all(|c| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> usize {
        let mut found = Findings::default();
        check("ui/static/index.html", text, &mut found);
        found.problems.len()
    }

    #[test]
    fn inline_code_is_found() {
        assert_eq!(problems("<head><STYLE>a{}</STYLE></head>"), 1);
        assert_eq!(problems("<script>let a</script>"), 1);
        assert_eq!(problems("<button onclick=\"a()\">"), 1);
        assert_eq!(problems("<p style=\"color:red\">"), 1);
    }

    #[test]
    fn files_are_fine() {
        assert_eq!(
            problems("<link rel=\"stylesheet\" href=\"a.css\"><script type=\"module\" src=\"a.js\"></script>"),
            0
        );
    }
}
