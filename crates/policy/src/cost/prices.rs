//! Published list prices of model families, as data.
//!
//! Prices as the providers publish them (Anthropic, OpenAI, Google), read in November 2026; those of the
//! Claude models also as the client itself counts. They may be outdated, know no discounts, batches,
//! subscriptions or faster tiers, and are for estimates only.

/// When the table was read.
pub(super) const AS_OF: &str = "2026-11";

/// Prices of one family, USD per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// The model's name without date or version suffix.
    pub family: &'static str,
    /// Input that is not cached.
    pub input: f64,
    /// Output, thinking included.
    pub output: f64,
    /// Input read from the cache; the input price where there is no cache.
    pub cache_read: f64,
    /// Input written to the cache for five minutes (or for as long as the provider keeps it).
    pub cache_write_5m: f64,
    /// Input written to the cache for an hour.
    pub cache_write_1h: f64,
    /// Above this many tokens of input, everything costs more.
    pub long: Option<Long>,
}

/// What a long context costs, USD per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Long {
    /// Tokens of input above which this holds.
    pub above_tokens: u64,
    pub input: f64,
    pub output: f64,
    pub cache_read: f64,
}

/// Input, output, cache read; cache writes at 1.25 and 2 times the input.
const fn claude(family: &'static str, input: f64, output: f64, cache_read: f64) -> Price {
    Price { family, input, output, cache_read, cache_write_5m: input * 1.25, cache_write_1h: input * 2.0, long: None }
}

/// Input, output, cache read, cache write.
const fn other(family: &'static str, input: f64, output: f64, cache_read: f64, write: f64) -> Price {
    Price { family, input, output, cache_read, cache_write_5m: write, cache_write_1h: write, long: None }
}

/// The same with higher prices above a number of tokens.
const fn long(price: Price, above_tokens: u64, input: f64, output: f64, cache_read: f64) -> Price {
    Price { long: Some(Long { above_tokens, input, output, cache_read }), ..price }
}

const GPT_LONG: u64 = 272_000;
const GEMINI_LONG: u64 = 200_000;

pub(super) const PRICES: &[Price] = &[
    claude("claude-3-5-haiku", 0.8, 4.0, 0.08),
    claude("claude-3-5-sonnet", 3.0, 15.0, 0.3),
    claude("claude-3-7-sonnet", 3.0, 15.0, 0.3),
    claude("claude-3-haiku", 0.25, 1.25, 0.03),
    claude("claude-3-opus", 15.0, 75.0, 1.5),
    claude("claude-fable-5", 10.0, 50.0, 1.0),
    claude("claude-fable-5-1", 10.0, 50.0, 0.25),
    claude("claude-haiku-4-5", 1.0, 5.0, 0.1),
    claude("claude-haiku-5-5", 0.1, 0.5, 0.01),
    claude("claude-mythos-5", 10.0, 50.0, 1.0),
    claude("claude-opus-4", 15.0, 75.0, 1.5),
    claude("claude-opus-4-1", 15.0, 75.0, 1.5),
    claude("claude-opus-4-5", 5.0, 25.0, 0.5),
    claude("claude-opus-4-6", 5.0, 25.0, 0.5),
    claude("claude-opus-4-7", 5.0, 25.0, 0.5),
    claude("claude-opus-4-8", 5.0, 25.0, 0.5),
    claude("claude-opus-5", 5.0, 25.0, 0.5),
    claude("claude-opus-5-5", 4.0, 20.0, 0.2),
    claude("claude-sonnet-4", 3.0, 15.0, 0.3),
    claude("claude-sonnet-4-5", 3.0, 15.0, 0.3),
    claude("claude-sonnet-4-6", 3.0, 15.0, 0.3),
    claude("claude-sonnet-5", 2.0, 10.0, 0.2),
    claude("claude-sonnet-5-5", 2.0, 10.0, 0.1),
    other("codex-mini", 1.5, 6.0, 0.375, 1.5),
    other("gpt-4.1", 2.0, 8.0, 0.5, 2.0),
    other("gpt-4.1-mini", 0.4, 1.6, 0.1, 0.4),
    other("gpt-4o", 2.5, 10.0, 1.25, 2.5),
    other("gpt-4o-mini", 0.15, 0.6, 0.075, 0.15),
    other("gpt-5", 1.25, 10.0, 0.125, 1.25),
    other("gpt-5-codex", 1.25, 10.0, 0.125, 1.25),
    other("gpt-5-mini", 0.25, 2.0, 0.025, 0.25),
    other("gpt-5-nano", 0.05, 0.4, 0.005, 0.05),
    other("gpt-5.1", 1.25, 10.0, 0.125, 1.25),
    other("gpt-5.1-codex", 1.25, 10.0, 0.125, 1.25),
    other("gpt-5.1-codex-max", 1.25, 10.0, 0.125, 1.25),
    other("gpt-5.1-codex-mini", 0.25, 2.0, 0.025, 0.25),
    other("gpt-5.2", 1.75, 14.0, 0.175, 1.75),
    other("gpt-5.2-codex", 1.75, 14.0, 0.175, 1.75),
    other("gpt-5.3-codex", 1.75, 14.0, 0.175, 1.75),
    long(other("gpt-5.4", 2.5, 15.0, 0.25, 2.5), GPT_LONG, 5.0, 22.5, 0.5),
    other("gpt-5.4-mini", 0.75, 4.5, 0.075, 0.75),
    other("gpt-5.4-nano", 0.2, 1.25, 0.02, 0.2),
    long(other("gpt-5.5", 5.0, 30.0, 0.5, 5.0), GPT_LONG, 10.0, 45.0, 1.0),
    long(other("gpt-5.6-luna", 0.2, 1.2, 0.02, 0.25), GPT_LONG, 0.4, 1.8, 0.04),
    long(other("gpt-5.6-sol", 4.0, 20.0, 0.4, 5.0), GPT_LONG, 8.0, 30.0, 0.8),
    long(other("gpt-5.6-terra", 2.0, 12.0, 0.2, 2.5), GPT_LONG, 4.0, 18.0, 0.4),
    long(other("gpt-6-astra", 10.0, 50.0, 1.0, 12.5), GPT_LONG, 20.0, 75.0, 2.0),
    long(other("gpt-6-luna", 0.1, 0.5, 0.01, 0.125), GPT_LONG, 0.2, 0.75, 0.02),
    long(other("gpt-6-sol", 2.0, 10.0, 0.2, 2.5), GPT_LONG, 4.0, 15.0, 0.4),
    long(other("gpt-6.1-sol", 2.0, 10.0, 0.1, 2.0), GPT_LONG, 4.0, 15.0, 0.2),
    other("o3", 2.0, 8.0, 0.5, 2.0),
    other("o4-mini", 1.1, 4.4, 0.275, 1.1),
    other("gemini-2.5-flash", 0.3, 2.5, 0.03, 0.3),
    other("gemini-2.5-flash-lite", 0.1, 0.4, 0.01, 0.1),
    long(other("gemini-2.5-pro", 1.25, 10.0, 0.125, 1.25), GEMINI_LONG, 2.5, 15.0, 0.25),
    other("gemini-3-flash", 0.5, 3.0, 0.05, 0.5),
    long(other("gemini-3-pro", 2.0, 12.0, 0.2, 2.0), GEMINI_LONG, 4.0, 18.0, 0.4),
    long(other("gemini-3.1-pro", 2.0, 12.0, 0.2, 2.0), GEMINI_LONG, 4.0, 18.0, 0.4),
    other("gemini-3.5-flash", 1.5, 9.0, 0.15, 1.5),
];

/// Fees of tools that are paid by the call: part of the tool's name, USD for one call, calls at most.
/// A web search of a model provider is one to eight searches.
pub(super) const FEES: &[(&str, f64, u32)] = &[("websearch", 0.01, 8), ("web_search", 0.01, 8)];

/// The list price of a model; `None` for one that is not in the table.
///
/// Providers' prefixes (`anthropic/`, `us.anthropic.`) and what only dates or places a model
/// (`-20251101`, `-2026-04-01`, `-latest`, `-preview`, `[1m]`, `@…`, `-v1:0`) make no difference. The longest
/// family wins, and a name with anything else behind it is another model, whose price is not known.
pub fn price_of(model: &str) -> Option<&'static Price> {
    let name = model.trim().to_ascii_lowercase();
    let name = name.rsplit('/').next().unwrap_or(&name);
    let name = name.rfind("anthropic.").map_or(name, |at| &name[at + "anthropic.".len()..]);
    let name = if name.starts_with("claude") { name.replace('.', "-") } else { name.to_owned() };
    PRICES
        .iter()
        .filter(|price| name.strip_prefix(price.family).is_some_and(is_suffix))
        .max_by_key(|price| price.family.len())
}

/// What may follow a family's name without making another model of it.
fn is_suffix(rest: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '-');
    if rest.is_empty() || rest.starts_with(['@', '[', ':']) {
        return true;
    }
    let Some(rest) = rest.strip_prefix('-') else { return false };
    if let Some(after) = rest.strip_prefix("preview").or_else(|| rest.strip_prefix("latest")) {
        return after.is_empty() || after.strip_prefix('-').is_some_and(digits) || after.starts_with(['@', '[', ':']);
    }
    let end = rest.find(['@', '[', ':']).unwrap_or(rest.len());
    let (date, _) = rest.split_at(end);
    let date = date.split("-v").next().unwrap_or(date);
    let version = date.strip_prefix('v').is_some_and(|version| digits(version) && version.len() <= 2);
    version || digits(date) && date.chars().filter(char::is_ascii_digit).count() == 8
}
