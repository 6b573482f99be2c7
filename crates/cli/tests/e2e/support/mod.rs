//! What the tests share: where their tools are, runs of execsnoop, reading what it wrote.

pub(crate) mod cgroups;
pub(crate) mod output_reader;
pub(crate) mod requirements;
pub(crate) mod run;
mod tools;
pub(crate) mod wait4_oracle;

pub(crate) use self::tools::Cgroup;
pub(crate) use self::tools::STRANGER;
pub(crate) use self::tools::Subject;
pub(crate) use self::tools::Waiting;
pub(crate) use self::tools::execsnoop;
pub(crate) use self::tools::executable;
pub(crate) use self::tools::mark;
pub(crate) use self::tools::open_workshop;
pub(crate) use self::tools::patience;
pub(crate) use self::tools::pattern;
pub(crate) use self::tools::patterns;
pub(crate) use self::tools::public_dir;
pub(crate) use self::tools::run_subject;
pub(crate) use self::tools::scaled;
pub(crate) use self::tools::slowness;
pub(crate) use self::tools::subject;
pub(crate) use self::tools::text;
pub(crate) use self::tools::wait_for_end;
pub(crate) use self::tools::wait_until;
pub(crate) use self::tools::workload;
