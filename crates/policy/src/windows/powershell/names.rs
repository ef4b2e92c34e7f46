//! Names of PowerShell: aliases, cmdlets with their parameters, and how a short parameter is told.

/// Aliases of Windows PowerShell 5.1 and PowerShell 7.
const ALIASES: &[(&str, &str)] = &[
    ("%", "ForEach-Object"),
    ("foreach", "ForEach-Object"),
    ("?", "Where-Object"),
    ("where", "Where-Object"),
    ("ac", "Add-Content"),
    ("asnp", "Add-PSSnapin"),
    ("cat", "Get-Content"),
    ("gc", "Get-Content"),
    ("type", "Get-Content"),
    ("cd", "Set-Location"),
    ("chdir", "Set-Location"),
    ("sl", "Set-Location"),
    ("clc", "Clear-Content"),
    ("clear", "Clear-Host"),
    ("cls", "Clear-Host"),
    ("clhy", "Clear-History"),
    ("cli", "Clear-Item"),
    ("clp", "Clear-ItemProperty"),
    ("clv", "Clear-Variable"),
    ("compare", "Compare-Object"),
    ("diff", "Compare-Object"),
    ("copy", "Copy-Item"),
    ("cp", "Copy-Item"),
    ("cpi", "Copy-Item"),
    ("cpp", "Copy-ItemProperty"),
    ("cvpa", "Convert-Path"),
    ("del", "Remove-Item"),
    ("erase", "Remove-Item"),
    ("rd", "Remove-Item"),
    ("ri", "Remove-Item"),
    ("rm", "Remove-Item"),
    ("rmdir", "Remove-Item"),
    ("dir", "Get-ChildItem"),
    ("gci", "Get-ChildItem"),
    ("ls", "Get-ChildItem"),
    ("ebp", "Enable-PSBreakpoint"),
    ("echo", "Write-Output"),
    ("write", "Write-Output"),
    ("epal", "Export-Alias"),
    ("epcsv", "Export-Csv"),
    ("etsn", "Enter-PSSession"),
    ("exsn", "Exit-PSSession"),
    ("fc", "Format-Custom"),
    ("fhx", "Format-Hex"),
    ("fl", "Format-List"),
    ("ft", "Format-Table"),
    ("fw", "Format-Wide"),
    ("gal", "Get-Alias"),
    ("gcb", "Get-Clipboard"),
    ("gcm", "Get-Command"),
    ("gdr", "Get-PSDrive"),
    ("ghy", "Get-History"),
    ("h", "Get-History"),
    ("history", "Get-History"),
    ("gi", "Get-Item"),
    ("gin", "Get-ComputerInfo"),
    ("gjb", "Get-Job"),
    ("gl", "Get-Location"),
    ("pwd", "Get-Location"),
    ("gm", "Get-Member"),
    ("gmo", "Get-Module"),
    ("gp", "Get-ItemProperty"),
    ("gpv", "Get-ItemPropertyValue"),
    ("gps", "Get-Process"),
    ("ps", "Get-Process"),
    ("group", "Group-Object"),
    ("gsn", "Get-PSSession"),
    ("gsv", "Get-Service"),
    ("gtz", "Get-TimeZone"),
    ("gu", "Get-Unique"),
    ("gv", "Get-Variable"),
    ("gwmi", "Get-WmiObject"),
    ("help", "Get-Help"),
    ("man", "Get-Help"),
    ("icm", "Invoke-Command"),
    ("iex", "Invoke-Expression"),
    ("ihy", "Invoke-History"),
    ("r", "Invoke-History"),
    ("ii", "Invoke-Item"),
    ("ipal", "Import-Alias"),
    ("ipcsv", "Import-Csv"),
    ("ipmo", "Import-Module"),
    ("irm", "Invoke-RestMethod"),
    ("iwmi", "Invoke-WmiMethod"),
    ("iwr", "Invoke-WebRequest"),
    ("curl", "Invoke-WebRequest"),
    ("wget", "Invoke-WebRequest"),
    ("kill", "Stop-Process"),
    ("spps", "Stop-Process"),
    ("measure", "Measure-Object"),
    ("mi", "Move-Item"),
    ("move", "Move-Item"),
    ("mv", "Move-Item"),
    ("mp", "Move-ItemProperty"),
    ("md", "New-Item"),
    ("mkdir", "New-Item"),
    ("ni", "New-Item"),
    ("mount", "New-PSDrive"),
    ("ndr", "New-PSDrive"),
    ("nal", "New-Alias"),
    ("nmo", "New-Module"),
    ("nsn", "New-PSSession"),
    ("nv", "New-Variable"),
    ("ogv", "Out-GridView"),
    ("oh", "Out-Host"),
    ("lp", "Out-Printer"),
    ("popd", "Pop-Location"),
    ("pushd", "Push-Location"),
    ("rbp", "Remove-PSBreakpoint"),
    ("rcjb", "Receive-Job"),
    ("rcsn", "Receive-PSSession"),
    ("rdr", "Remove-PSDrive"),
    ("ren", "Rename-Item"),
    ("rni", "Rename-Item"),
    ("rjb", "Remove-Job"),
    ("rmo", "Remove-Module"),
    ("rnp", "Rename-ItemProperty"),
    ("rp", "Remove-ItemProperty"),
    ("rsn", "Remove-PSSession"),
    ("rv", "Remove-Variable"),
    ("rvpa", "Resolve-Path"),
    ("rwmi", "Remove-WmiObject"),
    ("sajb", "Start-Job"),
    ("sal", "Set-Alias"),
    ("saps", "Start-Process"),
    ("start", "Start-Process"),
    ("sasv", "Start-Service"),
    ("sbp", "Set-PSBreakpoint"),
    ("sc", "Set-Content"),
    ("scb", "Set-Clipboard"),
    ("select", "Select-Object"),
    ("set", "Set-Variable"),
    ("si", "Set-Item"),
    ("sp", "Set-ItemProperty"),
    ("sv", "Set-Variable"),
    ("shcm", "Show-Command"),
    ("sleep", "Start-Sleep"),
    ("sls", "Select-String"),
    ("sort", "Sort-Object"),
    ("spjb", "Stop-Job"),
    ("spsv", "Stop-Service"),
    ("stz", "Set-TimeZone"),
    ("swmi", "Set-WmiInstance"),
    ("tee", "Tee-Object"),
    ("wjb", "Wait-Job"),
];

/// Aliases that PowerShell leaves to the programs of that name outside Windows.
const NATIVE_ELSEWHERE: &[&str] = &[
    "cat", "cp", "ls", "man", "mount", "mv", "ps", "rm", "rmdir", "sort", "tee", "diff", "sleep", "start", "compare",
    "kill", "clear", "curl", "wget", "mkdir",
];

/// Cmdlets whose parameters matter: those with `=` take a value.
const PARAMS: &[(&str, &str)] = &[
    (
        "Remove-Item",
        "Path= LiteralPath= Filter= Include= Exclude= Recurse Force Credential= WhatIf Confirm Stream= Verbose",
    ),
    ("Clear-Content", "Path= LiteralPath= Filter= Include= Exclude= Force Credential= WhatIf Confirm Stream="),
    ("Clear-Item", "Path= LiteralPath= Filter= Include= Exclude= Force Credential= WhatIf Confirm"),
    (
        "Set-Content",
        "Path= LiteralPath= Value= PassThru Filter= Include= Exclude= Force Credential= WhatIf Confirm NoNewline Encoding= AsByteStream Stream=",
    ),
    (
        "Add-Content",
        "Path= LiteralPath= Value= PassThru Filter= Include= Exclude= Force Credential= WhatIf Confirm NoNewline Encoding= AsByteStream Stream=",
    ),
    (
        "Get-Content",
        "Path= LiteralPath= ReadCount= TotalCount= First= Head= Tail= Last= Filter= Include= Exclude= Force Credential= Delimiter= Wait Raw Encoding= AsByteStream Stream=",
    ),
    (
        "Out-File",
        "FilePath= LiteralPath= PSPath= Encoding= Append Force NoClobber Width= NoNewline InputObject= WhatIf",
    ),
    ("Tee-Object", "FilePath= LiteralPath= Append InputObject= Variable= Encoding="),
    (
        "Export-Csv",
        "Path= LiteralPath= InputObject= Delimiter= NoTypeInformation Append Force NoClobber Encoding= UseCulture",
    ),
    ("Export-Clixml", "Path= LiteralPath= InputObject= Depth= Force NoClobber Encoding="),
    ("Import-Csv", "Path= LiteralPath= Delimiter= Header= Encoding= UseCulture"),
    ("Import-Clixml", "Path= LiteralPath= First= Skip= IncludeTotalCount"),
    (
        "Copy-Item",
        "Path= LiteralPath= Destination= Container Force Filter= Include= Exclude= Recurse PassThru Credential= FromSession= ToSession= WhatIf Confirm",
    ),
    (
        "Move-Item",
        "Path= LiteralPath= Destination= Force Filter= Include= Exclude= PassThru Credential= WhatIf Confirm",
    ),
    ("Rename-Item", "Path= LiteralPath= NewName= Force PassThru Credential= WhatIf Confirm"),
    ("New-Item", "Path= Name= ItemType= Type= Value= Target= Force Credential= WhatIf Confirm"),
    ("Set-Item", "Path= LiteralPath= Value= Force PassThru Filter= Include= Exclude= Credential= WhatIf Confirm"),
    (
        "Set-ItemProperty",
        "Path= LiteralPath= Name= Value= Type= PropertyType= InputObject= Force PassThru Filter= Include= Exclude= WhatIf Confirm",
    ),
    (
        "New-ItemProperty",
        "Path= LiteralPath= Name= Value= PropertyType= Type= Force Filter= Include= Exclude= WhatIf Confirm",
    ),
    ("Remove-ItemProperty", "Path= LiteralPath= Name= Force Filter= Include= Exclude= WhatIf Confirm"),
    ("Rename-ItemProperty", "Path= LiteralPath= Name= NewName= Force WhatIf Confirm"),
    (
        "Get-ChildItem",
        "Path= LiteralPath= Filter= Include= Exclude= Recurse Depth= Force Name Attributes= Directory File Hidden ReadOnly System FollowSymlink",
    ),
    ("Get-Item", "Path= LiteralPath= Filter= Include= Exclude= Force Stream= Credential="),
    ("Resolve-Path", "Path= LiteralPath= Relative RelativeBasePath= Force"),
    ("Convert-Path", "Path= LiteralPath="),
    ("Join-Path", "Path= ChildPath= AdditionalChildPath= Resolve Credential="),
    ("Split-Path", "Path= LiteralPath= Parent Leaf LeafBase Extension Qualifier NoQualifier Resolve IsAbsolute"),
    (
        "Select-String",
        "Pattern= Path= LiteralPath= InputObject= SimpleMatch CaseSensitive Quiet List Include= Exclude= NotMatch AllMatches Encoding= Context= Raw NoEmphasis Culture=",
    ),
    (
        "Invoke-WebRequest",
        "Uri= Method= CustomMethod= Body= Form= InFile= OutFile= Headers= ContentType= UseBasicParsing UseDefaultCredentials Credential= TimeoutSec= MaximumRedirection= SessionVariable= WebSession= UserAgent= Proxy= ProxyCredential= ProxyUseDefaultCredentials PassThru Resume SkipCertificateCheck SkipHeaderValidation SkipHttpErrorCheck Certificate= CertificateThumbprint= TransferEncoding= DisableKeepAlive Authentication= Token= AllowUnencryptedAuthentication HttpVersion= NoProxy RetryIntervalSec= MaximumRetryCount= SslProtocol= ErrorAction= OutBuffer= OutVariable=",
    ),
    (
        "Invoke-RestMethod",
        "Uri= Method= CustomMethod= Body= Form= InFile= OutFile= Headers= ContentType= UseBasicParsing UseDefaultCredentials Credential= TimeoutSec= MaximumRedirection= SessionVariable= WebSession= UserAgent= Proxy= ProxyCredential= ProxyUseDefaultCredentials PassThru Resume SkipCertificateCheck SkipHeaderValidation SkipHttpErrorCheck StatusCodeVariable= ResponseHeadersVariable= FollowRelLink MaximumFollowRelLink= Certificate= CertificateThumbprint= TransferEncoding= DisableKeepAlive Authentication= Token= AllowUnencryptedAuthentication HttpVersion= NoProxy RetryIntervalSec= MaximumRetryCount= SslProtocol= OutBuffer= OutVariable=",
    ),
    (
        "Start-BitsTransfer",
        "Source= Destination= Asynchronous Credential= Description= DisplayName= Priority= TransferType= Authentication= ProxyUsage= Suspended",
    ),
    (
        "Start-Process",
        "FilePath= ArgumentList= Args= Credential= WorkingDirectory= LoadUserProfile NoNewWindow PassThru RedirectStandardError= RedirectStandardInput= RedirectStandardOutput= Verb= Wait WindowStyle= UseNewEnvironment Environment= WhatIf Confirm",
    ),
    ("Stop-Process", "Id= Name= ProcessName= InputObject= Force PassThru WhatIf Confirm"),
    ("Get-Process", "Name= Id= InputObject= ComputerName= Module FileVersionInfo IncludeUserName"),
    ("Invoke-Expression", "Command="),
    (
        "Invoke-Command",
        "ScriptBlock= FilePath= ComputerName= HostName= Session= Credential= ArgumentList= Args= AsJob InputObject= VMName= VMId= ContainerId= UserName= KeyFilePath= ConnectionUri= JobName= NoNewScope HideComputerName InDisconnectedSession Port= UseSSL ConfigurationName= ApplicationName= ThrottleLimit= SessionOption= Authentication= EnableNetworkAccess RunAsAdministrator SSHTransport Options= Subsystem= RemoteDebug",
    ),
    (
        "Start-Job",
        "ScriptBlock= FilePath= LiteralPath= Name= ArgumentList= Args= InitializationScript= InputObject= Credential= RunAs32 PSVersion= WorkingDirectory= DefinitionName= Authentication=",
    ),
    ("Start-ThreadJob", "ScriptBlock= FilePath= Name= ArgumentList= InitializationScript= InputObject= ThrottleLimit="),
    (
        "ForEach-Object",
        "Process= Begin= End= MemberName= InputObject= ArgumentList= Args= RemainingScripts= Parallel= ThrottleLimit= TimeoutSeconds= AsJob UseNewRunspace WhatIf Confirm",
    ),
    (
        "Where-Object",
        "FilterScript= Property= Value= InputObject= EQ NE GT LT GE LE Like NotLike Match NotMatch Contains NotContains In NotIn Is IsNot Not CEQ CLike CMatch",
    ),
    (
        "Select-Object",
        "Property= ExpandProperty= ExcludeProperty= First= Last= Skip= SkipLast= Unique Index= Wait InputObject=",
    ),
    ("Sort-Object", "Property= Descending Unique Culture= CaseSensitive Stable Top= Bottom= InputObject="),
    ("Set-Location", "Path= LiteralPath= PassThru StackName="),
    ("Push-Location", "Path= LiteralPath= PassThru StackName="),
    ("Set-Variable", "Name= Value= Include= Exclude= Description= Option= Force Visibility= PassThru Scope= WhatIf"),
    ("New-Variable", "Name= Value= Description= Option= Force Visibility= PassThru Scope= WhatIf"),
    ("Get-Variable", "Name= ValueOnly Include= Exclude= Scope="),
    ("Set-Alias", "Name= Value= Description= Option= PassThru Scope= Force WhatIf"),
    ("New-Alias", "Name= Value= Description= Option= PassThru Scope= Force WhatIf"),
    ("New-Object", "TypeName= ArgumentList= Args= Property= ComObject= Strict"),
    (
        "Add-Type",
        "TypeDefinition= MemberDefinition= Name= Namespace= AssemblyName= Path= LiteralPath= ReferencedAssemblies= Language= UsingNamespace= OutputAssembly= OutputType= PassThru IgnoreWarnings CompilerOptions=",
    ),
    ("Expand-Archive", "Path= LiteralPath= DestinationPath= Force PassThru WhatIf Confirm"),
    ("Compress-Archive", "Path= LiteralPath= DestinationPath= CompressionLevel= Update Force PassThru WhatIf Confirm"),
    ("Set-ExecutionPolicy", "ExecutionPolicy= Scope= Force WhatIf Confirm"),
    (
        "Import-Module",
        "Name= Global Prefix= Function= Cmdlet= Variable= Alias= Force PassThru AsCustomObject MinimumVersion= RequiredVersion= ArgumentList= DisableNameChecking Scope= Assembly= CimSession= PSSession=",
    ),
    ("Write-Output", "InputObject= NoEnumerate"),
    ("Write-Host", "Object= NoNewline Separator= ForegroundColor= BackgroundColor="),
    (
        "Start-Transcript",
        "Path= LiteralPath= OutputDirectory= Append Force NoClobber IncludeInvocationHeader UseMinimalHeader",
    ),
    ("Invoke-Item", "Path= LiteralPath= Filter= Include= Exclude= Credential= WhatIf Confirm"),
    ("Invoke-WmiMethod", "Class= Name= ArgumentList= Path= InputObject= Namespace= ComputerName= Credential= AsJob"),
    ("Invoke-CimMethod", "ClassName= MethodName= Arguments= InputObject= Query= Namespace= ComputerName= CimSession="),
    (
        "Set-PSReadLineOption",
        "HistorySaveStyle= HistorySavePath= PredictionSource= EditMode= PredictionViewStyle= BellStyle= MaximumHistoryCount= Colors=",
    ),
    ("ConvertFrom-SecureString", "SecureString= Key= SecureKey= AsPlainText"),
    ("Restart-Computer", "ComputerName= Force Wait For= Timeout= Credential= Delay= Protocol= WhatIf Confirm"),
    ("Stop-Computer", "ComputerName= Force Credential= Protocol= WhatIf Confirm"),
];

/// Parameters of every cmdlet.
const COMMON: &str = "Verbose Debug ErrorAction= WarningAction= InformationAction= ProgressAction= ErrorVariable= \
                      WarningVariable= InformationVariable= OutVariable= OutBuffer= PipelineVariable= WhatIf Confirm";
/// Their own short names.
const SHORT: &[(&str, &str)] = &[
    ("ea", "ErrorAction"),
    ("ev", "ErrorVariable"),
    ("wa", "WarningAction"),
    ("ov", "OutVariable"),
    ("wi", "WhatIf"),
    ("cf", "Confirm"),
    ("vb", "Verbose"),
    ("infa", "InformationAction"),
    ("proga", "ProgressAction"),
    ("ob", "OutBuffer"),
    ("pv", "PipelineVariable"),
    ("cn", "ComputerName"),
    ("pspath", "LiteralPath"),
    ("lp", "LiteralPath"),
    ("rf", "Recurse"),
    ("fr", "Recurse"),
    ("la", "Path"),
    ("p", "Path"),
];

/// What an alias stands for, or the cmdlet's name as it is usually written. `unix`: the session's folder is
/// one of Linux or macOS, where some aliases are not there.
pub(crate) fn canonical(name: &str, unix: bool) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let lower = lower.rsplit_once('\\').map_or(lower.as_str(), |(module, command)| {
        if module.contains([':', '.']) && !module.starts_with("microsoft.") { &lower } else { command }
    });
    if !(unix && NATIVE_ELSEWHERE.contains(&lower))
        && let Some((_, cmdlet)) = ALIASES.iter().find(|(alias, _)| *alias == lower)
    {
        return Some(cmdlet);
    }
    PARAMS.iter().map(|(cmdlet, _)| *cmdlet).find(|cmdlet| cmdlet.eq_ignore_ascii_case(lower))
}

/// A parameter of a cmdlet by its name or an unmistakable beginning, and whether it takes a value.
pub(crate) fn parameter(cmdlet: &str, written: &str) -> Option<(&'static str, bool)> {
    let own = PARAMS.iter().find(|(name, _)| *name == cmdlet).map(|(_, params)| *params);
    let lower = written.to_ascii_lowercase();
    let entries =
        || own.unwrap_or_default().split(' ').chain(COMMON.split_whitespace()).filter(|entry| !entry.is_empty());
    let told = |entry: &'static str| (entry.trim_end_matches('='), entry.ends_with('='));
    let named = |wanted: &str| entries().map(told).find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    if let Some(exact) = named(&lower) {
        return Some(exact);
    }
    let fits = |entry: &&str| entry.get(..lower.len()).is_some_and(|start| start.eq_ignore_ascii_case(&lower));
    // PowerShell refuses what is ambiguous; taken as the switch, it is taken as the worse of the two.
    let beginning = entries().filter(|entry| fits(entry)).map(told).min_by_key(|(name, valued)| (*valued, name.len()));
    let short = SHORT.iter().find(|(short, _)| *short == lower).and_then(|(_, name)| named(name));
    if cmdlet == "Remove-Item" && lower == "f" {
        return named("force");
    }
    short.or(beginning)
}

/// Whether a name has the form of a cmdlet: `Verb-Noun`.
pub(crate) fn is_cmdlet(name: &str) -> bool {
    name.split_once('-').is_some_and(|(verb, noun)| {
        verb.len() > 1
            && noun.len() > 1
            && verb.chars().all(|c| c.is_ascii_alphabetic())
            && noun.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && VERBS.iter().any(|known| known.eq_ignore_ascii_case(verb))
    })
}

/// Approved verbs; a program's name such as `docker-compose` begins with none.
const VERBS: &[&str] = &[
    "Add", "Approve", "Assert", "Backup", "Block", "Build", "Checkpoint", "Clear", "Close", "Compare", "Complete",
    "Compress", "Confirm", "Connect", "Convert", "ConvertFrom", "ConvertTo", "Copy", "Debug", "Deny", "Deploy",
    "Disable", "Disconnect", "Dismount", "Edit", "Enable", "Enter", "Exit", "Expand", "Export", "Find", "ForEach",
    "Format", "Get", "Grant", "Group", "Hide", "Import", "Initialize", "Install", "Invoke", "Join", "Limit", "Lock",
    "Measure", "Merge", "Mount", "Move", "New", "Open", "Optimize", "Out", "Ping", "Pop", "Protect", "Publish", "Push",
    "Read", "Receive", "Redo", "Register", "Remove", "Rename", "Repair", "Request", "Reset", "Resize", "Resolve",
    "Restart", "Restore", "Resume", "Revoke", "Save", "Search", "Select", "Send", "Set", "Show", "Skip", "Sort",
    "Split", "Start", "Step", "Stop", "Submit", "Suspend", "Switch", "Sync", "Tee", "Test", "Trace", "Unblock", "Undo",
    "Uninstall", "Unlock", "Unprotect", "Unpublish", "Unregister", "Update", "Use", "Wait", "Watch", "Where", "Write",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_told() {
        assert_eq!(canonical("RI", false), Some("Remove-Item"));
        assert_eq!(canonical("Microsoft.PowerShell.Management\\Remove-Item", false), Some("Remove-Item"));
        assert_eq!(canonical("rm", true), None);
        assert_eq!(parameter("Remove-Item", "rec"), Some(("Recurse", false)));
        assert_eq!(parameter("Remove-Item", "fo"), Some(("Force", false)));
        assert_eq!(parameter("Invoke-WebRequest", "outf"), Some(("OutFile", true)));
        assert_eq!(parameter("Get-Item", "ea"), Some(("ErrorAction", true)));
        assert_eq!(parameter("Get-Item", "zz"), None);
        assert!(is_cmdlet("Get-Foo") && !is_cmdlet("docker-compose") && !is_cmdlet("git"));
    }
}
