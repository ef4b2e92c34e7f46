//! Versions of the client, compared by number.

/// From here on `"onFailure": "block"` turns a failing hook into a refusal.
pub(super) const FAILS_CLOSED: Version = Version([2, 1, 295]);

/// `major.minor.patch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u32; 3]);

impl Version {
    /// Reads the leading three numbers.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 3];
        let mut parts = text.trim().trim_start_matches('v').splitn(3, '.');
        for number in &mut numbers {
            let part = parts.next()?;
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            *number = part[..digits].parse().ok()?;
        }
        Some(Self(numbers))
    }

    /// Whether a failing hook can be made to block.
    pub(super) fn fails_closed(self) -> bool {
        self >= FAILS_CLOSED
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// What to say about an old client.
pub(super) fn warning(version: &str) -> Option<String> {
    let version = Version::parse(version)?;
    (!version.fails_closed()).then(|| {
        format!(
            "Version {version} is older than {FAILS_CLOSED}: it lets a tool run when a hook fails. The guard is \
             installed in a form that blocks instead; updating Claude Code is better."
        )
    })
}
