//! How long a judgement takes: the look, the rules on top of it, and reading a snapshot.

use std::fmt::Write as _;
use std::hint::black_box;

use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_policy::{Facts, RuleSet, Surroundings, evaluate, judge, look};
use criterion::{Criterion, criterion_group, criterion_main};

fn around() -> Surroundings {
    Surroundings {
        home: "/home/u".into(),
        data_dir: "/home/u/.local/share/clawbutler".into(),
        guarded: vec!["/home/u/.claude/settings.json".into()],
    }
}

fn shell(command: &str) -> Action {
    Action {
        runtime: "claude-code".into(),
        session: "s".into(),
        agent: None,
        tool: "Bash".into(),
        cwd: "/home/u/p".into(),
        mode: "default".into(),
        project: None,
        branch: Some("feature/cart".into()),
        remote: Some("https://github.com/acme/shop".into()),
        sandboxed: None,
        depth: 0,
        effect: Effect::Shell { command: command.into(), dialect: Dialect::Posix, description: None },
    }
}

/// Rules of every sort, in the mixture of a team that has written many.
fn rules(count: usize) -> RuleSet {
    let mut text = String::new();
    for n in 0..count {
        let when = match n % 8 {
            0 => format!("programs = ['tool{n} deploy', 'tool{n} remove']\nflags = ['-f|--force']"),
            1 => format!("paths = ['services/s{n}/**', '~/keys{n}/*.pem']\ntouches = ['write', 'delete']"),
            2 => format!("signals = ['signal_{n}', 'signal_x{n}']"),
            3 => format!("mcp = ['server{n}/delete_*']\nmcp_args = {{ owner = 'acme' }}"),
            4 => format!("hosts = ['*.s{n}.example.org']"),
            5 => format!("kinds = ['shell']\nprograms = ['git push']\nbranches = ['release/{n}*']"),
            6 => format!("tools = ['Tool{n}*']\nrisk_at_least = 'medium'"),
            _ => format!("runtimes = ['r{n}']\nhours = '22:00-06:00'\nrisk_at_least = 'high'"),
        };
        write!(text, "[[rule]]\nid = 'r{n}'\ndecision = 'ask'\nbecause = 'Somebody of team {n} has to know about this.'\n[rule.when]\n{when}\n")
            .expect("BUG: text grows");
    }
    RuleSet::from_toml(&text).expect("BUG: the rules load")
}

fn bench(c: &mut Criterion) {
    let (around, facts) = (around(), Facts::at(clawbutler_core::clock::Timestamp(1_795_573_250_000), Some(60)));
    let typical = shell("cd web && npm test -- --watch=false && git push origin feature/cart");
    let long = shell(&"cp a.txt b.txt; ".repeat(10_000 / 16));
    let looked = look(&typical, &around);
    c.bench_function("look", |b| b.iter(|| look(black_box(&typical), &around)));
    for count in [6, 100, 500] {
        let set = if count == 6 { RuleSet::builtin() } else { rules(count) };
        // The copy of the look that is judged is timed beside it, to be taken off.
        c.bench_function(&format!("rules alone, {count}"), |b| {
            b.iter_batched(
                || looked.clone(),
                |looked| judge(&set, black_box(&typical), looked, &around, &facts),
                criterion::BatchSize::SmallInput,
            );
        });
        c.bench_function(&format!("evaluate, {count} rules"), |b| {
            b.iter(|| evaluate(&set, black_box(&typical), &around, &facts));
        });
    }
    let set = rules(500);
    for command in
        ["git status", "npm test -- --watch=false", "git push origin feature/cart", "grep -rn 'fn main' src | head -20"]
    {
        let one = shell(command);
        c.bench_function(&format!("evaluate `{command}`, 500 rules"), |b| {
            b.iter(|| evaluate(&set, black_box(&one), &around, &facts));
        });
    }
    c.bench_function("look at 10,000 characters", |b| b.iter(|| look(black_box(&long), &around)));
    c.bench_function("evaluate 10,000 characters, 500 rules", |b| {
        b.iter(|| evaluate(&set, black_box(&long), &around, &facts));
    });
    let snapshot = set.to_snapshot();
    c.bench_function("read a snapshot of 500 rules", |b| b.iter(|| RuleSet::from_snapshot(black_box(&snapshot))));
}

criterion_group!(benches, bench);
criterion_main!(benches);
