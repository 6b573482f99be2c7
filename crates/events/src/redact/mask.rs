//! What replaces a secret.

/// What replaces a secret. It tells neither its length nor its content.
pub const MASK: &str = "[redacted]";
