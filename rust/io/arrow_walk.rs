//! Where everything lies in an Arrow IPC file or stream: our own walk over its messages.
//!
//! Every offset and length is checked against the input before anything follows it, and nothing is read beyond the
//! metadata and the length in front of a compressed buffer. What comes out are ranges of the input that may be read.

use std::ops::Range;

use arrow_format::ipc;
use arrow_format::ipc::planus::ReadAsRoot;

use super::arrow_batch_walk::{BatchWalk, LocatedBatch, Variadic, inside, slice_of};
use super::arrow_schema_walk::{Budget, WalkedSchema, check_version, damaged, unreadable, walk_schema};
use crate::error::Error;

const MAGIC: &[u8] = b"ARROW1";
/// The magic and two bytes of padding.
const FILE_START: usize = 8;
/// The footer's length and the magic.
const FILE_END: usize = 10;
const CONTINUATION: u32 = u32::MAX;

/// What a file or a stream holds.
#[derive(Debug, PartialEq)]
pub(super) struct Walked {
    pub(super) schema: WalkedSchema,
    pub(super) batches: Vec<LocatedBatch>,
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
        self.check_first_schema(&schema)?;
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
        let first = match self.framed(0, "the stream's first message") {
            Ok(Some(first)) => first,
            // With the marker in front, it is a stream that is damaged.
            Err(error) if read_u32(self.input, 0) == Some(CONTINUATION) => return Err(error),
            _ => return Err(self.not_arrow()),
        };
        let schema = self.schema_of(&first)?.ok_or_else(|| self.not_arrow())?;
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

    /// The schema at a file's start, which readers of streams go by, must be the footer's. Polars writes one there that
    /// is no message, which nobody reads.
    fn check_first_schema(&mut self, schema: &WalkedSchema) -> Result<(), Error> {
        if read_u32(self.input, FILE_START) != Some(CONTINUATION) {
            return Ok(());
        }
        let first = self.framed(FILE_START, "the file's first message")?;
        let first = first.map(|first| self.schema_of(&first)).transpose()?.flatten();
        if first.as_ref() != Some(schema) {
            return Err(damaged("the schema in the footer is not the one at the file's start".to_owned()));
        }
        Ok(())
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

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

fn read_i32(bytes: &[u8], at: usize) -> Option<i32> {
    read_u32(bytes, at).map(u32::cast_signed)
}
