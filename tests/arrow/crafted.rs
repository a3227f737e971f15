//! Arrow files made by hand that no producer writes: each tells one lie, and each lie has one check that catches it.

use arrow_format::ipc;
use arrow_format::ipc::planus::{Builder, ReadAsRoot};
use omega_slicer::io::{ArrowOptions, parse_ipc};
use omega_slicer::{CandleSeries, Check, Error, PriceType, Timeframe};

use crate::allocator::largest_of;
use crate::common::folder;

fn read(bytes: &[u8]) -> Result<CandleSeries, Error> {
    let options = ArrowOptions {
        symbol: Some("X".to_owned()),
        timeframe: Some(Timeframe::M1),
        price_type: Some(PriceType::Bid),
        check: Some(Check::None),
        ..ArrowOptions::default()
    };
    let (result, largest) = largest_of(|| parse_ipc(bytes, &options));
    assert!(largest <= 16 * bytes.len() + (1 << 20), "{largest} bytes at once out of {}", bytes.len());
    result
}

#[track_caller]
fn assert_refused(bytes: &[u8], code: i32, fragment: &str) {
    let error = read(bytes).expect_err(fragment);
    assert_eq!(error.code().as_i32(), code, "{error}");
    assert!(error.to_string().contains(fragment), "{fragment:?} is not in {error}");
}

fn framed(message: &ipc::Message, body: &[u8]) -> Vec<u8> {
    let mut builder = Builder::new();
    let mut metadata = builder.finish(message, None).to_vec();
    metadata.resize(metadata.len().next_multiple_of(8), 0);
    let len = u32::try_from(metadata.len()).unwrap();
    [&[0xFF; 4][..], &len.to_le_bytes(), &metadata, body].concat()
}

fn field(name: &str, type_: ipc::Type) -> ipc::Field {
    let name = Some(name.to_owned());
    let (dictionary, children, custom_metadata) = (None, None, None);
    ipc::Field { name, nullable: true, type_: Some(type_), dictionary, children, custom_metadata }
}

fn int(bit_width: i32) -> ipc::Type {
    ipc::Type::Int(Box::new(ipc::Int { bit_width, is_signed: true }))
}

fn schema_message(fields: Vec<ipc::Field>) -> ipc::Message {
    let endianness = ipc::Endianness::Little;
    let schema = ipc::Schema { endianness, fields: Some(fields), custom_metadata: None, features: None };
    let header = Some(ipc::MessageHeader::Schema(Box::new(schema)));
    ipc::Message { version: ipc::MetadataVersion::V5, header, body_length: 0, custom_metadata: None }
}

/// A batch of columns without nulls, each a values buffer of the body: (offset, length).
fn batch(rows: i64, values: &[(i64, i64)], compression: Option<ipc::CompressionType>) -> ipc::RecordBatch {
    let nodes = values.iter().map(|_| ipc::FieldNode { length: rows, null_count: 0 });
    let buffers = values
        .iter()
        .flat_map(|&(offset, length)| [ipc::Buffer { offset: 0, length: 0 }, ipc::Buffer { offset, length }]);
    let method = ipc::BodyCompressionMethod::Buffer;
    ipc::RecordBatch {
        length: rows,
        nodes: Some(nodes.collect()),
        buffers: Some(buffers.collect()),
        compression: compression.map(|codec| Box::new(ipc::BodyCompression { codec, method })),
    }
}

fn message(header: ipc::MessageHeader, body: &[u8]) -> ipc::Message {
    let body_length = i64::try_from(body.len()).unwrap();
    ipc::Message { version: ipc::MetadataVersion::V5, header: Some(header), body_length, custom_metadata: None }
}

/// The frame of `len` zeros: a few bytes for each 128 KiB.
fn zeros(len: usize) -> Vec<u8> {
    let mut frame = [&0xFD2F_B528_u32.to_le_bytes()[..], &[0, 0x50]].concat();
    let mut left = len;
    loop {
        let size = left.min(1 << 17);
        left -= size;
        let word = u32::try_from(size).unwrap() << 3 | 0b10 | u32::from(left == 0);
        frame.extend(&word.to_le_bytes()[..3]);
        frame.push(0);
        if left == 0 {
            return [&i64::try_from(len).unwrap().to_le_bytes()[..], &frame].concat();
        }
    }
}

/// A stream of one batch: a date32 `time` and int8 prices, all zero, and further columns if there are names for them.
fn packed_zeros(rows: usize, further: &[&str]) -> Vec<u8> {
    let mut fields = vec![field("time", ipc::Type::Date(Box::new(ipc::Date { unit: ipc::DateUnit::Day })))];
    fields.extend(["open", "high", "low", "close"].iter().chain(further).map(|name| field(name, int(8))));
    let (times, prices) = (zeros(4 * rows), zeros(rows));
    let body = [&times[..], &prices].concat();
    let place = |offset: usize, bytes: &[u8]| (i64::try_from(offset).unwrap(), i64::try_from(bytes.len()).unwrap());
    let mut values = vec![place(times.len(), &prices); fields.len()];
    values[0] = place(0, &times);
    let header = batch(i64::try_from(rows).unwrap(), &values, Some(ipc::CompressionType::Zstd));
    let header = ipc::MessageHeader::RecordBatch(Box::new(header));
    [framed(&schema_message(fields), &[]), framed(&message(header, &body), &body)].concat()
}

#[test]
fn a_few_bytes_that_stand_for_many_rows_are_refused_before_the_rows_are_made() {
    assert_eq!(read(&packed_zeros(1000, &[])).unwrap().len(), 1000, "the same in small is read");
    // Each column for itself is inside the limit; as int64 and float64 they are not.
    assert_refused(&packed_zeros(140_000, &[]), 6004, "rows announced");
    // Columns that share their bytes, so that each costs but its description.
    let names = vec!["valid"; 5000];
    assert_eq!(read(&packed_zeros(1, &names)).unwrap().len(), 1, "bool alone is a mark");
    assert_refused(&packed_zeros(100_000, &vec!["volume"; 5000]), 6004, "columns of more bytes");
}

#[test]
fn a_compressed_buffer_announces_what_its_rows_need() {
    let whole = packed_zeros(1000, &[]);
    let honest = 4000_i64.to_le_bytes();
    let at = whole.windows(8).position(|bytes| bytes == honest).unwrap();
    for (len, code, fragment) in [
        (3999_i64, 3004, "time"),
        (4001, 3004, "time"),
        (-2, 3004, "-2"),
        (10_000, 6004, "10000 bytes announced"),
        (i64::MAX, 6004, "announced"),
    ] {
        let mut bytes = whole.clone();
        bytes[at..at + 8].copy_from_slice(&len.to_le_bytes());
        assert_refused(&bytes, code, fragment);
    }
}

/// `plain.arrow` with its footer rewritten.
fn with_footer(change: impl FnOnce(&mut ipc::Footer)) -> Vec<u8> {
    let whole = std::fs::read(folder().join("arrow/plain.arrow")).unwrap();
    let end = whole.len() - 10;
    let len = usize::try_from(u32::from_le_bytes(whole[end..end + 4].try_into().unwrap())).unwrap();
    let start = end - len;
    let footer = ipc::FooterRef::read_as_root(&whole[start..end]).unwrap();
    let mut footer: ipc::Footer = footer.try_into().unwrap();
    change(&mut footer);
    let mut builder = Builder::new();
    let footer = builder.finish(&footer, None);
    let len = u32::try_from(footer.len()).unwrap();
    [&whole[..start], footer, &len.to_le_bytes(), b"ARROW1"].concat()
}

fn blocks(footer: &mut ipc::Footer) -> &mut Vec<ipc::Block> {
    footer.record_batches.as_mut().unwrap()
}

#[test]
fn a_footer_says_what_its_messages_say() {
    let whole = read(&with_footer(|_| ())).unwrap();
    let twice = read(&with_footer(|footer| {
        let block = blocks(footer)[0];
        blocks(footer).push(block);
    }));
    assert_eq!(twice.unwrap().len(), 2 * whole.len(), "a batch may be named twice");
    let often = with_footer(|footer| {
        let block = blocks(footer)[0];
        blocks(footer).resize(100_000, block);
    });
    assert_refused(&often, 6004, "metadata");
    let rename = |footer: &mut ipc::Footer| {
        let fields = footer.schema.as_mut().unwrap().fields.as_mut().unwrap();
        fields[1].name = Some("high".to_owned());
        fields[2].name = Some("open".to_owned());
    };
    assert_refused(&with_footer(rename), 3004, "schema in the footer");
    let as_dictionary = |footer: &mut ipc::Footer| {
        let moved = std::mem::take(blocks(footer));
        footer.dictionaries = Some(moved);
    };
    assert_refused(&with_footer(as_dictionary), 3004, "another kind");
    assert_refused(&with_footer(|footer| blocks(footer)[0].body_length -= 64), 3004, "different lengths");
    assert_refused(&with_footer(|footer| blocks(footer)[0].meta_data_length -= 8), 3004, "different lengths");
    assert_refused(&with_footer(|footer| blocks(footer)[0].offset = 0), 3004, "outside");
    assert_refused(&with_footer(|footer| footer.version = ipc::MetadataVersion::V3), 1009, "V3");
    // The first message is a schema: no batch.
    let schema = |footer: &mut ipc::Footer| {
        let block = &mut blocks(footer)[0];
        block.body_length = 0;
        (block.meta_data_length, block.offset) = (i32::try_from(block.offset).unwrap() - 8, 8);
    };
    assert_refused(&with_footer(schema), 3004, "second schema");
}

#[test]
fn a_batch_has_the_nodes_and_buffers_of_its_schema_no_fewer_and_no_more() {
    let fields = || vec![field("time", int(64)), field("open", int(64))];
    let body = [0_u8; 64];
    let one = |columns: usize, change: &dyn Fn(&mut ipc::RecordBatch)| {
        let mut header = batch(4, &vec![(0, 32); columns], None);
        change(&mut header);
        let header = ipc::MessageHeader::RecordBatch(Box::new(header));
        [framed(&schema_message(fields()), &[]), framed(&message(header, &body), &body)].concat()
    };
    assert_refused(&one(2, &|_| ()), 1005, "high");
    assert_refused(&one(1, &|_| ()), 3004, "end before it does");
    assert_refused(&one(3, &|_| ()), 3004, "where the schema has");
    let node = |length, null_count| {
        move |header: &mut ipc::RecordBatch| header.nodes.as_mut().unwrap()[1] = ipc::FieldNode { length, null_count }
    };
    assert_refused(&one(2, &node(3, 0)), 3004, "batch 0, column open: 3 rows in a batch of 4");
    assert_refused(&one(2, &node(4, 5)), 3004, "5 nulls in 4 rows");
    assert_refused(&one(2, &node(4, -1)), 3004, "-1 nulls");
    assert_refused(&one(2, &node(4, 1)), 3004, "1 nulls and no bitmap");
    let values = |offset, length| {
        move |header: &mut ipc::RecordBatch| header.buffers.as_mut().unwrap()[3] = ipc::Buffer { offset, length }
    };
    assert_refused(&one(2, &values(0, 31)), 3004, "31 bytes where its rows need 32");
    assert_refused(&one(2, &values(33, 32)), 3004, "column open: 32 bytes at 33 do not lie inside a body of 64");
    assert_refused(&one(2, &values(i64::MAX, 32)), 3004, "do not lie inside");
    assert_refused(&one(2, &|header| header.length = -4), 3004, "-4 rows");
}

#[test]
fn a_dictionary_that_nobody_uses_still_lies_inside_its_body() {
    let text = field("time", int(64));
    let body = [0_u8; 64];
    let stream = |length| {
        let data = Some(Box::new(batch(1, &[(0, length)], None)));
        let dictionary = ipc::DictionaryBatch { id: 7, data, is_delta: false };
        let header = ipc::MessageHeader::DictionaryBatch(Box::new(dictionary));
        [framed(&schema_message(vec![text.clone()]), &[]), framed(&message(header, &body), &body)].concat()
    };
    assert_refused(&stream(64), 1005, "open");
    assert_refused(&stream(65), 3004, "dictionary's buffer");
}

#[test]
fn what_stands_after_the_end_of_a_stream_is_not_lost_without_a_word() {
    let whole = std::fs::read(folder().join("arrow/plain_stream.arrows")).unwrap();
    assert!(read(&[&whole[..], &[0; 100]].concat()).is_ok(), "padding is nothing");
    assert_refused(&[&whole[..], &whole].concat(), 3004, "bytes follow the end");
}

#[test]
fn a_table_of_a_hundred_thousand_columns_is_refused() {
    let mut builder = Builder::new();
    let one = builder_field(&mut builder);
    let fields = vec![one; 100_000];
    let schema = ipc::Schema::create(&mut builder, ipc::Endianness::Little, &fields[..], (), ());
    let header = ipc::MessageHeader::create_schema(&mut builder, schema);
    let message = ipc::Message::create(&mut builder, ipc::MetadataVersion::V5, header, 0_i64, ());
    let metadata = builder.finish(message, None);
    let len = u32::try_from(metadata.len()).unwrap();
    assert_refused(&[&[0xFF; 4][..], &len.to_le_bytes(), metadata].concat(), 6004, "at most");
}

fn builder_field(builder: &mut Builder) -> ipc::planus::Offset<ipc::Field> {
    ipc::planus::WriteAsOffset::prepare(&field("x", int(64)), builder)
}
