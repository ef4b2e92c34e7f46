//! How a gateway stands: its exec policy, what it comes to for each agent, and everything that lets commands past it.

use serde_json::Value;

use super::gateway::Gateway;
use super::pairing::PairedDevice;
use super::policy::{Drift, Policy, around};
use crate::{CallError, json as read};

/// Everything that says what a gateway lets run unasked, read at one time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// The exec policy.
    pub policy: Policy,
    /// What undercuts the recommended floor.
    pub drift: Vec<Drift>,
    /// The agents it has.
    pub agents: Vec<String>,
    /// Sessions in which commands skip the policy (permission mode `full`).
    pub full: Vec<String>,
    /// The devices that are let in; absent where this connection may not see them.
    pub devices: Option<Vec<PairedDevice>>,
}

/// What the policy comes to for one agent, or for those without settings of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InForce {
    /// The agent; absent for the defaults.
    pub agent: Option<String>,
    /// deny, allowlist or full.
    pub security: Option<String>,
    /// off, on-miss or always.
    pub ask: Option<String>,
    /// What happens when nobody can be asked: deny, allowlist or full.
    pub ask_fallback: Option<String>,
    /// Which of the three are the agent's own: `security`, `ask`, `askFallback`.
    pub own: Vec<&'static str>,
    /// What runs unasked under `allowlist`.
    pub allowlist: Vec<AllowRow>,
}

/// A row of an agent's allowlist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowRow {
    /// The program, as a path or a pattern.
    pub pattern: String,
    /// With which arguments, where it is bound to them.
    pub args: Option<String>,
    /// Where it comes from (`allow-always`, …).
    pub source: Option<String>,
}

/// The members of the policy that say how strict it is, as they stand in the document.
pub const MEMBERS: [&str; 3] = ["security", "ask", "askFallback"];

impl Standing {
    /// The defaults, then every agent, known or named in the document, by id.
    pub fn in_force(&self) -> Vec<InForce> {
        let named = read::members(&self.policy.file, "/agents").map(|(agent, _)| agent.to_owned());
        let mut agents: Vec<String> = self.agents.iter().cloned().chain(named).collect();
        agents.sort();
        agents.dedup();
        std::iter::once(None).chain(agents.into_iter().map(Some)).map(|agent| self.policy.in_force(agent)).collect()
    }
}

impl Policy {
    /// What it comes to for an agent, or without one for those that have nothing of their own.
    pub fn in_force(&self, agent: Option<String>) -> InForce {
        let own = agent.as_ref().and_then(|agent| self.file.get("agents")?.get(agent));
        let given = |name: &str| own.and_then(|own| own.get(name)).and_then(Value::as_str).map(str::to_owned);
        let row = |row: &Value| {
            let pattern = read::text(row, "/pattern")?;
            Some(AllowRow { pattern, args: read::text(row, "/argPattern"), source: read::text(row, "/source") })
        };
        InForce {
            security: given("security").or_else(|| self.security.clone()),
            ask: given("ask").or_else(|| self.ask.clone()),
            ask_fallback: given("askFallback").or_else(|| self.ask_fallback.clone()),
            own: MEMBERS.into_iter().filter(|name| given(name).is_some()).collect(),
            allowlist: own.map(|own| read::list(own, "/allowlist").filter_map(row).collect()).unwrap_or_default(),
            agent,
        }
    }
}

impl Gateway {
    /// How it stands now. Needs `operator.admin`; devices are told where the connection may see them.
    pub async fn standing(&self) -> Result<Standing, CallError> {
        let policy = self.policy().await?;
        let (config, sessions, agents) = tokio::join!(self.config(), self.sessions(1_000), self.agents());
        let (config, sessions) = (config?, sessions?);
        let mut drift = policy.drift();
        drift.extend(around(&config.value, &sessions));
        let full = sessions.into_iter().filter(|session| session.permission_mode.as_deref() == Some("full"));
        let sees = self.hello().is_some_and(|hello| hello.may("operator.pairing"));
        let devices = if sees { Some(self.devices().await?.1) } else { None };
        Ok(Standing {
            policy,
            drift,
            agents: agents?.agents.into_iter().map(|agent| agent.id).collect(),
            full: full.map(|session| session.key).collect(),
            devices,
        })
    }
}

/// One change of the policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Sets a member of the defaults or of an agent, or without a value takes the agent's own away.
    Set {
        /// The agent; absent for the defaults.
        agent: Option<String>,
        /// One of [`MEMBERS`].
        member: &'static str,
        /// The word.
        value: Option<String>,
    },
    /// Takes a row out of an agent's allowlist.
    Remove {
        /// The agent.
        agent: String,
        /// Its pattern.
        pattern: String,
        /// Its arguments.
        args: Option<String>,
    },
}

/// A policy document with changes made; everything else stays as it is. An edit of what is not there changes nothing.
#[must_use]
pub fn edited(file: &Value, edits: &[Edit]) -> Value {
    let mut file = if file.is_object() { file.clone() } else { Value::Object(serde_json::Map::new()) };
    for edit in edits {
        match edit {
            Edit::Set { agent, member, value } => set(&mut file, agent.as_deref(), member, value.as_deref()),
            Edit::Remove { agent, pattern, args } => remove(&mut file, agent, pattern, args.as_deref()),
        }
    }
    file["version"] = Value::from(1);
    file
}

fn set(file: &mut Value, agent: Option<&str>, member: &str, value: Option<&str>) {
    match (agent, value) {
        (None, Some(value)) => object(file, "defaults")[member] = Value::from(value),
        (Some(agent), Some(value)) => object(object(file, "agents"), agent)[member] = Value::from(value),
        (agent, None) => {
            let own = match agent {
                None => file.get_mut("defaults"),
                Some(agent) => file.get_mut("agents").and_then(|agents| agents.get_mut(agent)),
            };
            if let Some(own) = own.and_then(Value::as_object_mut) {
                own.remove(member);
            }
        }
    }
}

/// A member of an object that is an object itself, made where it is none.
fn object<'a>(parent: &'a mut Value, name: &str) -> &'a mut Value {
    let own = &mut parent[name];
    if !own.is_object() {
        *own = Value::Object(serde_json::Map::new());
    }
    own
}

fn remove(file: &mut Value, agent: &str, pattern: &str, args: Option<&str>) {
    let rows = file.pointer_mut("/agents").and_then(|agents| agents.get_mut(agent));
    let rows = rows.and_then(|own| own.get_mut("allowlist")).and_then(Value::as_array_mut);
    if let Some(rows) = rows {
        rows.retain(|row| {
            row.get("pattern").and_then(Value::as_str) != Some(pattern)
                || row.get("argPattern").and_then(Value::as_str) != args
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn standing() -> Standing {
        let file = json!({ "version": 1, "defaults": { "ask": "always" }, "agents": {
            "main": { "ask": "off", "allowlist": [{ "pattern": "/usr/bin/uname", "argPattern": "a", "source": "allow-always", "lastUsedAt": 7 }] } } });
        let defaults = json!({ "security": "full", "ask": "always", "askFallback": "deny" });
        let policy = Policy::read(&json!({ "hash": "h", "file": file, "resolvedDefaults": defaults })).unwrap();
        Standing { policy, agents: vec!["ops".to_owned(), "main".to_owned()], ..Standing::default() }
    }

    #[test]
    fn what_is_in_force_is_the_agents_own_or_the_defaults() {
        let words = |agent: Option<&str>, ask: &str| InForce {
            agent: agent.map(str::to_owned),
            security: Some("full".to_owned()),
            ask: Some(ask.to_owned()),
            ask_fallback: Some("deny".to_owned()),
            ..InForce::default()
        };
        let row = AllowRow {
            pattern: "/usr/bin/uname".to_owned(),
            args: Some("a".to_owned()),
            source: Some("allow-always".to_owned()),
        };
        let main = InForce { own: vec!["ask"], allowlist: vec![row], ..words(Some("main"), "off") };
        assert_eq!(standing().in_force(), [words(None, "always"), main, words(Some("ops"), "always")]);
    }

    #[test]
    fn edits_change_what_they_name_and_nothing_else() {
        let set = |agent: Option<&str>, member, value: Option<&str>| Edit::Set {
            agent: agent.map(str::to_owned),
            member,
            value: value.map(str::to_owned),
        };
        let remove = |pattern: &str, args: Option<&str>| Edit::Remove {
            agent: "main".to_owned(),
            pattern: pattern.to_owned(),
            args: args.map(str::to_owned),
        };
        let file = standing().policy.file;
        let after = edited(
            &file,
            &[
                set(None, "askFallback", Some("deny")),
                set(Some("main"), "ask", None),
                set(Some("ops"), "security", Some("deny")),
                remove("/usr/bin/uname", Some("a")),
                remove("/usr/bin/none", None),
            ],
        );
        assert_eq!(
            after,
            json!({ "version": 1, "defaults": { "ask": "always", "askFallback": "deny" },
                "agents": { "main": { "allowlist": [] }, "ops": { "security": "deny" } } })
        );
        assert_eq!(edited(&file, &[remove("/usr/bin/uname", None), set(Some("new"), "ask", None)]), file);
        assert_eq!(edited(&Value::Null, &[]), json!({ "version": 1 }));
    }
}
