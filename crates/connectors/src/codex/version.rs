//! Versions of the client, compared by number.

pub(super) use crate::version::Version;

/// From here on hooks are on without a flag, are trusted by hash, and cover patches.
pub(super) const FLOOR: Version = Version([0, 130, 0]);

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
