//! CSV and TSV with a header, one document a record.

use super::{Encoding, Fields, IngestError, Input, Reading, Records, Reject, Settings, decode};
use csv::{ByteRecord, ReaderBuilder};
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
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(reader);
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
    let mut number = 0;
    let mut broken = false;
    Ok(Box::new(std::iter::from_fn(move || {
        if broken {
            return None;
        }
        let item = records.next()?;
        number += 1;
        let reject = |position: Option<&csv::Position>, reason| Reject {
            path: input.path.display().to_string(),
            record: number,
            line: position.map(csv::Position::line),
            byte: position.map(csv::Position::byte),
            reason,
        };
        Some(match item {
            Ok(record) => {
                document(&record, &places, stream, &input, number).map_err(|reason| reject(record.position(), reason))
            }
            Err(error) => {
                // An unreadable stream would give the same error for ever; a malformed record does not.
                broken = error.is_io_error();
                Err(reject(error.position(), error.to_string()))
            }
        })
    })))
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
