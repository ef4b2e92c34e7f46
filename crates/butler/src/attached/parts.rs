//! What a gateway told, as tables: secrets masked, texts cut, rows bounded, what is not said left unknown.

use clawbutler_attach::openclaw::{
    Agents, Channel, Cost, CostTotals, CronJob, CronRun, Health, LogLine, LogTail, Model, PairedDevice, PairingRequest,
    Plugin, Presence, Session, SessionCost, Skill, Status, Tool,
};
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::{ATTACH_CELL_CHARS, ATTACH_VIEW_ROWS};
use clawbutler_core::redact::{self, MaskKey};
use clawbutler_wire::attached::{CellView, ColumnLook, PartColumn, PartTable};

use super::ask::Seen;
use ColumnLook::{Code, Number, Text};

type Row = Vec<CellView>;
type Columns = [(&'static str, ColumnLook)];

/// Draws tables; masks with this key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw<'a> {
    pub(super) key: &'a MaskKey,
}

/// How a job's run ended, in the gateway's words; it calls one an error whose answer only found no way out.
fn ended(undelivered: bool, words: Option<&String>) -> Option<String> {
    words.map(
        |words| if undelivered { format!("Done, but its answer was not delivered: {words}") } else { words.clone() },
    )
}

impl Draw<'_> {
    /// The tables of a part, and what must be known to read them.
    pub(super) fn part(self, seen: &Seen) -> (Vec<PartTable>, Option<String>) {
        match seen {
            Seen::Health(health, status) => (vec![self.health(health, status.as_ref())], None),
            Seen::Agents(agents) => (vec![self.agents(agents)], None),
            Seen::Sessions(sessions) => (vec![self.sessions(sessions)], None),
            Seen::Channels(channels) => (vec![self.channels(channels)], None),
            Seen::Cron(jobs, runs) => {
                let runs_table = runs.as_ref().map(|runs| self.runs(runs));
                let tables = [Some(self.jobs(jobs)), runs_table].into_iter().flatten().collect();
                (tables, runs.is_none().then(|| cannot_tell("the last runs")))
            }
            Seen::Models(models) => (vec![self.models(models)], None),
            Seen::Tools(tools, given) => (vec![self.tools(tools, given.as_deref())], None),
            Seen::Skills(skills, plugins) => {
                let plugins_table = plugins.as_ref().map(|plugins| self.plugins(plugins));
                let tables = [Some(self.skills(skills)), plugins_table].into_iter().flatten().collect();
                (tables, plugins.is_none().then(|| cannot_tell("its plugins")))
            }
            Seen::Usage(cost, sessions) => (self.usage(cost, sessions.as_deref()), usage_note(cost)),
            Seen::Presence(presence) => (vec![self.presence(presence)], None),
            Seen::Logs(logs) => (vec![self.logs(logs)], self.log_note(logs)),
            Seen::Devices(waiting, paired) => (vec![self.waiting(waiting), self.paired(paired)], None),
        }
    }

    fn waiting(self, waiting: &[PairingRequest]) -> PartTable {
        let row = |one: &PairingRequest| {
            vec![
                self.text(Some(&one.id)),
                self.text(one.name.as_ref()),
                self.text(one.client.as_ref()),
                self.list(&one.scopes),
                self.text(one.address.as_ref()),
                time(one.at),
            ]
        };
        let columns = [
            ("Request", Code),
            ("Calls itself", Text),
            ("Program", Code),
            ("Asks for", Code),
            ("From", Code),
            ("Since", Text),
        ];
        table("Want in", &columns, waiting.iter().map(row).collect(), "No device asks to be let in.")
    }

    fn paired(self, paired: &[PairedDevice]) -> PartTable {
        let row = |one: &PairedDevice| {
            vec![
                self.text(Some(&one.device)),
                self.text(one.name.as_ref()),
                self.list(&one.scopes),
                self.text(one.via.as_ref()),
                time(one.at),
                time(one.seen_at),
                yes(one.connected),
            ]
        };
        let columns = [
            ("Device", Code),
            ("Calls itself", Text),
            ("May", Code),
            ("Let in by", Text),
            ("Since", Text),
            ("Last there", Text),
            ("There now", Text),
        ];
        table("Let in", &columns, paired.iter().map(row).collect(), "No device is let in.")
    }

    fn words(self, text: &str) -> String {
        let masked = redact::mask_text(text, self.key);
        let mut cut: String = masked.chars().take(ATTACH_CELL_CHARS).collect();
        if cut.len() < masked.len() {
            cut.push('…');
        }
        cut
    }

    fn text(self, text: Option<&String>) -> CellView {
        text.map_or(CellView::Unknown, |text| CellView::Text { text: self.words(text) })
    }

    fn list(self, texts: &[String]) -> CellView {
        CellView::Text { text: self.words(&texts.join(", ")) }
    }

    fn health(self, health: &Health, status: Option<&Status>) -> PartTable {
        let said = |name: &str, cell| vec![CellView::Text { text: name.to_owned() }, cell];
        let mut rows = vec![
            said("Says that it is well", yes(Some(health.ok))),
            said("Slow because of", if health.slow.is_empty() { word("nothing") } else { self.list(&health.slow) }),
            said("Models run reduced", yes(Some(health.models_degraded))),
            said("Default agent", self.text(health.default_agent.as_ref())),
            said("Channels", if health.channels.is_empty() { word("none") } else { self.list(&health.channels) }),
            said("Plugins in force", health.plugins.as_ref().map_or(CellView::Unknown, |names| self.list(names))),
        ];
        if let Some(status) = status {
            rows.extend([
                said("Release", self.text(status.version.as_ref())),
                said("Sessions kept", number(status.sessions)),
                said("Tasks under way", number(status.tasks_active)),
                said("Tasks that failed", number(status.tasks_failed)),
                said("Memory (MB)", number(status.rss_bytes.map(|bytes| bytes / 1_000_000))),
            ]);
        }
        rows.push(said("Looked at", time(health.at)));
        table("Health", &[("What", Text), ("Is", Text)], rows, "It says nothing.")
    }

    fn agents(self, agents: &Agents) -> PartTable {
        let row = |agent: &clawbutler_attach::openclaw::Agent| {
            vec![
                self.text(Some(&agent.id)),
                self.text(agent.name.as_ref()),
                yes(Some(agents.default.as_ref() == Some(&agent.id))),
                self.text(agent.model.as_ref()),
                self.text(agent.runtime.as_ref()),
                self.text(agent.permission_mode.as_ref()),
                self.text(agent.workspace.as_ref()),
            ]
        };
        let columns = [
            ("Agent", Code),
            ("Name", Text),
            ("Default", Text),
            ("Model", Code),
            ("Run by", Text),
            ("Permission mode", Text),
            ("Workspace", Code),
        ];
        table("Agents", &columns, agents.agents.iter().map(row).collect(), "It has no agents.")
    }

    fn sessions(self, sessions: &[Session]) -> PartTable {
        let row = |session: &Session| {
            let state = if session.active { Some("running".to_owned()) } else { session.status.clone() };
            vec![
                self.text(Some(&session.key)),
                self.text(session.title.as_ref()),
                self.text(state.as_ref()),
                self.text(session.model.as_ref()),
                self.text(session.permission_mode.as_ref()),
                number(session.input_tokens),
                number(session.output_tokens),
                money(session.cost_microusd),
                time(session.updated_at),
            ]
        };
        let columns = [
            ("Session", Code),
            ("Title", Text),
            ("State", Text),
            ("Model", Code),
            ("Permission mode", Text),
            ("Tokens in", Number),
            ("Tokens out", Number),
            ("Cost", Number),
            ("Last changed", Text),
        ];
        table("Sessions", &columns, sessions.iter().map(row).collect(), "It keeps no sessions.")
    }

    fn channels(self, channels: &[Channel]) -> PartTable {
        let row = |channel: &Channel| {
            vec![
                self.text(channel.label.as_ref().or(Some(&channel.channel))),
                self.text(Some(&channel.account)),
                yes(channel.configured),
                yes(channel.enabled),
                yes(channel.running),
                yes(channel.connected),
                self.text(channel.error.as_ref()),
            ]
        };
        let columns = [
            ("Channel", Text),
            ("Account", Code),
            ("Set up", Text),
            ("Switched on", Text),
            ("Runs", Text),
            ("Connected", Text),
            ("Last error", Text),
        ];
        table("Channels", &columns, channels.iter().map(row).collect(), "No chat channel is set up.")
    }

    fn jobs(self, jobs: &[CronJob]) -> PartTable {
        let row = |job: &CronJob| {
            vec![
                self.text(Some(if job.name.is_empty() { &job.id } else { &job.name })),
                yes(Some(job.enabled)),
                self.text(Some(&job.schedule)),
                self.text(job.agent.as_ref()),
                self.text(job.message.as_ref().or(job.payload.as_ref())),
                time(job.next_at),
                time(job.last_at),
                self.text(ended(job.undelivered, job.last_error.as_ref().or(job.last_status.as_ref())).as_ref()),
            ]
        };
        let columns = [
            ("Job", Text),
            ("Switched on", Text),
            ("When", Code),
            ("Agent", Code),
            ("What it is told", Text),
            ("Next", Text),
            ("Last", Text),
            ("How it ended", Text),
        ];
        table("Jobs", &columns, jobs.iter().map(row).collect(), "Nothing is scheduled.")
    }

    fn runs(self, runs: &[CronRun]) -> PartTable {
        let row = |run: &CronRun| {
            vec![
                self.text(Some(&run.job)),
                time(run.at),
                self.text(ended(run.undelivered, run.status.as_ref()).as_ref()),
                number(run.took_ms.map(|ms| ms.div_ceil(1_000))),
                self.text(run.error.as_ref().or(run.summary.as_ref())),
                self.text(run.session.as_ref()),
            ]
        };
        let columns = [
            ("Job", Code),
            ("When", Text),
            ("Ended", Text),
            ("Seconds", Number),
            ("What came of it", Text),
            ("Session", Code),
        ];
        table("Last runs", &columns, runs.iter().map(row).collect(), "No job ran yet.")
    }

    fn models(self, models: &[Model]) -> PartTable {
        let row = |model: &Model| {
            vec![
                self.text(Some(&model.id)),
                self.text(model.name.as_ref()),
                self.text(model.provider.as_ref()),
                number(model.context),
                yes(model.available),
            ]
        };
        let columns =
            [("Model", Code), ("Name", Text), ("Provider", Text), ("Tokens it sees", Number), ("Usable now", Text)];
        table("Models", &columns, models.iter().map(row).collect(), "No model is set up.")
    }

    fn tools(self, tools: &[Tool], given: Option<&[Tool]>) -> PartTable {
        let row = |tool: &Tool| {
            vec![
                self.text(Some(&tool.name)),
                yes(given.map(|given| given.iter().any(|one| one.name == tool.name))),
                self.text(Some(&tool.group)),
                self.text(tool.source.as_ref()),
                self.text(tool.description.as_ref()),
            ]
        };
        let columns =
            [("Tool", Code), ("The agent has it", Text), ("Group", Text), ("From", Text), ("What it does", Text)];
        table("Tools", &columns, tools.iter().map(row).collect(), "It offers no tools.")
    }

    fn skills(self, skills: &[Skill]) -> PartTable {
        let row = |skill: &Skill| {
            vec![
                self.text(Some(&skill.name)),
                yes(Some(!skill.disabled)),
                yes(Some(skill.eligible)),
                yes(Some(skill.visible)),
                self.text(skill.source.as_ref()),
                self.text(skill.description.as_ref()),
            ]
        };
        let columns = [
            ("Skill", Text),
            ("Switched on", Text),
            ("Has what it needs", Text),
            ("Model knows it", Text),
            ("From", Text),
            ("What it is for", Text),
        ];
        table("Skills", &columns, skills.iter().map(row).collect(), "It has no skills.")
    }

    fn plugins(self, plugins: &[Plugin]) -> PartTable {
        let row = |plugin: &Plugin| {
            vec![
                self.text(plugin.name.as_ref().or(Some(&plugin.id))),
                self.text(plugin.version.as_ref()),
                yes(Some(plugin.installed)),
                yes(Some(plugin.enabled)),
                self.text(plugin.state.as_ref()),
                self.text(plugin.origin.as_ref()),
            ]
        };
        let columns = [
            ("Plugin", Text),
            ("Version", Text),
            ("Installed", Text),
            ("Switched on", Text),
            ("State", Text),
            ("From", Text),
        ];
        table("Plugins", &columns, plugins.iter().map(row).collect(), "It has no plugins.")
    }

    fn usage(self, cost: &Cost, sessions: Option<&[SessionCost]>) -> Vec<PartTable> {
        let sums = [
            ("Tokens in", Number),
            ("From cache", Number),
            ("Into cache", Number),
            ("Tokens out", Number),
            ("Cost", Number),
        ];
        let with = |first: &[(&'static str, ColumnLook)]| first.iter().copied().chain(sums).collect::<Vec<_>>();
        let row = |first: Row, totals: &CostTotals| first.into_iter().chain(summed(totals)).collect::<Row>();
        let mut days = vec![row(vec![word("In all")], &cost.totals)];
        let by_day = cost.days.iter().rev().filter(|(_, totals)| *totals != CostTotals::default());
        days.extend(by_day.map(|(day, totals)| row(vec![self.text(Some(day))], totals)));
        let mut tables = vec![table("The last 30 days", &with(&[("Day", Text)]), days, "Nothing was counted.")];
        if let Some(sessions) = sessions {
            let by_session = sessions.iter().map(|session| {
                row(vec![self.text(Some(&session.key)), self.text(session.model.as_ref())], &session.totals)
            });
            let columns = with(&[("Session", Code), ("Model", Code)]);
            tables.push(table("By session", &columns, by_session.collect(), "No session cost anything."));
        }
        tables
    }

    fn presence(self, presence: &[Presence]) -> PartTable {
        let row = |one: &Presence| {
            vec![
                self.text(one.host.as_ref()),
                self.text(one.mode.as_ref()),
                self.text(one.version.as_ref()),
                self.list(&one.scopes),
                self.text(one.reason.as_ref()),
                self.text(one.device.as_ref()),
                time(one.at),
            ]
        };
        let columns = [
            ("Who", Text),
            ("Kind", Text),
            ("Release", Text),
            ("Rights", Text),
            ("Why it is listed", Text),
            ("Device", Code),
            ("Since", Text),
        ];
        table("Connected", &columns, presence.iter().map(row).collect(), "Nobody is connected.")
    }

    fn logs(self, logs: &LogTail) -> PartTable {
        let row = |line: &String| {
            let line = LogLine::read(line);
            vec![
                self.text(line.at.as_ref()),
                self.text(line.level.as_ref()),
                self.text(line.source.as_ref()),
                self.text(Some(&line.text)),
            ]
        };
        let columns = [("When", Text), ("Level", Text), ("Part", Code), ("What", Text)];
        table(
            "The end of its log, newest first",
            &columns,
            logs.lines.iter().rev().map(row).collect(),
            "Its log is empty.",
        )
    }

    fn log_note(self, logs: &LogTail) -> Option<String> {
        let file = logs.file.as_ref()?;
        let before = if logs.truncated { " What came before is in the file." } else { "" };
        Some(format!("From {}.{before}", self.words(file)))
    }
}

fn cannot_tell(what: &str) -> String {
    format!("This release of the gateway does not tell {what}.")
}

fn usage_note(cost: &Cost) -> Option<String> {
    let counting = (!cost.counted).then(|| "The gateway still counts: the sums are too low.".to_owned());
    let unpriced = (cost.totals.unpriced > 0)
        .then(|| format!("{} answers have no price in its configuration: the cost lacks them.", cost.totals.unpriced));
    let notes: Vec<String> = counting.into_iter().chain(unpriced).collect();
    (!notes.is_empty()).then(|| notes.join(" "))
}

fn summed(totals: &CostTotals) -> Row {
    let counts = [totals.input, totals.cache_read, totals.cache_write, totals.output];
    counts.into_iter().map(|count| number(Some(count))).chain([money(Some(totals.microusd))]).collect()
}

fn table(title: &str, columns: &Columns, mut rows: Vec<Row>, empty: &str) -> PartTable {
    let left_out = rows.len().saturating_sub(ATTACH_VIEW_ROWS);
    rows.truncate(ATTACH_VIEW_ROWS);
    PartTable {
        title: title.to_owned(),
        columns: columns.iter().map(|(name, look)| PartColumn { name: (*name).to_owned(), look: *look }).collect(),
        rows,
        left_out: u32::try_from(left_out).unwrap_or(u32::MAX),
        empty: empty.to_owned(),
    }
}

fn word(text: &str) -> CellView {
    CellView::Text { text: text.to_owned() }
}

fn number(number: Option<u64>) -> CellView {
    number.map_or(CellView::Unknown, |number| CellView::Number { number })
}

fn money(microusd: Option<u64>) -> CellView {
    microusd.map_or(CellView::Unknown, |microusd| CellView::Money { microusd })
}

fn time(at: Option<Timestamp>) -> CellView {
    at.map_or(CellView::Unknown, |at| CellView::Time { at: at.0 })
}

fn yes(yes: Option<bool>) -> CellView {
    yes.map_or(CellView::Unknown, |yes| CellView::Flag { yes })
}
