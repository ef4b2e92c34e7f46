//! Asked about rules, their packs and what they would say.

use serde::{Deserialize, Serialize};

use crate::rules::DraftFile;

/// Every rule in force, the packs, the files and what waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListRules {}

/// Chooses the base pack, or switches a pack for one field on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPack {
    pub id: String,
    /// A base pack is left only by choosing another.
    pub active: bool,
}

/// Checks a text of rules as it stands in the editor. Saves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRules {
    /// At most 256 KiB.
    pub text: String,
    /// The file it is for, whose rules it would replace; absent: a new one.
    #[serde(default)]
    pub name: Option<String>,
}

/// Saves a file of rules and puts it in force. `bad_request` names the rule and the example that do not hold;
/// `stale` when the file is not the one seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveRules {
    /// A file name of small letters, digits, `-` and `_`, ending in `.toml`; at most 64 characters.
    pub name: String,
    /// At most 256 KiB.
    pub text: String,
    /// Digest of the text that was edited; absent for a new file.
    #[serde(default)]
    pub digest: Option<String>,
}

/// Deletes a file of rules. `stale` when it is not the one seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRules {
    pub name: String,
    /// Digest of the text that was shown.
    pub digest: String,
}

/// Takes in a file of rules from elsewhere. It is held until `accept_rules`, whatever it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRules {
    /// A new file name, as in `save_rules`.
    pub name: String,
    /// At most 256 KiB.
    pub text: String,
}

/// Puts the change that was shown as held in force. `stale` when it is another by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptRules {
    pub digest: String,
}

/// Discards the change that was shown as held. Files go back to what is in force; a changed text is kept beside
/// its file with the ending `.rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectRules {
    pub digest: String,
}

/// Judges recorded actions with other rules and shows every verdict that would change. Changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SimulateRules {
    /// A file that would be added or would replace the one of its name.
    #[serde(default)]
    pub draft: Option<DraftFile>,
    /// The packs that would be in force; absent: those that are.
    #[serde(default)]
    pub packs: Option<Vec<String>>,
    /// How far back to look (ms), at most 90 days; absent: 7 days.
    #[serde(default)]
    pub since_ms: Option<u64>,
}

/// Tries a shell command on the rules in force, without running it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainAction {
    /// At most 64 KiB.
    pub text: String,
    /// Working directory and project; absent: the home folder.
    #[serde(default)]
    pub cwd: Option<String>,
    /// Absent: the first runtime known.
    #[serde(default)]
    pub runtime: Option<String>,
}
