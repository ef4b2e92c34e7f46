//! What hosts are told: a topic to refetch, or something to bring before a person.

use clawbutler_wire::topic::Topic;

/// Told to every listener, after the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Whoever shows this topic should fetch it again.
    Changed(Topic),
    /// A new question for a human.
    Asked { approval: String, runtime_name: String, tool: String, risk: &'static str },
    /// A question was settled.
    Settled { approval: String },
    /// A window asks for the main window at a route.
    Open { route: String },
    /// So much of a budget is used that a person is told at once.
    Budget { says: String },
    /// Something a person should know now.
    Alert { says: String },
}

pub(crate) type Listener = Box<dyn Fn(&Event) + Send + Sync>;
