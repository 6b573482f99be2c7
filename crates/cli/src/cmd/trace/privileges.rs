//! Giving up the privileges that were only needed to begin.

use caps::Capability;
use execsnoop_events::Backend;
use execsnoop_host::process::drop_capabilities;
use execsnoop_host::process::without_capability;
use execsnoop_probe::Live;

/// Drops all capabilities that the trace does not need any more. These are kept if necessary: to
/// query statistics of BPF programs (before Linux 5.19), to pass signals on to the command of
/// another user, and to tell the process connector that it is over.
pub fn drop_privileges(live: &Live, with_command: bool) {
    let kill = with_command.then_some(Capability::CAP_KILL);
    let connector = (live.backend() == Backend::Cnproc).then_some(Capability::CAP_NET_ADMIN);
    let kept: Vec<Capability> = kill.into_iter().chain(connector).collect();
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
