//! Versions of the client, compared by number.

pub(super) use crate::version::Version;

/// From here on `"onFailure": "block"` turns a failing hook into a refusal.
pub(super) const FAILS_CLOSED: Version = Version([2, 1, 295]);

/// Whether a failing hook can be made to block.
pub(super) fn fails_closed(version: Version) -> bool {
    version >= FAILS_CLOSED
}

/// What to say about an old client.
pub(super) fn warning(version: &str) -> Option<String> {
    let version = Version::parse(version)?;
    (!fails_closed(version)).then(|| {
        format!(
            "Version {version} is older than {FAILS_CLOSED}: it lets a tool run when a hook fails. The guard is \
             installed in a form that blocks instead; updating Claude Code is better."
        )
    })
}
