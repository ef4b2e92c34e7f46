//! The key that signs checkpoints, and when they are made: at start and stop, every so many entries, every so many
//! minutes when something was appended, and before an export.

use std::collections::BTreeMap;

use clawbutler_core::limits::{CHECKPOINT_ENTRIES, CHECKPOINT_MS};
use clawbutler_ledger::Hash;
use clawbutler_ledger::note::{self, Checkpoint, Key, PublicKey};
use clawbutler_platform::{files, random};
use clawbutler_store::Durability;
use clawbutler_wire::Seq;
use clawbutler_wire::settings::{AuditKeeping, KeyPlace};

use super::anchors;
use super::outside::{self, Head, Item, KeyLine, Standing};
use super::verify::settled;
use crate::engine::lock;
use crate::{Butler, Error};

/// How often the copies outside are compared with the log while the engine runs (ms).
const COMPARE_MS: i64 = 60_000;

/// The secret that the signing key and the key of seals come from.
type Seed = [u8; 32];

/// What is known of grants for the note of the newest entry.
#[derive(Debug)]
enum Grants {
    /// A start has not looked at them yet: what the note before told stays in it.
    Before(Option<Standing>),
    /// As they stood when they were noted last.
    Since(Standing),
}

impl Default for Grants {
    fn default() -> Self {
        Self::Before(None)
    }
}

/// The state of it.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    key: Option<Key>,
    public: Option<PublicKey>,
    origin: Option<String>,
    place: KeyPlace,
    /// Entries and time of the newest checkpoint.
    newest: Option<(u64, i64)>,
    noted: Option<Head>,
    grants: Grants,
    compared: i64,
    /// What was last raised, so that it is recorded once.
    told: Option<String>,
}

impl Grants {
    /// What a note at entry `upto` tells. A use that was told once stays told, whatever the database says since.
    fn told(&mut self, upto: u64, mut uses: BTreeMap<String, u32>) -> Option<Standing> {
        match self {
            Self::Before(told) => told.clone(),
            Self::Since(before) => {
                for (id, used) in &mut uses {
                    *used = (*used).max(before.uses.get(id).copied().unwrap_or(0));
                }
                *before = Standing { upto, uses };
                Some(before.clone())
            }
        }
    }
}

impl Butler {
    /// What the last run noted of grants; asked before this one notes anything.
    pub(crate) fn take_standing(&self) {
        let keys = self.gathered(false).0.keys;
        lock(&self.0.keeper).grants = Grants::Before(outside::standing(&self.0.ports.data, &keys));
    }

    /// The same, for the look at grants; from then on those that count are noted.
    pub(crate) fn standing_before(&self) -> Option<Standing> {
        match std::mem::replace(&mut lock(&self.0.keeper).grants, Grants::Since(Standing::default())) {
            Grants::Before(told) => told,
            Grants::Since(standing) => Some(standing),
        }
    }

    /// Takes the key from where it is kept, or makes one.
    pub(crate) fn open_keeper(&self) -> Result<(), Error> {
        let data = &self.0.ports.data;
        let lines = outside::keys(data);
        let (seed, place) = self.key_in_place(&lines)?;
        let key = seed.as_ref().map(Key::from_seed);
        let public = key.as_ref().map(Key::public);
        if let Some(public) = &public {
            let known = lines.last();
            let line = KeyLine { key: public.clone(), in_keychain: place == KeyPlace::Keychain };
            if known != Some(&line) {
                outside::add_key(data, &line)?;
            }
            if known.is_some_and(|known| known.key != line.key) {
                self.notice_tampering(
                    "The key that signs the audit log's checkpoints was replaced or lost; a new one is in use.",
                    "Compare the checkpoints with a copy kept elsewhere. Those made before count by the key before.",
                )?;
            }
        }
        if let Some(seed) = &seed {
            let last = outside::read_seal(data, Some(seed)).unwrap_or_default();
            let last = self.0.store.read(|read| settled(read, last))?;
            self.0.store.watch(outside::sealer(data, seed, last)?);
        }
        let newest = self.0.store.read(|read| read.checkpoint_newest())?;
        let mut keeper = lock(&self.0.keeper);
        keeper.newest = newest.and_then(|(size, text)| Some((size, note::read(&text).ok()?.at)));
        keeper.public = public.or_else(|| lines.last().map(|line| line.key.clone()));
        (keeper.key, keeper.place) = (key, place);
        Ok(())
    }

    fn key_in_place(&self, lines: &[KeyLine]) -> Result<(Option<Seed>, KeyPlace), Error> {
        let data = &self.0.ports.data;
        let was_in_keychain = lines.last().is_some_and(|line| line.in_keychain);
        match self.0.ports.keychain.as_deref().map(|keychain| (keychain, Item::read(keychain))) {
            Some((_, Ok(Some(item)))) if item.seed().is_some() => Ok((item.seed(), KeyPlace::Keychain)),
            Some((keychain, Ok(_))) => {
                // A key that had to lie in a file moves into the keychain as soon as there is one.
                let seed = files::read_secret(&data.audit_key()).unwrap_or_else(|_| random::fill());
                if Item::new(&seed, lines).write(keychain).is_err() {
                    return self.key_in_file(was_in_keychain);
                }
                if data.audit_key().exists() {
                    std::fs::remove_file(data.audit_key())?;
                }
                Ok((Some(seed), KeyPlace::Keychain))
            }
            Some((_, Err(_))) | None => self.key_in_file(was_in_keychain),
        }
    }

    fn key_in_file(&self, was_in_keychain: bool) -> Result<(Option<Seed>, KeyPlace), Error> {
        if was_in_keychain {
            return Ok((None, KeyPlace::Unreachable));
        }
        let seed = files::secret(&self.0.ports.data.audit_key())?;
        Ok((Some(seed), KeyPlace::File))
    }

    /// Makes a checkpoint of the log as it is now, unless there is one already.
    pub(crate) fn checkpoint(&self) -> Result<(), Error> {
        // What another program wrote is named in the log before anything is signed over it.
        self.look_for_tampering()?;
        let (size, head, root) = self.0.store.head()?;
        let first = self.0.store.read(|read| read.ledger_hash(1))?;
        let mut keeper = lock(&self.0.keeper);
        let (Some(key), Some(first)) = (&keeper.key, first) else { return Ok(()) };
        if keeper.newest.is_some_and(|(newest, _)| newest >= size) {
            return Ok(());
        }
        // What is signed must not be lost with the power.
        self.0.store.sync()?;
        let at = self.now().0;
        let checkpoint = Checkpoint { origin: note::origin(&first), size, root, head, at };
        let text = key.sign(&checkpoint);
        outside::add_note(&self.0.ports.data, &text)?;
        self.0.store.write::<_, Error>(Durability::Process, |tx| Ok(tx.checkpoint_put(size, &text)?))?;
        keeper.newest = Some((size, at));
        keeper.origin = Some(checkpoint.origin);
        let place = keeper.place;
        drop(keeper);
        if place == KeyPlace::Keychain {
            self.note_in_keychain(&text);
        }
        outside::add_anchors(&self.0.ports.data, &anchors::files(&self.settings()))?;
        for says in anchors::add(&self.settings(), &text) {
            self.alert(&says, "Choose another place for checkpoints in the settings, or make it writable again.");
        }
        Ok(())
    }

    fn note_in_keychain(&self, text: &str) {
        let Some(keychain) = self.0.ports.keychain.as_deref() else { return };
        let noted = Item::read(keychain).and_then(|item| {
            let Some(mut item) = item else { return Ok(()) };
            item.take(text);
            item.anchors = anchors::files(&self.settings());
            item.write(keychain)
        });
        if let Err(error) = noted {
            tracing::warn!(%error, "the keychain did not take the checkpoint");
        }
    }

    /// Makes a checkpoint when enough was appended or enough time has passed since the last.
    pub(crate) fn checkpoint_when_due(&self) -> Result<(), Error> {
        let (size, ..) = self.0.store.head()?;
        let (newest, at) = lock(&self.0.keeper).newest.unwrap_or((0, 0));
        let waited = self.now().0.abs_diff(at) >= CHECKPOINT_MS.unsigned_abs();
        if size.saturating_sub(newest) >= CHECKPOINT_ENTRIES || size > newest && waited {
            self.checkpoint()
        } else {
            Ok(())
        }
    }

    /// Notes where the log stands, outside the database; writes only when it moved.
    pub(crate) fn note_head(&self, clean: bool) -> Result<(), Error> {
        self.look_for_tampering()?;
        let (seq, hash, _) = self.0.store.head()?;
        let Some(first) = self.0.store.read(|read| read.ledger_hash(1))? else { return Ok(()) };
        // Behind the head: a use that is told is one that is in the database.
        let uses = self.grants_used()?;
        let mut keeper = lock(&self.0.keeper);
        let grants = keeper.grants.told(seq, uses);
        let head = Head::new(note::origin(&first), seq, &hash, clean, grants);
        if keeper.noted.as_ref() != Some(&head) {
            self.0.store.sync()?;
            // Without its key it counts for nothing, but nor does the one before, which may say that all is closed.
            let signed = keeper.key.as_ref().map_or_else(|| head.clone(), |key| head.clone().signed(key));
            outside::write_head(&self.0.ports.data, &signed)?;
            keeper.noted = Some(head);
        }
        Ok(())
    }

    /// Compares the copies outside with the log when the last time is long enough ago.
    pub(crate) fn compare_outside_now_and_then(&self) -> Result<(), Error> {
        let now = self.now().0;
        if lock(&self.0.keeper).compared.abs_diff(now) < COMPARE_MS.unsigned_abs() {
            return Ok(());
        }
        lock(&self.0.keeper).compared = now;
        let Some(says) = self.compare_outside(true)?.says else { return Ok(()) };
        if lock(&self.0.keeper).told.as_ref() != Some(&says) {
            self.notice_tampering(
                &says,
                "Run the verification on the Audit page and compare with a copy kept elsewhere.",
            )?;
            lock(&self.0.keeper).told = Some(says);
        }
        Ok(())
    }

    /// How the log is kept, for the settings page.
    pub(crate) fn audit_keeping(&self) -> AuditKeeping {
        let keeper = lock(&self.0.keeper);
        let mut copies = vec![outside::notes_path(&self.0.ports.data).display().to_string()];
        if keeper.place == KeyPlace::Keychain {
            copies.insert(0, "the keychain".to_owned());
        }
        copies.extend(anchors::files(&self.settings()).iter().map(|path| path.display().to_string()));
        let first = self.0.store.read(|read| read.ledger_hash(1)).ok().flatten();
        let origin = keeper.origin.clone().or_else(|| first.map(|first: Hash| note::origin(&first)));
        AuditKeeping {
            key: keeper.place,
            public_key: keeper.public.as_ref().zip(origin).map(|(public, origin)| public.vkey(&origin)),
            checkpoint: keeper.newest.map(|(size, _)| Seq(size)),
            copies,
        }
    }
}
