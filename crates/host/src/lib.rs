//! What this machine offers to programs that use BPF, for execsnoop and bpfrun.
//!
//! - [`features`]: what this kernel has and what this user may do, tried out where that is needed.
//! - [`Obstacle`]: what prevents BPF here, and what to change.
//! - [`libbpf_log`] and [`verifier_log`]: libbpf's messages, and the verifier's log in them.
//! - [`tracefs`]: descriptions of tracepoints, also where tracefs is not mounted.
//! - [`perf_buffer`]: reading perf buffers; [`cpus`]: CPUs that go offline and come back.
//! - [`process`]: starting a command, dropping privileges, looking up users.
//!
//! ```no_run
//! use execsnoop_host::features::HostFeatures;
//! use execsnoop_host::obstacle_before_load;
//!
//! match obstacle_before_load(&HostFeatures::detect()) {
//!     Some(obstacle) => println!("BPF cannot be used: {obstacle}"),
//!     None => println!("nothing is known to prevent BPF"),
//! }
//! ```

pub mod cpus;
pub mod features;
pub mod libbpf_log;
mod obstacle;
pub mod perf_buffer;
pub mod process;
pub mod tracefs;
pub mod verifier_log;

pub use obstacle::ENOUGH_LOCKED;
pub use obstacle::Obstacle;
pub use obstacle::is_locked_memory_limited;
pub use obstacle::obstacle_before_load;
