//! tracefs: descriptions of tracepoints, also where tracefs is not mounted.
//!
//! Minimal images and containers often have no tracefs. Root can open one without mounting it
//! anywhere (fsopen(2), fsmount(2), Linux 5.2+): it is then reached below a descriptor.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::fd::AsRawFd as _;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::OnceLock;

use libbpf_rs::Link;
use libbpf_rs::ProgramMut;
use libbpf_sys::perf_event_attr;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::fcntl::OFlag;
use nix::fcntl::openat;
use nix::libc;
use nix::sys::stat::Mode;

/// Directories where tracefs is mounted.
const ROOTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// Present in every tracefs, and only readable for those who may read tracepoints.
const EVENTS: &str = "events";

// From include/uapi/linux/mount.h.
const FSOPEN_CLOEXEC: libc::c_uint = 1;
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
const FSMOUNT_CLOEXEC: libc::c_uint = 1;

/// An open tracefs: the mounted one, or one that is mounted nowhere.
#[derive(Debug)]
pub struct Tracefs {
    root: OwnedFd,
    /// Where it is mounted; `None` if it is mounted nowhere.
    mounted_at: Option<&'static str>,
}

impl Tracefs {
    /// Opens the mounted tracefs; if there is none, one that is mounted nowhere.
    ///
    /// # Errors
    ///
    /// Why the mounted one cannot be read; if none is mounted, why none can be opened: usually that
    /// this user is not root.
    pub fn open() -> io::Result<Self> {
        let mut refusal = None;
        for root in ROOTS {
            match open_mounted(root) {
                Ok(tracefs) => return Ok(tracefs),
                Err(Errno::ENOENT | Errno::ENOTDIR) => {}
                Err(errno) => refusal = Some(errno),
            }
        }
        match (open_unmounted(), refusal) {
            (Ok(root), _) => Ok(Self {
                root,
                mounted_at: None,
            }),
            (Err(_), Some(errno)) | (Err(errno), None) => Err(errno.into()),
        }
    }

    /// The tracefs of this process, opened at the first call; `None` if it cannot be opened.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Tracefs>> = OnceLock::new();
        SHARED.get_or_init(|| Self::open().ok()).as_ref()
    }

    /// Where it is mounted; `None` if it is mounted nowhere.
    pub fn mounted_at(&self) -> Option<&'static str> {
        self.mounted_at
    }

    /// Opens a file of it, such as `trace_pipe`.
    ///
    /// # Errors
    ///
    /// As open(2) fails.
    pub fn file(&self, path: impl AsRef<Path>) -> io::Result<File> {
        self.open_file(path.as_ref(), OFlag::empty())
    }

    /// The same; reads do not wait for data.
    ///
    /// # Errors
    ///
    /// As open(2) fails.
    pub fn nonblocking_file(&self, path: impl AsRef<Path>) -> io::Result<File> {
        self.open_file(path.as_ref(), OFlag::O_NONBLOCK)
    }

    fn open_file(&self, path: &Path, flags: OFlag) -> io::Result<File> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | flags;
        Ok(openat(&self.root, path, flags, Mode::empty())?.into())
    }

    /// The text of a file.
    ///
    /// # Errors
    ///
    /// As open(2) and read(2) fail.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<String> {
        let mut text = String::new();
        self.file(path)?.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Whether a file or directory exists.
    pub fn contains(&self, path: impl AsRef<Path>) -> bool {
        let flags = AtFlags::empty();
        nix::sys::stat::fstatat(&self.root, path.as_ref(), flags).is_ok()
    }

    /// The names of the directories in a directory, in no order; none if it cannot be read.
    pub fn directories(&self, path: impl AsRef<Path>) -> Vec<String> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let Ok(mut directory) = Dir::openat(&self.root, path.as_ref(), flags, Mode::empty()) else {
            return Vec::new();
        };
        directory
            .iter()
            .flatten()
            .filter(|entry| entry.file_type() == Some(nix::dir::Type::Directory))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name != "." && name != "..")
            .collect()
    }

    /// The description of a tracepoint's fields.
    ///
    /// # Errors
    ///
    /// If this kernel has no such tracepoint, or this user may not read it.
    pub fn format(&self, category: &str, name: &str) -> io::Result<String> {
        self.read(format!("{EVENTS}/{category}/{name}/format"))
    }

    /// The number by which perf_event_open(2) knows a tracepoint.
    ///
    /// # Errors
    ///
    /// As for [`format`](Self::format).
    pub fn id(&self, category: &str, name: &str) -> io::Result<u64> {
        let text = self.read(format!("{EVENTS}/{category}/{name}/id"))?;
        let number = text.trim().parse();
        number.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "that is not a number"))
    }

    /// Attaches a program to a tracepoint. (libbpf does that as well, but only finds a mounted
    /// tracefs.)
    ///
    /// # Errors
    ///
    /// If there is no such tracepoint, or the kernel refuses.
    pub fn attach(
        &self,
        program: &ProgramMut<'_>,
        category: &str,
        name: &str,
    ) -> libbpf_rs::Result<Link> {
        let event = open_tracepoint(self.id(category, name)?)?;
        let link = program.attach_perf_event(event.as_raw_fd())?;
        std::mem::forget(event); // the link closes it
        Ok(link)
    }
}

/// Attaches a program as its section says. Tracepoints (`tracepoint/CATEGORY/NAME`, `tp/…`) are
/// found also if tracefs is not mounted.
///
/// # Errors
///
/// As libbpf's `bpf_program__attach` fails.
pub fn attach(program: &ProgramMut<'_>) -> libbpf_rs::Result<Link> {
    let section = program.section().to_string_lossy();
    let target = ["tracepoint/", "tp/"]
        .into_iter()
        .find_map(|kind| section.strip_prefix(kind));
    match (
        target.and_then(|target| target.split_once('/')),
        Tracefs::shared(),
    ) {
        (Some((category, name)), Some(tracefs)) => tracefs.attach(program, category, name),
        _ => program.attach(),
    }
}

/// Whether this user can read the ids of this tracepoint, without which it cannot be attached to.
pub fn is_readable(category: &str, name: &str) -> bool {
    Tracefs::shared().is_some_and(|tracefs| tracefs.id(category, name).is_ok())
}

fn open_mounted(root: &'static str) -> Result<Tracefs, Errno> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let directory = nix::fcntl::open(root, flags, Mode::empty())?;
    let tracefs = Tracefs {
        root: directory,
        mounted_at: Some(root),
    };
    // An empty directory is a place to mount it; one that cannot be read is of no use.
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    openat(&tracefs.root, EVENTS, flags, Mode::empty())?;
    Ok(tracefs)
}

/// Makes an instance of tracefs that is mounted nowhere, and opens its root.
fn open_unmounted() -> Result<OwnedFd, Errno> {
    let context = fsopen(c"tracefs")?;
    create(context.as_fd())?;
    fsmount(context.as_fd())
}

fn fsopen(name: &CStr) -> Result<OwnedFd, Errno> {
    // SAFETY: the name ends in NUL, and the kernel only reads it.
    let fd = unsafe { libc::syscall(libc::SYS_fsopen, name.as_ptr(), FSOPEN_CLOEXEC) };
    owned(fd)
}

fn create(context: BorrowedFd<'_>) -> Result<(), Errno> {
    let nothing = std::ptr::null::<u8>();
    // SAFETY: this command takes neither a key nor a value.
    let outcome = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            context.as_raw_fd(),
            FSCONFIG_CMD_CREATE,
            nothing,
            nothing,
            0,
        )
    };
    Errno::result(outcome).map(drop)
}

fn fsmount(context: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes a descriptor and two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, 0) };
    owned(fd)
}

/// Opens a tracepoint as a perf event, for all processes. (Which CPU is named does not matter to a
/// BPF program on a tracepoint.)
fn open_tracepoint(id: u64) -> io::Result<OwnedFd> {
    let attr = perf_event_attr {
        type_: libbpf_sys::PERF_TYPE_TRACEPOINT,
        size: u32::try_from(size_of::<perf_event_attr>()).unwrap_or(0),
        config: id,
        ..perf_event_attr::default()
    };
    let (every_process, first_cpu, no_group) = (-1, 0, -1);
    // SAFETY: `attr` is a whole perf_event_attr that says its own size and outlives the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attr,
            every_process,
            first_cpu,
            no_group,
            libbpf_sys::PERF_FLAG_FD_CLOEXEC,
        )
    };
    Ok(owned(fd)?)
}

fn owned(fd: libc::c_long) -> Result<OwnedFd, Errno> {
    let fd = Errno::result(fd)?;
    let fd = i32::try_from(fd).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel has just made this descriptor for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A field of a tracepoint's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Where it is in the record, in bytes.
    pub offset: u32,
}

/// The fields of a tracepoint; none if tracefs cannot be read.
pub fn fields(category: &str, name: &str) -> Vec<Field> {
    let format = Tracefs::shared().and_then(|tracefs| tracefs.format(category, name).ok());
    parse(&format.unwrap_or_default())
}

/// Lines such as `field:__data_loc char[] filename; offset:8; size:4; signed:0;`
fn parse(format: &str) -> Vec<Field> {
    format.lines().filter_map(parse_field).collect()
}

fn parse_field(line: &str) -> Option<Field> {
    let mut parts = line.split(';').map(str::trim);
    let declaration = parts.next()?.strip_prefix("field:")?;
    let offset = parts.next()?.strip_prefix("offset:")?.parse().ok()?;
    let last = declaration.split_ascii_whitespace().next_back()?;
    let name = last.split('[').next()?.trim_start_matches('*');
    Some(Field {
        name: name.to_owned(),
        offset,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As kernels write them.
    #[test]
    fn formats() {
        let text = "name: sched_process_exec\nID: 316\nformat:\n\
            \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
            \tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;\n\
            \tfield:char comm[16];\toffset:12;\tsize:16;\tsigned:0;\n\
            \tfield:bool group_dead;\toffset:32;\tsize:1;\tsigned:0;\n\nprint fmt: \"field:\"\n";
        let got: Vec<_> = parse(text)
            .into_iter()
            .map(|f| (f.name, f.offset))
            .collect();
        let expected = [
            ("common_type", 0),
            ("filename", 8),
            ("comm", 12),
            ("group_dead", 32),
        ];
        assert_eq!(
            got,
            expected.map(|(name, offset)| (name.to_owned(), offset))
        );
        assert_eq!(parse("field:;offset:;\nfield:int x; offset:no;"), []);
    }
}
