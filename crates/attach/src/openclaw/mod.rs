//! An OpenClaw gateway over its WebSocket: seen, asked and governed live.
//!
//! One [`Gateway`] value per gateway. It connects, pairs, stays connected and reads the lists again after every
//! connect; what happens comes out as [`Event`]s. Nothing here decides: an approval is answered by whoever holds
//! the value. Start reading at [`Gateway::open`], then `link`.

mod approval;
mod channels;
mod chat;
mod config;
mod cost;
mod event;
mod frame;
mod gateway;
mod hello;
mod link;
mod pairing;
mod policy;
mod reads;
mod rows;
mod settings;
mod standing;
mod target;
mod timeline;

pub use crate::counts::Counts;
pub use approval::{Approval, Decision, Kind, Resolution, Settled};
pub use channels::{Channel, CronJob, CronRun};
pub use chat::{ChatPart, ChatState, Stopped};
pub use config::{Change, Config, DryRun, Rollback, diff, merged, rollback};
pub use cost::{Cost, CostTotals, SessionCost};
pub use event::{Event, understand};
pub use frame::{Frame, Garbled, read};
pub use gateway::Gateway;
pub use hello::Hello;
pub use link::{Link, Trouble};
pub use pairing::{PairedDevice, PairingRequest};
pub use policy::{Drift, Policy, floor, with_floor, without_floor};
pub use reads::{History, LogLine, LogTail};
pub use rows::{Agent, Agents, Health, Model, Plugin, Presence, Session, Skill, Status, Tool};
pub use settings::{AgentLock, Applied};
pub use standing::{AllowRow, Edit, InForce, MEMBERS, Standing, edited};
pub use target::{Address, NotAnAddress, Reach, Target};
pub use timeline::{Origin, Steps, of_message};
