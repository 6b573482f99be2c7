//! What an object file says: its types, maps and events.

pub(crate) mod btf;
pub(crate) mod decode;
pub(crate) mod object_info;
pub(crate) mod schema;
pub(crate) mod type_layout;
pub(crate) mod value;
