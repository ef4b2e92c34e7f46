//! Unpredictable bytes from the operating system.

use clawbutler_core::id::IdSource;

/// Ids from the operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn bytes(&self) -> [u8; 16] {
        fill()
    }
}

/// `N` unpredictable bytes. There is no safe way to go on without them.
pub fn fill<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("BUG: the operating system gave no random bytes");
    bytes
}
