//! `clawbutler-hook`: what a runtime calls at each tool call. Reads one JSON, asks the engine, answers in
//! the runtime's own words.
//!
//! Users feel its start-up at every call, so it has no async runtime, no database and no TLS, and links
//! statically where that is possible. It must never answer `allow` by itself, never log arguments, and
//! never exit 0 with half an answer. Usage: `clawbutler-hook <runtime> <verb>`, called by the guard.

mod alone;
mod ask;
mod request;

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use clawbutler_connectors::env::Env;
use clawbutler_connectors::hook::{self, Output};
use clawbutler_core::limits::HOOK_INPUT_BYTES;
use clawbutler_platform::paths::{self, DataDir};

fn main() -> ExitCode {
    block_on_panic();
    let mut args = std::env::args().skip(1);
    let (Some(runtime), Some(verb)) = (args.next(), args.next()) else {
        return say("clawbutler-hook is called by an agent runtime: clawbutler-hook <runtime> <verb>");
    };
    let Some(side) = hook::side(&runtime) else {
        return say(&format!("clawbutler-hook does not know the runtime {runtime}"));
    };
    let vars = paths::environment();
    let home = paths::home(&vars);
    let data = std::env::current_exe()
        .ok()
        .and_then(|exe| DataDir::of_installed_hook(&exe))
        .unwrap_or_else(|| DataDir::resolve(&vars));
    let env = Env::new(vars, home);
    let input = match read_stdin() {
        Ok(bytes) => side.parse(&verb, &bytes, &env).map_err(|bad| bad.to_string()),
        Err(why) => Err(why),
    };
    let input = match input {
        Ok(input) => input,
        Err(why) => return emit(&side.render_bad_input(&verb, &why)),
    };
    let asked = ask::Asked::new(&data, &runtime, side, input, env.var("TRACEPARENT"));
    asked.run()
}

/// A panic anywhere blocks the call: any exit code but 2 would let some clients run it.
fn block_on_panic() {
    std::panic::set_hook(Box::new(|_| {
        let _ = std::io::stderr().write_all(
            b"ClawButler could not judge this call, so it is blocked. Do it in another way, or ask the user.\n",
        );
        std::process::exit(2);
    }));
}

/// All of standard input, within the bound.
fn read_stdin() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(4096);
    std::io::stdin()
        .take(HOOK_INPUT_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("the input could not be read: {error}"))?;
    if bytes.len() > HOOK_INPUT_BYTES {
        return Err(format!("the input is over {HOOK_INPUT_BYTES} bytes and cannot be judged"));
    }
    Ok(bytes)
}

/// Writes the whole answer at once; if that fails, the exit code blocks.
fn emit(output: &Output) -> ExitCode {
    let written = std::io::stdout().write_all(output.stdout.as_bytes()).and_then(|()| std::io::stdout().flush());
    let _ = std::io::stderr().write_all(output.stderr.as_bytes());
    match written {
        Ok(()) => ExitCode::from(u8::try_from(output.exit).unwrap_or(2)),
        Err(_) => ExitCode::from(2),
    }
}

/// A wrong call blocks: exit code 2 is what runtimes take as no.
fn say(words: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{words}");
    ExitCode::from(2)
}
