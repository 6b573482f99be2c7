//! The command. All of it is in the library, where benchmarks and tests reach its parts.

use std::process::ExitCode;

fn main() -> ExitCode {
    execsnoop::main()
}
