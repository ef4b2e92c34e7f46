//! Whether a rule's conditions hold for an action that was looked at.

use clawbutler_core::action::{Action, Effect};
use clawbutler_core::clock::Timestamp;
use clawbutler_core::risk::RiskLevel;
use serde_json::Value;

use crate::facts::{self, DAYS, Facts};
use crate::globs::{self, Base};
use crate::looked::{Class, How, Looked, Part, Touch};
use crate::programs::{Quantifier, part_fits};
use crate::rule::{Rule, When};

/// An action with everything a rule may ask about, and what is the same for every rule worked out once.
pub(crate) struct Scene<'a> {
    pub(crate) action: &'a Action,
    pub(crate) looked: &'a Looked,
    pub(crate) facts: &'a Facts,
    base: Base<'a>,
    kind: u32,
    hows: u8,
    classes: u16,
    mcp: Option<String>,
    /// The look found risk that no part owns up to: then no part counts as calm.
    unowned: bool,
    /// Parts that need a permission.
    busy: usize,
    needs: u8,
}

/// What an action must have for a rule to be worth a closer look, as bits.
mod need {
    pub(super) const HOSTS: u8 = 1;
    pub(super) const PARTS: u8 = 2;
    pub(super) const SIGNALS: u8 = 4;
    pub(super) const AGENT: u8 = 8;
    pub(super) const DEPTH: u8 = 16;
    pub(super) const COST: u8 = 32;
    pub(super) const BUDGET: u8 = 64;
}

fn bits(needs: [(u8, bool); 7]) -> u8 {
    needs.into_iter().fold(0, |bits, (bit, needed)| if needed { bits | bit } else { bits })
}

/// The cheap conditions of a rule, read once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gate {
    kinds: u32,
    least: RiskLevel,
    most: RiskLevel,
    hows: u8,
    classes: u16,
    hours: Option<(u16, u16)>,
    days: u8,
    expires: Option<Timestamp>,
    needs: u8,
    pub(crate) how: Quantifier,
}

fn kind_bit(kind: &str) -> u32 {
    Effect::KINDS.iter().position(|known| *known == kind).map_or(0, |at| 1 << at)
}

fn how_bit(how: How) -> u8 {
    1 << how as u8
}

fn class_bit(class: Class) -> u16 {
    1 << class as u16
}

impl Gate {
    /// Entries that are not known match nothing; loading refuses them.
    pub(crate) fn of(rule: &Rule) -> Self {
        let when = &rule.when;
        let kinds = match when.kinds.iter().fold(0, |bits, kind| bits | kind_bit(kind)) {
            _ if when.kinds.is_empty() => u32::MAX,
            bits => bits,
        };
        let mcp = !when.mcp.is_empty() || !when.mcp_args.is_empty();
        let hows = when.touches.iter().fold(0, |bits, how| bits | how_bit(*how));
        let day = |day: &String| DAYS.iter().position(|known| known == day).map_or(0, |at| 1_u8 << at);
        Self {
            kinds: if mcp { kinds & kind_bit("mcp") } else { kinds },
            least: when.risk_at_least.unwrap_or(RiskLevel::Low),
            most: when.risk_at_most.unwrap_or(RiskLevel::Critical),
            hows: if hows == 0 && when.speaks_of_paths() { u8::MAX } else { hows },
            classes: when.sensitivity.iter().fold(0, |bits, class| bits | class_bit(*class)),
            hours: when.hours.as_deref().map(|text| facts::hours(text).unwrap_or((0, 0))),
            days: if when.days.is_empty() { u8::MAX } else { when.days.iter().fold(0, |bits, one| bits | day(one)) },
            expires: rule.expires.as_deref().map(|text| facts::expiry(text).unwrap_or(Timestamp(i64::MIN))),
            needs: bits([
                (need::HOSTS, !when.hosts.is_empty()),
                (need::PARTS, when.speaks_of_parts()),
                (need::SIGNALS, !when.signals.is_empty()),
                (need::AGENT, !when.agents.is_empty() || when.in_subagent == Some(true)),
                (need::DEPTH, when.depth_at_least.is_some_and(|least| least > 0)),
                (need::COST, when.cost_at_least.is_some()),
                (need::BUDGET, when.budget_at_least.is_some()),
            ]),
            how: if rule.permits() { Quantifier::Every } else { Quantifier::One },
        }
    }

    /// Whether the cheap conditions hold.
    pub(crate) fn opens(&self, scene: &Scene<'_>) -> bool {
        let level = scene.looked.assessment.level;
        self.kinds & scene.kind != 0
            && self.needs & !scene.needs == 0
            && level >= self.least
            && level <= self.most
            && (self.hows == 0 || self.hows & scene.hows != 0)
            && (self.classes == 0 || self.classes & scene.classes != 0)
            && self.in_time(scene.facts)
    }

    fn in_time(&self, facts: &Facts) -> bool {
        let unknown = self.how == Quantifier::One;
        self.expires.is_none_or(|end| facts.at.map_or(unknown, |at| at < end))
            && self.hours.is_none_or(|span| facts.minute_of_day.map_or(unknown, |now| facts::within(span, now)))
            && (self.days == u8::MAX || facts.weekday.map_or(unknown, |day| day < 7 && self.days & (1 << day) != 0))
    }
}

fn calm(part: &Part, unowned: bool) -> bool {
    part.level == RiskLevel::Low && !part.opaque && !unowned
}

fn any_glob(patterns: &[String], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| globs::text(pattern, text))
}

fn any_equal(words: &[String], text: &str) -> bool {
    words.is_empty() || words.iter().any(|word| word == text)
}

impl<'a> Scene<'a> {
    pub(crate) fn new(action: &'a Action, looked: &'a Looked, home: &'a str, facts: &'a Facts) -> Self {
        let mcp = match &action.effect {
            Effect::Mcp { server, tool, .. } => Some(format!("{server}/{tool}")),
            _ => None,
        };
        let needs = bits([
            (need::HOSTS, !looked.hosts.is_empty()),
            (need::PARTS, !looked.parts.is_empty()),
            (need::SIGNALS, !looked.assessment.signals.is_empty()),
            (need::AGENT, action.agent.is_some()),
            (need::DEPTH, action.depth > 0),
            (need::COST, facts.cost_usd.is_some()),
            (need::BUDGET, facts.budget_percent.is_some()),
        ]);
        let owned = looked.parts.iter().map(|part| part.level).max().unwrap_or(RiskLevel::Low);
        let unowned = owned < looked.assessment.level;
        Self {
            action,
            looked,
            facts,
            needs,
            busy: looked.parts.iter().filter(|part| !calm(part, unowned)).count(),
            base: Base { home, project: action.project() },
            kind: kind_bit(action.effect.kind()),
            hows: looked.touches.iter().fold(0, |bits, touch| bits | how_bit(touch.how)),
            classes: looked.touches.iter().fold(0, |bits, touch| bits | class_bit(touch.class)),
            mcp,
            unowned,
        }
    }

    /// Whether a part needs no rule of its own.
    pub(crate) fn is_calm(&self, part: &Part) -> bool {
        calm(part, self.unowned)
    }

    /// Whether every condition holds that is not about parts and not in the gate.
    pub(crate) fn fits(&self, when: &When, how: Quantifier) -> bool {
        let action = self.action;
        let agent = action.agent.as_ref();
        let unknown = how == Quantifier::One;
        any_equal(&when.runtimes, &action.runtime)
            && any_glob(&when.tools, &action.tool)
            && (when.agents.is_empty() || agent.is_some_and(|agent| any_glob(&when.agents, &agent.name)))
            && when.in_subagent.is_none_or(|inside| inside == agent.is_some())
            && when.depth_at_least.is_none_or(|least| action.depth >= least)
            && any_equal(&when.modes, &action.mode)
            && when.sandboxed.is_none_or(|wanted| action.sandboxed.map_or(unknown, |is| is == wanted))
            && when.attended.is_none_or(|wanted| self.facts.attended.map_or(unknown, |is| is == wanted))
            && when.cost_at_least.is_none_or(|least| self.facts.cost_usd.is_some_and(|usd| usd >= least))
            && when.budget_at_least.is_none_or(|least| self.facts.budget_percent.is_some_and(|used| used >= least))
            && (when.projects.is_empty() || when.projects.iter().any(|glob| self.base.names(glob, action.project())))
            && (when.branches.is_empty()
                || action.branch.as_deref().map_or(unknown, |branch| any_glob(&when.branches, branch)))
            && (when.remotes.is_empty()
                || action.remote.as_deref().map_or(unknown, |remote| any_glob(&when.remotes, remote)))
            && self.shows(&when.signals, how)
            && (when.mcp.is_empty() || self.mcp.as_deref().is_some_and(|name| any_glob(&when.mcp, name)))
            && (when.mcp_args.is_empty() || self.has_arguments(when, how))
            && (when.hosts.is_empty() || self.talks_to(&when.hosts, how))
            && (!when.speaks_of_paths() || self.touches(when, how))
    }

    fn shows(&self, names: &[String], how: Quantifier) -> bool {
        let mut signals = self.looked.assessment.signals.iter();
        let named = |name: &String| names.contains(name);
        match how {
            _ if names.is_empty() => true,
            Quantifier::One => signals.any(|signal| named(&signal.name)),
            Quantifier::Every => {
                signals.clone().any(|signal| named(&signal.name))
                    && signals.all(|signal| signal.level == RiskLevel::Low || named(&signal.name))
            }
        }
    }

    fn has_arguments(&self, when: &When, how: Quantifier) -> bool {
        let Effect::Mcp { arguments, .. } = &self.action.effect else { return false };
        when.mcp_args.iter().all(|(name, glob)| value_fits(arguments, name, glob, how))
    }

    fn talks_to(&self, globs: &[String], how: Quantifier) -> bool {
        let mut hosts = self.looked.hosts.iter();
        match how {
            Quantifier::One => hosts.any(|host| any_glob(globs, host)),
            Quantifier::Every => hosts.len() > 0 && hosts.all(|host| any_glob(globs, host)),
        }
    }

    fn touches(&self, when: &When, how: Quantifier) -> bool {
        let fits = |touch: &Touch| {
            (when.touches.is_empty() || when.touches.contains(&touch.how))
                && (when.sensitivity.is_empty() || when.sensitivity.contains(&touch.class))
                && (when.paths.is_empty() || when.paths.iter().any(|glob| self.path_fits(glob, touch, how)))
        };
        match how {
            Quantifier::One => self.looked.touches.iter().any(fits),
            Quantifier::Every => {
                // `/dev/null` and its like are places where nothing happens.
                let mut real = self
                    .looked
                    .touches
                    .iter()
                    .filter(|touch| !(touch.class == Class::Scratch && touch.path.starts_with("/dev/")))
                    .peekable();
                real.peek().is_some() && real.all(fits)
            }
        }
    }

    fn path_fits(&self, glob: &str, touch: &Touch, how: Quantifier) -> bool {
        self.base.names(glob, &touch.path)
            || (how == Quantifier::One
                && (self.base.is_folder_of(glob, &touch.path)
                    || (touch.how == How::Delete && self.base.holds(glob, &touch.path))))
    }

    /// Whether the rule fits one part at least, or does not speak of parts.
    pub(crate) fn fits_a_part(&self, when: &When, how: Quantifier) -> bool {
        !when.speaks_of_parts() || self.looked.parts.iter().any(|part| part_fits(when, part, how))
    }

    /// Whether the rule, the rest of which holds, covers a part.
    pub(crate) fn covers(&self, when: &When, part: &Part) -> bool {
        let about_places = when.speaks_of_paths() || !when.hosts.is_empty();
        if about_places && part.opaque {
            return false;
        }
        if when.speaks_of_parts() {
            return part_fits(when, part, Quantifier::Every);
        }
        !about_places || self.busy <= 1
    }
}

/// Whether the argument of a dotted name fits; of a list, one item for `One` and every item for `Every`.
fn value_fits(value: &Value, name: &str, glob: &str, how: Quantifier) -> bool {
    if let Value::Array(items) = value {
        let mut items = items.iter();
        let fits = |item: &Value| value_fits(item, name, glob, how);
        return match how {
            Quantifier::One => items.any(fits),
            Quantifier::Every => items.len() > 0 && items.all(fits),
        };
    }
    if name.is_empty() {
        return match value {
            Value::String(text) => globs::text(glob, text),
            Value::Number(number) => globs::text(glob, &number.to_string()),
            Value::Bool(is) => globs::text(glob, if *is { "true" } else { "false" }),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
    }
    let Value::Object(fields) = value else { return false };
    // A name with dots in it is found as written before it is taken apart.
    if let Some(field) = fields.get(name) {
        return value_fits(field, "", glob, how);
    }
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    fields.get(first).is_some_and(|field| value_fits(field, rest, glob, how))
}
