//! Parquet, one document a row. The footer stands at the end, so the file is read whole before the first row.

use super::{Encoding, Fields, IngestError, Input, Records, Reject, Settings};
use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use std::io::Read;

pub(super) fn open(input: &Input, mut raw: Box<dyn Read + Send>, settings: &Settings) -> Result<Records, IngestError> {
    let format = |reason: String| IngestError::Format { path: input.path.clone(), reason };
    let mut bytes = Vec::new();
    raw.read_to_end(&mut bytes).map_err(|e| format(e.to_string()))?;
    let file = SerializedFileReader::new(Bytes::from(bytes)).map_err(|e| format(e.to_string()))?;
    let columns = settings.columns.clone();
    let schema = file.metadata().file_metadata().schema().clone();
    let names: Vec<String> = schema.get_fields().iter().map(|f| f.name().to_owned()).collect();
    if let Some(column) = std::iter::once(&columns.text).chain(&columns.named).find(|c| !names.contains(c)) {
        let found = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        return Err(IngestError::Column { path: input.path.clone(), column: column.clone(), found });
    }
    let input = input.clone();
    let mut rows = RowIter::from_file_into(Box::new(file));
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
