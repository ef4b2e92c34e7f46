//! Words that announce a secret, and names that only speak of one.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};

/// How strongly a word announces a secret, and how the secret stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// What follows is a secret.
    Secret,
    /// The same, where the word is a whole part of a name (`DB_PASS`, not `bypass`).
    Part,
    /// What follows is a secret when it looks random.
    Perhaps,
    /// An authorisation scheme: the next word is a secret.
    Scheme,
    /// The header of a request that authorises it.
    Authorization,
    /// Cookies, with the session in one of them.
    Cookie,
    /// `://` of a URL.
    Url,
    /// The head of a key block.
    Block,
    /// The end of a key block.
    BlockEnd,
    /// The count of lines of a key in a PuTTY file.
    Lines,
    /// A command that takes a password as an option.
    Command,
    /// A variable that is set: `export NAME=`.
    Variable,
    /// A phrase of words from which a wallet's keys follow.
    Phrase,
    /// A Kubernetes object that is a secret as a whole.
    Manifest,
    /// A JSON web key.
    Jwk,
    /// A call that takes a password as its argument.
    Call,
    /// A workflow's own word for a secret.
    Mask,
    /// What a shell hands over as a file.
    AsFile,
    /// Where a Go program's connection string names the host, behind the password.
    Dsn,
    /// A service whose keys have no prefix.
    Mailgun,
    /// The port or the wildcards of a line of a PostgreSQL password file.
    Pgpass,
    /// The name of a PostgreSQL password file, with a line of it before or behind.
    PgpassFile,
}

/// Words to look for, in any case; of two that begin at one place the longer one counts.
pub(super) const WORDS: &[(&str, Says)] = &[
    ("password", Says::Secret),
    ("passwd", Says::Secret),
    ("passphrase", Says::Secret),
    ("passwort", Says::Secret),
    ("kennwort", Says::Secret),
    ("contraseña", Says::Secret),
    ("mot de passe", Says::Secret),
    ("wachtwoord", Says::Secret),
    ("senha", Says::Part),
    ("пароль", Says::Secret),
    ("密码", Says::Secret),
    ("hasło", Says::Secret),
    ("パスワード", Says::Secret),
    ("비밀번호", Says::Secret),
    ("pwd", Says::Secret),
    ("secret", Says::Secret),
    ("token", Says::Secret),
    ("rediscli_auth", Says::Secret),
    ("apikey", Says::Secret),
    ("api_key", Says::Secret),
    ("api-key", Says::Secret),
    ("api key", Says::Secret),
    ("access key", Says::Secret),
    ("secret key", Says::Secret),
    ("accesskey", Says::Secret),
    ("access_key", Says::Secret),
    ("access-key", Says::Secret),
    ("accountkey", Says::Secret),
    ("account_key", Says::Secret),
    ("private_key", Says::Secret),
    ("private-key", Says::Secret),
    ("privatekey", Says::Secret),
    ("client-key-data", Says::Secret),
    ("encryption_key", Says::Secret),
    ("signing_key", Says::Secret),
    ("master_key", Says::Secret),
    ("credential", Says::Secret),
    ("identified by", Says::Secret),
    ("requirepass", Says::Secret),
    ("presharedkey", Says::Secret),
    ("preshared_key", Says::Secret),
    ("psk", Says::Part),
    ("sshpass=", Says::Secret),
    ("pass", Says::Part),
    ("pat", Says::Part),
    ("creds", Says::Part),
    ("jwt", Says::Part),
    ("salt", Says::Part),
    ("pepper", Says::Part),
    ("pin", Says::Part),
    ("auth", Says::Part),
    ("_auth", Says::Perhaps),
    ("signature", Says::Perhaps),
    ("sig=", Says::Perhaps),
    ("_key", Says::Perhaps),
    ("-key", Says::Perhaps),
    ("crumb", Says::Perhaps),
    ("?key=", Says::Perhaps),
    ("&key=", Says::Perhaps),
    ("\"key\"", Says::Perhaps),
    ("--key", Says::Perhaps),
    ("private key", Says::Perhaps),
    ("cookie", Says::Cookie),
    ("authorization", Says::Authorization),
    ("bearer ", Says::Scheme),
    ("basic ", Says::Scheme),
    ("bearer\\ ", Says::Scheme),
    ("basic\\ ", Says::Scheme),
    ("ssws ", Says::Scheme),
    ("digest ", Says::Perhaps),
    ("://", Says::Url),
    (":\\/\\/", Says::Url),
    ("jdbc:oracle:", Says::Url),
    ("-----begin ", Says::Block),
    ("---- begin ssh2 encrypted private key", Says::Block),
    ("-----end ", Says::BlockEnd),
    ("private-lines: ", Says::Lines),
    ("export ", Says::Variable),
    ("mnemonic", Says::Phrase),
    ("seed phrase", Says::Phrase),
    ("seed_phrase", Says::Phrase),
    ("recovery phrase", Says::Phrase),
    ("kind: secret", Says::Manifest),
    ("\"kty\"", Says::Jwk),
    ("convertto-securestring ", Says::Call),
    ("auth=(", Says::Call),
    ("networkcredential(", Says::Call),
    ("basicauth(", Says::Call),
    ("usernamepasswordcredentials(", Says::Call),
    ("@tcp(", Says::Dsn),
    ("@unix(", Says::Dsn),
    ("::add-mask::", Says::Mask),
    ("<(echo ", Says::AsFile),
    ("<(printf ", Says::AsFile),
    ("mailgun", Says::Mailgun),
    (":5432:", Says::Pgpass),
    (":5433:", Says::Pgpass),
    (":6432:", Says::Pgpass),
    ("*:*:", Says::Pgpass),
    (".pgpass", Says::PgpassFile),
    ("curl ", Says::Command),
    ("gh secret set ", Says::Command),
    ("gh auth login ", Says::Command),
    ("glab variable set ", Says::Command),
    ("create secret ", Says::Command),
    ("nerdctl login ", Says::Command),
    ("buildah login ", Says::Command),
    ("skopeo login ", Says::Command),
    ("crane auth login ", Says::Command),
    ("oras login ", Says::Command),
    ("mysqlimport ", Says::Command),
    ("mysqlcheck ", Says::Command),
    ("mysqlshow ", Says::Command),
    ("mysql_upgrade ", Says::Command),
    ("mariadb-dump ", Says::Command),
    ("mariadb-admin ", Says::Command),
    ("twine upload ", Says::Command),
    ("az login ", Says::Command),
    ("wget ", Says::Command),
    ("mysql ", Says::Command),
    ("mysqldump ", Says::Command),
    ("mysqladmin ", Says::Command),
    ("mariadb ", Says::Command),
    ("mongosh ", Says::Command),
    ("mongo ", Says::Command),
    ("redis-cli ", Says::Command),
    ("docker login ", Says::Command),
    ("docker -", Says::Command),
    ("podman -", Says::Command),
    ("nerdctl -", Says::Command),
    ("cypher-shell ", Says::Command),
    ("rpcclient ", Says::Command),
    ("smbget ", Says::Command),
    ("mongodump ", Says::Command),
    ("mongorestore ", Says::Command),
    ("mongoexport ", Says::Command),
    ("mongoimport ", Says::Command),
    ("pulumi config set ", Says::Command),
    ("rabbitmqctl ", Says::Command),
    ("podman login ", Says::Command),
    ("helm registry login ", Says::Command),
    ("smbclient ", Says::Command),
    ("ldapsearch ", Says::Command),
    ("ldapmodify ", Says::Command),
    ("ldapadd ", Says::Command),
    ("ldapwhoami ", Says::Command),
    ("openssl ", Says::Command),
    ("zip ", Says::Command),
    ("unzip ", Says::Command),
    ("7z ", Says::Command),
    ("7za ", Says::Command),
    ("keytool ", Says::Command),
    ("jarsigner ", Says::Command),
    ("net use ", Says::Command),
    ("sshpass ", Says::Command),
    ("kubectl ", Says::Command),
    ("sqlcmd ", Says::Command),
    ("sqlplus ", Says::Command),
    ("http ", Says::Command),
    ("ngrok ", Says::Command),
    ("chpasswd", Says::Command),
    ("vault login ", Says::Command),
    ("htpasswd ", Says::Command),
    ("net user ", Says::Command),
    ("mosquitto_pub ", Says::Command),
    ("mosquitto_sub ", Says::Command),
    ("ipmitool ", Says::Command),
    ("mssql-cli ", Says::Command),
    ("bcp ", Says::Command),
    ("evil-winrm ", Says::Command),
    ("cqlsh ", Says::Command),
    ("ncftpput ", Says::Command),
    ("snmpget ", Says::Command),
    ("snmpwalk ", Says::Command),
    ("xfreerdp ", Says::Command),
    ("lftp ", Says::Command),
    ("influx ", Says::Command),
    ("mc alias set ", Says::Command),
    ("wpa_passphrase ", Says::Command),
    ("rar ", Says::Command),
    ("unrar ", Says::Command),
    ("pdftk ", Says::Command),
    ("sudo -s ", Says::Command),
    ("kinit ", Says::Command),
    ("impacket-", Says::Command),
    ("secretsdump", Says::Command),
    ("psexec", Says::Command),
    ("wmiexec", Says::Command),
    ("smbexec", Says::Command),
    ("atexec", Says::Command),
    ("dcomexec", Says::Command),
    ("getnpusers", Says::Command),
    ("getuserspns", Says::Command),
    ("mssqlclient", Says::Command),
    ("lookupsid", Says::Command),
    (" -u ", Says::Command),
    (" --user ", Says::Command),
    (" --proxy-user ", Says::Command),
    (" --auth ", Says::Command),
    (" -k ", Says::Command),
    (" -t ", Says::Command),
];

/// Ends of names that hold something about a secret, not the secret.
const ABOUT: &[&str] = &[
    "source", "count", "limit", "type", "url", "uri", "file", "path", "name", "names", "length", "len", "policy",
    "expiry", "expires", "expires_in", "expires_at", "field", "budget", "usage", "izer", "ize", "ized", "izers",
    "manager", "provider", "reset", "hint", "strength", "min", "max", "label", "error", "valid", "required", "enabled",
    "id_type", "ring", "store", "dir", "env", "var", "ref", "class", "form", "input", "page", "version", "algorithm",
    "lifetime", "rotation", "scope", "status", "kind", "prompt", "tokens_total", "endpoint", "format", "color",
    "colour", "size", "icon", "regex", "pattern", "description", "title", "placeholder", "used", "left", "total",
    "rate", "per_second", "ttl", "timeout", "stdin", "command", "helper", "age", "updated_at", "created_at",
];

/// What stands before `key` where it opens nothing.
const OTHER_KEYS: &[&str] = &[
    "public", "pub", "cache", "primary", "foreign", "sort", "partition", "hash", "group", "query", "object", "routing",
    "session", "idempotency", "row", "host", "sponsor", "i18n", "translation", "index", "unique", "item", "map",
    "config", "shard", "dedup", "websocket", "registry", "restore", "s3", "lookup", "storage", "known", "distribution",
];

/// Names under which a hash, an id or something public stands, whatever it looks like.
const OPEN_NAMES: &[&str] = &[
    "public", "sha", "hash", "checksum", "integrity", "digest", "commit", "cert", "fingerprint", "revision", "etag",
    "path", "version", "build", "image", "nonce", "trace", "request", "_id", "uuid", "url", "data",
];

/// The words after which a secret stands, in any case.
static SECRET_WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = WORDS.iter().filter(|word| matches!(word.1, Says::Secret | Says::Part | Says::Phrase));
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .prefilter(false)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words.map(|word| word.0))
        .ok()
});

/// What the name of a field says of what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// Nothing.
    Plain,
    /// Its content is a secret, however deep it lies.
    Secret,
    /// Its content is a secret when it looks random (`tokens`: counts or keys).
    Random,
}

/// What a field of this name holds.
pub(super) fn field(name: &str) -> Field {
    // Most names hold none of the words: one pass tells.
    let Some(words) = SECRET_WORDS.as_ref().filter(|words| words.is_match(name)) else { return Field::Plain };
    let mut says = Field::Plain;
    for hit in words.find_overlapping_iter(name) {
        let word = &name[hit.start()..hit.end()];
        let whole = whole_part(name, hit.start(), hit.end());
        let part = WORDS.iter().any(|known| known.1 == Says::Part && known.0.eq_ignore_ascii_case(word));
        let rest = name[hit.end()..].to_ascii_lowercase();
        if part && (!whole || is_loose(word)) || about(&rest) {
            continue;
        }
        if word.eq_ignore_ascii_case("token") && rest.starts_with('s') {
            says = if says == Field::Secret { says } else { Field::Random };
            continue;
        }
        says = Field::Secret;
    }
    says
}

/// Whether a word that is short stands for other things as well, so that its value has to look like a secret.
pub(super) fn is_loose(word: &str) -> bool {
    ["auth", "pin", "pat", "salt", "pepper"].iter().any(|loose| loose.eq_ignore_ascii_case(word))
}

/// Whether the bytes from `start` to `end` are a whole part of a name: `DB_PASS`, `dbPass`, `pass`.
pub(super) fn whole_part(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let left = start == 0 || {
        let (before, first) = (bytes[start - 1], bytes[start]);
        !before.is_ascii_alphanumeric()
            || before.is_ascii_lowercase() && first.is_ascii_uppercase()
            || super::providers::escapes(bytes, start)
    };
    let right = bytes.get(end).is_none_or(|after| {
        !after.is_ascii_alphanumeric() || after.is_ascii_uppercase() && bytes[end - 1].is_ascii_lowercase()
    });
    left && right
}

/// Whether what follows the word in a name turns it into something about the secret.
pub(super) fn about(rest: &str) -> bool {
    let rest = rest.trim_matches(|c: char| !c.is_alphanumeric());
    !rest.is_empty()
        && ABOUT.iter().any(|end| {
            rest == *end || rest.strip_suffix(end).is_some_and(|head| head.ends_with(['_', '-', '.']) || head == "s")
        })
}

/// Whether the name that ends at `end` names a key that opens nothing (`cache-key`, `public_key`).
pub(super) fn opens_nothing(text: &str, end: usize) -> bool {
    let before = text[..end].trim_end_matches(['_', '-', ' ', '"']);
    let from = before
        .rfind(|c: char| !c.is_ascii_alphanumeric())
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = before[from..].to_ascii_lowercase();
    OTHER_KEYS.contains(&word.as_str())
}

/// Whether a name says that what it holds is a hash, an id or public.
pub(super) fn is_open_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    OPEN_NAMES.iter().any(|word| lower.contains(word)) || lower == "path" || lower.ends_with("path")
}
