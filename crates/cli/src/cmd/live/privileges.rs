//! Giving up the privileges that were only needed to begin.

use caps::Capability;
use execsnoop_events::Backend;
use execsnoop_host::process::drop_capabilities;
use execsnoop_host::process::without_capability;
use execsnoop_probe::Live;

/// What a trace under way may need privileges for.
#[derive(Debug, Clone, Copy)]
pub struct LaterWork {
    /// Signals are passed on to a command, which may be that of another user.
    pub passes_signals: bool,
    /// Files are made and renamed in a directory of another user.
    pub makes_files: bool,
}

/// Drops all capabilities that the trace does not need any more. These are kept if necessary: for
/// the work that comes later, to query statistics of BPF programs (before Linux 5.19), and to tell
/// the process connector that it is over.
pub fn drop_privileges(live: &Live, later: LaterWork) {
    let kill = later.passes_signals.then_some(Capability::CAP_KILL);
    let files = [Capability::CAP_DAC_OVERRIDE, Capability::CAP_FOWNER];
    let files = files.into_iter().filter(|_| later.makes_files);
    let connector = (live.backend() == Backend::Cnproc).then_some(Capability::CAP_NET_ADMIN);
    let kept: Vec<Capability> = kill.into_iter().chain(connector).chain(files).collect();
    let with_bpf = [kept.as_slice(), &[Capability::CAP_BPF]].concat();
    let dropped = drop_capabilities(&with_bpf).and_then(|()| {
        match without_capability(Capability::CAP_BPF, || live.statistics())? {
            Ok(_) => drop_capabilities(&kept),
            Err(_) => Ok(()),
        }
    });
    if let Err(error) = dropped {
        tracing::warn!("cannot give up capabilities: {error}");
    }
}
