//! Commands that fetch and send.

use clawbutler_core::risk::RiskLevel::{High, Medium};

use super::{has, joined};
use crate::assess::{network_signals, signal};
use crate::shell::walk::Walk;
use crate::shell::words::Word;

pub(super) fn fetch(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    walk.network = true;
    let method = args
        .iter()
        .zip(args.iter().skip(1))
        .any(|(option, value)| (option.text == "-X" || option.text == "--request") && !is_reading(&value.text))
        || args.iter().any(|arg| {
            arg.text.strip_prefix("--request=").is_some_and(|method| !is_reading(method))
                || ["XPOST", "XPUT", "XDELETE", "XPATCH"]
                    .iter()
                    .any(|end| arg.text.starts_with('-') && arg.text.ends_with(end))
        });
    let body = has(
        args,
        "--data|--data-raw|--data-binary|--data-urlencode|--json|--form|--form-string|--upload-file|--post-data|--post-file|--body-data|--body-file|--method",
    ) || (name == "curl"
        && (has(args, "-d|-F|-T")
            || args.iter().any(|arg| ["-d@", "-T@", "-F@"].iter().any(|at| arg.text.starts_with(at)))));
    if method || body {
        walk.say(signal("upload", High, "Sends data over the network", Some(&joined(name, args))));
    }
    for arg in args {
        let url = arg.text.contains("://") || (!arg.text.starts_with('-') && arg.text.contains('.'));
        if url {
            if name == "wget" || has(args, "-O|--remote-name") {
                let file = arg.text.rsplit('/').next().unwrap_or_default();
                let file = Word::plain(file.split('?').next().unwrap_or_default());
                walk.written.extend(walk.path(&file));
            }
            if let Some(path) = arg.text.strip_prefix("file://") {
                walk.read(&Word { text: path.to_owned(), ..arg.clone() });
            }
            network_signals(&arg.text).into_iter().for_each(|one| walk.say(one));
        }
        if let Some(file) = arg.text.split_once('@').map(|(_, file)| file).filter(|_| body) {
            walk.read(&Word { text: file.to_owned(), ..Word::default() });
        }
    }
    walk.say(signal("network", Medium, "Uses the network", None));
    for (option, target) in args.iter().zip(args.iter().skip(1)) {
        if ["-o", "--output", "-O", "--output-document"].contains(&option.text.as_str())
            && !target.text.starts_with('-')
            && !target.text.contains("://")
        {
            walk.wrote(&target.clone(), "Writes to");
        }
    }
}

fn is_reading(method: &str) -> bool {
    ["GET", "HEAD", "OPTIONS"].contains(&method.to_ascii_uppercase().as_str())
}
