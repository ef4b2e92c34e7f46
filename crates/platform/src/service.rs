//! Which service manager keeps a process running, so that ending it is not the end.

/// A unit of systemd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub unit: String,
    /// Of the user's own manager, not the machine's.
    pub user: bool,
}

/// Longest name of a unit that systemd allows (bytes).
const UNIT: usize = 255;

impl Service {
    /// The command that stops it for good until it is started again.
    pub fn stop(&self) -> String {
        format!("systemctl {}stop {}", if self.user { "--user " } else { "" }, self.unit)
    }
}

/// The service a process belongs to; `None` where it is none, or the system does not say.
#[cfg(target_os = "linux")]
pub fn of(pid: u32) -> Option<Service> {
    unit_of(&std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?)
}

/// The service a process belongs to; `None` where it is none, or the system does not say.
#[cfg(not(target_os = "linux"))]
pub fn of(_pid: u32) -> Option<Service> {
    None
}

/// From the control group, as `/proc/PID/cgroup` tells it. An application that a desktop runs in a unit of its own
/// (`app-…`) is not kept running.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has control groups"))]
fn unit_of(text: &str) -> Option<Service> {
    let path = text
        .lines()
        .find_map(|line| line.strip_prefix("0::").or_else(|| line.split_once(":name=systemd:").map(|found| found.1)))?;
    let unit = path.rsplit('/').find(|part| part.ends_with(".service"))?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@' | b':' | b'\\');
    let kept = !unit.starts_with("user@") && !unit.starts_with("app-") && !unit.starts_with("session-");
    let named = unit.len() <= UNIT && unit.bytes().all(plain);
    (kept && named).then(|| Service { unit: unit.to_owned(), user: path.contains("/user@") })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_control_group() {
        let user = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/some-gateway.service\n";
        let found = unit_of(user).unwrap();
        assert_eq!(found, Service { unit: "some-gateway.service".into(), user: true });
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
}
