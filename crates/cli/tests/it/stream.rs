//! `rules explain --json`: one answer a line, whatever the line is.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use serde_json::{Value, json};

use super::{Machine, bash};

#[test]
fn an_answer_has_these_fields() {
    let answers =
        Machine::new().answers(format!("{}\n{}\n", bash("1", "ls -la"), bash("2", "cat ~/.ssh/id_rsa")).as_bytes());
    let calm = &answers[0];
    assert_eq!(
        (&calm["id"], &calm["verdict"], &calm["risk"], &calm["rule"]),
        (&json!(1), &json!("allow"), &json!("low"), &Value::Null)
    );
    assert_eq!(calm["signals"], json!([]));
    let asked = &answers[1];
    assert_eq!((&asked["id"], &asked["verdict"], &asked["risk"]), (&json!(2), &json!("ask"), &json!("high")));
    let signal = &asked["signals"][0];
    assert_eq!((&signal["name"], &signal["level"]), (&json!("secret_read"), &json!("high")));
    assert!(signal["says"].as_str().unwrap().contains("/home/u/.ssh/id_rsa"), "{signal}");
    assert!(asked["rule"].as_str().unwrap().starts_with("balanced/") && asked["because"].is_string(), "{asked}");
    for answer in answers {
        let fields: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["because", "id", "risk", "rule", "signals", "verdict"]);
    }
}

#[test]
fn a_bad_line_is_asked_about_and_the_next_one_answered() {
    let deep = format!(r#"{{"id":1,"tool":"Bash","input":{}}}"#, "[".repeat(100_000));
    let nested = format!(r#"{{"id":1,"tool":"Bash","input":{}1{}}}"#, r#"{"a":"#.repeat(100), "}".repeat(100));
    let cases: &[(&[u8], Value)] = &[
        (b"", Value::Null),
        (b"   ", Value::Null),
        (b"null", Value::Null),
        (b"[]", Value::Null),
        (b"42", Value::Null),
        (b"\"rm -rf /\"", Value::Null),
        (b"rm -rf /", Value::Null),
        (b"{", Value::Null),
        (b"{}", Value::Null),
        (b"{\"id\":1}", json!(1)),
        (b"{\"id\":1,}", json!(1)),
        (b"{\"id\":\"a\",\"tool\":7}", json!("a")),
        (b"{\"id\":1,\"tool\":\"\"}", json!(1)),
        (b"{\"id\":1,\"tool\":\"Bash\",\"cwd\":{}}", json!(1)),
        (b"{\"id\":1,\"tool\":\"Bash\",\"project\":[\"/\"]}", json!(1)),
        (b"{\"id\":1,\"tool\":\"Bash\",\"runtime\":false}", json!(1)),
        (b"{\"id\":1,\"tool\":\"Bash\",\"tool\":\"Read\"}", json!(1)),
        (b"{\"id\":1,\"tool\":\"Ba\xff\xfesh\"}", json!(1)),
        (b"\xff\xfe\x00", Value::Null),
        (b"{\"id\":1,\"tool\":\"Bash\"}{\"id\":2}", json!(1)),
        (deep.as_bytes(), json!(1)),
        (nested.as_bytes(), json!(1)),
        (b"\0\0\0", Value::Null),
    ];
    let mut input = Vec::new();
    for (line, _) in cases {
        input.extend_from_slice(line);
        input.push(b'\n');
        input.extend_from_slice(bash("\"next\"", "ls").as_bytes());
        input.push(b'\n');
    }
    let answers = Machine::new().answers(&input);
    assert_eq!(answers.len(), 2 * cases.len());
    for (pair, (line, id)) in answers.chunks(2).zip(cases) {
        let shown = String::from_utf8_lossy(&line[..line.len().min(80)]);
        assert_eq!((&pair[0]["id"], &pair[0]["verdict"]), (id, &json!("ask")), "{shown}");
        // The deep but balanced one can be read: its input is only not what the tool takes.
        assert_eq!(pair[0].get("error").is_some(), *line != nested.as_bytes(), "{shown}: {}", pair[0]);
        assert_eq!((&pair[1]["id"], &pair[1]["verdict"]), (&json!("next"), &json!("allow")), "after {shown}");
    }
}

#[test]
fn inputs_of_other_types_are_asked_about() {
    for input in
        ["null", "7", "\"ls\"", "[]", "{}", r#"{"command":null}"#, r#"{"command":["ls"]}"#, r#"{"command":{"a":1}}"#]
    {
        let line = format!(r#"{{"id":1,"runtime":"claude-code","tool":"Bash","input":{input},"cwd":"/home/u/p"}}"#);
        let answer = &Machine::new().answers(line.as_bytes())[0];
        assert_eq!((&answer["verdict"], answer.get("error")), (&json!("ask"), None), "{input}");
    }
}

#[test]
fn ids_come_back_as_written_and_in_order() {
    let ids = [
        "1", "1.0", "-0", "123456789012345678901234567890", "\"\\u00e9\"", "\"\"", "null", "true", "[1,[2]]",
        "{\"a\":{\"b\":1}}",
    ];
    let mut input: String = ids.iter().fold(String::new(), |text, id| text + &bash(id, "ls") + "\r\n");
    input.push_str(r#"{"tool":"Bash","input":{"command":"ls"}}"#);
    let done = Machine::new().run(&["rules", "explain", "--json", "--pack", "balanced"], input.as_bytes());
    let found: Vec<&str> = done.out.lines().map(|line| &line[6..line.find(",\"verdict\"").unwrap()]).collect();
    assert_eq!(found, [&ids[..], &["null"]].concat());
    assert!(done.out.ends_with('\n'));
}

#[test]
fn a_line_over_the_bound_is_one_answer() {
    let mut input =
        format!("{{\"id\":5,\"tool\":\"Bash\",\"input\":{{\"command\":\"{}\"}}}}\n", "x".repeat(10_000_000))
            .into_bytes();
    input.extend_from_slice(&vec![b'y'; 10_000_000]);
    input.push(b'\n');
    let just_fits = bash("6", &format!("echo {}", "z".repeat(1_000_000)));
    input.extend_from_slice(just_fits.as_bytes());
    input.extend_from_slice(format!("\r\n{}", bash("7", "ls")).as_bytes());
    let answers = Machine::new().answers(&input);
    let told: Vec<(&Value, bool)> = answers.iter().map(|one| (&one["id"], one.get("error").is_some())).collect();
    assert_eq!(told, [(&json!(5), true), (&Value::Null, true), (&json!(6), false), (&json!(7), false)]);
    assert_eq!(answers[2]["verdict"], "ask", "too long to be parsed is not safe");
}

#[test]
fn unknown_runtimes_and_tools_are_no_error() {
    let lines = [
        r#"{"id":1,"runtime":"nobody-knows","tool":"Bash","input":{"command":"ls"},"cwd":"/home/u/p"}"#,
        r#"{"id":2,"runtime":"nobody-knows","tool":"Bash","input":{"command":"rm -rf ~"},"cwd":"/home/u/p"}"#,
        r#"{"id":3,"runtime":"claude-code","tool":"NobodyKnows","input":{},"cwd":"/home/u/p"}"#,
        r#"{"id":4,"runtime":"nobody-knows","tool":"NobodyKnows","input":null}"#,
        r#"{"id":5,"runtime":"claude_code","tool":"Bash","input":{"command":"ls"},"cwd":"/home/u/p"}"#,
    ];
    let answers = Machine::new().answers(lines.join("\n").as_bytes());
    let told: Vec<(&Value, bool)> = answers.iter().map(|one| (&one["verdict"], one.get("error").is_some())).collect();
    assert_eq!(
        told,
        [
            (&json!("allow"), false),
            (&json!("ask"), false),
            (&json!("ask"), false),
            (&json!("ask"), false),
            (&json!("allow"), false)
        ]
    );
}

#[test]
fn every_runtime_is_read_in_its_own_spelling() {
    let lines = [
        r#"{"id":1,"runtime":"codex","tool":"shell","input":{"command":["bash","-lc","cat ~/.ssh/id_rsa"]},"cwd":"/Users/x/p"}"#,
        r#"{"id":2,"runtime":"codex","tool":"shell","input":"{\"command\":[\"cat\",\"/Users/x/.ssh/id_rsa\"]}","cwd":"/Users/x/p"}"#,
        r#"{"id":3,"runtime":"hermes","tool":"terminal","input":{"command":"cat ~/.ssh/id_rsa"},"cwd":"/Users/x/p"}"#,
        r#"{"id":4,"runtime":"openclaw","tool":"exec","input":{"command":"cat ~/.ssh/id_rsa"},"cwd":"/Users/x/p"}"#,
        r#"{"id":5,"runtime":"claude-code","tool":"Read","input":{"file_path":"/Users/x/.ssh/id_rsa"},"cwd":"/Users/x/p"}"#,
    ];
    for answer in Machine::new().answers(lines.join("\n").as_bytes()) {
        let signal = &answer["signals"][0];
        assert_eq!((&answer["verdict"], &signal["name"]), (&json!("ask"), &json!("secret_read")), "{answer}");
        assert!(signal["says"].as_str().unwrap().contains("/Users/x/.ssh/id_rsa"), "the actor's home: {signal}");
    }
}

#[test]
fn an_answer_comes_before_the_next_line_is_waited_for() {
    let machine = Machine::new();
    let mut child = machine.start(&["rules", "explain", "--json", "--pack", "balanced"]);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for id in ["1", "2", "3"] {
        writeln!(stdin, "{}", bash(id, "ls")).unwrap();
        let mut answer = String::new();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("{{\"id\":{id},")), "{answer}");
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let machine = Machine::new();
    let mut child = machine.start(&["rules", "explain", "--json", "--pack", "balanced"]);
    let mut stdin = child.stdin.take().unwrap();
    drop(child.stdout.take());
    let line = bash("1", "ls") + "\n";
    while stdin.write_all(line.as_bytes()).is_ok() {}
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn many_lines_are_answered_one_for_one() {
    let mut input = String::new();
    for id in 0..10_000 {
        writeln!(input, "{}", bash(&id.to_string(), if id % 3 == 0 { "rm -rf ~" } else { "git status" })).unwrap();
    }
    let answers = Machine::new().answers(input.as_bytes());
    assert_eq!(answers.len(), 10_000);
    for (id, answer) in answers.iter().enumerate() {
        let expected = if id % 3 == 0 { "ask" } else { "allow" };
        assert_eq!((&answer["id"], &answer["verdict"]), (&json!(id), &json!(expected)));
    }
}
