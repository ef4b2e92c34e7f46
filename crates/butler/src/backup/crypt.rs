//! Encryption of a copy with age: for a recipient's key, or by a passphrase.

use std::fmt;
use std::io::{self, Read, Write};

use age::secrecy::SecretString;
use age::{Decryptor, Encryptor, Identity, scrypt, x25519};
use clawbutler_core::limits::PASSPHRASE_CHARS;

use crate::Error;

/// What an encrypted file begins with.
pub(super) const HEAD: &[u8] = b"age-encryption.org/v1";
/// Largest file of keys that is read (bytes).
const KEYS_BYTES: usize = 64 * 1024;

/// How the first bytes of a file say that it is encrypted: `none`, `passphrase` or `recipient`.
pub(crate) fn encryption_of(head: &[u8]) -> &'static str {
    let by_passphrase = b"\n-> scrypt ";
    match head.strip_prefix(HEAD) {
        None => "none",
        Some(rest) if rest.starts_with(by_passphrase) => "passphrase",
        Some(_) => "recipient",
    }
}

/// How a copy is encrypted.
#[derive(Clone)]
pub enum Lock {
    /// Not at all.
    None,
    /// For whoever has the key of this recipient (`age1…`).
    Recipient(x25519::Recipient),
    /// By a passphrase.
    Passphrase(SecretString),
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Lock {
    /// From what a user gave; a refusal when it is both, no recipient, or too short.
    pub fn of(recipient: Option<&str>, passphrase: Option<&str>) -> Result<Self, Error> {
        match (recipient, passphrase) {
            (None, None) => Ok(Self::None),
            (Some(_), Some(_)) => {
                Err(Error::bad("A backup is encrypted for a recipient or by a passphrase, not both."))
            }
            (Some(recipient), None) => recipient
                .trim()
                .parse()
                .map(Self::Recipient)
                .map_err(|_| Error::bad("That is no age recipient: it begins with “age1”.")),
            (None, Some(passphrase)) if passphrase.chars().count() < PASSPHRASE_CHARS => {
                Err(Error::bad(format!("A passphrase has at least {PASSPHRASE_CHARS} characters.")))
            }
            (None, Some(passphrase)) => Ok(Self::Passphrase(SecretString::from(passphrase.to_owned()))),
        }
    }

    /// As the audit log names it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Recipient(_) => "recipient",
            Self::Passphrase(_) => "passphrase",
        }
    }

    /// Encrypts everything from `from` into `to`, a piece at a time. `progress` is told the bytes so far, and ends it
    /// with `false`.
    pub(super) fn encrypt(
        &self,
        from: &mut impl Read,
        to: impl Write,
        progress: impl FnMut(u64) -> bool,
    ) -> Result<bool, Error> {
        let encryptor = match self {
            Self::None => return Err(Error::bad("Nothing to encrypt with.")),
            Self::Recipient(recipient) => Encryptor::with_recipients(std::iter::once(recipient as &dyn age::Recipient))
                .map_err(|error| Error::bad(format!("The backup cannot be encrypted: {error}.")))?,
            Self::Passphrase(passphrase) => Encryptor::with_user_passphrase(passphrase.clone()),
        };
        let mut out = encryptor.wrap_output(to)?;
        if !pass(from, &mut out, progress)? {
            return Ok(false);
        }
        out.finish()?.flush()?;
        Ok(true)
    }
}

/// Copies a piece at a time.
pub(super) fn pass(
    from: &mut impl Read,
    to: &mut impl Write,
    mut progress: impl FnMut(u64) -> bool,
) -> io::Result<bool> {
    let mut piece = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let count = from.read(&mut piece)?;
        if count == 0 {
            return Ok(true);
        }
        to.write_all(&piece[..count])?;
        bytes += count as u64;
        if !progress(bytes) {
            return Ok(false);
        }
    }
}

/// What opens an encrypted copy.
pub enum Opener {
    /// Nothing: it is not encrypted.
    None,
    /// The keys of recipients.
    Keys(Vec<x25519::Identity>),
    /// The passphrase.
    Passphrase(SecretString),
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener")
    }
}

impl Opener {
    /// From the text of a file of keys (`AGE-SECRET-KEY-1…`, one a line; `#` begins a comment), or a passphrase.
    pub fn of(keys: Option<&str>, passphrase: Option<&str>) -> Result<Self, Error> {
        match (keys, passphrase) {
            (None, None) => Ok(Self::None),
            (Some(_), Some(_)) => Err(Error::bad("Give the keys or the passphrase, not both.")),
            (None, Some(passphrase)) => Ok(Self::Passphrase(SecretString::from(passphrase.to_owned()))),
            (Some(text), None) => {
                let lines = text.get(..text.len().min(KEYS_BYTES)).unwrap_or_default().lines().map(str::trim);
                let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
                let keys: Result<Vec<_>, _> = lines.map(str::parse).collect();
                match keys {
                    Ok(keys) if !keys.is_empty() => Ok(Self::Keys(keys)),
                    _ => Err(Error::bad("That is no file of age keys.")),
                }
            }
        }
    }

    /// Decrypts everything from `from` into `to`, a piece at a time.
    pub(super) fn decrypt(&self, from: impl Read, to: &mut impl Write) -> Result<(), Error> {
        let wrong = |error: &dyn fmt::Display| Error::bad(format!("The backup cannot be decrypted: {error}."));
        let decryptor = Decryptor::new(from).map_err(|error| wrong(&error))?;
        let by_passphrase;
        let identities: Vec<&dyn Identity> = match self {
            Self::None => {
                return Err(Error::precondition(
                    "The backup is encrypted.",
                    "Give its passphrase or the file with the key it was encrypted for.",
                ));
            }
            Self::Keys(keys) => keys.iter().map(|key| key as &dyn Identity).collect(),
            Self::Passphrase(passphrase) => {
                by_passphrase = scrypt::Identity::new(passphrase.clone());
                vec![&by_passphrase]
            }
        };
        let mut clear = decryptor.decrypt(identities.into_iter()).map_err(|error| wrong(&error))?;
        // What was changed or cut off is an error of the stream, noticed here.
        pass(&mut clear, to, |_| true).map(drop).map_err(|error| wrong(&error))
    }
}
