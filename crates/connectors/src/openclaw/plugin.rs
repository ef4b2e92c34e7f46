//! Our plugin's files, as they are written into a home.

/// Id of the plugin in OpenClaw's configuration.
pub(super) const PLUGIN_ID: &str = "clawbutler-guard";

/// The file with its code.
pub(super) const CODE: &str = "index.mjs";

/// Every file with its exact text. The same for every home: what differs stands in the configuration.
pub(super) const FILES: &[(&str, &str)] = &[
    ("package.json", include_str!("plugin/package.json")),
    ("openclaw.plugin.json", include_str!("plugin/openclaw.plugin.json")),
    (CODE, include_str!("plugin/index.mjs")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::ToolCall;
    use clawbutler_core::action::Effect;

    /// What the plugin lets through when it cannot ask is harmless by its name, and nothing else is.
    #[test]
    fn only_internal_tools_pass_unjudged() {
        let (_, script) = FILES[2];
        let list = script.split("const LOW = new Set([").nth(1).and_then(|rest| rest.split("])").next()).expect("LOW");
        let low: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        assert!(low.len() > 10, "{low:?}");
        for tool in low {
            let arguments = serde_json::json!({ "a": "rm -rf /" });
            let call =
                ToolCall { runtime: super::super::ID.into(), tool: tool.into(), arguments, ..ToolCall::default() };
            let known = super::super::understand(&call).expect(tool);
            assert!(matches!(known.effect, Effect::Internal { .. }), "{tool}");
        }
    }

    #[test]
    fn the_manifest_names_the_plugin() {
        for (name, text) in FILES.iter().take(2) {
            let value: serde_json::Value = serde_json::from_str(text).expect(name);
            assert_eq!(value.get("id").or_else(|| value.get("name")), Some(&PLUGIN_ID.into()));
        }
    }
}
