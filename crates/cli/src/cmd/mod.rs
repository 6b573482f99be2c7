//! One module for each verb.

mod contradictions;
#[cfg(feature = "live")]
pub mod doctor;
#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
pub mod record;
pub mod replay;
pub mod schema;
pub mod settings;
#[cfg(feature = "live")]
pub mod top;
#[cfg(feature = "live")]
pub mod trace;
