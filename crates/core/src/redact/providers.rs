//! Keys of services by their shape, with the checksum where the format has one.

use super::Finding;
use super::checks::{base62_crc32, distinct, entropy};
use super::given;
use super::shapes::{SHAPES, Shape};

/// Looks at one place where a prefix begins; `at` counts the bytes before it.
pub(super) fn look(text: &str, at: usize, which: usize) -> Option<Finding> {
    let shape = &SHAPES[which];
    let bytes = text.as_bytes();
    let from = at + shape.prefix.len();
    if let Some(back) = shape.back {
        return around(text, at, from, which, back);
    }
    let prefix = shape.prefix;
    let short = prefix.len() < 4 || prefix == "key-" || prefix == "1//0";
    let joined =
        |before: u8| before.is_ascii_alphanumeric() || short && matches!(before, b'_' | b'-' | b'.' | b'/' | b'$');
    let alone = at == 0
        || prefix.starts_with('$')
        || !joined(bytes[at - 1])
        || escapes(bytes, at)
        || prefix == "eyJ" && bytes[at - 1] == b'/' && second_part(&bytes[from..]);
    if !alone {
        return checked(text, at, from, shape.kind).map(|end| Finding { kind: shape.kind, start: at, end });
    }
    let body = bytes[from..].iter().take_while(|byte| shape.set.has(**byte)).count();
    if prefix == "eyJ"
        && let Some(end) = given::broken_jwt(text, at)
    {
        return Some(Finding { kind: shape.kind, start: at, end });
    }
    if body < shape.least {
        return None;
    }
    if let Some(end) = checked(text, at, from, shape.kind) {
        return Some(Finding { kind: shape.kind, start: at, end });
    }
    let trimmed = text[from..from + body].bytes().rev().take_while(|byte| matches!(byte, b'.' | b',' | b':')).count();
    let body = body - trimmed;
    if body < shape.least {
        return None;
    }
    let inner = &text[from..from + body];
    let free = bytes.get(from + body).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let start = if prefix.starts_with("Bearer ") { at + 7 } else { at };
    let fits = fits(shape, inner, free);
    // Places for a key in examples: `ghp_xxxxxxxx`.
    (fits && distinct(inner) >= 5).then_some(Finding { kind: shape.kind, start, end: from + body })
}

/// Whether what follows the prefix is what the service's keys look like.
fn fits(shape: &Shape, inner: &str, free: bool) -> bool {
    let (prefix, body) = (shape.prefix, inner.len());
    match shape.kind {
        "jwt" if prefix == "ZXlK" => mixed(inner) && entropy(inner) > 4.5,
        "onepassword_key" => free && inner.matches('-').count() >= 4 && mixed(inner),
        "adobe_secret" => body == 32 && free && mixed(inner),
        "alibaba_key" => body == 20 && free && mixed(inner),
        "clickhouse_key" => body == 38 && free && mixed(inner) && !lower(inner),
        "harness_key" => parts(inner, '.', &[22, 24, 20]),
        "infracost_key" => body == 32 && free && mixed(inner),
        "octopus_key" => body == 26 && free && mixed(inner),
        "vault_token" if prefix == "s." => body == 24 && free && mixed(inner) && entropy(inner) > 3.5,
        "jwt" => inner.matches('.').count() >= 2 || second_part(inner.as_bytes()),
        // Others begin so by chance: names in capital letters, words joined by `-`.
        "aws_key" if prefix.len() == 4 && prefix != "ABSK" => body == 16 && free,
        "api_key" | "xai_key" | "fireworks_key" | "pulumi_token" | "cerebras_key" | "tavily_key" | "render_key"
        | "jina_key" | "together_key" | "buildkite_token" => mixed(inner),
        "vercel_token" => inner.bytes().any(|byte| byte.is_ascii_digit()),
        "crates_token" => body == 32 && mixed(inner) && entropy(inner) > 3.5,
        "databricks_token" => body >= 32 && inner.bytes().any(|byte| byte.is_ascii_digit()),
        "notion_token" if prefix == "secret_" => body == 43,
        "twilio_key" | "mailgun_key" | "firecrawl_key" => body == 32 && free && mixed(inner),
        "cursor_key" => body == 64 && free && mixed(inner),
        "elevenlabs_key" => body == 48 && free,
        "nuget_key" => body == 43 && free && mixed(inner) && lower(inner),
        "pagerduty_key" => body == 18 && free && mixed(inner) && entropy(inner) > 3.3,
        "voyage_key" => {
            (40..=48).contains(&body) && mixed(inner) && entropy(inner) > 4.2 && inner.matches('-').count() < 5
        }
        "resend_key" => parts(inner, '_', &[8, 24]) && mixed(inner),
        "airtable_token" => parts(inner, '.', &[14, 64]),
        "asana_token" if prefix == "2/" => {
            inner.split_once('/').is_some_and(|(first, rest)| first.len() == 16 && parts(rest, ':', &[16, 32]))
        }
        "asana_token" => parts(inner, ':', &[16, 32]) || parts(inner, ':', &[15, 32]),
        "launchdarkly_key" => free && parts(inner, '-', &[8, 4, 4, 4, 12]),
        "nightfall_key" => body == 32 && free && mixed(inner) && !lower(inner),
        "nostr_key" => body == 58 && free && lower(inner) && mixed(inner),
        "wallet_key" => body == 107 && free && mixed(inner),
        "infisical_token" => inner.split('.').count() == 3 && mixed(inner) && entropy(inner) > 3.5,
        "facebook_token" => mixed(inner) && entropy(inner) > 4.5,
        "square_token" if prefix == "EAAA" => mixed(inner) && entropy(inner) > 4.2 && body <= 64,
        "twitter_token" => mixed(inner) && entropy(inner) > 4.5,
        "dropbox_token" => mixed(inner) && entropy(inner) > 4.5,
        "boundary_token" => mixed(inner) && entropy(inner) > 4.2,
        "mapbox_token" => inner.contains('.'),
        "bitwarden_token" => inner.as_bytes().get(36) == Some(&b'.') && inner.contains(':'),
        "national_id" => body >= 40 && inner.contains("<<"),
        _ => true,
    }
}

/// A key around its sign.
fn around(text: &str, at: usize, from: usize, which: usize, (least, most): (usize, usize)) -> Option<Finding> {
    let shape = &SHAPES[which];
    let bytes = text.as_bytes();
    let part = |byte: &u8| match shape.kind {
        "telegram_token" => byte.is_ascii_digit(),
        "mailchimp_key" | "newrelic_key" => byte.is_ascii_hexdigit(),
        "terraform_token" => byte.is_ascii_alphanumeric(),
        "azure_secret" => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'~' | b'.') && shape.prefix == "Q~",
        "azure_key" => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-'),
        _ => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
    };
    let back = bytes[..at].iter().rev().take(most + 1).take_while(|byte| part(byte)).count();
    if !(least..=most).contains(&back) {
        return None;
    }
    let start = at - back;
    let body = bytes[from..].iter().take_while(|byte| shape.set.has(**byte)).count();
    let body = body - text[from..from + body].bytes().rev().take_while(|byte| matches!(byte, b'.' | b'~')).count();
    let inner = &text[from..from + body];
    let head = &text[start..at];
    // Telegram's URL has `bot` before the number.
    let bounded = start == 0
        || !bytes[start - 1].is_ascii_alphanumeric()
        || shape.kind == "telegram_token" && text[..start].ends_with("bot");
    let fits = body >= shape.least
        && match shape.kind {
            "telegram_token" => (32..=35).contains(&body) && mixed(inner),
            "mailchimp_key" => body <= 2 && inner.bytes().all(|byte| byte.is_ascii_digit()) && mixed(head),
            "discord_token" => {
                head.starts_with(['M', 'N', 'O'])
                    && inner.find('.') == Some(5)
                    && (27..=40).contains(&(body - 6))
                    && !inner[6..].contains(['.', '/', '+'])
            }
            "azure_secret" if shape.prefix == "Q~" => {
                body <= 37 && mixed(inner) && head.ends_with(|c: char| c.is_ascii_digit())
            }
            "maxmind_key" => body == 0 && head.as_bytes()[6] == b'_' && mixed(head),
            "azure_secret" => body == 4 && mixed(head),
            "azure_key" => (shape.least..=shape.least + 2).contains(&body) && mixed(head),
            "newrelic_key" => body == 0 && mixed(head),
            _ => mixed(inner),
        };
    (bounded && fits).then_some(Finding { kind: shape.kind, start, end: from + body })
}

/// The end of a token whose last six characters are the CRC-32 of those before (GitHub, npm), wherever it stands:
/// such a token needs no free place around it. One whose checksum is wrong may be cut or changed; its shape decides.
fn checked(text: &str, at: usize, from: usize, kind: &str) -> Option<usize> {
    const RANDOM: usize = 30;
    if !matches!(kind, "github_token" | "npm_token") || from - at != 4 {
        return None;
    }
    let token = text.get(from..from + RANDOM + 6).filter(|token| token.bytes().all(|b| b.is_ascii_alphanumeric()))?;
    (distinct(token) >= 5 && base62_crc32(&token.as_bytes()[..RANDOM]) == token.as_bytes()[RANDOM..])
        .then_some(from + RANDOM + 6)
}

/// Whether what stands before a place is an escape (`\n`, `\u0022`, `\x22`, `%3D`), whose last sign looks like a letter or
/// digit of what follows.
pub(super) fn escapes(bytes: &[u8], at: usize) -> bool {
    let hex = |from: usize| bytes[from..at].iter().all(u8::is_ascii_hexdigit);
    at >= 2 && bytes[at - 2] == b'\\' && matches!(bytes[at - 1], b'n' | b't' | b'r' | b'b' | b'f' | b'0')
        || at >= 3 && bytes[at - 3] == b'%' && hex(at - 2)
        || at >= 4 && bytes[at - 4] == b'\\' && bytes[at - 3] == b'x' && hex(at - 2)
        || at >= 6 && bytes[at - 6] == b'\\' && bytes[at - 5] == b'u' && hex(at - 4)
}

/// Whether the second part of what may be a JSON web token is an object as well.
fn second_part(bytes: &[u8]) -> bool {
    const HEAD: usize = 2048;
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let first = bytes.iter().take(HEAD).take_while(|byte| part(byte)).count();
    bytes[first..].starts_with(b".eyJ")
}

/// Parts of exactly these lengths.
fn parts(text: &str, sign: char, lengths: &[usize]) -> bool {
    text.split(sign).map(str::len).eq(lengths.iter().copied())
}

/// No capital letters.
fn lower(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Letters and digits both, and no chain of words.
fn mixed(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 2 && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}
