//! CSV and TSV with a header, one document a record.

use super::quotes::Watched;
use super::{Encoding, Fields, IngestError, Input, Reading, Records, Reject, Settings, decode};
use csv::{ByteRecord, ByteRecordsIntoIter, ReaderBuilder};
use std::io::Read;

/// Where each field stands in a record.
struct Places {
    text: usize,
    id: Option<usize>,
    date: Option<usize>,
    title: Option<usize>,
}

pub(super) fn open(
    input: &Input,
    raw: Box<dyn Read + Send>,
    delimiter: u8,
    settings: &Settings,
) -> Result<Records, IngestError> {
    let format = |reason: String| IngestError::Format { path: input.path.clone(), reason };
    let (reader, stream) = decode::reader(raw).map_err(|e| format(e.to_string()))?;
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(Watched::new(reader, delimiter));
    let header: Vec<String> = reader
        .byte_headers()
        .map_err(|e| format(e.to_string()))?
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim().to_owned())
        .collect();
    if header.is_empty() {
        return Err(format("no header line".into()));
    }
    let columns = &settings.columns;
    let place = |column: &String| header.iter().position(|name| name == column);
    let required = std::iter::once(&columns.text).chain(&columns.named);
    for column in required {
        if place(column).is_none() {
            let found = header.iter().map(|h| format!("`{h}`")).collect::<Vec<_>>().join(", ");
            return Err(IngestError::Column { path: input.path.clone(), column: column.clone(), found });
        }
    }
    let places = Places {
        text: place(&columns.text).unwrap_or(0),
        id: place(&columns.id),
        date: place(&columns.date),
        title: place(&columns.title),
    };
    let input = input.clone();
    let mut records = reader.into_byte_records();
    // What is read runs ahead of what is parsed, so an open quote is a record's only if no other follows.
    let open = |records: &ByteRecordsIntoIter<Watched<_>>| records.reader().get_ref().quotes.open();
    let mut ahead = records.next();
    if let Some(line) = open(&records).filter(|_| ahead.is_none()) {
        return Err(format(never_closed(line)));
    }
    let mut number = 0;
    Ok(Box::new(std::iter::from_fn(move || {
        let item = ahead.take()?;
        // An unreadable stream would give the same error for ever; a malformed record does not.
        let broken = item.as_ref().is_err_and(csv::Error::is_io_error);
        ahead = if broken { None } else { records.next() };
        number += 1;
        let reject = |position: Option<&csv::Position>, reason| Reject {
            path: input.path.display().to_string(),
            record: number,
            line: position.map(csv::Position::line),
            byte: position.map(csv::Position::byte),
            reason,
        };
        Some(item.map_err(|error| reject(error.position(), error.to_string())).and_then(|record| {
            match open(&records).filter(|_| ahead.is_none()) {
                Some(line) => Err(never_closed(line)),
                None => document(&record, &places, stream, &input, number),
            }
            .map_err(|reason| reject(record.position(), reason))
        }))
    })))
}

fn never_closed(line: u64) -> String {
    format!(
        "the quote that opens a cell in line {line} is never closed, so all that follows would be one cell: close it, or \
         double it and put the whole cell in quotes"
    )
}

fn document(
    record: &ByteRecord,
    places: &Places,
    stream: Encoding,
    input: &Input,
    number: u64,
) -> Result<Reading, String> {
    let mut encoding = stream;
    let mut field = |place: Option<usize>| -> Result<Option<String>, String> {
        let Some(bytes) = place.and_then(|i| record.get(i)) else { return Ok(None) };
        let (text, found) = decode::text(bytes, stream)?;
        encoding = encoding.max(found);
        Ok(Some(text))
    };
    let text = field(Some(places.text))?.unwrap_or_default();
    let (id, date, title) = (field(places.id)?, field(places.date)?, field(places.title)?);
    Fields { text, id, date, title, encoding }.document(input, number)
}
