//! Versions of Hermes, compared by number.

/// `major.minor.patch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) [u32; 3]);

/// From here on a plugin's question is cut off after 30 s unless told otherwise.
const CUTS_OFF: Version = Version([0, 20, 0]);
/// From here on a plugin can answer Hermes' own prompts.
const TRANSPORT: Version = Version([0, 21, 0]);
/// From here on a plugin can make Hermes ask a person.
const ESCALATES: Version = Version([0, 18, 0]);

impl Version {
    /// Reads the leading numbers; a missing one is 0.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 3];
        for (at, part) in text.trim().trim_start_matches('v').splitn(3, '.').enumerate() {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            numbers[at] = match part[..digits].parse() {
                Ok(number) => number,
                Err(_) if at > 0 => break,
                Err(_) => return None,
            };
        }
        Some(Self(numbers))
    }

    /// What its settings need for our plugin.
    pub(super) fn wants(self) -> super::edit::Wants {
        super::edit::Wants { callback_timeout: self >= CUTS_OFF, transport: self >= TRANSPORT }
    }

    /// Whether its own prompt can be made to ask about any call.
    pub(super) fn escalates(self) -> bool {
        self >= ESCALATES
    }
}

/// What to say about a client.
pub(super) fn warning(version: &str) -> Option<String> {
    let known = Version::parse(version)?;
    if !known.escalates() {
        return Some(format!(
            "Version {version} cannot be made to ask in its own prompt: while ClawButler is away, what needs a person is \
             blocked. It also runs a call when a plugin cannot be loaded; updating Hermes is better."
        ));
    }
    (known < TRANSPORT).then(|| {
        format!("Version {version} runs a call when a plugin cannot be loaded, so the guard has to announce itself.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_numbers_count() {
        assert_eq!(Version::parse("0.19.0"), Some(Version([0, 19, 0])));
        assert_eq!(Version::parse("v0.21.5+git"), Some(Version([0, 21, 5])));
        assert_eq!(Version::parse("1.2rc1"), Some(Version([1, 2, 0])));
        assert_eq!(Version::parse("new"), None);
        assert!(Version([0, 19, 0]) < TRANSPORT && !Version([0, 17, 9]).escalates());
    }
}
