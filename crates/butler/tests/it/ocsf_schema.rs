//! The rules of the published OCSF schema, as far as an event can break them.
//!
//! `fixtures/ocsf/ocsf-1.8.0.json` is made of the schema's own sources by `derive.py` beside it.

use std::sync::LazyLock;

use serde_json::{Map, Value};

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../fixtures/ocsf/ocsf-1.8.0.json")).unwrap());

/// Everything in which an event differs from the schema; empty: it is valid.
pub(crate) fn faults(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let Some(class) = SCHEMA["classes"].get(event["class_uid"].to_string()) else {
        return vec![format!("class_uid {} is not in the schema's extract", event["class_uid"])];
    };
    if event["metadata"]["version"] != SCHEMA["version"] {
        found.push(format!("metadata.version is not {}", SCHEMA["version"]));
    }
    let profiles: Vec<&str> =
        event["metadata"]["profiles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let known = class["profiles"].as_array().unwrap();
    for profile in &profiles {
        if !known.iter().any(|one| one == profile) {
            found.push(format!("the class has no profile {profile}"));
        }
    }
    if event["class_uid"].as_i64().unwrap() * 100 + event["activity_id"].as_i64().unwrap_or(-1)
        != event["type_uid"].as_i64().unwrap_or(-1)
    {
        found.push("type_uid is not class_uid * 100 + activity_id".to_owned());
    }
    object("", event, class, &profiles, &mut found);
    // A profile is declared because something of it is there.
    for profile in &profiles {
        let used = class["attributes"]
            .as_object()
            .unwrap()
            .iter()
            .any(|(name, rule)| rule["profile"] == *profile && !event[name].is_null());
        if !used {
            found.push(format!("nothing of the declared profile {profile} is there"));
        }
    }
    found
}

fn object(at: &str, value: &Value, rules: &Value, profiles: &[&str], found: &mut Vec<String>) {
    let attributes = rules["attributes"].as_object().unwrap();
    let Some(members) = value.as_object() else {
        found.push(format!("{at} is no object"));
        return;
    };
    for (name, rule) in attributes {
        let applies = rule["profile"].as_str().is_none_or(|profile| profiles.contains(&profile));
        if rule["requirement"] == "required" && applies && !members.contains_key(name) {
            found.push(format!("{at}{name} is required"));
        }
    }
    for (name, value) in members {
        let place = format!("{at}{name}");
        let Some(rule) = attributes.get(name) else {
            found.push(format!("{place} is not in the schema"));
            continue;
        };
        if rule["profile"].as_str().is_some_and(|profile| !profiles.contains(&profile)) {
            found.push(format!("{place} is of the profile {}, which is not declared", rule["profile"]));
        }
        if rule["deprecated"] == true {
            found.push(format!("{place} is deprecated"));
        }
        match (rule["array"] == true, value.as_array()) {
            (true, Some(items)) => {
                items.iter().for_each(|item| one(&place, item, rule, members, profiles, found));
            }
            (true, None) => found.push(format!("{place} is no array")),
            (false, _) => one(&place, value, rule, members, profiles, found),
        }
    }
    let several = |word: &str| rules["constraints"][word].as_array().cloned().unwrap_or_default();
    let at_least = several("at_least_one");
    if !at_least.is_empty() && !at_least.iter().any(|name| members.contains_key(name.as_str().unwrap())) {
        found.push(format!("{at} needs one of {at_least:?}"));
    }
    let just = several("just_one");
    if !just.is_empty() && just.iter().filter(|name| members.contains_key(name.as_str().unwrap())).count() != 1 {
        found.push(format!("{at} needs just one of {just:?}"));
    }
}

/// One value, not an array of them.
fn one(
    place: &str,
    value: &Value,
    rule: &Value,
    beside: &Map<String, Value>,
    profiles: &[&str],
    found: &mut Vec<String>,
) {
    if let Some(name) = rule["object"].as_str() {
        // Its members are anything: what the schema has no place for.
        if name == "object" {
            if !value.is_object() {
                found.push(format!("{place} is no object"));
            }
            return;
        }
        match SCHEMA["objects"].get(name) {
            Some(rules) => object(&format!("{place}."), value, rules, profiles, found),
            None => found.push(format!("{place}: the object {name} is not in the schema's extract")),
        }
        return;
    }
    let kind = rule["type"].as_str().unwrap();
    let base = SCHEMA["types"][kind]["base"].as_str().unwrap();
    let fits = match base {
        "string_t" => value.is_string(),
        "integer_t" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "long_t" => value.is_i64() || value.is_u64(),
        "boolean_t" => value.is_boolean(),
        "float_t" => value.is_number(),
        "json_t" => true,
        other => panic!("the schema has a type {other} that is not checked here"),
    };
    if !fits {
        found.push(format!("{place} is no {kind}: {value}"));
    }
    if kind == "ip_t" && value.as_str().is_none_or(|text| text.parse::<std::net::IpAddr>().is_err()) {
        found.push(format!("{place} is no address: {value}"));
    }
    let Some(allowed) = rule["enum"].as_object() else { return };
    let key = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(caption) = allowed.get(&key) else {
        found.push(format!("{place} has no value {key}"));
        return;
    };
    let Some(sibling) = rule["sibling"].as_str() else { return };
    let Some(said) = beside.get(sibling) else { return };
    // 99 means that the sibling says it in the source's own words.
    let right = if key == "99" { said != "Other" && said != "" } else { said == caption };
    if !right {
        found.push(format!("{place} is {key}, and {sibling} says {said}, not {caption}"));
    }
}
