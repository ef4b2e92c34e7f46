//! Facts about processes.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Memory and processor time of one process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Resident memory (bytes).
    pub resident: u64,
}

/// Usage of a process; `None` when there is none of that id.
pub fn usage(pid: u32) -> Option<Usage> {
    let mut system = System::new().ok()?;
    let pid = Pid::from_u32(pid);
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        true,
        ProcessRefreshKind::nothing().with_memory(),
    );
    system.process(pid).map(|process| Usage { resident: process.memory() })
}

/// Returns when the process is asked to end (Ctrl-C, or a termination signal).
pub fn wait_for_end() -> std::io::Result<()> {
    let (sender, receiver) = std::sync::mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = sender.send(());
    })
    .map_err(std::io::Error::other)?;
    receiver.recv().map_err(std::io::Error::other)
}
