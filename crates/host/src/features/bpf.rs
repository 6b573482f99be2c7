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

/// The helper that reads the kernel's memory (Linux 5.5).
const PROBE_READ_KERNEL: i32 = sys::BPF_FUNC_probe_read_kernel as i32;

/// `r0 = 0; exit`.
fn nothing() -> Vec<sys::bpf_insn> {
    vec![instruction(0xb7, 0, 0, 0), instruction(0x95, 0, 0, 0)]
}

/// Reads eight bytes from the kernel's address 0 onto the stack, if it ever runs.
fn kernel_read() -> Vec<sys::bpf_insn> {
    let mut code = vec![
        instruction(0xbf, 1, 10, 0),                // r1 = r10
        instruction(0x07, 1, 0, -8),                // r1 += -8
        instruction(0xb7, 2, 0, 8),                 // r2 = 8
        instruction(0xb7, 3, 0, 0),                 // r3 = 0
        instruction(0x85, 0, 0, PROBE_READ_KERNEL), // call
    ];
    code.extend(nothing());
    code
}

fn instruction(code: u8, to: u8, from: u8, immediate: i32) -> sys::bpf_insn {
    let mut instruction = sys::bpf_insn {
        code,
        imm: immediate,
        ..Default::default()
    };
    instruction.set_dst_reg(to);
    instruction.set_src_reg(from);
    instruction
}

/// Whether bpf(2) answers at all: asked for a command that does not exist, it says EINVAL, and so
/// does no filter that stands before it. Without BPF it says ENOSYS. EPERM may be a filter's word,
/// or (before 6.4) the kernel's to a process without capabilities.
pub fn system_call() -> Attempt {
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
pub fn ring_buffer() -> Attempt {
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

/// Whether a program loads that is called with the types of a tracepoint; `btf_id` is the
/// tracepoint's.
pub fn typed_tracepoint(btf_id: u32) -> Attempt {
    load(
        c"doctor_tp_btf",
        sys::BPF_PROG_TYPE_TRACING,
        &nothing(),
        |options| {
            options.expected_attach_type = sys::BPF_TRACE_RAW_TP;
            options.attach_btf_id = btf_id;
        },
    )
}

/// Whether a program for tracepoints loads that needs no BTF.
pub fn untyped_tracepoint() -> Attempt {
    load(
        c"doctor_tp",
        sys::BPF_PROG_TYPE_TRACEPOINT,
        &nothing(),
        |_| (),
    )
}

/// Whether programs may read the kernel's memory, which a lockdown forbids to all.
pub fn reading_the_kernel() -> Attempt {
    load(
        c"doctor_read",
        sys::BPF_PROG_TYPE_TRACEPOINT,
        &kernel_read(),
        |_| (),
    )
}

fn load(
    name: &CStr,
    kind: sys::bpf_prog_type,
    code: &[sys::bpf_insn],
    set: impl FnOnce(&mut sys::bpf_prog_load_opts),
) -> Attempt {
    let mut options = sys::bpf_prog_load_opts {
        sz: size_of::<sys::bpf_prog_load_opts>() as sys::size_t,
        ..Default::default()
    };
    set(&mut options);
    // SAFETY: all pointers are to what lives until the call is over, and the count is that of
    // `code`.
    let fd = unsafe {
        sys::bpf_prog_load(
            kind,
            name.as_ptr(),
            c"GPL".as_ptr(),
            code.as_ptr(),
            code.len() as sys::size_t,
            &raw mut options,
        )
    };
    owned(fd).into()
}

/// A descriptor that libbpf has just made, or its negative errno.
fn owned(fd: libc::c_int) -> Result<OwnedFd, Errno> {
    match fd {
        ..0 => Err(Errno::from_raw(-fd)),
        // SAFETY: the kernel has just given us this descriptor, and nothing else owns it.
        _ => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

/// Whether the events of a whole CPU can be opened, as tracepoints and perf buffers need it.
pub fn perf_events() -> Attempt {
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
