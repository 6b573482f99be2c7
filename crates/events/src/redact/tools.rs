//! Program options that take a secret, but are not recognizable by their names.

use std::ops::Range;

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// A secret, whole.
    Secret,
    /// `user:password`
    Colon,
    /// `user%password`
    Percent,
    /// `user,password`
    Comma,
    /// `user/password@database`
    Slash,
    /// `pass:password`, beside `env:NAME` and `file:PATH`.
    Source,
    /// Cookies, or the name of a file with them.
    Cookie,
    /// Not a secret, but the next value is one.
    Second,
}

impl Value {
    /// The range of the secret in a value.
    pub(super) fn secret_in(self, value: &[u8]) -> Option<Range<usize>> {
        let after = |byte| memchr::memchr(byte, value).map(|at| at + 1..value.len());
        match self {
            Self::Secret => Some(0..value.len()),
            Self::Colon => after(b':'),
            Self::Percent => after(b'%'),
            Self::Comma => after(b','),
            Self::Slash => after(b'/')
                .map(|it| it.start..memchr::memrchr(b'@', value).unwrap_or(it.end).max(it.start)),
            Self::Source => value.starts_with(b"pass:").then_some(5..value.len()),
            Self::Cookie => value.contains(&b'=').then_some(0..value.len()),
            Self::Second => None,
        }
    }
}

/// Which arguments of a program are commands themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    None,
    /// The one after `-c`.
    AfterC,
    /// Any that has spaces in it.
    Any,
}

/// A program and its options.
#[derive(Debug)]
pub(super) struct Tool {
    /// Its names; `*` at the end matches any text.
    names: &'static [&'static str],
    /// Options with one letter that take no value, so that others may follow in the same word.
    flags: &'static str,
    /// Options with one letter, and what their value is (in the same word, or the next).
    short: &'static [(u8, Value)],
    /// Options in full, with their dashes.
    long: &'static [(&'static str, Value)],
    /// Prefixes of words; the rest of the word is the value.
    prefixes: &'static [(&'static str, Value)],
    /// Words before a value.
    keywords: &'static [(&'static str, Value)],
    /// The index of the value among the words that are not options, counted from 1.
    pub operand: Option<(usize, Value)>,
    /// The rules above apply only after this word.
    pub after: &'static str,
    /// A plain word that names a secret is followed by it (`config set token X`).
    pub names_values: bool,
    /// Options that take no secret, in spite of their names.
    pub harmless: &'static [&'static str],
    /// Options that make it ask for the secret, unless that is in the same word.
    asks: &'static [&'static str],
    /// It searches or shows text: the names of its options do not determine what follows.
    shows_text: bool,
    /// It prints its operands: in a pipe, a secret for the next command.
    pub prints: bool,
    /// The options with which it reads a secret from its standard input, or [`ALWAYS`].
    reads_secret: &'static [&'static str],
    /// It starts another program, which one of its words names.
    pub wraps: bool,
    pub text: Text,
}

/// In [`Tool::reads_secret`]: whatever its options are.
const ALWAYS: &str = "";

/// An unknown program.
pub(super) static UNKNOWN: Tool = PLAIN;

const PLAIN: Tool = Tool {
    names: &[],
    flags: "",
    short: &[],
    long: &[],
    prefixes: &[],
    keywords: &[],
    operand: None,
    after: "",
    names_values: false,
    harmless: &[],
    asks: &[],
    shows_text: false,
    prints: false,
    reads_secret: &[],
    wraps: false,
    text: Text::None,
};

/// Options that mean the same wherever they are.
pub(super) static ANY: Tool = Tool {
    long: &[
        ("-passin", Value::Source),
        ("-passout", Value::Source),
        ("--passin", Value::Source),
        ("--passout", Value::Source),
        ("--creds", Value::Colon),
        ("--src-creds", Value::Colon),
        ("--dest-creds", Value::Colon),
        ("--basic-auth", Value::Colon),
        ("--auth-basic", Value::Colon),
    ],
    reads_secret: &[
        "--password-stdin",
        "--pass-stdin",
        "--passphrase-fd",
        "--with-token",
    ],
    ..PLAIN
};

const SECRET_P: &[(u8, Value)] = &[(b'p', Value::Secret)];
const CAPITAL_P: &[(u8, Value)] = &[(b'P', Value::Secret)];
const SMALL_W: &[(u8, Value)] = &[(b'w', Value::Secret)];
const PERCENT_U: &[(u8, Value)] = &[(b'U', Value::Percent)];

/// The programs.
pub(super) static TOOLS: &[Tool] = &[
    Tool {
        names: &["mysql*", "mariadb*"],
        prefixes: &[("-p", Value::Secret)],
        asks: &["--password"],
        ..PLAIN
    },
    Tool {
        names: &["sshpass"],
        short: SECRET_P,
        wraps: true,
        ..PLAIN
    },
    Tool {
        names: &["curl"],
        flags: "0123456789aBfgGiIjJkKlLMnNOpqRsSvVZ#",
        short: &[
            (b'u', Value::Colon),
            (b'U', Value::Colon),
            (b'E', Value::Colon),
            (b'b', Value::Cookie),
        ],
        long: &[
            ("--user", Value::Colon),
            ("--proxy-user", Value::Colon),
            ("--cert", Value::Colon),
            ("--proxy-cert", Value::Colon),
            ("--oauth2-bearer", Value::Secret),
            ("--cookie", Value::Cookie),
        ],
        ..PLAIN
    },
    Tool {
        names: &["http", "https", "xh", "xhs"],
        short: &[(b'a', Value::Colon)],
        long: &[("--auth", Value::Colon)],
        ..PLAIN
    },
    Tool {
        names: &["redis-cli", "valkey-cli"],
        long: &[("-a", Value::Secret)],
        keywords: &[
            ("auth", Value::Secret),
            ("AUTH", Value::Secret),
            ("requirepass", Value::Secret),
            ("masterauth", Value::Secret),
        ],
        ..PLAIN
    },
    Tool {
        names: &[
            "ldapsearch",
            "ldapadd",
            "ldapmodify",
            "ldapdelete",
            "ldapwhoami",
            "ldapcompare",
            "ldapmodrdn",
        ],
        flags: "xZvncMALuItT",
        short: SMALL_W,
        ..PLAIN
    },
    Tool {
        names: &["ldappasswd"],
        flags: "xZvnM",
        short: &[
            (b'w', Value::Secret),
            (b's', Value::Secret),
            (b'a', Value::Secret),
        ],
        ..PLAIN
    },
    Tool {
        names: &["smbclient", "rpcclient", "smbget", "smbcacls", "smbtree"],
        flags: "NkgE",
        short: PERCENT_U,
        long: &[("--user", Value::Percent)],
        ..PLAIN
    },
    Tool {
        names: &["mosquitto_*"],
        short: CAPITAL_P,
        long: &[("--pw", Value::Secret)],
        ..PLAIN
    },
    Tool {
        names: &["7z*", "7za", "7zr", "rar", "unrar"],
        prefixes: &[("-p", Value::Secret), ("-hp", Value::Secret)],
        ..PLAIN
    },
    Tool {
        names: &["zip", "unzip", "zipcloak"],
        flags: "rqjvyoeXmuflnaCLtTZ0123456789",
        short: CAPITAL_P,
        ..PLAIN
    },
    Tool {
        names: &["openssl"],
        long: &[
            ("-k", Value::Secret),
            ("-K", Value::Secret),
            ("-pass", Value::Source),
            ("-password", Value::Source),
            ("-passin", Value::Source),
            ("-passout", Value::Source),
        ],
        ..PLAIN
    },
    Tool {
        names: &["ssh-keygen"],
        flags: "qvl",
        short: &[(b'N', Value::Secret), (b'P', Value::Secret)],
        ..PLAIN
    },
    Tool {
        names: &[
            "mongo",
            "mongosh",
            "mongodump",
            "mongorestore",
            "mongoimport",
            "mongoexport",
            "cqlsh",
            "rdesktop",
        ],
        short: SECRET_P,
        ..PLAIN
    },
    Tool {
        names: &["usermod", "useradd"],
        flags: "mrMNoU",
        short: SECRET_P,
        ..PLAIN
    },
    Tool {
        names: &["sqlcmd", "bcp", "ipmitool"],
        short: CAPITAL_P,
        ..PLAIN
    },
    Tool {
        names: &[
            "snmpget",
            "snmpwalk",
            "snmpset",
            "snmpbulkwalk",
            "snmpbulkget",
            "snmpgetnext",
            "snmptrap",
            "snmpstatus",
        ],
        short: &[
            (b'A', Value::Secret),
            (b'X', Value::Secret),
            (b'c', Value::Secret),
        ],
        ..PLAIN
    },
    Tool {
        names: &["xfreerdp*", "wlfreerdp*", "sdl-freerdp*"],
        prefixes: &[("/p:", Value::Secret)],
        ..PLAIN
    },
    Tool {
        names: &["plink", "pscp", "psftp"],
        long: &[("-pw", Value::Secret)],
        ..PLAIN
    },
    Tool {
        names: &["lftp"],
        short: &[(b'u', Value::Comma)],
        long: &[("--user", Value::Comma)],
        ..PLAIN
    },
    Tool {
        names: &["sqlplus"],
        flags: "sSlL",
        operand: Some((1, Value::Slash)),
        ..PLAIN
    },
    Tool {
        names: &["nmcli"],
        keywords: &[
            ("password", Value::Secret),
            ("psk", Value::Secret),
            ("wifi-sec.psk", Value::Secret),
            ("802-11-wireless-security.psk", Value::Secret),
            ("802-1x.password", Value::Secret),
        ],
        ..PLAIN
    },
    Tool {
        names: &["rabbitmqctl"],
        keywords: &[
            ("add_user", Value::Second),
            ("change_password", Value::Second),
            ("authenticate_user", Value::Second),
        ],
        ..PLAIN
    },
    Tool {
        names: &["htpasswd"],
        operand: Some((3, Value::Secret)),
        keywords: &[
            ("-nb", Value::Second),
            ("-bn", Value::Second),
            ("-nbB", Value::Second),
            ("-nbm", Value::Second),
            ("-nbs", Value::Second),
        ],
        ..PLAIN
    },
    Tool {
        names: &["wpa_passphrase"],
        operand: Some((2, Value::Secret)),
        ..PLAIN
    },
    Tool {
        names: &["ngrok"],
        keywords: &[
            ("authtoken", Value::Secret),
            ("add-authtoken", Value::Secret),
        ],
        ..PLAIN
    },
    Tool {
        names: &["rclone"],
        keywords: &[("obscure", Value::Secret)],
        ..PLAIN
    },
    Tool {
        names: &["twine"],
        short: SECRET_P,
        after: "upload",
        ..PLAIN
    },
    Tool {
        names: &["vault", "bao", "cargo"],
        keywords: &[("login", Value::Secret)],
        ..PLAIN
    },
    Tool {
        names: &["snyk"],
        keywords: &[("auth", Value::Secret)],
        ..PLAIN
    },
    Tool {
        names: &["etcdctl"],
        long: &[("--user", Value::Colon)],
        ..PLAIN
    },
    Tool {
        names: &["nuget"],
        keywords: &[("setapikey", Value::Secret), ("setApiKey", Value::Secret)],
        ..PLAIN
    },
    Tool {
        names: &[
            "docker",
            "podman",
            "nerdctl",
            "buildah",
            "docker-compose",
            "podman-compose",
        ],
        short: SECRET_P,
        after: "login",
        harmless: &["--secret"], // the name of one
        wraps: true,
        ..PLAIN
    },
    Tool {
        names: &[
            "helm", "az", "oc", "cf", "skopeo", "oras", "regctl", "crane",
        ],
        short: SECRET_P,
        after: "login",
        ..PLAIN
    },
    Tool {
        names: &["kubectl", "crictl", "ctr", "lxc", "incus", "machinectl"],
        harmless: &["--secret"],
        wraps: true,
        ..PLAIN
    },
    Tool {
        names: &[
            "aws",
            "npm",
            "yarn",
            "pnpm",
            "composer",
            "gcloud",
            "git-config",
        ],
        names_values: true,
        after: "set",
        ..PLAIN
    },
    Tool {
        names: &["git"],
        names_values: true,
        after: "config",
        shows_text: true,
        ..PLAIN
    },
    Tool {
        names: &[
            "grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "man", "apropos", "logger",
        ],
        shows_text: true,
        ..PLAIN
    },
    Tool {
        names: &["echo", "printf"],
        shows_text: true,
        prints: true,
        ..PLAIN
    },
    Tool {
        names: &["sudo"],
        wraps: true,
        reads_secret: &["-S", "--stdin"],
        ..PLAIN
    },
    Tool {
        names: &["passwd"],
        reads_secret: &["--stdin"],
        ..PLAIN
    },
    Tool {
        names: &["chpasswd", "chgpasswd", "cryptsetup"],
        reads_secret: &[ALWAYS],
        ..PLAIN
    },
    Tool {
        names: &[
            "sh", "bash", "dash", "zsh", "ksh*", "mksh", "ash", "fish", "csh", "tcsh", "su",
            "runuser", "script", "flock",
        ],
        wraps: true,
        text: Text::AfterC,
        ..PLAIN
    },
    Tool {
        names: &[
            "ssh", "autossh", "mosh", "dsh", "pdsh", "watch", "parallel", "tmux", "screen", "eval",
            "cron", "at", "entr",
        ],
        wraps: true,
        text: Text::Any,
        ..PLAIN
    },
    Tool {
        names: &[
            "doas",
            "env",
            "nice",
            "ionice",
            "chrt",
            "taskset",
            "timeout",
            "nohup",
            "setsid",
            "setpriv",
            "stdbuf",
            "time",
            "strace",
            "ltrace",
            "gdb",
            "perf",
            "xargs",
            "find",
            "chroot",
            "unshare",
            "nsenter",
            "systemd-run",
            "systemd-nspawn",
            "systemd-inhibit",
            "busybox",
            "toybox",
            "tini",
            "dumb-init",
            "gosu",
            "su-exec",
            "s6-setuidgid",
            "runsvdir",
            "daemonize",
            "start-stop-daemon",
            "pkexec",
            "faketime",
            "fakeroot",
            "bwrap",
            "firejail",
            "runc",
            "crun",
            "execsnoop",
            "python*",
            "perl*",
            "ruby*",
            "node",
            "nodejs",
            "exec",
            "command",
            "builtin",
            "then",
            "else",
            "do",
            "if",
            "while",
            "until",
            "!",
            "{",
            "ssh-agent",
            "dbus-run-session",
            "xvfb-run",
            "catchsegv",
            "rlwrap",
            "unbuffer",
            "script-fu",
        ],
        wraps: true,
        ..PLAIN
    },
];

/// The program that a word names, with or without its directory.
pub(super) fn find(word: &[u8]) -> Option<&'static Tool> {
    let name = word.rsplit(|&byte| byte == b'/').next()?;
    let name = name.strip_prefix(b"-").unwrap_or(name); // a login shell
    TOOLS.iter().find(|tool| tool.is_called(name))
}

impl Tool {
    fn is_called(&self, name: &[u8]) -> bool {
        self.names.iter().any(|it| match it.strip_suffix('*') {
            Some(start) => name.starts_with(start.as_bytes()),
            None => name == it.as_bytes(),
        })
    }

    /// The texts that a command line must contain for these rules to apply.
    pub(super) fn triggers(&self) -> impl Iterator<Item = &'static str> {
        let rules = !(self.short.is_empty()
            && self.long.is_empty()
            && self.prefixes.is_empty()
            && self.keywords.is_empty()
            && self.operand.is_none()
            && self.reads_secret.is_empty());
        let after = (rules && !self.after.is_empty()).then_some(self.after);
        let names = if rules && after.is_none() {
            self.names
        } else {
            &[]
        };
        after
            .into_iter()
            .chain(names.iter().map(|it| it.trim_end_matches('*')))
    }

    /// The form of an option's value, and its start in the word; `None` for the next word.
    pub(super) fn option(&self, word: &[u8]) -> Option<(Value, Option<usize>)> {
        self.long_option(word)
            .or_else(|| self.prefix(word))
            .or_else(|| self.short_option(word))
    }

    fn long_option(&self, word: &[u8]) -> Option<(Value, Option<usize>)> {
        self.long
            .iter()
            .find_map(|(name, value)| match word.strip_prefix(name.as_bytes())? {
                [] => Some((*value, None)),
                [b'=', ..] => Some((*value, Some(name.len() + 1))),
                _ => None,
            })
    }

    fn prefix(&self, word: &[u8]) -> Option<(Value, Option<usize>)> {
        self.prefixes.iter().find_map(|(prefix, value)| {
            let rest = word.strip_prefix(prefix.as_bytes())?;
            (!rest.is_empty()).then_some((*value, Some(prefix.len())))
        })
    }

    /// An option with one letter, possibly after others that take no value.
    fn short_option(&self, word: &[u8]) -> Option<(Value, Option<usize>)> {
        let letters = word.strip_prefix(b"-").filter(|it| !it.starts_with(b"-"))?;
        let at = letters
            .iter()
            .position(|it| !self.flags.as_bytes().contains(it))?;
        let (_, value) = self
            .short
            .iter()
            .find(|(letter, _)| *letter == letters[at])?;
        let attached = (at + 1 < letters.len()).then_some(at + 2);
        Some((*value, attached))
    }

    /// Whether the program reads a secret from its standard input, as this word of it says.
    pub(super) fn reads_secret(&self, word: &[u8]) -> bool {
        self.reads_secret
            .iter()
            .any(|option| match option.as_bytes() {
                [b'-', letter] => has_letter(word, *letter),
                option => option.is_empty() || option == word,
            })
    }

    /// The form of the value after a plain word.
    pub(super) fn keyword(&self, word: &[u8]) -> Option<Value> {
        let found = self
            .keywords
            .iter()
            .find(|(name, _)| name.as_bytes() == word);
        found.map(|(_, value)| *value)
    }

    /// Whether the value of an option is not a secret, in spite of its name.
    pub(super) fn spares(&self, option: &[u8]) -> bool {
        let mut named = self.harmless.iter().chain(self.asks);
        self.shows_text || named.any(|it| it.as_bytes() == option)
    }
}

/// Whether a word is this option with one letter, perhaps with others (`-kS`).
fn has_letter(word: &[u8], letter: u8) -> bool {
    word.strip_prefix(b"-").is_some_and(|letters| {
        letters.iter().all(u8::is_ascii_alphabetic) && letters.contains(&letter)
    })
}
