//! The static kinds of values, known before the first event.

/// The fields of an ancestor.
const ANCESTOR: Kind = Kind::Object(&["id", "pid", "comm", "args"]);

/// The kind of a value, if the filter's text and the schema determine it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Number,
    Text,
    Time,
    /// A list of texts.
    Texts,
    /// The list of ancestors.
    Ancestors,
    /// A list of elements of any kind.
    List,
    /// An object that can have only these fields.
    Object(&'static [&'static str]),
    /// The literal null.
    Null,
    /// Not known; can be null.
    Any,
}

impl Kind {
    /// The kind of its elements.
    pub(super) fn element(self) -> Self {
        match self {
            Self::Texts => Self::Text,
            Self::Ancestors => ANCESTOR,
            _ => Self::Any,
        }
    }

    /// Whether a value can be of both kinds.
    pub(super) fn may_be(self, other: Self) -> bool {
        self == Self::Any || other == Self::Any || self.name() == other.name()
    }

    /// Whether a value can be equal to one of the other kind. Every field can be null.
    pub(super) fn may_equal(self, other: Self) -> bool {
        self == Self::Null || other == Self::Null || self.may_be(other)
    }

    /// The kind of one of two values.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, kind) | (kind, Self::Null) => kind,
            _ if self == other => self,
            _ => Self::Any,
        }
    }

    /// Its name in messages, with its article.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Time => "a timestamp",
            Self::Texts | Self::Ancestors | Self::List => "a list",
            Self::Object(_) => "an object",
            Self::Null => "null",
            Self::Any => "anything",
        }
    }
}
