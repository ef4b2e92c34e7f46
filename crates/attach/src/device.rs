//! Who we are to a runtime: an Ed25519 key that the caller keeps.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clawbutler_core::id::hex;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

/// A device identity. The key lives in memory only; its keeper is the caller.
#[derive(Clone)]
pub struct Device {
    key: SigningKey,
    id: String,
    public: String,
}

impl Device {
    /// From the 32 secret bytes of the key.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let raw = key.verifying_key().to_bytes();
        Self { id: hex(&Sha256::digest(raw)), public: URL_SAFE_NO_PAD.encode(raw), key }
    }

    /// The fingerprint of the public key: lower-case hex of its SHA-256.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public key, base64url without padding.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Signs a text; base64url without padding.
    pub(crate) fn sign(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.key.sign(text.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first test vector of RFC 8032, section 7.1.
    #[test]
    fn the_key_signs_as_the_standard_says() {
        let seed: [u8; 32] =
            clawbutler_core::id::unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
                .unwrap()
                .try_into()
                .unwrap();
        let device = Device::from_seed(&seed);
        assert_eq!(device.public(), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(
            device.sign(""),
            "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw"
        );
        assert_eq!(device.id().len(), 64);
        assert!(!format!("{device:?}").contains("9d61"), "{device:?}");
    }
}
