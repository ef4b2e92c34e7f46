//! Which service manager keeps a process running, so that ending it is not the end.

/// Who keeps a process running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    Systemd,
    /// Of macOS.
    Launchd,
    /// The service control manager of Windows.
    Windows,
}

impl Manager {
    /// As it is called in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
            Self::Windows => "Windows",
        }
    }
}

/// A process that a service manager runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub manager: Manager,
    /// The unit of systemd, the label of launchd, the key of a service of Windows.
    pub unit: String,
    /// The domain of the user's own manager (`--user`, `gui/501`); `None` for the machine's.
    pub of_user: Option<String>,
}

/// Longest name that a service manager allows: systemd 255, Windows 256 (bytes).
const UNIT: usize = 255;

impl Service {
    /// The command that stops it for good until it is started again.
    pub fn stop(&self) -> String {
        let domain = |after: &str| self.of_user.as_ref().map(|domain| format!("{domain}{after}")).unwrap_or_default();
        match self.manager {
            Manager::Systemd => format!("systemctl {}stop {}", domain(" "), self.unit),
            Manager::Launchd => format!("launchctl bootout {}{}", domain("/"), self.unit),
            Manager::Windows => format!("sc stop {}", self.unit),
        }
    }
}

/// The service a process belongs to; `None` where it is none, or the system does not say.
#[cfg(target_os = "linux")]
pub fn of(pid: u32) -> Option<Service> {
    unit_of(&std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?)
}

/// The service a process belongs to; `None` where it is none, or the system does not say.
#[cfg(target_os = "macos")]
pub fn of(pid: u32) -> Option<Service> {
    let said = said("/bin/launchctl", &["list"])?;
    label_of(&said, pid, rustix::process::getuid().as_raw())
}

/// The service a process belongs to; `None` where it is none, or the system does not say. A task of the scheduler is
/// no service.
#[cfg(windows)]
pub fn of(pid: u32) -> Option<Service> {
    let only = format!("PID eq {pid}");
    // Found beside us or in the system's folder, before any folder of the path.
    key_of(&said("tasklist.exe", &["/svc", "/fo", "csv", "/nh", "/fi", &only])?, pid)
}

/// The service a process belongs to; `None` where it is none, or the system does not say.
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub fn of(_pid: u32) -> Option<Service> {
    None
}

/// What a tool of the system says, where it says so within two seconds.
#[cfg(any(target_os = "macos", windows))]
fn said(program: &str, args: &[&str]) -> Option<String> {
    let run = crate::run::Run {
        program: program.into(),
        args: args.iter().map(Into::into).collect(),
        vars: Vec::new(),
        inherits: true,
        folder: std::env::temp_dir(),
        most_ms: 2_000,
    };
    crate::run::run(&run).ok().filter(|said| said.well).map(|said| said.out)
}

/// Whether it can stand in a command as it is.
fn plain(unit: &str, more: &[u8]) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte) || more.contains(&byte);
    !unit.is_empty() && unit.len() <= UNIT && unit.bytes().all(plain)
}

/// From the control group, as `/proc/PID/cgroup` tells it. An application that a desktop runs in a unit of its own
/// (`app-…`) is not kept running.
#[cfg(any(test, target_os = "linux"))]
fn unit_of(text: &str) -> Option<Service> {
    let path = text
        .lines()
        .find_map(|line| line.strip_prefix("0::").or_else(|| line.split_once(":name=systemd:").map(|found| found.1)))?;
    let unit = path.rsplit('/').find(|part| part.ends_with(".service"))?;
    let kept = !unit.starts_with("user@") && !unit.starts_with("app-") && !unit.starts_with("session-");
    (kept && plain(unit, b"@:\\")).then(|| Service {
        manager: Manager::Systemd,
        unit: unit.to_owned(),
        of_user: path.contains("/user@").then(|| "--user".to_owned()),
    })
}

/// From what `launchctl list` says of the user's own jobs: lines of process, last status and label. An application that
/// a desktop runs (`application.…`) is not kept running.
#[cfg(any(test, target_os = "macos"))]
fn label_of(text: &str, pid: u32, uid: u32) -> Option<Service> {
    let label = text.lines().find_map(|line| {
        let mut parts = line.splitn(3, '\t');
        let (process, _, label) = (parts.next()?, parts.next()?, parts.next()?);
        (process.trim().parse() == Ok(pid)).then_some(label.trim())
    })?;
    (!label.starts_with("application.") && plain(label, b"")).then(|| Service {
        manager: Manager::Launchd,
        unit: label.to_owned(),
        of_user: Some(format!("gui/{uid}")),
    })
}

/// From what `tasklist /svc /fo csv /nh` says: lines of program, process and the keys of the services in it. Where there
/// is none it says so in the system's language, which is no key. A process of several services is no gateway's.
#[cfg(any(test, windows))]
fn key_of(text: &str, pid: u32) -> Option<Service> {
    let key = text.lines().find_map(|line| {
        let mut parts = line.trim().strip_prefix('"')?.strip_suffix('"')?.splitn(3, "\",\"");
        let (_, process, key) = (parts.next()?, parts.next()?, parts.next()?);
        (process.parse() == Ok(pid)).then_some(key)
    })?;
    plain(key, b"$").then(|| Service { manager: Manager::Windows, unit: key.to_owned(), of_user: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_control_group() {
        let user = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/some-gateway.service\n";
        let found = unit_of(user).unwrap();
        let unit = "some-gateway.service".to_owned();
        assert_eq!(found, Service { manager: Manager::Systemd, unit, of_user: Some("--user".into()) });
        assert_eq!(found.stop(), "systemctl --user stop some-gateway.service");
        let machine = "2:cpu:/\n1:name=systemd:/system.slice/agent.service\n";
        assert_eq!(unit_of(machine).unwrap().stop(), "systemctl stop agent.service");
        for none in [
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-code@1.service\n",
            "0::/user.slice/user-1000.slice/session-3.scope\n",
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope\n",
            "0::/system.slice/a;b.service\n",
            "0::/\n",
            "",
        ] {
            assert_eq!(unit_of(none), None, "{none}");
        }
    }

    #[test]
    fn the_label_of_a_job_of_launchd() {
        let list = "PID\tStatus\tLabel\n-\t0\tcom.example.idle\n412\t0\tapplication.com.example.editor.1.2\n\
            413\t-15\tai.example.gateway\n414\t0\ta b; c\n";
        let found = label_of(list, 413, 501).unwrap();
        let unit = "ai.example.gateway".to_owned();
        assert_eq!(found, Service { manager: Manager::Launchd, unit, of_user: Some("gui/501".into()) });
        assert_eq!(found.stop(), "launchctl bootout gui/501/ai.example.gateway");
        for none in [412, 414, 41, 0] {
            assert_eq!(label_of(list, none, 501), None, "{none}");
        }
        assert_eq!((label_of("", 413, 501), label_of("413\n413\t0\n413\t0\t\n", 413, 501)), (None, None));
    }

    #[test]
    fn the_key_of_a_service_of_windows() {
        let list = "\"node.exe\",\"4321\",\"ExampleGateway$1\"\r\n\"svchost.exe\",\"900\",\"DcomLaunch,Power\"\r\n\
            \"node.exe\",\"901\",\"N/A\"\r\n\"node.exe\",\"902\",\"Nicht zutreffend\"\r\n";
        let found = key_of(list, 4321).unwrap();
        let unit = "ExampleGateway$1".to_owned();
        assert_eq!(found, Service { manager: Manager::Windows, unit, of_user: None });
        assert_eq!(found.stop(), "sc stop ExampleGateway$1");
        for none in [900, 901, 902, 43] {
            assert_eq!(key_of(list, none), None, "{none}");
        }
        assert_eq!(key_of("INFO: No tasks are running which match the specified criteria.\r\n", 4321), None);
    }
}
