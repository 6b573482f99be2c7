//! What cannot be translated, and what to do about it.

/// A program in BCC's dialect cannot be translated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TranslateError {
    /// A map's macro without arguments.
    #[error("a map has no name; write, for one, BPF_HASH(counts, u32, u64)")]
    NoMapName,
    /// `BPF_TABLE` with fewer than five arguments.
    #[error(
        "BPF_TABLE has {0} arguments where it needs five: BPF_TABLE(type, key, leaf, name, size)"
    )]
    TableArguments(usize),
    /// A kind of map that is not known.
    #[error("there is no translation for maps of type '{name}'; those known are {known}")]
    MapKind {
        /// What was asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// A method without a translation.
    #[error("there is no translation for {map}.{method}()")]
    Method {
        /// The map.
        map: String,
        /// The method.
        method: String,
    },
    /// Functions that say nothing of what they belong to.
    #[error("no attach point for {function}: its name says none (declare helper functions static)")]
    NoTarget {
        /// Their names.
        function: String,
    },
    /// A target for a function that there is not.
    #[error("there is no function {function} to attach; the program has {known}")]
    NoFunction {
        /// What was asked for.
        function: String,
        /// The names that exist.
        known: String,
    },
    /// More arguments than a map's macro takes.
    #[error("{0} is declared with more arguments than its macro takes")]
    MapArguments(String),
    /// A map of network devices, CPUs or sockets to which packets are redirected.
    #[error(
        "{0} redirects packets, which only network programs (XDP) do; bpfrun attaches tracing programs \
         only: write it in libbpf's dialect and load it with ip link or xdp-loader"
    )]
    Redirect(String),
    /// An array of programs without programs.
    #[error("the program array {0} is empty: calls through it would do nothing")]
    EmptyProgramArray(String),
    /// A place in an array of programs that there is not.
    #[error(
        "{function} is to be called through {map}, which is no program array; declare it with \
         BPF_PROG_ARRAY({map}, 10)"
    )]
    NoProgramArray {
        /// Who is to be called.
        function: String,
        /// Through what.
        map: String,
    },
    /// A tail call's target whose kind its context does not tell.
    #[error(
        "cannot infer the program type of {0}() from its context argument; give it \
         struct pt_regs *ctx, a tracepoint's struct or struct bpf_raw_tracepoint_args *ctx"
    )]
    UntypedTailContext(String),
    /// A map shared through the file system.
    #[error(
        "{0} is to be pinned in the file system, which is not supported; leave out the path after the colon"
    )]
    Pinned(String),
    /// No function that could be attached.
    #[error(
        "no function here can be attached; write, for one, TRACEPOINT_PROBE(sched, \
         sched_process_exec) {{ … }}"
    )]
    NoProgram,
    /// A program called by another.
    #[error("{0}() is a program of its own and cannot be called; declare it static to call it")]
    CallsProgram(String),
    /// Typed arguments where there are no registers.
    #[error(
        "{0}() has arguments beside its context, which only a kprobe with a struct pt_regs * has"
    )]
    ArgumentsWithoutRegs(String),
    /// More arguments than registers.
    #[error("{0}() has more than six arguments beside its context; only six are in registers")]
    TooManyArguments(String),
    /// A tracepoint that the kernel lacks.
    #[error("this kernel has no tracepoint {name}{similar}")]
    NoTracepoint {
        /// It, as `category:event`.
        name: String,
        /// What it has, as a sentence's end.
        similar: String,
    },
    /// Tracepoints whose formats cannot be read.
    #[error(
        "cannot read the formats of tracepoints: {0}; run as root; before Linux 5.2, tracefs must \
         be mounted as well (mount -t tracefs tracefs /sys/kernel/tracing)"
    )]
    NoTracefs(String),
    /// A part of the dialect that is left out on purpose.
    #[error(
        "{0} is not supported: BCC's packet parsing has no translation here; use struct pointers into skb->data in libbpf's dialect"
    )]
    NoPackets(String),
    /// A macro whose brackets are never closed.
    #[error("the brackets of a map's declaration are never closed")]
    Unclosed,
    /// Too deep for going through it.
    #[error("the program is nested more than 400 levels deep; split it into functions")]
    TooDeep,
    /// The compiler's tree and the text do not fit together.
    #[error(
        "the program could not be translated: its text and the compiler's tree differ; please report this"
    )]
    TreeMismatch,
}
