//! Keys of services by their shape: how they begin, which characters follow, how many.

use super::Finding;
use super::checks::{distinct, entropy};

/// Which characters a key is made of after its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `-` and `_`.
    Url,
    /// Letters, digits, `-`, `_`, `.`, `+`, `/`, `=`.
    Any,
    /// Hexadecimal digits.
    Hex,
    /// Capital letters and digits.
    Upper,
}

impl Set {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Any => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'='),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }
}

/// A service's key.
pub(super) struct Shape {
    pub(super) prefix: &'static str,
    kind: &'static str,
    set: Set,
    /// Least characters after the prefix.
    least: usize,
}

const fn shape(prefix: &'static str, kind: &'static str, set: Set, least: usize) -> Shape {
    Shape { prefix, kind, set, least }
}

/// Prefixes and lengths from the services' own documentation of their key formats.
pub(super) const SHAPES: &[Shape] = &[
    shape("sk-ant-", "anthropic_key", Set::Url, 16),
    shape("sk-proj-", "openai_key", Set::Url, 16),
    shape("sk-svcacct-", "openai_key", Set::Url, 16),
    shape("sk-admin-", "openai_key", Set::Url, 16),
    shape("sk-or-", "openrouter_key", Set::Url, 16),
    shape("sk-lf-", "langfuse_key", Set::Url, 30),
    shape("sk-", "api_key", Set::Url, 20),
    shape("gsk_", "groq_key", Set::Alnum, 40),
    shape("xai-", "xai_key", Set::Alnum, 40),
    shape("pplx-", "perplexity_key", Set::Alnum, 32),
    shape("r8_", "replicate_key", Set::Alnum, 30),
    shape("hf_", "huggingface_token", Set::Alnum, 30),
    shape("fw_", "fireworks_key", Set::Alnum, 20),
    shape("lsv2_pt_", "langsmith_key", Set::Url, 30),
    shape("lsv2_sk_", "langsmith_key", Set::Url, 30),
    shape("pcsk_", "pinecone_key", Set::Url, 40),
    shape("github_pat_", "github_token", Set::Url, 20),
    shape("ghp_", "github_token", Set::Alnum, 20),
    shape("gho_", "github_token", Set::Alnum, 20),
    shape("ghu_", "github_token", Set::Alnum, 20),
    shape("ghs_", "github_token", Set::Alnum, 20),
    shape("ghr_", "github_token", Set::Alnum, 20),
    shape("glpat-", "gitlab_token", Set::Url, 16),
    shape("gldt-", "gitlab_token", Set::Url, 16),
    shape("glrt-", "gitlab_token", Set::Url, 16),
    shape("glcbt-", "gitlab_token", Set::Url, 16),
    shape("glptt-", "gitlab_token", Set::Url, 16),
    shape("glsoat-", "gitlab_token", Set::Url, 16),
    shape("glagent-", "gitlab_token", Set::Url, 16),
    shape("ATBB", "bitbucket_token", Set::Alnum, 28),
    shape("ATATT3", "atlassian_token", Set::Any, 60),
    shape("ATCTT3", "atlassian_token", Set::Any, 60),
    shape("xoxb-", "slack_token", Set::Url, 10),
    shape("xoxp-", "slack_token", Set::Url, 10),
    shape("xoxa-", "slack_token", Set::Url, 10),
    shape("xoxr-", "slack_token", Set::Url, 10),
    shape("xoxs-", "slack_token", Set::Url, 10),
    shape("xoxe.", "slack_token", Set::Any, 20),
    shape("xoxe-", "slack_token", Set::Url, 20),
    shape("xapp-", "slack_token", Set::Url, 10),
    shape("hooks.slack.com/services/", "slack_webhook", Set::Any, 20),
    shape("discord.com/api/webhooks/", "discord_webhook", Set::Any, 40),
    shape("discordapp.com/api/webhooks/", "discord_webhook", Set::Any, 40),
    shape("sk_live_", "stripe_key", Set::Alnum, 12),
    shape("sk_test_", "stripe_key", Set::Alnum, 12),
    shape("rk_live_", "stripe_key", Set::Alnum, 12),
    shape("rk_test_", "stripe_key", Set::Alnum, 12),
    shape("whsec_", "stripe_key", Set::Any, 20),
    shape("sq0atp-", "square_token", Set::Url, 22),
    shape("sq0csp-", "square_token", Set::Url, 40),
    shape("access_token$production$", "paypal_token", Set::Any, 20),
    shape("shpat_", "shopify_token", Set::Hex, 32),
    shape("shpca_", "shopify_token", Set::Hex, 32),
    shape("shppa_", "shopify_token", Set::Hex, 32),
    shape("shpss_", "shopify_token", Set::Hex, 32),
    shape("AKIA", "aws_key", Set::Upper, 16),
    shape("ASIA", "aws_key", Set::Upper, 16),
    shape("ABIA", "aws_key", Set::Upper, 16),
    shape("ACCA", "aws_key", Set::Upper, 16),
    shape("AIza", "google_key", Set::Url, 30),
    shape("GOCSPX-", "google_secret", Set::Url, 20),
    shape("ya29.", "google_token", Set::Any, 20),
    shape("dop_v1_", "digitalocean_token", Set::Hex, 40),
    shape("doo_v1_", "digitalocean_token", Set::Hex, 40),
    shape("dor_v1_", "digitalocean_token", Set::Hex, 40),
    shape("HRKU-", "heroku_key", Set::Url, 30),
    shape("npm_", "npm_token", Set::Alnum, 30),
    shape("pypi-", "pypi_token", Set::Url, 30),
    shape("rubygems_", "rubygems_key", Set::Hex, 40),
    shape("cio", "crates_token", Set::Alnum, 32),
    shape("CLOJARS_", "clojars_token", Set::Hex, 50),
    shape("dckr_pat_", "docker_token", Set::Url, 20),
    shape("dckr_oat_", "docker_token", Set::Url, 20),
    shape("hvs.", "vault_token", Set::Url, 20),
    shape("hvb.", "vault_token", Set::Url, 20),
    shape("pul-", "pulumi_token", Set::Hex, 40),
    shape("dp.pt.", "doppler_token", Set::Alnum, 30),
    shape("dp.st.", "doppler_token", Set::Any, 30),
    shape("lin_api_", "linear_key", Set::Alnum, 30),
    shape("ntn_", "notion_token", Set::Alnum, 40),
    shape("secret_", "notion_token", Set::Alnum, 43),
    shape("figd_", "figma_token", Set::Url, 30),
    shape("PMAK-", "postman_key", Set::Url, 50),
    shape("SG.", "sendgrid_key", Set::Any, 30),
    shape("xkeysib-", "brevo_key", Set::Url, 60),
    shape("NRAK-", "newrelic_key", Set::Alnum, 20),
    shape("sntrys_", "sentry_token", Set::Any, 40),
    shape("sntryu_", "sentry_token", Set::Hex, 40),
    shape("glsa_", "grafana_token", Set::Url, 30),
    shape("glc_", "grafana_token", Set::Any, 32),
    shape("dt0c01.", "dynatrace_token", Set::Any, 60),
    shape("sbp_", "supabase_token", Set::Hex, 40),
    shape("sb_secret_", "supabase_key", Set::Url, 20),
    shape("pscale_tkn_", "planetscale_token", Set::Any, 30),
    shape("pscale_pw_", "planetscale_password", Set::Any, 30),
    shape("napi_", "neon_key", Set::Alnum, 40),
    shape("nfp_", "netlify_token", Set::Alnum, 30),
    shape("FlyV1 ", "fly_token", Set::Any, 40),
    shape("fo1_", "fly_token", Set::Url, 40),
    shape("dapi", "databricks_token", Set::Hex, 32),
    shape("AGE-SECRET-KEY-1", "age_key", Set::Upper, 50),
    shape("ops_eyJ", "onepassword_token", Set::Any, 60),
    shape("tskey-", "tailscale_key", Set::Url, 16),
    shape("AKCp", "artifactory_key", Set::Alnum, 60),
    shape("aio_", "adafruit_key", Set::Alnum, 28),
    shape("CFPAT-", "contentful_token", Set::Url, 40),
    shape("EZAK", "easypost_key", Set::Alnum, 54),
    shape("shippo_live_", "shippo_token", Set::Hex, 40),
    shape("tfp_", "typeform_token", Set::Any, 50),
    shape("pnu_", "prefect_key", Set::Alnum, 36),
    shape("sgp_", "sourcegraph_token", Set::Url, 40),
    shape("phc_", "posthog_key", Set::Alnum, 40),
    shape("phx_", "posthog_key", Set::Alnum, 40),
    shape("rdme_", "readme_key", Set::Alnum, 60),
    shape("Bearer eyJ", "jwt", Set::Any, 40),
    shape("eyJ", "jwt", Set::Any, 40),
];

/// Looks at one place where a prefix begins; `at` counts the bytes before it.
pub(super) fn look(text: &str, at: usize, which: usize) -> Option<Finding> {
    let shape = &SHAPES[which];
    let bytes = text.as_bytes();
    if at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_' && shape.prefix.len() < 4) {
        return None;
    }
    let from = at + shape.prefix.len();
    let body = bytes[from..].iter().take_while(|byte| shape.set.has(**byte)).count();
    let body = body - text[from..from + body].bytes().rev().take_while(|byte| matches!(byte, b'.')).count();
    if body < shape.least {
        return None;
    }
    let inner = &text[from..from + body];
    let start = if shape.prefix.starts_with("Bearer ") { at + 7 } else { at };
    let fits = match shape.kind {
        "jwt" => inner.matches('.').count() >= 2,
        // Others begin so by chance: names in capital letters, words joined by `-`.
        "aws_key" => body == 16 && bytes.get(from + 16).is_none_or(|byte| !byte.is_ascii_alphanumeric()),
        "api_key" | "xai_key" | "fireworks_key" | "pulumi_token" => mixed(inner),
        "crates_token" => body == 32 && mixed(inner) && entropy(inner) > 3.5,
        "databricks_token" => body >= 32 && inner.bytes().any(|byte| byte.is_ascii_digit()),
        "notion_token" if shape.prefix == "secret_" => body == 43,
        _ => true,
    };
    // Places for a key in examples: `ghp_xxxxxxxx`.
    (fits && distinct(inner) >= 5).then_some(Finding { kind: shape.kind, start, end: from + body })
}

/// Letters and digits both, and no chain of words.
fn mixed(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 2 && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}
