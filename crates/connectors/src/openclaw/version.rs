//! Versions of OpenClaw, which are dates: `2026.9.6`.

/// A release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u32; 3]);

/// The oldest release our plugin was run on.
const TRIED: Version = Version([2026, 7, 1]);
/// From here on “always allow” in OpenClaw means the same arguments in the same folder.
const EXACT_ALWAYS: Version = Version([2026, 7, 2]);

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

/// What to say about an old release.
pub(super) fn warning(version: &str) -> Option<String> {
    let parsed = Version::parse(version)?;
    if parsed < TRIED {
        return Some(format!("Version {version} is older than any the guard was tried on; update OpenClaw."));
    }
    (parsed < EXACT_ALWAYS).then(|| {
        format!(
            "In version {version} “always allow” for one command allows its program with any arguments; allow once only, \
             or update OpenClaw."
        )
    })
}
