//! Why a program cannot be loaded, and what to do about it.

use execsnoop_host::Obstacle;

use execsnoop_host::libbpf_log;
use execsnoop_host::verifier_log::VerifierRejection;

/// A program cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// This kernel, or this user, cannot run BPF programs.
    #[error(transparent)]
    Unsupported(#[from] Obstacle),
    /// The verifier does not accept a function.
    #[error("{}", refused(.0))]
    Refused(Box<VerifierRejection>),
    /// The kernel does not even look at a function of this kind.
    #[error(
        "the kernel does not let {function} be loaded (EPERM), before it looks at its code: it refuses \
         programs of this kind; in place of fentry and fexit use a tracepoint, a raw tracepoint or a kprobe"
    )]
    Forbidden {
        /// The function.
        function: String,
    },
    /// There is nothing that could run.
    #[error(
        "there is no function here that could be attached; write, for one, \
         SEC(\"tp/sched/sched_process_exec\") int on_exec(void *ctx) {{ … }}"
    )]
    NoProgram,
    /// A target was given for a function that is not in the object.
    #[error("there is no function {function} to attach; the program has {known}")]
    NoFunction {
        /// What was asked for.
        function: String,
        /// The names that exist.
        known: String,
    },
    /// A tail call's target that no program array holds.
    #[error(
        "no program array of this file holds {0}; tail: is for files in BCC's dialect, in libbpf's the map \
         says it: __array(values, int(void *)); }} calls SEC(\".maps\") = {{ .values = {{ [2] = (void *)&{0} }} }}"
    )]
    NotInArray(String),
    /// A trampoline without a target.
    #[error("{function} has no target: no kernel function that it is for")]
    NoTargetNamed {
        /// The function.
        function: String,
    },
    /// A function is for another one in the kernel, which is not there.
    #[error(
        "{function}: this kernel has no function {target} that can be traced; it may be inlined, or have \
         another name here: look in /proc/kallsyms"
    )]
    NoTarget {
        /// The function.
        function: String,
        /// The kernel's.
        target: String,
    },
    /// libbpf does not accept the object, or the kernel something in it.
    #[error("{what}: {cause}")]
    Other {
        /// What libbpf said first.
        what: String,
        /// And last.
        cause: libbpf_rs::Error,
    },
}

fn refused(objection: &VerifierRejection) -> String {
    let mut text = format!(
        "the kernel's verifier refuses {}: {}",
        objection.program, objection.reason
    );
    if let Some(line) = &objection.source {
        let place = line.place.as_deref().unwrap_or("at the line");
        text.push_str(&format!("\n  {place}: {}", line.text));
    }
    text
}

/// What a failure to open or load means, from what libbpf has just said.
pub(crate) fn load_error(cause: libbpf_rs::Error) -> LoadError {
    explain(&libbpf_log::take(), cause)
}

fn explain(said: &str, cause: libbpf_rs::Error) -> LoadError {
    if let Some(objection) = VerifierRejection::find(said) {
        return LoadError::Refused(Box::new(objection));
    }
    let mut lines = said
        .lines()
        .map(|line| line.trim_start_matches("libbpf: ").trim());
    let known = lines.clone().find_map(known);
    known.unwrap_or_else(|| LoadError::Other {
        what: lines
            .find(|line| !line.is_empty())
            .unwrap_or("libbpf cannot load this object")
            .to_owned(),
        cause,
    })
}

/// Messages of which we know more: `prog 'NAME': BPF program load failed: -EPERM`,
/// `prog 'NAME': failed to find kernel BTF type ID of 'TARGET': -ESRCH`.
fn known(line: &str) -> Option<LoadError> {
    let (function, what) = line.strip_prefix("prog '")?.split_once("': ")?;
    let function = function.to_owned();
    if what == "BPF program load failed: -EPERM" || what.ends_with("Operation not permitted") {
        return Some(LoadError::Forbidden { function });
    }
    if what.starts_with("no BTF-based attach target is specified") {
        return Some(LoadError::NoTargetNamed { function });
    }
    let target = what.strip_prefix("failed to find kernel BTF type ID of '")?;
    let target = target.split('\'').next()?.to_owned();
    Some(LoadError::NoTarget { function, target })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(said: &str) -> String {
        let cause = libbpf_rs::Error::from_raw_os_error(nix::libc::EINVAL);
        explain(said, cause).to_string()
    }

    /// What libbpf says, and what we make of it.
    #[test]
    fn messages() {
        let forbidden = explained("libbpf: prog 'f': BPF program load failed: -EPERM\n");
        assert!(forbidden.contains("does not let f be loaded") && forbidden.contains("tracepoint"));
        let said = "libbpf: prog 'f': failed to find kernel BTF type ID of 'g': -ESRCH\n";
        assert!(explained(said).starts_with("f: this kernel has no function g"));
        let said = "libbpf: prog 'f': no BTF-based attach target is specified, use it\n";
        assert!(explained(said).contains("f has no target"));
        let other = explained("libbpf: map 'm': failed to create: -EINVAL\nlibbpf: more\n");
        assert!(
            other.starts_with("map 'm': failed to create: -EINVAL: "),
            "{other}"
        );
    }
}
