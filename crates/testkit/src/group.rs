//! Programs of a scratch desktop, each ended with everything it started.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// A child that is ended with everything it started.
#[derive(Debug)]
pub struct Ended(pub Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).stderr(Stdio::null()).status();
        std::thread::sleep(std::time::Duration::from_millis(200));
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

/// Starts a program with nothing but this environment.
pub fn start(name: &str, args: &[&str], env: &BTreeMap<String, String>) -> Ended {
    let mut command = Command::new(name);
    command.args(args).env_clear().envs(env).process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    Ended(command.spawn().unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// Starts a program and reads its first line.
pub fn says(name: &str, args: &[&str], env: &BTreeMap<String, String>) -> (Ended, String) {
    let mut command = Command::new(name);
    command.args(args).env_clear().envs(env).process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Ended(child), line.trim().to_owned())
}
