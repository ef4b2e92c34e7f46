//! One short run of another program, bounded in time and output.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Most bytes of its output that are read.
const OUTPUT_BYTES: usize = 64 * 1024;
/// How long the rest of its output may take once it ended (ms).
const REST_MS: u64 = 500;
/// How often is looked whether it ended (ms).
const LOOK_MS: u64 = 20;

/// What is run.
#[derive(Debug, Clone)]
pub struct Run {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// Its whole environment; or, where it [`inherits`](Self::inherits) ours, what is added to it.
    pub vars: Vec<(String, String)>,
    /// Whether it is handed our environment.
    pub inherits: bool,
    pub folder: PathBuf,
    /// Longest it may take (ms).
    pub most_ms: u64,
}

/// What it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Ended with status 0.
    pub well: bool,
    pub out: String,
    pub err: String,
}

/// Runs it to its end, without input. An error where it does not start, or takes longer than it may; it is ended then.
pub fn run(what: &Run) -> io::Result<Said> {
    let mut command = Command::new(&what.program);
    command.args(&what.args).current_dir(&what.folder);
    if !what.inherits {
        command.env_clear();
    }
    command.envs(what.vars.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    crate::os::without_window(&mut command);
    let mut child = command.spawn()?;
    let (out, err) = (child.stdout.take().map(Heard::of), child.stderr.take().map(Heard::of));
    for _ in 0..what.most_ms.div_ceil(LOOK_MS) {
        if let Some(status) = child.try_wait()? {
            let text = |heard: Option<Heard>| heard.map(Heard::text).unwrap_or_default();
            return Ok(Said { well: status.success(), out: text(out), err: text(err) });
        }
        std::thread::sleep(Duration::from_millis(LOOK_MS));
    }
    child.kill()?;
    child.wait()?;
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("{} took too long and was ended", name(&what.program))))
}

fn name(program: &Path) -> String {
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

/// What a pipe gave so far. What it started may keep the pipe open for as long as it likes, so its end is not waited for.
struct Heard {
    first: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Heard {
    /// Keeps the first of it; the rest is read and dropped, so that its writer does not wait.
    fn of(mut pipe: impl io::Read + Send + 'static) -> Self {
        let first = Arc::new(Mutex::new(Vec::new()));
        let (end, ended) = mpsc::channel();
        let kept = Arc::clone(&first);
        std::thread::spawn(move || {
            let mut block = [0; 4_096];
            while let Ok(read @ 1..) = pipe.read(&mut block) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = OUTPUT_BYTES.saturating_sub(kept.len()).min(read);
                kept.extend_from_slice(&block[..room]);
            }
            // Nobody may wait for it any more.
            let _ = end.send(());
        });
        Self { first, ended }
    }

    fn text(self) -> String {
        let _ = self.ended.recv_timeout(Duration::from_millis(REST_MS));
        String::from_utf8_lossy(&self.first.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, most_ms: u64) -> io::Result<Said> {
        run(&Run {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            vars: vec![("ONE".into(), "1".into())],
            inherits: false,
            folder: "/".into(),
            most_ms,
        })
    }

    #[test]
    fn what_it_said_and_how_it_ended() {
        let said = shell("echo $ONE$HOME; echo no >&2; exit 3", 5_000).unwrap();
        assert_eq!(said, Said { well: false, out: "1\n".into(), err: "no\n".into() });
    }

    #[test]
    fn neither_time_nor_output_is_endless() {
        assert_eq!(shell("exec sleep 60", 100).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let said = shell("head -c 1000000 /dev/zero | tr '\\0' x", 20_000).unwrap();
        assert_eq!((said.well, said.out.len()), (true, OUTPUT_BYTES));
        // What outlives it and holds its output open.
        let said = shell("sleep 5 & echo done", 20_000).unwrap();
        assert_eq!((said.well, said.out.as_str()), (true, "done\n"));
    }
}
