//! Cmdlets by what they do, as data; and what a cmdlet's verb tells where the cmdlet is not known.

use clawbutler_core::risk::RiskLevel::{self, Critical, High, Medium};

use crate::windows::WinCommand;
use crate::windows::look::Look;
use crate::windows::powershell::is_cmdlet;

/// Cmdlets (with or without a `*` at the end), and what they are to us.
struct Row(&'static [&'static str], RiskLevel, &'static str, &'static str);

const ROWS: &[Row] = &[
    Row(&["stop-computer", "restart-computer"], High, "machine", "Stops or restarts the machine"),
    Row(
        &[
            "stop-service", "restart-service", "set-service", "suspend-service", "new-service", "remove-service",
            "start-service",
        ],
        High,
        "machine",
        "Stops or changes services",
    ),
    Row(
        &["set-mppreference", "add-mppreference", "remove-mppreference", "remove-mpthreat", "set-processmitigation"],
        High,
        "machine",
        "Changes what protects the machine",
    ),
    Row(
        &["*-localuser", "*-localgroup", "*-localgroupmember", "*-aduser", "*-adgroupmember", "*-adaccountpassword"],
        High,
        "machine",
        "Changes users and groups",
    ),
    Row(
        &["*-netfirewallrule", "*-netfirewallprofile", "*-netfirewallsetting", "*-netipsecrule"],
        High,
        "machine",
        "Changes the firewall",
    ),
    Row(
        &[
            "*-netadapter", "*-netipaddress", "*-netroute", "*-dnsclientserveraddress", "*-netconnectionprofile",
            "*-dnsclientnrptrule",
        ],
        High,
        "machine",
        "Changes the network",
    ),
    Row(
        &[
            "*-windowsoptionalfeature", "*-windowscapability", "*-windowsfeature", "*-appxpackage",
            "*-appxprovisionedpackage", "*-windowsdriver",
        ],
        High,
        "machine",
        "Changes what is installed in Windows",
    ),
    Row(
        &[
            "rename-computer", "add-computer", "remove-computer", "restore-computer", "disable-computerrestore",
            "enable-computerrestore", "set-date", "set-timezone", "set-winsystemlocale", "set-bcd*", "*-bcdelement",
            "set-wmiinstance", "remove-wmiobject", "remove-ciminstance", "set-ciminstance", "new-ciminstance",
            "mount-diskimage", "*-vm", "*-vmswitch", "*-vhd", "set-securebootuefi", "*-bitlocker*", "*-tpm",
            "reset-computermachinepassword", "set-systempreferred*", "*-smbshare", "*-smbshareaccess",
            "*-smbserverconfiguration", "enable-psremoting", "disable-psremoting", "set-wsman*", "enable-wsman*",
            "set-pssessionconfiguration", "register-pssessionconfiguration",
        ],
        High,
        "machine",
        "Changes the machine",
    ),
    Row(
        &[
            "format-volume", "clear-disk", "initialize-disk", "remove-partition", "set-disk", "reset-physicaldisk",
            "new-partition", "resize-partition", "new-volume", "remove-storagepool", "remove-virtualdisk",
            "set-partition", "optimize-volume",
        ],
        Critical,
        "device_write",
        "Changes or wipes a disk",
    ),
    Row(
        &[
            "register-scheduledtask", "register-scheduledjob", "set-scheduledtask", "unregister-scheduledtask",
            "start-scheduledtask", "enable-scheduledtask", "disable-scheduledtask", "unregister-scheduledjob",
            "set-scheduledjob", "add-jobtrigger", "register-wmievent", "register-cimindicationevent",
            "stop-scheduledtask",
        ],
        High,
        "schedule",
        "Changes what runs later by itself",
    ),
    Row(&["set-acl", "set-ntfs*", "add-ntfs*", "set-smbpathacl", "grant-*"], High, "rights", "Changes rights"),
    Row(&["clear-recyclebin"], High, "delete", "Deletes what could still be had back"),
    Row(
        &[
            "clear-eventlog", "remove-eventlog", "limit-eventlog", "clear-winevent*", "set-psreadlineoption",
            "disable-psreadline*",
        ],
        High,
        "covers_tracks",
        "Hides what was done",
    ),
    Row(&["clear-history", "stop-transcript"], Medium, "covers_tracks", "Ends or clears a record of the session"),
    Row(
        &[
            "enter-pssession", "new-pssession", "connect-pssession", "new-cimsession", "invoke-vmscript",
            "invoke-ssh*", "new-sshsession", "invoke-azvmruncommand", "connect-wsman",
        ],
        High,
        "remote",
        "Works on another machine",
    ),
    Row(
        &["send-mailmessage", "send-mgusermail", "set-azstorageblobcontent", "write-s3object", "send-*"],
        High,
        "upload",
        "Sends data to other people or machines",
    ),
    Row(
        &[
            "get-credential", "convertfrom-securestring", "get-secret", "get-secretinfo", "get-storedcredential",
            "export-pfxcertificate", "get-azkeyvaultsecret", "get-azaccesstoken", "get-laps*", "unprotect-*",
            "get-vaultcredential", "get-ssm*", "get-secsecretvalue",
        ],
        High,
        "secret_read",
        "Takes secrets out of a store or asks for them",
    ),
    Row(
        &[
            "set-secret", "remove-secret", "new-storedcredential", "import-pfxcertificate", "import-certificate",
            "set-secretstore*",
        ],
        High,
        "secret_write",
        "Changes stored secrets or certificates",
    ),
    Row(&["publish-*", "unpublish-*"], High, "publish", "Publishes a package"),
    Row(
        &[
            "install-module", "install-script", "install-package", "install-psresource", "update-module",
            "update-script", "update-psresource", "uninstall-module", "install-packageprovider",
            "install-wingetpackage", "register-psrepository", "set-psrepository", "save-module", "save-psresource",
        ],
        Medium,
        "installs",
        "Installs packages, which may run scripts",
    ),
    Row(
        &[
            "find-module", "find-package", "find-script", "find-psresource", "update-help", "find-wingetpackage",
            "save-help",
        ],
        Medium,
        "network",
        "Asks a package source",
    ),
    Row(&["unblock-file"], Medium, "runs_script", "Marks a downloaded file as safe to run"),
    Row(&["get-clipboard"], Medium, "environment", "Reads the clipboard, which may hold a secret"),
    Row(
        &["connect-azaccount", "connect-mggraph", "connect-exchangeonline", "connect-vi*"],
        Medium,
        "network",
        "Signs in to a service",
    ),
    Row(&["new-psdrive", "new-smbmapping"], Medium, "network", "Names a place as a drive"),
];

/// Cmdlets that only read, print, wait, or change the session itself.
const CALM_NOUNS: &[&str] = &[
    "variable", "psdrive", "pssession", "job", "module", "event", "eventsubscriber", "psbreakpoint", "typedata",
    "host", "transcript", "strictmode", "psdebug", "sleep", "clipboard", "psreadlinekeyhandler", "alias", "progress",
    "null", "string", "object", "item", "timespan", "guid", "uri", "cmdlet", "pester", "member", "scheduledtaskaction",
    "scheduledtasktrigger", "scheduledtasksettingsset", "scheduledtaskprincipal", "marktime", "runspace", "psobject",
    "formatdata", "culture", "uiculture", "temporaryfile", "modulemanifest", "scriptfileinfo", "location",
    "buildenvironment",
];
/// Verbs that look at things or shape them.
const READING: &[&str] = &[
    "get", "test", "measure", "select", "where", "sort", "group", "format", "convert", "convertfrom", "convertto",
    "compare", "find", "show", "out", "write", "resolve", "split", "join", "tee", "wait", "receive", "import", "read",
    "search", "trace", "debug", "pop", "push", "enter", "exit", "step", "foreach", "watch", "assert", "confirm", "use",
];
/// Verbs that end or take away.
const ENDING: &[&str] = &[
    "remove", "clear", "uninstall", "disable", "reset", "stop", "revoke", "unregister", "deny", "dismount", "restart",
    "suspend", "block", "restore", "undo", "unlock", "initialize", "format",
];
/// Nouns of clouds and directories.
const CLOUD: &[&str] =
    &["az", "aws", "ec2", "s3", "mg", "iam", "rds", "lambda", "gcs", "gce", "ad", "vi", "ecs", "eks", "cfn"];

pub(super) fn rows(look: &mut Look<'_>, command: &WinCommand) {
    let name = command.name.to_ascii_lowercase();
    let (verb, noun) = name.split_once('-').unwrap_or((&name, ""));
    if special(look, command, &name) {
        return;
    }
    let reads = READING.contains(&verb);
    for row in ROWS {
        let named = row.0.iter().any(|pattern| crate::paths::glob(pattern, &name));
        // What only shows things of that kind changes none of them.
        let by_noun = row.0.iter().any(|pattern| pattern.starts_with('*') && crate::paths::glob(pattern, &name));
        if named && !(by_noun && reads) {
            return look.tell(row.2, row.1, row.3, &command.text);
        }
    }
    if CALM_NOUNS.contains(&noun) {
        return;
    }
    let cloud = command.name.split_once('-').is_some_and(|(_, noun)| {
        CLOUD.iter().any(|start| {
            noun.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
                && noun[start.len()..].starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit())
        })
    });
    if cloud && reads {
        look.tell("network", Medium, "Asks a cloud", &command.text);
    } else if cloud {
        look.tell("cloud_destroys", High, "Changes or deletes things in the cloud", &command.text);
    } else if ENDING.contains(&verb) && !reads {
        look.tell("machine", High, format!("{} takes something away, by its name", command.name), &command.text);
    } else if !reads && is_cmdlet(&name) {
        super::unknown(look, &command.name);
    }
}

/// Rows that depend on more than the name; whether this was one.
fn special(look: &mut Look<'_>, command: &WinCommand, name: &str) -> bool {
    match name {
        "set-executionpolicy" => {
            let process = command.lower("Scope").is_some_and(|scope| scope == "process");
            let strict = command
                .args
                .iter()
                .chain(command.value("ExecutionPolicy"))
                .any(|policy| policy.known().is_some_and(|policy| policy.eq_ignore_ascii_case("restricted")));
            if process {
                let says = "Lets this session run scripts that are not signed";
                look.tell("execution_policy", Medium, says, &command.text);
            } else if strict {
                look.tell("machine", Medium, "Lets no scripts run", &command.text);
            } else {
                look.tell("machine", High, "Changes which scripts may run", &command.text);
            }
            true
        }
        "set-psreadlineoption" => {
            let hides = command.lower("HistorySaveStyle").is_some_and(|style| style.contains("nothing"));
            if hides || command.value("HistorySavePath").is_some() {
                look.tell("covers_tracks", High, "Hides what was done", &command.text);
            }
            true
        }
        "convertto-securestring" | "out-null" | "out-string" | "out-host" | "out-default" | "set-strictmode" => true,
        _ => false,
    }
}
