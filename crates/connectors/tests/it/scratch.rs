//! A scratch machine: root, home, and an environment that knows nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clawbutler_connectors::connector::{Connector, FileChange, Plan, Variant, by_id};
use clawbutler_connectors::env::{Env, Os};

pub(crate) struct Machine {
    pub(crate) env: Env,
    folder: tempfile::TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let home = folder.path().join("home/ada");
        std::fs::create_dir_all(&home).expect("a home");
        let env = Env { vars: BTreeMap::new(), home, os: Os::Linux, root: folder.path().to_owned(), processes: None };
        Self { env, folder }
    }

    /// With a client of this version installed by the native installer.
    pub(crate) fn with_client(version: &str) -> Self {
        let machine = Self::new();
        machine.native(version);
        machine
    }

    pub(crate) fn native(&self, version: &str) {
        let program = self.file(&format!("home/ada/.local/share/claude/versions/{version}"), "binary");
        let link = self.env.home.join(".local/bin/claude");
        std::fs::create_dir_all(link.parent().expect("a folder")).expect("created");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(program, link).expect("linked");
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub(crate) fn file(&self, relative: &str, text: &str) -> PathBuf {
        let path = self.path(relative);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        std::fs::write(&path, text).expect("written");
        path
    }

    pub(crate) fn claude_home(&self) -> PathBuf {
        self.env.home.join(".claude")
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.claude_home().join("settings.json")
    }

    pub(crate) fn write_settings(&self, text: &str) {
        self.file("home/ada/.claude/settings.json", text);
    }

    pub(crate) fn read_settings(&self) -> Option<String> {
        std::fs::read_to_string(self.settings()).ok()
    }

    /// A hook program that exists and may be executed.
    pub(crate) fn hook(&self) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path("opt/clawbutler-hook");
        if !path.exists() {
            self.file("opt/clawbutler-hook", "binary");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
        }
        path
    }

    pub(crate) fn plan_install(&self, variant: Variant) -> Plan {
        claude().plan_install(&self.env, &self.claude_home(), &self.hook(), variant).expect("a plan")
    }

    pub(crate) fn plan_uninstall(&self, variant: Variant) -> Plan {
        claude().plan_uninstall(&self.env, &self.claude_home(), &self.hook(), variant).expect("a plan")
    }

    pub(crate) fn install(&self, variant: Variant) -> Plan {
        let plan = self.plan_install(variant);
        carry_out(&plan);
        plan
    }

    pub(crate) fn uninstall(&self, variant: Variant) -> Plan {
        let plan = self.plan_uninstall(variant);
        carry_out(&plan);
        plan
    }
}

pub(crate) fn connector(id: &str) -> &'static dyn Connector {
    by_id(id).expect("a connector")
}

pub(crate) fn claude() -> &'static dyn Connector {
    by_id("claude-code").expect("in the list")
}

pub(crate) fn carry_out(plan: &Plan) {
    for FileChange { path, before, after, mode } in &plan.files {
        assert_eq!(before, &std::fs::read(path).ok(), "the plan knows the present content");
        assert_eq!(mode.is_some(), before.is_none(), "only new files get permissions");
        match after {
            Some(content) => {
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
                std::fs::write(path, content).expect("written");
            }
            None => std::fs::remove_file(path).expect("removed"),
        }
    }
}

pub(crate) fn fixture(relative: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/claude_code").join(relative);
    std::fs::read(path).expect("a fixture")
}
