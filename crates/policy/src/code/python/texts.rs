//! Functions on texts and rows that are worked out.

use crate::code::follow::Args;
use crate::code::text;
use crate::code::value::{PART, Value};

/// Functions on texts that are worked out.
pub(super) fn call(path: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    Some(match path {
        "str" | "bytes" | "bytearray" | "repr" | "ascii" => match first {
            Value::List(values) => Value::Text(text::characters(values)),
            Value::Nothing => Value::text(""),
            value => value.clone().map(|value| Value::Text(value.to_text())),
        },
        "chr" | "unichr" => Value::Text(text::characters(std::slice::from_ref(first))),
        "ord" => match first.known().and_then(|text| text.chars().next()) {
            Some(letter) => Value::Number(i64::from(u32::from(letter))),
            None => Value::Unknown,
        },
        "int" | "float" | "round" | "abs" => match (first, args.get(1, "base")) {
            (Value::Number(number), _) => Value::Number(*number),
            (Value::Text(text), base) => {
                let base = if let Value::Number(base) = base { u32::try_from(*base).unwrap_or(10) } else { 10 };
                let digits = text.trim_start_matches("0x");
                let number = (2..=36).contains(&base).then(|| i64::from_str_radix(digits, base).ok()).flatten();
                number.map_or(Value::Unknown, Value::Number)
            }
            _ => Value::Unknown,
        },
        "len" => match first {
            Value::List(values) => i64::try_from(values.len()).map_or(Value::Unknown, Value::Number),
            _ => Value::Unknown,
        },
        "list" | "tuple" | "sorted" | "set" | "iter" | "reversed" | "frozenset" | "itertools.chain" | "tqdm.tqdm"
        | "tqdm" => match first {
            Value::Text(text) => {
                let mut letters: Vec<Value> = text.chars().take(512).map(|c| Value::Text(c.into())).collect();
                if path == "reversed" {
                    letters.reverse();
                }
                Value::List(letters)
            }
            Value::List(values) if path == "reversed" => Value::List(values.iter().rev().cloned().collect()),
            Value::Nothing => Value::List(Vec::new()),
            value => value.clone(),
        },
        "range" => Value::Each(Box::new(Value::Text(PART.into()))),
        "enumerate" => Value::Each(Box::new(Value::List(vec![Value::Text(PART.into()), first.element()]))),
        "zip" => Value::Each(Box::new(Value::List(args.list.iter().map(Value::element).collect()))),
        "next" | "random.choice" => first.element(),
        "dict" => Value::Map(args.named.clone()),
        _ => return decoded(path, args),
    })
}

/// Decoding, and texts made of texts.
fn decoded(path: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    let decoded = |decode: fn(&str) -> Option<String>| match first.known() {
        Some(text) => decode(text).map_or(Value::any_text(), Value::Text),
        None => Value::any_text(),
    };
    Some(match path {
        "base64.b64decode"
        | "base64.urlsafe_b64decode"
        | "base64.decodebytes"
        | "base64.standard_b64decode"
        | "binascii.a2b_base64" => decoded(text::base64),
        "bytes.fromhex" | "bytearray.fromhex" | "binascii.unhexlify" | "binascii.a2b_hex" | "base64.b16decode" => {
            decoded(text::hex)
        }
        "codecs.decode" | "codecs.encode" => match (first.known(), args.get(1, "").known()) {
            (Some(text), Some("rot13" | "rot_13")) => Value::Text(text::rot13(text)),
            (Some(text), Some("hex" | "hex_codec")) => text::hex(text).map_or(Value::any_text(), Value::Text),
            (Some(text), Some("base64" | "base64_codec")) => text::base64(text).map_or(Value::any_text(), Value::Text),
            (Some(text), Some("utf-8" | "ascii" | "utf8")) => Value::text(text),
            _ => Value::any_text(),
        },
        "urllib.parse.unquote" | "urllib.unquote" | "urllib.parse.unquote_plus" => match first.known() {
            Some(text) => Value::Text(text::unquote(text)),
            None => Value::any_text(),
        },
        "urllib.parse.urljoin" => Value::Text(text::join_paths(&[first.to_text(), args.get(1, "").to_text()])),
        "str.join" => Value::any_text(),
        "shlex.split" => match first {
            Value::Text(text) => {
                Value::List(text.split_whitespace().map(|word| Value::text(word.trim_matches(['\'', '"']))).collect())
            }
            _ => Value::Unknown,
        },
        "shlex.join" => match first {
            Value::List(values) => Value::Text(values.iter().map(Value::to_text).collect::<Vec<_>>().join(" ")),
            _ => Value::any_text(),
        },
        "textwrap.dedent" | "inspect.cleandoc" => first.clone(),
        "time.time"
        | "time.strftime"
        | "os.getpid"
        | "uuid.uuid4"
        | "random.randint"
        | "datetime.datetime.now"
        | "datetime.date.today"
        | "datetime.datetime.utcnow" => Value::Text(PART.into()),
        _ => return None,
    })
}
