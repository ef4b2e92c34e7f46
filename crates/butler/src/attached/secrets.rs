//! The device key and the gateways' tokens: files only the user can read, and nowhere else.

use std::io;
use std::path::PathBuf;

use clawbutler_attach::{Device, Secret};
use clawbutler_platform::files;
use serde_json::{Value, json};

use crate::engine::lock;
use crate::{Butler, Error};

/// Longest token (bytes), and the largest file of them.
pub(super) const TOKEN_BYTES: usize = 4_096;
const FILE_BYTES: u64 = 16 * 1024;

/// What is known of one gateway.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    /// The gateway's shared token, as the user gave it.
    pub(super) shared: Option<Secret>,
    /// What the gateway issued for this device.
    pub(super) device: Option<Secret>,
}

impl Butler {
    fn attached_dir(&self) -> PathBuf {
        self.data().path().join("attached")
    }

    /// Home ids are hexadecimal: no path is made of anything else.
    fn tokens_file(&self, home: &str) -> io::Result<PathBuf> {
        let plain = !home.is_empty() && home.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let name = || self.attached_dir().join(format!("{home}.json"));
        plain.then(name).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the id of a home"))
    }

    /// Who we are to gateways; made at first use.
    pub(super) fn device(&self) -> io::Result<Device> {
        files::create_private_dir(&self.attached_dir())?;
        Ok(Device::from_seed(&files::secret::<32>(&self.attached_dir().join("device.key"))?))
    }

    pub(super) fn tokens(&self, home: &str) -> Tokens {
        let read = || -> io::Result<Tokens> {
            let bytes = files::read_bounded(&self.tokens_file(home)?, FILE_BYTES)?;
            let value: Value = serde_json::from_slice(&bytes)?;
            let token = |name: &str| value[name].as_str().map(Secret::new).filter(|token| !token.is_empty());
            Ok(Tokens { shared: token("shared"), device: token("device") })
        };
        read().unwrap_or_default()
    }

    pub(super) fn put_tokens(&self, home: &str, tokens: &Tokens) -> io::Result<()> {
        files::create_private_dir(&self.attached_dir())?;
        let text = |token: &Option<Secret>| token.as_ref().map(|token| token.expose().to_owned());
        let value = json!({ "shared": text(&tokens.shared), "device": text(&tokens.device) });
        files::write_atomic(&self.tokens_file(home)?, value.to_string().as_bytes(), Some(0o600))
    }

    pub(super) fn forget_tokens(&self, home: &str) -> Result<(), Error> {
        match std::fs::remove_file(self.tokens_file(home)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The gateway issued a token for this device. It replaces the shared one, which opens more than we need.
    pub(super) fn keep_device_token(&self, home: &str, token: &Secret) {
        if !lock(&self.0.attached).chosen.contains_key(home) || token.expose().len() > TOKEN_BYTES {
            return;
        }
        let tokens = Tokens { shared: None, device: Some(token.clone()) };
        if let Err(error) = self.put_tokens(home, &tokens) {
            tracing::error!(%error, "the token of a gateway could not be kept");
        }
    }
}
