//! Processes: starting a command, dropping privileges, looking up users.

mod closed_streams;
mod command;
mod execute;
mod nss;
mod privileges;

pub use closed_streams::was_closed;
pub use command::Command;
pub use command::CommandError;
pub use command::UnknownSudoUser;
pub use command::invoking_user;
pub use nss::use_files_for_names;
pub use privileges::drop_capabilities;
pub use privileges::without_capability;
