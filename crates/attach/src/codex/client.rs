//! A client of our own for a few calls: `codex app-server` on its input and output, which ends with the value.
//!
//! Bounded in time ([`CLIENT_MS`]) and in what is read of it ([`CLIENT_BYTES`]). It begins no thread, so it runs no
//! tool and no hook.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use clawbutler_core::limits::{CLIENT_BYTES, CLIENT_END_MS, CLIENT_MS};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines, Take};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};

use super::frame::{self, Frame};
use super::hooks::{self, Hook};
use super::rows::Hello;
use crate::CallError;

/// How a client is started.
#[derive(Clone, PartialEq, Eq)]
pub struct Start {
    /// The program.
    pub program: PathBuf,
    /// Its whole environment; `CODEX_HOME` says which home it serves.
    pub vars: Vec<(String, String)>,
    /// The folder in which it is started; no project.
    pub folder: PathBuf,
}

/// Shows no values: an environment holds secrets.
impl std::fmt::Debug for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Start").field("program", &self.program).field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A client that runs. Dropped, it is ended by force; [`Client::end`] lets it end by itself first.
#[derive(Debug)]
pub struct Client {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<Take<ChildStdout>>>,
    hello: Hello,
    until: Instant,
    calls: u64,
}

impl Client {
    /// Starts it and says hello. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`CallError::NotPossible`] where it does not start, and those of a call.
    pub async fn start(start: &Start) -> Result<Self, CallError> {
        let mut command = Command::new(&start.program);
        command.arg("app-server").env_clear().current_dir(&start.folder).kill_on_drop(true);
        command.envs(start.vars.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // What is sent to our terminal is not for it.
        #[cfg(unix)]
        command.process_group(0);
        #[cfg(windows)]
        command.creation_flags(NO_WINDOW);
        let failed = |why: &str| CallError::NotPossible(format!("{} does not start: {why}", start.program.display()));
        let mut child = command.spawn().map_err(|error| failed(&error.to_string()))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no input or output"));
        };
        let until = Instant::now() + Duration::from_millis(CLIENT_MS);
        let lines = BufReader::new(stdout.take(CLIENT_BYTES)).lines();
        let mut client = Self { child, stdin, lines, hello: Hello::default(), until, calls: 0 };
        let about =
            json!({ "name": "clawbutler", "title": "ClawButler Desktop", "version": env!("CARGO_PKG_VERSION") });
        let said = client.call("initialize", json!({ "clientInfo": about })).await?;
        client.hello = Hello::read(&said).ok_or_else(|| CallError::unreadable("initialize", "who it is"))?;
        client.send("initialized", &json!({ "method": "initialized" })).await?;
        Ok(client)
    }

    /// What it said about itself.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Its process id; absent when it ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The hooks of a home.
    ///
    /// # Errors
    /// Those of a call.
    pub async fn hooks(&mut self, home: &str) -> Result<Vec<Hook>, CallError> {
        hooks::listed(&self.call(hooks::LIST, hooks::list(home)).await?)
    }

    /// Has hooks trusted, by the names of their places with their fingerprints, and no other.
    ///
    /// # Errors
    /// Those of a call; what was asked may have happened all the same.
    pub async fn trust(&mut self, hooks: &[(String, String)]) -> Result<(), CallError> {
        hooks::written(&self.call(hooks::WRITE, hooks::trusting(hooks)).await?)
    }

    /// Lets it end by itself, by force where it does not.
    pub async fn end(self) {
        let Self { mut child, stdin, lines, .. } = self;
        drop((stdin, lines));
        if timeout(Duration::from_millis(CLIENT_END_MS), child.wait()).await.is_err()
            && let Err(error) = child.kill().await
        {
            tracing::warn!(%error, "a client that was started could not be ended");
        }
    }

    async fn send(&mut self, method: &str, message: &Value) -> Result<(), CallError> {
        let line = format!("{message}\n");
        let sent = timeout_at(self.until, self.stdin.write_all(line.as_bytes())).await;
        let sent = sent.map_err(|_| CallError::TimedOut { method: method.to_owned() })?;
        sent.map_err(|_| CallError::Down)
    }

    /// Calls, and hears nothing but the answer: it is asked nothing, and what it tells is for others.
    async fn call(&mut self, method: &str, params: Value) -> Result<Value, CallError> {
        self.calls += 1;
        let own = self.calls.to_string();
        self.send(method, &json!({ "id": self.calls, "method": method, "params": params })).await?;
        loop {
            let late = |_| CallError::TimedOut { method: method.to_owned() };
            let line = timeout_at(self.until, self.lines.next_line()).await.map_err(late)?;
            let Ok(Some(line)) = line else { return Err(CallError::Down) };
            if let Ok(Frame::Response { id, result }) = frame::read(&line)
                && id == own
            {
                let refused = |refusal| CallError::Refused { method: method.to_owned(), refusal: Box::new(refusal) };
                return result.map_err(refused);
            }
        }
    }
}

/// Windows opens no console for it.
#[cfg(windows)]
const NO_WINDOW: u32 = 0x0800_0000;

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// A shell that is told `app-server` runs the script of that name in its folder.
    fn program(folder: &Path, script: &str) -> Start {
        fs::write(folder.join("app-server"), script).expect("a script");
        let path = "/usr/local/bin:/usr/bin:/bin".to_owned();
        Start { program: "/bin/sh".into(), vars: vec![("PATH".to_owned(), path)], folder: folder.to_owned() }
    }

    const HELLO: &str = r#"read line; echo '{"id":1,"result":{"userAgent":"clawbutler/0.169.0 (x)"}}'; read line"#;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn it_is_asked_and_ends_with_its_input() {
        let folder = folder("asked");
        let script = format!(
            "{HELLO}\nread line\necho nonsense\necho '{{\"method\":\"told\"}}'\n\
             echo '{{\"id\":2,\"result\":{{\"data\":[{{\"hooks\":[{{\"key\":\"k\"}}]}}]}}}}'\n\
             read line; echo '{{\"id\":3,\"error\":{{\"code\":-1,\"message\":\"no\"}}}}'\nread line; echo ended >ended"
        );
        run(async {
            let mut client = Client::start(&program(&folder, &script)).await.unwrap();
            assert_eq!(client.hello().version.as_deref(), Some("0.169.0"));
            assert_eq!(client.hooks("/h").await.unwrap()[0].key, "k");
            let refused = client.trust(&[("k".to_owned(), "p".to_owned())]).await.unwrap_err();
            assert_eq!(refused.to_string(), "the runtime refused config/batchWrite: no");
            client.end().await;
        });
        assert_eq!(fs::read_to_string(folder.join("ended")).unwrap(), "ended\n", "it was not killed");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn one_that_ends_floods_or_is_none_is_given_up() {
        let folder = folder("gone");
        run(async {
            assert_eq!(Client::start(&program(&folder, "exit 1")).await.unwrap_err(), CallError::Down);
            let flood = "while :; do echo 0123456789012345678901234567890123456789012345678901234567890123; done";
            assert_eq!(Client::start(&program(&folder, flood)).await.unwrap_err(), CallError::Down);
            let missing = Start { program: folder.join("none"), vars: Vec::new(), folder: folder.clone() };
            let says = Client::start(&missing).await.unwrap_err().to_string();
            assert!(says.contains("does not start"), "{says}");
        });
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn one_that_hangs_is_ended() {
        let folder = folder("hangs");
        let pid = run(async {
            let script = format!("{HELLO}\nexec sleep 1000");
            let client = Client::start(&program(&folder, &script)).await.unwrap();
            let pid = client.pid().unwrap();
            client.end().await;
            pid
        });
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "{pid} still runs");
        fs::remove_dir_all(folder).unwrap();
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("clawbutler-client-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }
}
