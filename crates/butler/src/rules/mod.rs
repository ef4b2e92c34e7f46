//! Rules as people see and change them.

use clawbutler_core::verdict::Decision;
use clawbutler_wire::command::{
    AcceptRules, CheckRules, DeleteRules, ExplainAction, ExplainApproval, ImportRules, ListRules, PreviewGrant,
    RejectRules, RevokeGrants, SaveRules, SetPack, SimulateRules, StartPass,
};
use clawbutler_wire::grants::{GrantList, GrantPreview, PassView};
use clawbutler_wire::rules::{ExplanationView, ImportView, RuleView, RulesCheck, RulesView, SimulationView};

use crate::{Butler, Error};

fn later() -> Error {
    Error::precondition("This build cannot do that yet.", "Use a newer one.")
}

macro_rules! later {
    ($($name:ident $request:ident => $reply:ty,)+) => {
        impl Butler {
            $(
                /// Not in this build.
                pub fn $name(&self, _: $request) -> Result<$reply, Error> {
                    Err(later())
                }
            )+
        }
    };
}
later! {
    explain_approval ExplainApproval => ExplanationView,
    preview_grant PreviewGrant => GrantPreview,
    revoke_grants RevokeGrants => GrantList,
    start_pass StartPass => PassView,
    set_pack SetPack => RulesView,
    check_rules CheckRules => RulesCheck,
    save_rules SaveRules => RulesView,
    delete_rules DeleteRules => RulesView,
    import_rules ImportRules => ImportView,
    accept_rules AcceptRules => RulesView,
    reject_rules RejectRules => RulesView,
    simulate_rules SimulateRules => SimulationView,
    explain_action ExplainAction => ExplanationView,
}

impl Butler {
    /// The rule set in force.
    pub fn list_rules(&self, _: ListRules) -> Result<RulesView, Error> {
        let rules = self.0.rules.rules().map(|rule| RuleView {
            id: rule.id.clone(),
            file: "balanced".to_owned(),
            decision: match rule.decision {
                Decision::Allow => "allow",
                Decision::Defer => "defer",
                Decision::Ask => "ask",
                Decision::Deny => "deny",
            }
            .to_owned(),
            when: rule.describe(),
            because: rule.because.clone(),
            expires: None,
            observe: false,
            enabled: true,
            uses_30d: 0,
            last_at: None,
        });
        Ok(RulesView {
            version: self.0.rules.version().to_owned(),
            pack: "balanced".to_owned(),
            packs: Vec::new(),
            files: Vec::new(),
            rules: rules.collect(),
            findings: Vec::new(),
            held: None,
            tuning: Vec::new(),
        })
    }
}
