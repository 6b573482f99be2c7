//! The entries of the field table.

use crate::backend::Backend;

/// The `type` of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordType {
    /// A process called exec, with or without success.
    Exec,
    /// A process was created.
    Fork,
    /// A process ended.
    Exit,
    /// A whole process: what it ran, how it ended and what it cost.
    Process,
    /// Events were lost.
    Lost,
    /// How wall-clock time relates to time since boot.
    Clock,
}

impl RecordType {
    /// All record types.
    pub const ALL: [Self; 6] = [
        Self::Exec,
        Self::Fork,
        Self::Exit,
        Self::Process,
        Self::Lost,
        Self::Clock,
    ];

    /// The value of the record's `type` field.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Fork => "fork",
            Self::Exit => "exit",
            Self::Process => "process",
            Self::Lost => "lost",
            Self::Clock => "clock",
        }
    }

    /// One line of description.
    pub fn description(self) -> &'static str {
        match self {
            Self::Exec => "A process called exec, with or without success.",
            Self::Fork => "A process was created.",
            Self::Exit => "A process ended.",
            Self::Process => "A whole process: what it ran, how it ended and what it cost.",
            Self::Lost => "Events were lost.",
            Self::Clock => "How wall-clock time relates to time since boot, from this moment on.",
        }
    }
}

/// The type of a field's value, apart from null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// `true` or `false`.
    Bool,
    /// An integer.
    Integer,
    /// An integer that can exceed 2^53, as a string of decimal digits.
    Decimal,
    /// A string.
    Text,
    /// A time as RFC 3339 writes it: UTC, nine digits after the point.
    Time,
    /// A process's id: an opaque string, unique even when a pid is used again.
    Id,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A list of strings; null for one that could not be read.
    Texts,
    /// An object from names to strings.
    Variables,
    /// The container: an object with `id` and `runtime`.
    Container,
    /// A list of ancestors, the nearest first: objects with `id`, `pid`, `comm` and `args`.
    Ancestors,
}

/// The unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Nanoseconds,
    /// Bytes.
    Bytes,
    /// A count.
    Count,
}

impl Unit {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "bytes",
            Self::Count => "count",
        }
    }
}

/// The data that must be collected for a field to have a value. Collecting it has a cost, so it is
/// done only if the field is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Requirement {
    /// The resolved path of the executed file.
    ExePath,
    /// The names of cgroups.
    CgroupNames,
    /// Terminals and session leaders.
    Sessions,
    /// The names of users and groups.
    UserNames,
    /// The working directory.
    WorkingDirectory,
    /// The environment.
    Environment,
    /// Failed execs.
    FailedExecs,
    /// The process table.
    Ancestors,
    /// PATH searches joined into one record.
    Folding,
    /// Limits of argument lists.
    ArgLimits,
    /// Recordings of several machines.
    Hosts,
}

/// A field of one or more records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name, in JSON, CSV, filters and lists of columns.
    pub name: &'static str,
    /// The type of its value.
    pub field_type: FieldType,
    /// The unit of its value, if the type alone does not say it.
    pub unit: Option<Unit>,
    /// The value can be null: it is not known, or there is none.
    pub nullable: bool,
    /// The field can be missing from a record.
    pub optional: bool,
    /// The records that have it.
    pub records: &'static [RecordType],
    /// The backends that never provide a value.
    pub lacking: &'static [Backend],
    /// What has to be collected for it.
    pub requires: Option<Requirement>,
    /// One line of description.
    pub description: &'static str,
}

impl Field {
    /// A field that can be null and that every backend provides.
    pub(super) const fn new(
        name: &'static str,
        field_type: FieldType,
        records: &'static [RecordType],
        description: &'static str,
    ) -> Self {
        Self {
            name,
            field_type,
            unit: None,
            nullable: true,
            optional: false,
            records,
            lacking: &[],
            requires: None,
            description,
        }
    }

    /// A number of this unit.
    pub(super) const fn unit(self, unit: Unit) -> Self {
        Self {
            unit: Some(unit),
            ..self
        }
    }

    /// Never null.
    pub(super) const fn always(self) -> Self {
        Self {
            nullable: false,
            ..self
        }
    }

    /// Missing from records that have no value for it, and never null.
    pub(super) const fn optional(self) -> Self {
        Self {
            optional: true,
            nullable: false,
            ..self
        }
    }

    /// Never provided by these backends.
    pub(super) const fn not_by(self, lacking: &'static [Backend]) -> Self {
        Self { lacking, ..self }
    }

    /// Only there if this is collected.
    pub(super) const fn requires(self, requirement: Requirement) -> Self {
        Self {
            requires: Some(requirement),
            ..self
        }
    }

    /// Whether records of this type have it.
    pub fn is_in(&self, record: RecordType) -> bool {
        self.records.contains(&record)
    }
}

impl FieldType {
    /// The type in words, for documents.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Integer => "integer",
            Self::Decimal => "digits",
            Self::Text | Self::OneOf(_) => "string",
            Self::Time => "time",
            Self::Id => "id",
            Self::Texts => "list of strings",
            Self::Variables | Self::Container => "object",
            Self::Ancestors => "list of objects",
        }
    }
}
