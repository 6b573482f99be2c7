//! BPF and perf events, tried out with calls that leave nothing behind.

use std::ffi::CStr;
use std::os::fd::FromRawFd as _;
use std::os::fd::OwnedFd;
use std::ptr;

use libbpf_sys as sys;
use nix::errno::Errno;
use nix::libc;

use super::attempt::Attempt;
use super::attempt::in_child;

/// A command that bpf(2) does not have.
const NO_COMMAND: libc::c_int = 0xffff;

/// `r0 = 0; exit`.
const NOTHING: [sys::bpf_insn; 2] = [instruction(0xb7), instruction(0x95)];

const fn instruction(code: u8) -> sys::bpf_insn {
    sys::bpf_insn {
        code,
        _bitfield_align_1: [],
        _bitfield_1: sys::__BindgenBitfieldUnit::new([0]),
        off: 0,
        imm: 0,
    }
}

/// Whether bpf(2) answers at all: asked for a command that does not exist, it says EINVAL, and so does no
/// filter that stands before it. Without BPF it says ENOSYS. EPERM may be a filter's word, or (before
/// 6.4) the kernel's to whoever has no capabilities.
pub(super) fn system_call() -> Attempt {
    let outcome = in_child(|| {
        // SAFETY: no such command, and no memory is passed to it.
        let answer = unsafe { libc::syscall(libc::SYS_bpf, NO_COMMAND, ptr::null::<u8>(), 0) };
        Errno::result(answer).map(drop)
    });
    match outcome {
        Attempt::Refused(Errno::EINVAL) => Attempt::Works,
        other => other,
    }
}

/// Whether a ring buffer can be made.
pub(super) fn ring_buffer() -> Attempt {
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE);
    let size = page
        .ok()
        .flatten()
        .and_then(|size| u32::try_from(size).ok());
    // SAFETY: the name is a string, and there are no options.
    let fd = unsafe {
        sys::bpf_map_create(
            sys::BPF_MAP_TYPE_RINGBUF,
            c"doctor".as_ptr(),
            0,
            0,
            size.unwrap_or(4096),
            ptr::null(),
        )
    };
    owned(fd).into()
}

/// Whether a program loads that is called with the types of a tracepoint; `btf_id` is the tracepoint's.
pub(super) fn typed_tracepoint(btf_id: u32) -> Attempt {
    load(c"doctor_tp_btf", sys::BPF_PROG_TYPE_TRACING, |options| {
        options.expected_attach_type = sys::BPF_TRACE_RAW_TP;
        options.attach_btf_id = btf_id;
    })
}

/// Whether a program for tracepoints loads that needs no BTF.
pub(super) fn untyped_tracepoint() -> Attempt {
    load(c"doctor_tp", sys::BPF_PROG_TYPE_TRACEPOINT, |_| ())
}

fn load(
    name: &CStr,
    kind: sys::bpf_prog_type,
    set: impl FnOnce(&mut sys::bpf_prog_load_opts),
) -> Attempt {
    let mut options = sys::bpf_prog_load_opts {
        sz: size_of::<sys::bpf_prog_load_opts>() as sys::size_t,
        ..Default::default()
    };
    set(&mut options);
    // SAFETY: all pointers are to what lives until the call is over, and the count is that of NOTHING.
    let fd = unsafe {
        sys::bpf_prog_load(
            kind,
            name.as_ptr(),
            c"GPL".as_ptr(),
            NOTHING.as_ptr(),
            NOTHING.len() as sys::size_t,
            &raw mut options,
        )
    };
    owned(fd).into()
}

/// A descriptor that libbpf has just made, or its negative errno.
fn owned(fd: libc::c_int) -> Result<OwnedFd, Errno> {
    match fd {
        ..0 => Err(Errno::from_raw(-fd)),
        // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
        _ => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

/// Whether the events of a whole CPU can be opened, as tracepoints and perf buffers need it.
pub(super) fn perf_events() -> Attempt {
    let event = sys::perf_event_attr {
        type_: sys::PERF_TYPE_SOFTWARE,
        size: size_of::<sys::perf_event_attr>() as u32,
        config: u64::from(sys::PERF_COUNT_SW_BPF_OUTPUT),
        ..Default::default()
    };
    let (everybody, first_cpu, no_group, no_flags) = (-1, 0, -1, 0);
    in_child(|| {
        // SAFETY: the event outlives the call. The descriptor goes with the child.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                &raw const event,
                everybody,
                first_cpu,
                no_group,
                no_flags,
            )
        };
        Errno::result(answer).map(drop)
    })
}
