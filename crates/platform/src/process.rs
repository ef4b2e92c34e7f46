//! Facts about processes.

use std::ffi::OsString;
use std::path::Path;

use clawbutler_core::process::Row;
use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

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

/// Whether it runs: what ended and was not collected by its parent yet does not.
fn runs(process: &sysinfo::Process) -> bool {
    !matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead)
}

/// When a process started (seconds since the epoch); `None`: it does not run (any more).
#[cfg(not(target_os = "linux"))]
pub(crate) fn started(pid: u32) -> Option<u64> {
    let mut system = System::new().ok()?;
    let pid = Pid::from_u32(pid);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, ProcessRefreshKind::nothing());
    system.process(pid).filter(|process| runs(process)).map(|process| process.start_time())
}

/// The time in the units of [`started`].
#[cfg(not(target_os = "linux"))]
pub(crate) fn now() -> Option<u64> {
    use clawbutler_core::clock::Clock as _;
    u64::try_from(crate::clock::SystemClock::default().wall().0 / 1000).ok()
}

/// Every process that runs.
#[cfg(not(target_os = "linux"))]
pub(crate) fn table() -> Vec<crate::ending::Row> {
    let Ok(mut system) = System::new() else { return Vec::new() };
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, ProcessRefreshKind::nothing());
    let row = |(pid, process): (&Pid, &sysinfo::Process)| crate::ending::Row {
        pid: pid.as_u32(),
        parent: process.parent().map_or(0, |parent| parent.as_u32()),
        started: process.start_time(),
    };
    system.processes().iter().filter(|(_, process)| runs(process)).map(row).collect()
}

/// Ends a process by force. `false`: it is not the one that started then.
#[cfg(windows)]
pub(crate) fn end_hard(pid: u32, began: u64) -> std::io::Result<bool> {
    let mut system = System::new().map_err(std::io::Error::other)?;
    let pid = Pid::from_u32(pid);
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, ProcessRefreshKind::nothing());
    match system.process(pid).filter(|process| process.start_time() == began) {
        None => Ok(false),
        Some(process) if process.kill() => Ok(true),
        Some(_) => {
            Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "it may not be ended by this account"))
        }
    }
}

/// Every process this account can see, with its words and variables; reads those of each, so ask seldom.
pub fn list() -> Vec<Row> {
    let Ok(mut system) = System::new() else { return Vec::new() };
    let wanted = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_cmd(UpdateKind::Always)
        .with_cwd(UpdateKind::Always)
        .with_environ(UpdateKind::Always)
        .with_exe(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
    let text = |words: &[OsString]| words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let row = |(pid, process): (&Pid, &sysinfo::Process)| Row {
        pid: pid.as_u32(),
        parent: process.parent().map_or(0, |parent| parent.as_u32()),
        started: process.start_time(),
        name: process.name().to_string_lossy().into_owned(),
        words: text(process.cmd()),
        vars: text(process.environ()),
        cwd: process.cwd().map(Path::to_owned),
        program: process.exe().map(Path::to_owned),
    };
    system.processes().iter().filter(|(_, process)| runs(process)).map(row).collect()
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

/// Lets other threads go first, where the system can do that for one thread. For work that nobody waits for.
pub fn lower_thread() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::debug!(%error, "the priority of a thread could not be lowered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_tells_how_this_process_was_started() {
        let own = list().into_iter().find(|one| one.pid == std::process::id()).expect("it runs");
        let words: Vec<String> = std::env::args().collect();
        assert_eq!(own.words, words);
        assert_eq!(own.cwd, std::env::current_dir().ok());
        assert_eq!(own.program, std::env::current_exe().ok());
        // Cargo says it to every test it starts.
        let given = format!("CARGO_PKG_NAME={}", env!("CARGO_PKG_NAME"));
        assert!(own.vars.contains(&given));
        assert!(!format!("{own:?}").contains(&given), "what it was given is not shown");
    }
}
