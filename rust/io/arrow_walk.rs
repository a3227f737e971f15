//! Where everything lies in an Arrow IPC file or stream: our own walk over its messages.
//!
//! Every offset and length is checked against the input before anything follows it, and nothing is read beyond the
//! metadata and the length in front of a compressed buffer. What comes out are ranges of the input that may be read.

use std::ops::Range;

use arrow_format::ipc;
use arrow_format::ipc::planus::table_reader::Table;
use arrow_format::ipc::planus::{self, ReadAsRoot, SliceWithStartOffset, TableReadUnion};

use super::arrow_columns::{ArrowField, ArrowType};
use super::arrow_schema_walk::{Budget, Layout, WalkedSchema, check_version, damaged, unreadable, walk_schema};
use crate::error::{Error, with_room};

const MAGIC: &[u8] = b"ARROW1";
/// The magic and two bytes of padding.
const FILE_START: usize = 8;
/// The footer's length and the magic.
const FILE_END: usize = 10;
const CONTINUATION: u32 = u32::MAX;

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

/// What a file or a stream holds.
#[derive(Debug, PartialEq)]
pub(super) struct Walked {
    pub(super) schema: WalkedSchema,
    pub(super) batches: Vec<LocatedBatch>,
}

/// The largest allocation that an honest reader of `input` bytes would make.
pub(super) const fn allowance(input: usize) -> usize {
    input.saturating_mul(16).saturating_add(1 << 20)
}

/// Finds everything in a file or a stream. O(fields x batches); copies names and metadata alone.
pub(super) fn walk(input: &[u8]) -> Result<Walked, Error> {
    if input.is_empty() {
        return Err(Error::EmptyInput("no bytes: neither an Arrow IPC file nor a stream".to_owned()));
    }
    let walker = Walker { input, budget: Budget::new(input.len()) };
    if input.starts_with(MAGIC) { walker.file() } else { walker.stream() }
}

/// One message: its metadata, and where what follows it starts.
struct Framed<'a> {
    message: ipc::MessageRef<'a>,
    metadata: &'a [u8],
    end: usize,
}

struct Walker<'a> {
    input: &'a [u8],
    budget: Budget,
}

impl<'a> Walker<'a> {
    fn file(mut self) -> Result<Walked, Error> {
        let cut = || damaged("an Arrow IPC file without its end: cut off, or still being written".to_owned());
        let length_at = self.input.len().checked_sub(FILE_END).filter(|at| *at >= FILE_START).ok_or_else(cut)?;
        if !self.input.ends_with(MAGIC) {
            return Err(cut());
        }
        let length = usize::try_from(read_i32(self.input, length_at).ok_or_else(cut)?).ok();
        let start = length.and_then(|length| length_at.checked_sub(length)).filter(|start| *start >= FILE_START);
        let start = start.ok_or_else(|| damaged("the footer's length is not inside the file".to_owned()))?;
        let broken = unreadable("footer");
        let footer = ipc::FooterRef::read_as_root(&self.input[start..length_at]).map_err(&broken)?;
        let version = footer.version().map_err(&broken)?;
        check_version(version)?;
        let schema = footer.schema().map_err(&broken)?.ok_or_else(|| damaged("footer: no schema".to_owned()))?;
        let schema = walk_schema(schema, version, &mut self.budget)?;
        // From here on nothing may reach into the footer.
        self.input = &self.input[..start];
        let first = self.framed(FILE_START, "the file's first message")?;
        let first = first.ok_or_else(|| damaged("the file's first message is an end".to_owned()))?;
        if self.schema_of(&first)? != Some(&schema).map(Same) {
            return Err(damaged("the schema in the footer is not the one at the file's start".to_owned()));
        }
        for (number, block) in footer.dictionaries().map_err(&broken)?.into_iter().flatten().enumerate() {
            self.block(block, &format!("dictionary batch {number}"), &schema, true)?;
        }
        let blocks = footer.record_batches().map_err(&broken)?;
        let mut batches = Vec::new();
        for (number, block) in blocks.into_iter().flatten().enumerate() {
            batches.extend(self.block(block, &format!("batch {number}"), &schema, false)?);
        }
        Ok(Walked { schema, batches })
    }

    fn stream(mut self) -> Result<Walked, Error> {
        let first = self.framed(0, "the stream's first message");
        let schema = match &first {
            Ok(Some(first)) => self.schema_of(first)?,
            _ => None,
        };
        let (Ok(Some(first)), Some(schema)) = (first, schema) else { return Err(self.not_arrow()) };
        let (mut at, mut batches) = (first.end, Vec::new());
        while at < self.input.len() {
            let place = format!("batch {}", batches.len());
            let Some(framed) = self.framed(at, &place)? else {
                // What stands after the end would be lost without a word: a second stream, perhaps.
                let end = at + if read_u32(self.input, at) == Some(CONTINUATION) { 8 } else { 4 };
                if self.input[end..].iter().any(|byte| *byte != 0) {
                    return Err(damaged(format!("bytes follow the end of the stream at byte {end}")));
                }
                break;
            };
            let length = framed.message.body_length().map_err(unreadable(&place))?;
            let body = slice_of(framed.end, length, self.input.len())
                .ok_or_else(|| damaged(format!("{place}: a body of {length} bytes does not end inside the input")))?;
            at = body.end;
            batches.extend(self.batch(&framed, body, &place, &schema)?);
        }
        Ok(Walked { schema, batches })
    }

    fn not_arrow(&self) -> Error {
        let hint = match self.input {
            [b'F', b'E', b'A', b'1', ..] => ": it is a Feather V1 file, which pyarrow reads",
            [b'P', b'A', b'R', b'1', ..] => ": it is a Parquet file, which pyarrow and Polars read",
            _ => "",
        };
        damaged(format!("neither an Arrow IPC file nor a stream{hint}"))
    }

    /// The message at `at`; none where an end stands.
    fn framed(&self, at: usize, place: &str) -> Result<Option<Framed<'a>>, Error> {
        let cut = || damaged(format!("{place}: no whole message at byte {at}"));
        let word = read_u32(self.input, at).ok_or_else(cut)?;
        // Before 2019's 0.15 there was the length alone.
        let prefix = if word == CONTINUATION { 8 } else { 4 };
        let length = read_i32(self.input, at + prefix - 4).ok_or_else(cut)?;
        if length == 0 {
            return Ok(None);
        }
        let range = slice_of(at + prefix, i64::from(length), self.input.len())
            .ok_or_else(|| damaged(format!("{place}: metadata of {length} bytes do not end inside the input")))?;
        let metadata = &self.input[range.clone()];
        let message = ipc::MessageRef::read_as_root(metadata).map_err(unreadable(place))?;
        Ok(Some(Framed { message, metadata, end: range.end }))
    }

    /// The schema that a message holds; none if it is another message.
    fn schema_of(&mut self, framed: &Framed) -> Result<Option<WalkedSchema>, Error> {
        let broken = unreadable("schema");
        let Ok(Some(ipc::MessageHeaderRef::Schema(schema))) = framed.message.header() else { return Ok(None) };
        let version = framed.message.version().map_err(&broken)?;
        check_version(version)?;
        walk_schema(schema, version, &mut self.budget).map(Some)
    }

    /// What a block of the footer announces.
    fn block(
        &mut self,
        block: ipc::BlockRef<'_>,
        place: &str,
        schema: &WalkedSchema,
        dictionary: bool,
    ) -> Result<Option<LocatedBatch>, Error> {
        let (offset, metadata, body) = (block.offset(), i64::from(block.meta_data_length()), block.body_length());
        let outside = || damaged(format!("{place}: announced at {offset}, {metadata} and {body} bytes long, outside"));
        let at = usize::try_from(offset).ok().filter(|at| *at >= FILE_START).ok_or_else(outside)?;
        let metadata = slice_of(at, metadata, self.input.len()).ok_or_else(outside)?;
        let body = slice_of(metadata.end, body, self.input.len()).ok_or_else(outside)?;
        let framed = self.framed(at, place)?.ok_or_else(|| damaged(format!("{place}: an end stands there")))?;
        let announced = framed.message.body_length().map_err(unreadable(place))?;
        if framed.end > metadata.end || usize::try_from(announced) != Ok(body.len()) {
            return Err(damaged(format!("{place}: footer and message announce different lengths")));
        }
        let batch = self.batch(&framed, body, place, schema)?;
        if batch.is_none() != dictionary {
            return Err(damaged(format!("{place}: the footer announces another kind of message")));
        }
        Ok(batch)
    }

    /// The record batch of a message; none if it holds a dictionary, which no column of ours uses.
    fn batch(
        &mut self,
        framed: &Framed,
        body: Range<usize>,
        place: &str,
        schema: &WalkedSchema,
    ) -> Result<Option<LocatedBatch>, Error> {
        let broken = unreadable(place);
        check_version(framed.message.version().map_err(&broken)?)?;
        let header = framed.message.header().map_err(&broken)?;
        self.budget.spend(1)?;
        match header {
            Some(ipc::MessageHeaderRef::RecordBatch(batch)) => {
                let variadic = Variadic::new(framed.metadata, place)?;
                let walk = BatchWalk { input: self.input, body, place, budget: &mut self.budget };
                walk.columns(batch, schema, variadic).map(Some)
            }
            Some(ipc::MessageHeaderRef::DictionaryBatch(dictionary)) => {
                let data = dictionary.data().map_err(&broken)?;
                let data = data.ok_or_else(|| damaged(format!("{place}: a dictionary without data")))?;
                for buffer in data.buffers().map_err(&broken)?.into_iter().flatten() {
                    self.budget.spend(1)?;
                    inside(buffer, &body, || format!("{place}: a dictionary's buffer"))?;
                }
                Ok(None)
            }
            Some(ipc::MessageHeaderRef::Schema(_)) => Err(damaged(format!("{place}: a second schema"))),
            _ => Err(damaged(format!("{place}: neither a record batch nor a dictionary"))),
        }
    }
}

/// How many further buffers the string views of a batch have, in the order of its fields.
struct Variadic<'a>(Option<planus::Vector<'a, i64>>);

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
    fn new(metadata: &'a [u8], place: &str) -> Result<Self, Error> {
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

struct BatchWalk<'a, 'b> {
    input: &'a [u8],
    body: Range<usize>,
    place: &'a str,
    budget: &'b mut Budget,
}

impl BatchWalk<'_, '_> {
    fn columns(
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
        for buffer in buffers.into_iter().flatten() {
            inside(buffer, &self.body, || format!("{place}: a buffer"))?;
        }
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
            Width::Bytes(bytes) => {
                len.checked_mul(bytes).ok_or_else(|| damaged(format!("{}: {len} rows", place())))?
            }
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
fn check_node(
    node: ipc::FieldNodeRef<'_>,
    rows: usize,
    place: impl Fn() -> String,
) -> Result<(usize, usize), Error> {
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
fn inside(buffer: ipc::BufferRef<'_>, body: &Range<usize>, place: impl Fn() -> String) -> Result<Range<usize>, Error> {
    let (offset, length) = (buffer.offset(), buffer.length());
    let start = usize::try_from(offset).ok().and_then(|offset| body.start.checked_add(offset));
    start.and_then(|start| slice_of(start, length, body.end)).ok_or_else(|| {
        let body = body.len();
        damaged(format!("{}: {length} bytes at {offset} do not lie inside a body of {body}", place()))
    })
}

/// `length` bytes from `start`, if they end at or before `end`.
fn slice_of(start: usize, length: i64, end: usize) -> Option<Range<usize>> {
    let stop = start.checked_add(usize::try_from(length).ok()?)?;
    (stop <= end).then_some(start..stop)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

fn read_i32(bytes: &[u8], at: usize) -> Option<i32> {
    read_u32(bytes, at).map(u32::cast_signed)
}
