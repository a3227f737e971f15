//! A schema as it stands in a flatbuffer: fields, metadata, and how many buffers each field has in a batch.
//!
//! Nothing here follows an offset that the budget has not paid for, so tables that point to each other over and
//! over end in a refusal. Types that our columns never have are counted, not understood.

use std::collections::BTreeMap;

use arrow_format::ipc;
use arrow_format::ipc::planus::{self, errors::ErrorKind};

use super::arrow_columns::{ArrowField, ArrowType, TimestampUnit};
use crate::error::{Error, with_room};

/// Columns in a table; a hundred times what a wide table has.
const MAX_FIELDS: usize = 1 << 15;
/// How deep fields may be nested.
const MAX_DEPTH: usize = 64;

/// What a walk may still visit. Whatever is honest takes 8 bytes of the input for each step.
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    pub(super) const fn new(input: usize) -> Self {
        Self { left: input / 8 + 256 }
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Error> {
        let left = self.left.checked_sub(steps).ok_or_else(|| {
            Error::ResourceLimitExceeded("the metadata describe more than bytes of this number can".to_owned())
        })?;
        self.left = left;
        Ok(())
    }

    fn text(&mut self, text: Option<&str>) -> Result<String, Error> {
        let text = text.unwrap_or_default();
        self.spend(1 + text.len() / 8)?;
        Ok(text.to_owned())
    }
}

/// How much of a batch belongs to one field with all its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Layout {
    pub(super) nodes: usize,
    /// Without those of `views`.
    pub(super) buffers: usize,
    /// String and binary views: each has as many further buffers as the batch says.
    pub(super) views: usize,
}

/// A schema, and where its fields stand in a batch.
#[derive(Debug, PartialEq)]
pub(super) struct WalkedSchema {
    pub(super) fields: Vec<ArrowField>,
    pub(super) layouts: Vec<Layout>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// A flatbuffer that cannot be read.
pub(super) fn unreadable(place: &str) -> impl Fn(planus::Error) -> Error {
    move |error| damaged(format!("{place}: {}", error.error_kind))
}

pub(super) const fn damaged(what: String) -> Error {
    Error::DeserializationFailed(what)
}

/// Refuses metadata older than of 2016's V4; from then on buffers lie as they do today.
pub(super) fn check_version(version: ipc::MetadataVersion) -> Result<(), Error> {
    match version {
        ipc::MetadataVersion::V4 | ipc::MetadataVersion::V5 => Ok(()),
        older => Err(Error::InvalidFormat(format!("Arrow metadata of version {older:?}: V4 and V5 are read"))),
    }
}

pub(super) fn walk_schema(
    schema: ipc::SchemaRef<'_>,
    version: ipc::MetadataVersion,
    budget: &mut Budget,
) -> Result<WalkedSchema, Error> {
    let broken = unreadable("schema");
    if schema.endianness().map_err(&broken)? == ipc::Endianness::Big {
        return Err(Error::InvalidFormat("a big-endian Arrow table: only little-endian ones are read".to_owned()));
    }
    let (mut fields, mut layouts, mut metadata) = (Vec::new(), Vec::new(), BTreeMap::new());
    if let Some(children) = schema.fields().map_err(&broken)? {
        if children.len() > MAX_FIELDS {
            let count = children.len();
            return Err(Error::ResourceLimitExceeded(format!("a table of {count} columns: at most {MAX_FIELDS}")));
        }
        fields = with_room(children.len(), "fields")?;
        layouts = with_room(children.len(), "fields")?;
        for (number, child) in children.iter().enumerate() {
            let child = child.map_err(unreadable(&format!("field {number}")))?;
            let (field, layout) = walk_field(child, version, number, budget)?;
            fields.push(field);
            layouts.push(layout);
        }
    }
    for pair in schema.custom_metadata().map_err(&broken)?.into_iter().flatten() {
        let pair = pair.map_err(&broken)?;
        let key = budget.text(pair.key().map_err(&broken)?)?;
        let value = budget.text(pair.value().map_err(&broken)?)?;
        metadata.insert(key, value);
    }
    Ok(WalkedSchema { fields, layouts, metadata })
}

fn walk_field(
    field: ipc::FieldRef<'_>,
    version: ipc::MetadataVersion,
    number: usize,
    budget: &mut Budget,
) -> Result<(ArrowField, Layout), Error> {
    let numbered = format!("field {number}");
    let broken = unreadable(&numbered);
    let name = budget.text(field.name().map_err(&broken)?)?;
    let place = format!("column {name}");
    let mut layout = Layout::default();
    add_layout(field, version, &place, 0, &mut layout, budget)?;
    let kind = if field.dictionary().map_err(unreadable(&place))?.is_some() {
        ArrowType::Other("dictionary".to_owned())
    } else {
        kind(field).map_err(unreadable(&place))?
    };
    if let ArrowType::Timestamp(_, Some(zone)) = &kind {
        budget.spend(zone.len() / 8)?;
    }
    Ok((ArrowField { nullable: field.nullable().map_err(unreadable(&place))?, name, kind }, layout))
}

/// Its number in the format, too, where this crate's flatbuffers end before it.
fn type_number(field: ipc::FieldRef<'_>) -> planus::Result<Result<Option<ipc::TypeRef<'_>>, u8>> {
    match field.type_() {
        Ok(known) => Ok(Ok(known)),
        Err(planus::Error { error_kind: ErrorKind::UnknownUnionTag { tag }, .. }) => Ok(Err(tag)),
        Err(error) => Err(error),
    }
}

/// Types newer than this crate's flatbuffers.
const RUN_END_ENCODED: u8 = 22;
const BINARY_VIEW: u8 = 23;
const UTF8_VIEW: u8 = 24;
const LIST_VIEW: u8 = 25;
const LARGE_LIST_VIEW: u8 = 26;

/// Adds what one field and its children take in a batch.
fn add_layout(
    field: ipc::FieldRef<'_>,
    version: ipc::MetadataVersion,
    place: &str,
    depth: usize,
    layout: &mut Layout,
    budget: &mut Budget,
) -> Result<(), Error> {
    use ipc::TypeRef as T;
    let broken = unreadable(place);
    budget.spend(1)?;
    if depth > MAX_DEPTH {
        return Err(Error::ResourceLimitExceeded(format!("{place}: nested more than {MAX_DEPTH} deep")));
    }
    layout.nodes += 1;
    if field.dictionary().map_err(&broken)?.is_some() {
        // The indices alone; what they point to comes in batches of its own.
        layout.buffers += 2;
        return Ok(());
    }
    let number = type_number(field).map_err(&broken)?;
    let (buffers, children) = match number {
        Ok(None) => return Err(damaged(format!("{place}: no type"))),
        Ok(Some(T::Null(_))) | Err(RUN_END_ENCODED) => (0, true),
        Ok(Some(T::Binary(_) | T::Utf8(_) | T::LargeBinary(_) | T::LargeUtf8(_))) => (3, false),
        Ok(Some(T::List(_) | T::LargeList(_) | T::Map(_))) => (2, true),
        Ok(Some(T::FixedSizeList(_) | T::Struct(_))) => (1, true),
        Ok(Some(T::Union(union))) => {
            let dense = union.mode().map_err(&broken)? == ipc::UnionMode::Dense;
            // Until V4 a union had a bitmap of its own.
            let bitmap = version == ipc::MetadataVersion::V4;
            (1 + usize::from(dense) + usize::from(bitmap), true)
        }
        Ok(Some(_)) => (2, false),
        Err(BINARY_VIEW | UTF8_VIEW) => {
            layout.views += 1;
            (2, false)
        }
        Err(LIST_VIEW | LARGE_LIST_VIEW) => (3, true),
        Err(tag) => return Err(Error::InvalidFormat(format!("{place}: a type of number {tag}, unknown here"))),
    };
    layout.buffers += buffers;
    if children {
        for child in field.children().map_err(&broken)?.into_iter().flatten() {
            add_layout(child.map_err(&broken)?, version, place, depth + 1, layout, budget)?;
        }
    }
    Ok(())
}

fn kind(field: ipc::FieldRef<'_>) -> planus::Result<ArrowType> {
    use ipc::TypeRef as T;
    let other = |name: &str| ArrowType::Other(name.to_owned());
    let known = match type_number(field)? {
        Ok(Some(known)) => known,
        Ok(None) => return Ok(other("none")),
        Err(RUN_END_ENCODED) => return Ok(other("run_end_encoded")),
        Err(BINARY_VIEW) => return Ok(other("binary_view")),
        Err(UTF8_VIEW) => return Ok(other("string_view")),
        Err(LIST_VIEW | LARGE_LIST_VIEW) => return Ok(other("list_view")),
        Err(tag) => return Ok(other(&format!("type {tag}"))),
    };
    Ok(match known {
        T::Timestamp(stamp) => {
            let unit = match stamp.unit()? {
                ipc::TimeUnit::Second => TimestampUnit::Second,
                ipc::TimeUnit::Millisecond => TimestampUnit::Millisecond,
                ipc::TimeUnit::Microsecond => TimestampUnit::Microsecond,
                ipc::TimeUnit::Nanosecond => TimestampUnit::Nanosecond,
            };
            ArrowType::Timestamp(unit, stamp.timezone()?.map(str::to_owned))
        }
        T::Date(date) => match date.unit()? {
            ipc::DateUnit::Day => ArrowType::Date32,
            ipc::DateUnit::Millisecond => ArrowType::Date64,
        },
        T::FloatingPoint(float) => match float.precision()? {
            ipc::Precision::Half => other("float16"),
            ipc::Precision::Single => ArrowType::Float32,
            ipc::Precision::Double => ArrowType::Float64,
        },
        T::Int(int) => match (int.bit_width()?, int.is_signed()?) {
            (8, signed) => ArrowType::Int { bits: 8, signed },
            (16, signed) => ArrowType::Int { bits: 16, signed },
            (32, signed) => ArrowType::Int { bits: 32, signed },
            (64, signed) => ArrowType::Int { bits: 64, signed },
            (bits, _) => other(&format!("integer of {bits} bits")),
        },
        T::Bool(_) => ArrowType::Bool,
        T::Null(_) => other("null"),
        T::Binary(_) => other("binary"),
        T::LargeBinary(_) => other("large_binary"),
        T::FixedSizeBinary(_) => other("fixed_size_binary"),
        T::Utf8(_) => other("string"),
        T::LargeUtf8(_) => other("large_string"),
        T::Decimal(decimal) => other(&format!("decimal{}", decimal.bit_width()?)),
        T::Time(_) => other("time"),
        T::Interval(_) => other("interval"),
        T::Duration(_) => other("duration"),
        T::List(_) => other("list"),
        T::LargeList(_) => other("large_list"),
        T::FixedSizeList(_) => other("fixed_size_list"),
        T::Map(_) => other("map"),
        T::Struct(_) => other("struct"),
        T::Union(_) => other("union"),
    })
}
