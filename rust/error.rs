//! The crate's errors and their numeric codes.
//!
//! One enum for every door: Rust sees variants, the C ABI and the bindings see [`Error::code`].
//! Codes are grouped by range; 1xxx to 3xxx and 6xxx are the caller's, 4xxx and 5xxx ours.

use std::path::PathBuf;

/// The number of an error, the same in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum ErrorCode {
    /// An argument's value is not allowed.
    InvalidArgument = 1001,
    /// A pointer that must not be NULL is.
    NullPointer = 1002,
    /// A row or time lies outside the data.
    OutOfBounds = 1003,
    /// An argument's type is not allowed.
    TypeMismatch = 1004,
    /// A table lacks a column, or has one twice.
    SchemaViolation = 1005,
    /// Data break an invariant of a series.
    ConstraintViolation = 1006,
    /// An object is not in a state that allows the call.
    InvalidState = 1007,
    /// Text or bytes are not in the expected format.
    InvalidFormat = 1009,
    /// Input that must hold something is empty.
    EmptyInput = 1010,
    /// Two lengths that must agree differ.
    SizeMismatch = 1011,
    /// Fewer rows exist than were asked for.
    InsufficientData = 2008,
    /// Reading or writing failed.
    IoError = 3000,
    /// A file does not exist.
    FileNotFound = 3001,
    /// A file may not be opened.
    PermissionDenied = 3002,
    /// Data could not be written in a format.
    SerializationFailed = 3003,
    /// Data could not be read from a format.
    DeserializationFailed = 3004,
    /// A fault of this library.
    InternalError = 4000,
    /// A fault at the language boundary.
    FfiError = 5000,
    /// Header and library disagree.
    FfiSchemaMismatch = 5004,
    /// A panic was stopped at the language boundary.
    FfiPanicCaught = 5005,
    /// Memory ran out.
    OutOfMemory = 6001,
    /// A limit was reached.
    ResourceLimitExceeded = 6004,
    /// The library was built without this part.
    NotBuiltIn = 6005,
}

impl ErrorCode {
    /// Every code, ascending.
    pub const ALL: [Self; 23] = [
        Self::InvalidArgument,
        Self::NullPointer,
        Self::OutOfBounds,
        Self::TypeMismatch,
        Self::SchemaViolation,
        Self::ConstraintViolation,
        Self::InvalidState,
        Self::InvalidFormat,
        Self::EmptyInput,
        Self::SizeMismatch,
        Self::InsufficientData,
        Self::IoError,
        Self::FileNotFound,
        Self::PermissionDenied,
        Self::SerializationFailed,
        Self::DeserializationFailed,
        Self::InternalError,
        Self::FfiError,
        Self::FfiSchemaMismatch,
        Self::FfiPanicCaught,
        Self::OutOfMemory,
        Self::ResourceLimitExceeded,
        Self::NotBuiltIn,
    ];

    /// The number itself.
    #[must_use]
    pub const fn as_i32(self) -> i32 {
        self as i32
    }

    /// The name used in every language, such as `INVALID_ARGUMENT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::NullPointer => "NULL_POINTER",
            Self::OutOfBounds => "OUT_OF_BOUNDS",
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::SchemaViolation => "SCHEMA_VIOLATION",
            Self::ConstraintViolation => "CONSTRAINT_VIOLATION",
            Self::InvalidState => "INVALID_STATE",
            Self::InvalidFormat => "INVALID_FORMAT",
            Self::EmptyInput => "EMPTY_INPUT",
            Self::SizeMismatch => "SIZE_MISMATCH",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::IoError => "IO_ERROR",
            Self::FileNotFound => "FILE_NOT_FOUND",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::SerializationFailed => "SERIALIZATION_FAILED",
            Self::DeserializationFailed => "DESERIALIZATION_FAILED",
            Self::InternalError => "INTERNAL_ERROR",
            Self::FfiError => "FFI_ERROR",
            Self::FfiSchemaMismatch => "FFI_SCHEMA_MISMATCH",
            Self::FfiPanicCaught => "FFI_PANIC_CAUGHT",
            Self::OutOfMemory => "OUT_OF_MEMORY",
            Self::ResourceLimitExceeded => "RESOURCE_LIMIT_EXCEEDED",
            Self::NotBuiltIn => "NOT_BUILT_IN",
        }
    }
}

/// What went wrong, where, and with which value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument's value is not allowed.
    #[error("{0}")]
    InvalidArgument(String),
    /// The range asked for lies wholly before, or wholly after, the data.
    #[error("no row in [{start}, {end}{}: {}", if *.include_current { "]" } else { ")" }, span(*.first, *.last))]
    RangeOutOfBounds {
        /// Start of the range asked for, microseconds.
        start: i64,
        /// End of the range asked for, microseconds.
        end: i64,
        /// Whether a row stamped `end` would have counted.
        include_current: bool,
        /// First stamp of the series; none when it is empty.
        first: Option<i64>,
        /// Last stamp of the series; none when it is empty.
        last: Option<i64>,
    },
    /// A row number lies outside the series.
    #[error("row {row} is outside a series of {len} rows")]
    RowOutOfBounds {
        /// The row asked for.
        row: usize,
        /// Rows in the series.
        len: usize,
    },
    /// A bar, moment or series of that number does not exist.
    #[error("{what} {index} is out of bounds: there are {len}")]
    IndexOutOfBounds {
        /// What is counted.
        what: &'static str,
        /// The index asked for.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// A table lacks a column, or has one twice.
    #[error("{0}")]
    SchemaViolation(String),
    /// A candle would close after the longer candle it belongs to: that would show the future.
    #[error(
        "row {row}: the candle stamped {timestamp} closes after its bucket, which closes at {bucket_close}: its \
         stamps are off the grid (origin shifts the buckets)"
    )]
    OffGrid {
        /// First offending row.
        row: usize,
        /// Its stamp.
        timestamp: i64,
        /// When its bucket closes; int64 may not hold it.
        bucket_close: i128,
    },
    /// Timestamps do not strictly increase.
    #[error("row {row}: timestamp {timestamp} is not after {previous}")]
    NotIncreasing {
        /// First offending row.
        row: usize,
        /// Its stamp.
        timestamp: i64,
        /// The stamp before it.
        previous: i64,
    },
    /// A value that must be finite is not.
    #[error("row {row}: {column} is {value}, not a finite number{}", if value.is_nan() { " (allow_missing admits missing prices)" } else { "" })]
    NotFinite {
        /// First offending row.
        row: usize,
        /// Its column.
        column: &'static str,
        /// Its value.
        value: f64,
    },
    /// Text or bytes are not in the expected format.
    #[error("{0}")]
    InvalidFormat(String),
    /// A value's type is not allowed, or cannot be widened without loss.
    #[error("{0}")]
    TypeMismatch(String),
    /// Data break an invariant of a series.
    #[error("{0}")]
    ConstraintViolation(String),
    /// An object is not in a state that allows the call.
    #[error("{0}")]
    InvalidState(String),
    /// A file or message is damaged, or is not what it claims to be.
    #[error("{0}")]
    DeserializationFailed(String),
    /// Data could not be written in a format.
    #[error("{0}")]
    SerializationFailed(String),
    /// Reading would take more than its input is worth.
    #[error("{0}")]
    ResourceLimitExceeded(String),
    /// Input that must hold something is empty.
    #[error("{0}")]
    EmptyInput(String),
    /// A column's length is not that of the timestamps.
    #[error("column {column} has {len} rows, timestamp has {expected}")]
    SizeMismatch {
        /// The offending column.
        column: &'static str,
        /// Its length.
        len: usize,
        /// The length it must have.
        expected: usize,
    },
    /// An array's length is not what the others ask for.
    #[error("{name} has {len} values, not {expected}")]
    LengthMismatch {
        /// The offending argument.
        name: &'static str,
        /// Its length.
        len: usize,
        /// The length it must have.
        expected: usize,
    },
    /// Fewer rows exist than were asked for.
    #[error("{}{requested} rows asked for at {now}, {available} available", in_batch(*.element))]
    InsufficientData {
        /// Rows asked for.
        requested: usize,
        /// Rows there are.
        available: usize,
        /// The time of the question, microseconds.
        now: i64,
        /// In a batch: which of the times.
        element: Option<usize>,
    },
    /// A file could not be read.
    #[error("{}: {message}", path.display())]
    Io {
        /// Which kind of failure.
        code: ErrorCode,
        /// The file.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
    /// What a file holds was refused.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<Error>,
    },
    /// Memory ran out.
    #[error("out of memory: {0}")]
    OutOfMemory(String),
    /// The library was built without this part.
    #[error("{0}")]
    NotBuiltIn(String),
}

impl Error {
    /// The number of this error.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidArgument(_) => ErrorCode::InvalidArgument,
            Self::RangeOutOfBounds { .. } | Self::RowOutOfBounds { .. } | Self::IndexOutOfBounds { .. } => {
                ErrorCode::OutOfBounds
            }
            Self::SchemaViolation(_) => ErrorCode::SchemaViolation,
            Self::NotIncreasing { .. }
            | Self::NotFinite { .. }
            | Self::OffGrid { .. }
            | Self::ConstraintViolation(_) => ErrorCode::ConstraintViolation,
            Self::TypeMismatch(_) => ErrorCode::TypeMismatch,
            Self::InvalidState(_) => ErrorCode::InvalidState,
            Self::DeserializationFailed(_) => ErrorCode::DeserializationFailed,
            Self::SerializationFailed(_) => ErrorCode::SerializationFailed,
            Self::ResourceLimitExceeded(_) => ErrorCode::ResourceLimitExceeded,
            Self::InvalidFormat(_) => ErrorCode::InvalidFormat,
            Self::EmptyInput(_) => ErrorCode::EmptyInput,
            Self::SizeMismatch { .. } | Self::LengthMismatch { .. } => ErrorCode::SizeMismatch,
            Self::InsufficientData { .. } => ErrorCode::InsufficientData,
            Self::Io { code, .. } => *code,
            Self::InFile { source, .. } => source.code(),
            Self::OutOfMemory(_) => ErrorCode::OutOfMemory,
            Self::NotBuiltIn(_) => ErrorCode::NotBuiltIn,
        }
    }

    /// An I/O failure on `path`, with the code that fits its kind.
    #[must_use]
    pub fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorCode::FileNotFound,
            std::io::ErrorKind::PermissionDenied => ErrorCode::PermissionDenied,
            std::io::ErrorKind::OutOfMemory => ErrorCode::OutOfMemory,
            _ => ErrorCode::IoError,
        };
        Self::Io { code, path: path.to_path_buf(), message: error.to_string() }
    }
}

/// An empty vector with room for `len` values, or a refusal: what a user asks for must never abort the host.
pub(crate) fn with_room<T>(len: usize, what: &str) -> Result<Vec<T>, Error> {
    let mut values = Vec::new();
    values.try_reserve_exact(len).map_err(|_| Error::OutOfMemory(format!("{what} of {len} values")))?;
    Ok(values)
}

fn span(first: Option<i64>, last: Option<i64>) -> String {
    match (first, last) {
        (Some(first), Some(last)) => format!("the series spans {first} to {last}"),
        _ => "the series is empty".to_owned(),
    }
}

fn in_batch(element: Option<usize>) -> String {
    element.map_or_else(String::new, |i| format!("times[{i}]: "))
}
