//! Versions of OpenClaw, which are dates: `2026.9.6`.

pub(super) use crate::version::Version;

/// The oldest release our plugin was run on.
const TRIED: Version = Version([2026, 7, 1]);
/// From here on “always allow” in OpenClaw means the same arguments in the same folder.
const EXACT_ALWAYS: Version = Version([2026, 7, 2]);

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
