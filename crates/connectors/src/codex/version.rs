//! Versions of the client, compared by number.

/// From here on hooks are on without a flag, are trusted by hash, and cover patches.
pub(super) const FLOOR: Version = Version([0, 130, 0]);

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
    (version < FLOOR).then(|| {
        format!(
            "Version {version} is older than {FLOOR}: its hooks are off without a flag and do not cover patches. Update \
             Codex before you rely on the guard."
        )
    })
}
