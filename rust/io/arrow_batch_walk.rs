//! Where the columns of one record batch lie: nodes, buffers and the lengths in front of compressed ones.
//!
//! Every buffer is checked against its body, every count against the schema's, before a range leaves this file.

use std::ops::Range;

use arrow_format::ipc;
use arrow_format::ipc::planus::table_reader::Table;
use arrow_format::ipc::planus::{self, SliceWithStartOffset, TableReadUnion};

use super::arrow_columns::{ArrowField, ArrowType};
use super::arrow_schema_walk::{Budget, Layout, WalkedSchema, damaged, unreadable};
use crate::error::{Error, with_room};

/// How a buffer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Lz4Frame,
    Zstd,
}

/// A buffer in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    /// Inside the input; where it is not packed, the bytes its rows need and no more.
    pub(super) range: Range<usize>,
    /// How it is compressed and how long it is without.
    pub(super) packed: Option<(Codec, usize)>,
    /// The bytes its rows need.
    pub(super) needed: usize,
}

/// A column of a batch in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocatedColumn {
    pub(super) values: Located,
    pub(super) validity: Option<Located>,
    pub(super) null_count: usize,
}

/// A batch in the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LocatedBatch {
    pub(super) len: usize,
    /// One for each field; none where its type is `Other`.
    pub(super) columns: Vec<Option<LocatedColumn>>,
}

/// The largest allocation that an honest reader of `input` bytes would make.
pub(super) const fn allowance(input: usize) -> usize {
    input.saturating_mul(16).saturating_add(1 << 20)
}

/// How many further buffers the string views of a batch have, in the order of its fields.
pub(super) struct Variadic<'a>(Option<planus::Vector<'a, i64>>);

/// A table of any type.
struct AnyTable<'a>(Table<'a>);

impl<'a> TableReadUnion<'a> for AnyTable<'a> {
    fn from_buffer(
        buffer: SliceWithStartOffset<'a>,
        offset: usize,
        _tag: u8,
    ) -> Result<Self, planus::errors::ErrorKind> {
        Table::from_buffer(buffer, offset).map(Self)
    }
}

impl<'a> Variadic<'a> {
    /// The last field of a record batch, newer than this crate's flatbuffers.
    pub(super) fn new(metadata: &'a [u8], place: &str) -> Result<Self, Error> {
        let buffer = SliceWithStartOffset { buffer: metadata, offset_from_start: 0 };
        let message = Table::from_buffer(buffer, 0).map_err(|kind| damaged(format!("{place}: {kind}")))?;
        let header = message.access_union::<AnyTable>(1, "Message", "header").map_err(unreadable(place))?;
        let Some(AnyTable(batch)) = header else { return Ok(Self(None)) };
        batch.access(4, "RecordBatch", "variadic_buffer_counts").map(Self).map_err(unreadable(place))
    }

    fn get(&self, view: usize) -> Option<usize> {
        usize::try_from(self.0?.get(view)?).ok()
    }
}

/// One batch, on the way to its columns.
pub(super) struct BatchWalk<'a, 'b> {
    pub(super) input: &'a [u8],
    pub(super) body: Range<usize>,
    pub(super) place: &'a str,
    pub(super) budget: &'b mut Budget,
}

impl BatchWalk<'_, '_> {
    pub(super) fn columns(
        self,
        batch: ipc::RecordBatchRef<'_>,
        schema: &WalkedSchema,
        variadic: Variadic,
    ) -> Result<LocatedBatch, Error> {
        let place = self.place;
        let broken = unreadable(place);
        let len = batch.length().map_err(&broken)?;
        let len = usize::try_from(len).map_err(|_| damaged(format!("{place}: {len} rows")))?;
        let codec = match batch.compression().map_err(&broken)? {
            None => None,
            Some(how) => {
                // There is one method; another is an error of the flatbuffer.
                let ipc::BodyCompressionMethod::Buffer = how.method().map_err(&broken)?;
                Some(match how.codec().map_err(&broken)? {
                    ipc::CompressionType::Lz4Frame => Codec::Lz4Frame,
                    ipc::CompressionType::Zstd => Codec::Zstd,
                })
            }
        };
        let nodes = batch.nodes().map_err(&broken)?;
        let buffers = batch.buffers().map_err(&broken)?;
        let (node_count, buffer_count) = (nodes.map_or(0, |all| all.len()), buffers.map_or(0, |all| all.len()));
        self.budget.spend(node_count.saturating_add(buffer_count))?;
        let (mut node, mut buffer, mut view) = (0_usize, 0_usize, 0_usize);
        let mut columns = with_room(schema.fields.len(), "columns")?;
        for (field, layout) in schema.fields.iter().zip(&schema.layouts) {
            let Layout { nodes: own_nodes, buffers: mut own_buffers, views } = *layout;
            for _ in 0..views {
                let further = variadic.get(view).ok_or_else(|| damaged(format!("{place}: views are not counted")))?;
                own_buffers = own_buffers.saturating_add(further);
                view += 1;
            }
            let (next_node, next_buffer) = (node.saturating_add(own_nodes), buffer.saturating_add(own_buffers));
            if next_node > node_count || next_buffer > buffer_count {
                let name = &field.name;
                return Err(damaged(format!(
                    "{place}, column {name}: {node_count} nodes and {buffer_count} buffers end before it does"
                )));
            }
            let own = nodes.and_then(|all| all.get(node)).ok_or_else(|| damaged(format!("{place}: no node")))?;
            let rows = check_node(own, len, || format!("{place}, column {}", field.name))?;
            for foreign in buffers.into_iter().flat_map(|all| (buffer..next_buffer).filter_map(move |i| all.get(i))) {
                inside(foreign, &self.body, || format!("{place}, column {}", field.name))?;
            }
            let at = |number: usize| buffers.and_then(|all| all.get(number));
            columns.push(match (width(&field.kind), at(buffer), at(buffer + 1)) {
                (Some(width), Some(bitmap), Some(values)) => {
                    Some(self.column(field, rows, width, [bitmap, values], codec)?)
                }
                _ => None,
            });
            (node, buffer) = (next_node, next_buffer);
        }
        if (node, buffer) != (node_count, buffer_count) {
            return Err(damaged(format!(
                "{place}: {node_count} nodes and {buffer_count} buffers where the schema has {node} and {buffer}"
            )));
        }
        Ok(LocatedBatch { len, columns })
    }

    fn column(
        &self,
        field: &ArrowField,
        (len, null_count): (usize, usize),
        width: Width,
        [bitmap, values]: [ipc::BufferRef<'_>; 2],
        codec: Option<Codec>,
    ) -> Result<LocatedColumn, Error> {
        let place = || format!("{}, column {}", self.place, field.name);
        let validity = match bitmap.length() {
            0 if null_count > 0 => return Err(damaged(format!("{}: {null_count} nulls and no bitmap", place()))),
            0 => None,
            _ => Some(self.located(bitmap, len.div_ceil(8), codec, &place)?),
        };
        let needed = match width {
            Width::Bit => len.div_ceil(8),
            Width::Bytes(bytes) => len.checked_mul(bytes).ok_or_else(|| damaged(format!("{}: {len} rows", place())))?,
        };
        Ok(LocatedColumn { values: self.located(values, needed, codec, &place)?, validity, null_count })
    }

    /// A buffer of which `needed` bytes are read.
    fn located(
        &self,
        buffer: ipc::BufferRef<'_>,
        needed: usize,
        codec: Option<Codec>,
        place: &dyn Fn() -> String,
    ) -> Result<Located, Error> {
        let range = inside(buffer, &self.body, place)?;
        let too_short =
            |len: usize| damaged(format!("{}: a buffer of {len} bytes where its rows need {needed}", place()));
        let plain = |start: usize| match range.end - start {
            len if len < needed => Err(too_short(len)),
            _ => Ok(Located { range: start..start + needed, packed: None, needed }),
        };
        let Some(codec) = codec.filter(|_| !range.is_empty()) else { return plain(range.start) };
        let prefix = self.input[range.clone()].first_chunk().map(|bytes| i64::from_le_bytes(*bytes));
        let prefix = prefix.ok_or_else(|| damaged(format!("{}: a compressed buffer without its length", place())))?;
        let start = range.start + 8;
        if prefix == -1 {
            return plain(start);
        }
        let len = usize::try_from(prefix)
            .map_err(|_| damaged(format!("{}: a compressed buffer of {prefix} bytes", place())))?;
        if len < needed {
            return Err(too_short(len));
        }
        // Writers pad to 64 bytes at most; twice that and twice the rows is generous.
        if len > allowance(self.input.len()) || len / 2 > needed.saturating_add(64) {
            return Err(Error::ResourceLimitExceeded(format!(
                "{}: {len} bytes announced where its rows need {needed}",
                place()
            )));
        }
        Ok(Located { range: start..range.end, packed: Some((codec, len)), needed })
    }
}

#[derive(Clone, Copy)]
enum Width {
    Bit,
    Bytes(usize),
}

/// The width of a value; none where the type is of no use here.
const fn width(kind: &ArrowType) -> Option<Width> {
    Some(match kind {
        ArrowType::Timestamp(..) | ArrowType::Date64 | ArrowType::Float64 => Width::Bytes(8),
        ArrowType::Date32 | ArrowType::Float32 => Width::Bytes(4),
        ArrowType::Int { bits, .. } => Width::Bytes(*bits as usize / 8),
        ArrowType::Bool => Width::Bit,
        ArrowType::Other(_) => return None,
    })
}

/// Rows and nulls of a column.
fn check_node(node: ipc::FieldNodeRef<'_>, rows: usize, place: impl Fn() -> String) -> Result<(usize, usize), Error> {
    let (len, nulls) = (node.length(), node.null_count());
    if usize::try_from(len) != Ok(rows) {
        return Err(damaged(format!("{}: {len} rows in a batch of {rows}", place())));
    }
    match usize::try_from(nulls) {
        Ok(nulls) if nulls <= rows => Ok((rows, nulls)),
        _ => Err(damaged(format!("{}: {nulls} nulls in {rows} rows", place()))),
    }
}

/// The range of the input that a buffer announces inside its body.
pub(super) fn inside(
    buffer: ipc::BufferRef<'_>,
    body: &Range<usize>,
    place: impl Fn() -> String,
) -> Result<Range<usize>, Error> {
    let (offset, length) = (buffer.offset(), buffer.length());
    let start = usize::try_from(offset).ok().and_then(|offset| body.start.checked_add(offset));
    start.and_then(|start| slice_of(start, length, body.end)).ok_or_else(|| {
        let body = body.len();
        damaged(format!("{}: {length} bytes at {offset} do not lie inside a body of {body}", place()))
    })
}

/// `length` bytes from `start`, if they end at or before `end`.
pub(super) fn slice_of(start: usize, length: i64, end: usize) -> Option<Range<usize>> {
    let stop = start.checked_add(usize::try_from(length).ok()?)?;
    (stop <= end).then_some(start..stop)
}
