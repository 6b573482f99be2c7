//! What a recording says of the machine where it is made.

use std::fs;
use std::io::Read as _;
use std::thread;

use nix::sys::utsname::uname;

/// The machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its name.
    pub host: String,
    /// What systemd calls it.
    pub machine_id: Option<String>,
    /// What the kernel calls this boot.
    pub boot_id: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// Its architecture.
    pub arch: Option<String>,
    /// Its CPUs.
    pub cpus: Option<u32>,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let names = uname().ok();
        let names = names.as_ref();
        let text = |name: &std::ffi::OsStr| name.to_string_lossy().into_owned();
        Self {
            host: names.map_or_else(String::new, |names| text(names.nodename())),
            machine_id: line_of("/etc/machine-id"),
            boot_id: line_of("/proc/sys/kernel/random/boot_id"),
            kernel: names.map(|names| text(names.release())),
            arch: names.map(|names| text(names.machine())),
            cpus: thread::available_parallelism()
                .ok()
                .and_then(|count| u32::try_from(count.get()).ok()),
        }
    }
}

/// The only line of a file.
fn line_of(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// An id that no other run has.
pub fn random_id() -> std::io::Result<u64> {
    let mut id = [0; 8];
    fs::File::open("/dev/urandom")?.read_exact(&mut id)?;
    Ok(u64::from_le_bytes(id))
}
