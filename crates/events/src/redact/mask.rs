//! What replaces a secret.

/// The replacement for a secret. It reveals neither the length nor the content.
pub const MASK: &str = "[redacted]";
