//! Parquet, one document a row; only the columns that are asked for are read, a row group at a time.
//!
//! The footer stands at the end, so a file on disk is sought in, and a stream (standard input, compressed as a whole) is
//! read whole before the first row.

use super::{Encoding, Fields, IngestError, Input, Records, Reject, Settings};
use bytes::Bytes;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::fs::File;
use std::io::{Read, Seek as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Whether a file is Parquet as it stands, not compressed as a whole.
pub(super) fn plain(mut file: &File) -> bool {
    let mut magic = [0; 4];
    let read = file.read_exact(&mut magic).is_ok();
    file.rewind().is_ok() && read && &magic == b"PAR1"
}

/// Reads a file on disk.
pub(super) fn stream(input: &Input, file: File, settings: &Settings) -> Result<Records, IngestError> {
    let length = file.metadata().map_or(0, |m| m.len());
    let records = records(input, file, settings)?;
    let consumed = Arc::clone(&settings.consumed);
    Ok(Box::new(records.chain(std::iter::from_fn(move || {
        consumed.fetch_add(length, Ordering::Relaxed);
        None
    }))))
}

/// Reads a stream, which is taken into memory first.
pub(super) fn whole(input: &Input, mut raw: Box<dyn Read + Send>, settings: &Settings) -> Result<Records, IngestError> {
    let mut bytes = Vec::new();
    let read = raw.read_to_end(&mut bytes);
    read.map_err(|e| IngestError::Format { path: input.path.clone(), reason: e.to_string() })?;
    records(input, Bytes::from(bytes), settings)
}

fn records(input: &Input, source: impl ChunkReader + 'static, settings: &Settings) -> Result<Records, IngestError> {
    let format = |reason: String| IngestError::Format { path: input.path.clone(), reason };
    let file = SerializedFileReader::new(source).map_err(|e| format(e.to_string()))?;
    let columns = settings.columns.clone();
    let schema = file.metadata().file_metadata().schema().clone();
    let names: Vec<String> = schema.get_fields().iter().map(|f| f.name().to_owned()).collect();
    if let Some(column) = std::iter::once(&columns.text).chain(&columns.named).find(|c| !names.contains(c)) {
        let found = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        return Err(IngestError::Column { path: input.path.clone(), column: column.clone(), found });
    }
    let wanted = [&columns.text, &columns.id, &columns.date, &columns.title];
    let fields = schema.get_fields().iter().filter(|f| wanted.iter().any(|w| *w == f.name())).cloned().collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build();
    let input = input.clone();
    let rows = RowIter::from_file_into(Box::new(file));
    let mut rows = projection.and_then(|p| rows.project(Some(p))).map_err(|e| format(e.to_string()))?;
    let (mut record, mut broken) = (0, false);
    Ok(Box::new(std::iter::from_fn(move || {
        if broken {
            return None;
        }
        let row = rows.next()?;
        record += 1;
        broken = row.is_err();
        let document = row.map_err(|e| e.to_string()).and_then(|row| {
            let text = field(&row, &columns.text)?.unwrap_or_default();
            let (id, date) = (field(&row, &columns.id)?, field(&row, &columns.date)?);
            let title = field(&row, &columns.title)?;
            Fields { text, id, date, title, encoding: Encoding::Utf8 }.document(&input, record)
        });
        Some(document.map_err(|reason| Reject {
            path: input.path.display().to_string(),
            record,
            line: None,
            byte: None,
            reason,
        }))
    })))
}

fn field(row: &Row, name: &str) -> Result<Option<String>, String> {
    match row.get_column_iter().find(|(column, _)| *column == name).map(|(_, value)| value) {
        None | Some(Field::Null) => Ok(None),
        Some(Field::Str(text)) => Ok(Some(text.clone())),
        Some(Field::Bytes(bytes)) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(format!("column `{name}` is not UTF-8")),
        },
        Some(Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_)) => {
            Err(format!("column `{name}` is nested, expected text"))
        }
        // Numbers and dates in their printed form: `2019-08-03`, `2019-08-03 00:00:00 +00:00`.
        Some(value) => Ok(Some(value.to_string())),
    }
}
