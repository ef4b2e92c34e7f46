//! Devices at a gateway: one that wants in is let in or turned away, one that is in is put out. Recorded before it is
//! tried; what we did ourselves is no drift.

use clawbutler_core::limits::ATTACH_CALL_MS;
use clawbutler_core::redact;
use clawbutler_ledger::Kind;
use clawbutler_wire::attached::GatewayDone;
use serde_json::json;

use super::watch::device_fact;
use crate::engine::lock;
use crate::{Butler, Error};

fn done(says: &str) -> GatewayDone {
    GatewayDone { says: says.to_owned(), still_running: Vec::new() }
}

impl Butler {
    pub(super) fn device_answered(&self, home: &str, request: &str, let_in: bool) -> Result<GatewayDone, Error> {
        let line = self.standing_line(home)?;
        let (waiting, _) = self.asked(ATTACH_CALL_MS, |told| line.devices(told))?;
        let asks = waiting.into_iter().find(|one| one.id == request);
        let asks = asks.ok_or_else(|| Error::not_found("device that asks to be let in"))?;
        let name = redact::mask_text(asks.name.as_deref().unwrap_or(&asks.device), &self.0.mask);
        let act = if let_in { "let_in" } else { "turn_away" };
        let data = || json!({ "act": act, "name": name, "device": asks.device, "scopes": asks.scopes });
        self.note_at_gateway(home, Kind::GatewayAct, data())?;
        let told = self.asked(ATTACH_CALL_MS, |told| line.answer_pairing(request, let_in, told));
        told.inspect_err(|Error(error)| self.note_failed(home, data(), &error.message))?;
        self.devices_are_ours(home, &asks.device);
        Ok(done(if let_in { "The device is let in." } else { "The device was turned away." }))
    }

    pub(super) fn device_out(&self, home: &str, device: &str) -> Result<GatewayDone, Error> {
        let line = self.standing_line(home)?;
        if self.device()?.id() == device {
            return Err(Error::precondition("This is ClawButler itself.", "Disconnect instead."));
        }
        let (_, paired) = self.asked(ATTACH_CALL_MS, |told| line.devices(told))?;
        let is = paired.into_iter().find(|one| one.device == device);
        let is = is.ok_or_else(|| Error::not_found("device"))?;
        let name = redact::mask_text(is.name.as_deref().unwrap_or(device), &self.0.mask);
        let data = || json!({ "act": "put_out", "name": name, "device": device, "scopes": is.scopes });
        self.note_at_gateway(home, Kind::GatewayAct, data())?;
        let told = self.asked(ATTACH_CALL_MS, |told| line.remove_device(device, told));
        told.inspect_err(|Error(error)| self.note_failed(home, data(), &error.message))?;
        self.devices_are_ours(home, device);
        Ok(done("The device is out; its token is dead."))
    }

    /// What a person did with a device through us takes its place in the baseline.
    fn devices_are_ours(&self, home: &str, device: &str) {
        let row = lock(&self.0.registry).homes.get(home).cloned();
        let (Some(row), Ok(line)) = (row, self.standing_line(home)) else { return };
        let Ok(standing) = self.asked(ATTACH_CALL_MS, |told| line.standing(told)) else { return };
        self.standing_told(home, standing);
        let fact = device_fact(device);
        if let Err(Error(error)) = self.gateway_is_ours(&row, |name| name == fact) {
            tracing::error!(message = %error.message, "a device could not be taken into the baseline");
        }
    }
}
