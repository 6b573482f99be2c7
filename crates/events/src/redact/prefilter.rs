//! One pass over the bytes of a command line, to skip the command lines that cannot hold a secret.

use aho_corasick::AhoCorasick;
use aho_corasick::AhoCorasickKind;

use super::tools::TOOLS;

/// Every secret that the rules recognize is near one of these texts, in upper or lower case.
/// Programs with options that are not recognizable by their names are added from the table of
/// programs.
const TRIGGERS: [&str; 44] = [
    "pass",
    "pw",
    "pswd",
    "secret",
    "token",
    "key",
    "auth",
    "cred",
    "cookie",
    "psk",
    "otp",
    "sas",
    "sig=",
    "signature=",
    "hmac=",
    "verifier=",
    "identified",
    "dockerconfigjson",
    "://",
    "eyj",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "gl",
    "xox",
    "xapp-",
    "sk-",
    "k_live_",
    "k_test_",
    "hv",
    "npm_",
    "pypi-",
    "_v1_",
    "aiza",
    "ya29.",
    "sg.",
    "hf_",
    "hooks.slack.com",
    "api.telegram.org",
    "discord",
    "webhook",
];

/// Whether a command line needs to be looked at.
#[derive(Debug, Clone)]
pub(super) struct Prefilter {
    triggers: AhoCorasick,
}

impl Prefilter {
    pub(super) fn new() -> Self {
        let tools = TOOLS.iter().flat_map(|tool| tool.triggers());
        let triggers = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .prefilter(false) // too many first letters for it to skip anything
            .build(TRIGGERS.into_iter().chain(tools))
            .expect("a few short words make a small automaton");
        Self { triggers }
    }

    pub(super) fn may_hold_secrets(&self, block: &[u8]) -> bool {
        self.triggers.is_match(block)
    }
}
