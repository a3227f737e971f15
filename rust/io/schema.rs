//! The tables this library writes, by name and version, each with a fingerprint that pins it in every language.
//!
//! A registered version never changes: another layout is another version. The fingerprints are constants, and a
//! test in each language recomputes them from `tests/vectors/schemas.tsv`.

use std::fmt::Write;

use crate::error::Error;

/// One column of a registered table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaField {
    /// Its name.
    pub name: &'static str,
    /// Its type: `timestamp[us, UTC]`, `float64` or `bool`.
    pub kind: &'static str,
    /// Whether it may hold nulls.
    pub nullable: bool,
}

impl SchemaField {
    const fn new(name: &'static str, kind: &'static str, nullable: bool) -> Self {
        Self { name, kind, nullable }
    }
}

/// A registered table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// Its name, which its metadata carry as `schema_name`.
    pub name: &'static str,
    /// Its version, which its metadata carry as `schema_version`.
    pub version: &'static str,
    /// Its columns, in order.
    pub fields: &'static [SchemaField],
    /// SHA-256 of [`Schema::fields_json`], in lower-case hexadecimal.
    pub fingerprint: &'static str,
}

/// The keys of a registered table's metadata, in the order they are written.
pub const METADATA_KEYS: [&str; 5] = ["schema_name", "schema_version", "symbol", "timeframe", "price_type"];

const TIMESTAMP: SchemaField = SchemaField::new("timestamp", "timestamp[us, UTC]", false);
const OPEN: SchemaField = SchemaField::new("open", "float64", false);
const HIGH: SchemaField = SchemaField::new("high", "float64", false);
const LOW: SchemaField = SchemaField::new("low", "float64", false);
const CLOSE: SchemaField = SchemaField::new("close", "float64", false);

/// What a series is written as: a missing volume is null, a missing bar is no row.
pub const SYMBOL_SLICE: Schema = Schema {
    name: "symbol_slice",
    version: "1.0.0",
    fields: &[TIMESTAMP, OPEN, HIGH, LOW, CLOSE, SchemaField::new("volume", "float64", true)],
    fingerprint: "6696ee81acaa64d4a11509c7eedf4615bb986546de76fc89578e333373e153a7",
};

/// Rows on a fixed grid, where `valid = false` is a missing bar.
pub const OHLCV: Schema = Schema {
    name: "ohlcv",
    version: "1.0.0",
    fields: &[
        TIMESTAMP,
        OPEN,
        HIGH,
        LOW,
        CLOSE,
        SchemaField::new("volume", "float64", false),
        SchemaField::new("valid", "bool", false),
    ],
    fingerprint: "e00cf098d8db8d245ea9ae0e447cb39e0b55791a3678e004bc39e6bf42dbf6b7",
};

/// Every registered table.
pub const SCHEMAS: [Schema; 2] = [SYMBOL_SLICE, OHLCV];

/// The table registered under this name and version.
///
/// ```
/// let schema = omega_slicer::io::schema::schema("symbol_slice", "1.0.0")?;
/// assert_eq!(schema.fields.len(), 6);
/// # Ok::<(), omega_slicer::Error>(())
/// ```
///
/// # Errors
/// [`Error::SchemaViolation`] listing those there are.
pub fn schema(name: &str, version: &str) -> Result<&'static Schema, Error> {
    const ALL: &[Schema] = &SCHEMAS;
    let found = ALL.iter().find(|schema| schema.name == name && schema.version == version);
    found.ok_or_else(|| {
        let known: Vec<String> = ALL.iter().map(|schema| format!("{} {}", schema.name, schema.version)).collect();
        Error::SchemaViolation(format!("no schema {name} {version}: there are {}", known.join(", ")))
    })
}

impl Schema {
    /// The columns as the JSON text that the fingerprint is taken of: keys sorted, ASCII, one space after each
    /// comma and colon.
    #[must_use]
    pub fn fields_json(&self) -> String {
        let mut text = String::from("[");
        for (i, SchemaField { name, kind, nullable }) in self.fields.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            // Names and types are plain letters and brackets: nothing to escape.
            let _ = write!(text, r#"{comma}{{"name": "{name}", "nullable": {nullable}, "type": "{kind}"}}"#);
        }
        text + "]"
    }

    /// Name, version, fingerprint and columns as a JSON object.
    #[must_use]
    pub fn json(&self) -> String {
        let Self { name, version, fingerprint, .. } = self;
        let fields = self.fields_json();
        format!(r#"{{"name": "{name}", "version": "{version}", "fingerprint": "{fingerprint}", "fields": {fields}}}"#)
    }
}
