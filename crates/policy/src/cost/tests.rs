//! Estimates of what a call costs, from what is written in it.

use clawbutler_core::action::{Action, Dialect, Effect};

use super::prices::PRICES;
use super::{Context, Estimate, Label, context_of_transcript, estimate, grouped, price_of};

fn action(tool: &str, effect: Effect) -> Action {
    Action {
        runtime: "r".into(),
        session: "s".into(),
        agent: None,
        tool: tool.into(),
        cwd: "/p".into(),
        mode: String::new(),
        project: None,
        branch: None,
        remote: None,
        sandboxed: None,
        depth: 0,
        effect,
    }
}

fn shell() -> Action {
    action("Bash", Effect::Shell { command: "ls".into(), dialect: Dialect::Posix, description: None })
}

fn spawn(prompt: &str) -> Action {
    action("Task", Effect::AgentSpawn { agent: "a".into(), prompt: prompt.into() })
}

fn context(model: &str, tokens: u64) -> Context {
    Context { model: Some(model.into()), context_tokens: Some(tokens) }
}

/// Dollars in millionths, so that they compare exactly.
#[expect(clippy::cast_possible_truncation, reason = "small figures of a test")]
fn micro(one: &Estimate) -> Option<(i64, i64)> {
    one.usd.map(|(low, high)| ((low * 1e6).round() as i64, (high * 1e6).round() as i64))
}

#[test]
fn a_turn_costs_its_context_and_its_answer() {
    let found = estimate(&shell(), &context("claude-opus-5-5", 84_000));
    assert_eq!(found.label, Label::Estimated);
    // 84,000 x 0.20 + 300 x 20 and 84,000 x 5.00 + 4,000 x 20, per million.
    assert_eq!(micro(&found), Some((22_800, 500_000)));
    insta::assert_snapshot!(found.basis, @"estimated: 84,000 tokens of context at 0.20 to 5.00 USD per million and 300 to 4,000 tokens of output at 20.00 USD (claude-opus-5-5, published list prices as of 2026-11, may be outdated)");
    // Above the bound of a long context everything costs more.
    assert_eq!(micro(&estimate(&shell(), &context("gpt-6-sol", 272_000))), Some((57_400, 720_000)));
    assert_eq!(micro(&estimate(&shell(), &context("gpt-6-sol", 272_001))), Some((113_300, 1_148_004)));
}

#[test]
fn what_is_not_known_is_unknown_and_never_nothing() {
    let bases: Vec<Estimate> = [
        Context::default(),
        Context { model: None, context_tokens: Some(1) },
        Context { model: Some("claude-opus-5-5".into()), context_tokens: None },
        context("mock-1", 1_000),
        context("claude-opus-9", 1_000),
        context("gpt-5-ultra", 1_000),
    ]
    .iter()
    .map(|known| estimate(&shell(), known))
    .collect();
    assert!(bases.iter().all(|one| one.usd.is_none() && one.label == Label::Unknown), "{bases:?}");
    let words: Vec<&str> = bases.iter().map(|one| one.basis.as_str()).collect();
    insta::assert_debug_snapshot!(words, @r#"
    [
        "unknown: the model is not known",
        "unknown: the model is not known",
        "unknown: the size of the context is not known",
        "unknown: the price of the model mock-1 is not known",
        "unknown: the price of the model claude-opus-9 is not known",
        "unknown: the price of the model gpt-5-ultra is not known",
    ]
    "#);
}

#[test]
fn starting_agents_costs_their_turns_too() {
    let known = context("claude-haiku-4-5", 10_000);
    let plain = micro(&estimate(&shell(), &known)).unwrap();
    let one = estimate(&spawn(&"x".repeat(4_000)), &known);
    // 10 and 40 turns of 16,000 tokens.
    assert_eq!(micro(&one), Some((plain.0 + 10 * (1_600 + 1_500), plain.1 + 40 * (20_000 + 20_000))));
    assert!(
        one.basis.contains("; 1 agent with about 16,000 tokens of context each for 10 to 40 turns"),
        "{}",
        one.basis
    );
    let three = estimate(&spawn(r#"{"tasks": ["a", "b", "c"]}"#), &known);
    assert!(three.basis.contains("3 agents"), "{}", three.basis);
    assert!(three.usd > estimate(&spawn("a"), &known).usd);
    let alone = estimate(&spawn("a"), &Context { context_tokens: None, ..known });
    assert!(alone.usd.is_some() && alone.basis.contains("the turn that follows not counted"), "{}", alone.basis);
    let many = format!("[{}1]", "1,".repeat(500));
    assert!(estimate(&spawn(&many), &context("o3", 1)).basis.contains("32 agents"), "bounded");
}

#[test]
fn a_paid_tool_costs_its_fee() {
    let known = context("claude-opus-5-5", 1_000);
    let plain = micro(&estimate(&shell(), &known)).unwrap();
    let url = "web-search://web-search/?q=x".to_owned();
    let search = estimate(&action("WebSearch", Effect::Network { url: url.clone(), method: None }), &known);
    assert_eq!(micro(&search), Some((plain.0 + 10_000, plain.1 + 80_000)));
    assert!(search.basis.contains("; 1 to 8 searches at 0.01 USD"), "{}", search.basis);
    let fetch = estimate(&action("WebFetch", Effect::Network { url, method: None }), &known);
    assert_eq!(micro(&fetch), Some(plain));
}

#[test]
fn families_are_found_by_their_longest_name_and_nothing_else_is_taken_for_them() {
    let family = |model: &str| price_of(model).map(|price| price.family);
    for (model, wanted) in [
        ("claude-opus-5-5", Some("claude-opus-5-5")),
        ("claude-opus-5", Some("claude-opus-5")),
        ("claude-opus-4-20250514", Some("claude-opus-4")),
        ("claude-opus-4-1-20250805", Some("claude-opus-4-1")),
        ("claude-sonnet-4-5-20250929", Some("claude-sonnet-4-5")),
        ("claude-sonnet-4-5[1m]", Some("claude-sonnet-4-5")),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", Some("claude-sonnet-4")),
        ("claude-opus-4-5@20251101", Some("claude-opus-4-5")),
        ("anthropic/claude-opus-4.5", Some("claude-opus-4-5")),
        ("claude-3-5-haiku-latest", Some("claude-3-5-haiku")),
        ("openai/gpt-5.1-codex", Some("gpt-5.1-codex")),
        ("gpt-5.1-codex-max", Some("gpt-5.1-codex-max")),
        ("gpt-5-2026-04-01", Some("gpt-5")),
        ("gemini-3-pro-preview", Some("gemini-3-pro")),
        ("GPT-5.5", Some("gpt-5.5")),
        ("claude-opus-6", None),
        ("claude-opus-5-6", None),
        ("claude-opus-50", None),
        ("gpt-5.7", None),
        ("gpt-5-turbo", None),
        ("gpt-5.5-pro", None),
        ("opus", None),
        ("", None),
        ("<synthetic>", None),
    ] {
        assert_eq!(family(model), wanted, "{model}");
    }
}

#[test]
fn the_prices_make_sense() {
    for price in PRICES {
        let ordered = 0.0 < price.cache_read
            && price.cache_read <= price.input / 2.0
            && price.input <= price.cache_write_5m
            && price.cache_write_5m <= price.cache_write_1h
            && price.input < price.output;
        let dearer = price.long.is_none_or(|long| long.input > price.input && long.output > price.output);
        assert!(ordered && dearer, "{price:?}");
        assert_eq!(PRICES.iter().filter(|other| other.family == price.family).count(), 1, "{}", price.family);
        assert_eq!(price_of(price.family), Some(price));
    }
}

#[test]
fn the_context_is_read_from_the_end_of_a_transcript() {
    let turn = include_str!("fixtures/turn.jsonl");
    let opus = |tokens| context("claude-opus-5-5", tokens);
    assert_eq!(context_of_transcript(turn), opus(1_002 + 20_000 + 300));
    // Torn at both ends, as a tail read while the runtime writes.
    let torn = format!("ens\": 4}}}}\n{turn}{{\"type\": \"assistant\", \"message\": {{\"mod");
    assert_eq!(context_of_transcript(&torn), opus(21_302));
    assert_eq!(
        context_of_transcript(include_str!("fixtures/subagent.jsonl")).model.as_deref(),
        Some("claude-opus-5-5")
    );
    // The answer of a sub-agent in between is not the main conversation's.
    let mixed = format!("{turn}{}", include_str!("fixtures/subagent.jsonl"));
    assert_eq!(context_of_transcript(&mixed), opus(21_302));
    // After a compaction what it left counts; a synthetic answer is none.
    assert_eq!(context_of_transcript(include_str!("fixtures/compacted.jsonl")), context("claude-sonnet-5-5", 3_086));
    for text in ["", "\n\n", "null", "[]", "{\"type\": \"assistant\"}", "{\"message\": {\"usage\": 3}}", "\u{0}{"] {
        assert_eq!(context_of_transcript(text), Context::default(), "{text:?}");
    }
}

#[test]
fn numbers_have_their_thousands_apart() {
    let shown: Vec<String> = [0, 999, 1_000, 84_000, 1_234_567].into_iter().map(grouped).collect();
    assert_eq!(shown, ["0", "999", "1,000", "84,000", "1,234,567"]);
}
