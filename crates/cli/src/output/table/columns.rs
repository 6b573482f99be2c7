//! The columns of the tables.

use execsnoop_events::CgroupOwner;
use execsnoop_events::Image;

use super::arguments;
use super::cells;
use super::cells::Column;
use super::options::Compat;
use super::options::TableOptions;

const TYPE: Column = Column::new("type", "EVENT", 7, |_, cell, line| {
    cells::event_type(cell, line)
});
const TIME: Column = Column::new("time", "TIME", 8, |context, cell, line| {
    context.clock_time(cell, line.event);
});
const SECONDS: Column = Column::new("seconds", "TIME(s)", 9, |context, cell, line| {
    context.seconds(cell, line.event);
})
.showing("time");
const PID: Column = Column::new("pid", "PID", 7, |_, cell, line| {
    cells::number(cell, Some(line.process.pid));
});
const COMM: Column = Column::new("comm", "COMM", 16, |_, cell, line| {
    cells::text(cell, line.comm);
});
/// Of a fork, the creator.
const PPID: Column = Column::new("ppid", "PPID", 7, |_, cell, line| {
    cells::number(cell, line.parent.or(line.creator).map(|id| id.pid));
});
const PCOMM: Column = Column::new("pcomm", "PCOMM", 16, |_, cell, line| {
    cells::text(cell, line.parent_comm);
});
const UID: Column = Column::new("uid", "UID", 6, |_, cell, line| {
    cells::number(cell, line.uid)
});
const CPU: Column = Column::new("cpu", "CPU", 4, |_, cell, line| {
    cells::number(cell, line.cpu)
});
const RET: Column = Column::new("ret", "RET", 7, |context, cell, line| {
    if let Some(ret) = line.ret {
        context.ret(cell, ret);
    }
})
.bad_if(|line| line.is_failed());
const LIFETIME: Column = Column::new("lifetime", "DUR", 7, |_, cell, line| {
    cells::duration(cell, line.lifetime_ns());
})
.showing("lifetime_ns");
const CPU_TIME: Column = Column::new("cpu_time", "CPU", 7, |_, cell, line| {
    cells::cpu_time(cell, line.cost().map(|cost| cost.cpu));
})
.showing("cpu_ns");
const MAX_RSS: Column = Column::new("max_rss", "RSS", 6, |_, cell, line| {
    cells::size(cell, line.cost().and_then(|cost| cost.max_rss_bytes));
})
.showing("max_rss_bytes");
const EXIT: Column = Column::new("exit", "EXIT", 7, |_, cell, line| cells::exit(cell, line))
    .bad_if(|line| line.status().is_some_and(|status| !status.success()));

/// The columns that can be named.
pub const NAMED: [Column; 34] = [
    TYPE,
    TIME,
    SECONDS,
    PID,
    Column::new("tid", "TID", 7, |_, cell, line| {
        cells::number(cell, line.tid)
    }),
    Column::new("ns_pid", "NSPID", 7, |_, cell, line| {
        cells::number(cell, line.ns_pid);
    }),
    COMM,
    PPID,
    PCOMM,
    UID,
    Column::new("user", "USER", 12, |_, cell, line| {
        cells::name_or_number(cell, line.notes.user, line.uid);
    }),
    Column::new("euid", "EUID", 6, |_, cell, line| {
        cells::number(cell, line.euid)
    }),
    Column::new("gid", "GID", 6, |_, cell, line| {
        cells::number(cell, line.gid)
    }),
    Column::new("group", "GROUP", 12, |_, cell, line| {
        cells::name_or_number(cell, line.notes.group, line.gid);
    }),
    Column::new("login_uid", "LOGIN", 6, |_, cell, line| {
        cells::number(cell, line.session.login_uid);
    }),
    Column::new("tty", "TTY", 7, |_, cell, line| cells::tty(cell, line)),
    Column::new("sid", "SID", 7, |_, cell, line| {
        cells::number(cell, line.session.leader);
    }),
    CPU,
    RET,
    Column::new("exe", "EXE", 24, |_, cell, line| {
        let image = line.image.unwrap_or(Image::UNKNOWN);
        cells::path(cell, image.exe, image.exe_root);
    }),
    Column::new("cwd", "CWD", 24, |_, cell, line| {
        let image = line.image.unwrap_or(Image::UNKNOWN);
        cells::path(cell, image.cwd, image.cwd_root);
    }),
    Column::new("env", "ENV", 24, |_, cell, line| {
        arguments::environment(cell, &line.image.unwrap_or(Image::UNKNOWN));
    }),
    Column::new("cgroup", "CGROUP", 32, |_, cell, line| {
        cells::owner(cell, line, |owner| Some(owner.path()));
    }),
    Column::new("unit", "UNIT", 24, |_, cell, line| {
        cells::owner(cell, line, CgroupOwner::unit);
    }),
    Column::new("user_unit", "USERUNIT", 24, |_, cell, line| {
        cells::owner(cell, line, CgroupOwner::user_unit);
    }),
    Column::new("container", "CONTAINER", 12, |_, cell, line| {
        cells::container(cell, line);
    }),
    Column::new("runtime", "RUNTIME", 10, |_, cell, line| {
        cells::text(cell, line.runtime().map(str::as_bytes));
    })
    .showing("container"),
    Column::new("pod_uid", "POD", 36, |_, cell, line| {
        cells::owner(cell, line, |owner| owner.pod_uid().map(str::as_bytes));
    }),
    Column::new("flags", "FLAGS", 10, |_, cell, line| {
        cells::flags(cell, line)
    })
    .showing("memfd"),
    LIFETIME,
    CPU_TIME.default("CPUTIME", 7, |_| true),
    MAX_RSS,
    EXIT,
    Column::new("args", "ARGS", 0, |_, _, _| {}),
];

const OURS: [Column; 13] = [
    TYPE.default("EVENT", 7, TableOptions::has_several_types),
    TIME.default("TIME", 8, |options| options.time),
    SECONDS.default("TIME(s)", 9, |options| options.seconds),
    UID.default("UID", 6, |options| options.uid),
    PID,
    PPID,
    CPU.default("CPU", 4, |options| options.cpu),
    PCOMM,
    RET.default("RET", 7, has_execs),
    LIFETIME.default("DUR", 7, has_ends),
    CPU_TIME.default("CPU", 7, has_ends),
    MAX_RSS.default("RSS", 6, has_ends),
    EXIT.default("EXIT", 7, has_ends),
];

/// tools/execsnoop.py: "%-9s", "%-8s", "%-6s", "%-16s %-7s ", "%-16s ", "%-7s ", "%-4s ", "%3s %s".
const BCC: [Column; 9] = [
    TIME.default("TIME", 8, |options| options.time),
    SECONDS.default("TIME(s)", 7, |options| options.seconds),
    UID.default("UID", 5, |options| options.uid),
    COMM,
    PID,
    PCOMM.default("PCOMM", 16, |options| options.parent_comm),
    PPID,
    CPU.default("CPU", 4, |options| options.cpu),
    RET.default("RET", 3, |_| true),
];

/// libbpf-tools/execsnoop.c: "%-9s", "%-8s ", "%-6s ", "%-16s %-6s %-6s %3s %s". What it calls
/// PCOMM is the process's own name.
const LIBBPF: [Column; 8] = [
    TIME.default("TIME", 8, |options| options.time),
    SECONDS.default("TIME(s)", 8, |options| options.seconds),
    UID.default("UID", 6, |options| options.uid),
    COMM.default("PCOMM", 16, |_| true),
    PID.default("PID", 6, |_| true),
    PPID.default("PPID", 6, |_| true),
    CPU.default("CPU", 4, |options| options.cpu),
    RET.default("RET", 3, |_| true),
];

/// The columns that are shown without a list of columns.
pub fn default_columns(options: &TableOptions) -> Vec<&'static Column> {
    let table: &'static [Column] = match options.compat {
        None => &OURS,
        Some(Compat::Bcc) => &BCC,
        Some(Compat::Libbpf) => &LIBBPF,
    };
    let shown = table.iter().filter(|column| (column.is_default)(options));
    shown.collect()
}

fn has_execs(options: &TableOptions) -> bool {
    options.types.has_execs()
}

fn has_ends(options: &TableOptions) -> bool {
    options.types.has_ends()
}
