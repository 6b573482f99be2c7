//! The login session of a process.

/// The user and the terminal of a login. Inherited through fork and exec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoginSession<'a> {
    /// The user who logged in (`/proc/PID/loginuid`); `None` for services.
    pub login_uid: Option<u32>,
    /// The audit session (`/proc/PID/sessionid`), which systemd-logind uses as its own session id.
    pub audit_id: Option<u32>,
    /// The process that leads the session (`ps -o sid`); `None` if it was not asked for.
    pub leader: Option<u32>,
    /// The controlling terminal's device as the kernel names it: `tty1`, `pts3`.
    pub tty: Option<&'a [u8]>,
}

impl<'a> LoginSession<'a> {
    /// The controlling terminal as it is called in /dev, in two parts: `pts/` and `3`, nothing and
    /// `tty1`.
    pub fn terminal(&self) -> Option<(&'static str, &'a [u8])> {
        let device = self.tty?;
        Some(match device.strip_prefix(b"pts") {
            Some(number) => ("pts/", number),
            None => ("", device),
        })
    }
}
