//! JSON lines, one document a line.

use super::{Encoding, Fields, Input, Reading, Records, Reject, Settings, decode};
use crate::ingest::Columns;
use serde_json::{Map, Value};
use std::io::{BufRead, Read};

pub(super) fn open(input: &Input, raw: Box<dyn Read + Send>, settings: &Settings) -> Records {
    let (input, columns) = (input.clone(), settings.columns.clone());
    let place = |input: &Input, record, line, byte, reason| Reject {
        path: input.path.display().to_string(),
        record,
        line: Some(line),
        byte: Some(byte),
        reason,
    };
    let (mut reader, stream) = match decode::reader(raw) {
        Ok(opened) => opened,
        Err(error) => return Box::new(std::iter::once(Err(place(&input, 1, 1, 0, error.to_string())))),
    };
    let (mut record, mut line, mut byte, mut broken) = (0, 0, 0, false);
    Box::new(std::iter::from_fn(move || {
        while !broken {
            let mut bytes = Vec::new();
            let start = byte;
            line += 1;
            match reader.read_until(b'\n', &mut bytes) {
                Ok(0) => return None,
                Ok(n) => byte += n as u64,
                Err(error) => {
                    broken = true;
                    return Some(Err(place(&input, record + 1, line, start, error.to_string())));
                }
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            record += 1;
            let document = document(&bytes, stream, &columns, &input, record);
            return Some(document.map_err(|reason| place(&input, record, line, start, reason)));
        }
        None
    }))
}

/// What is wrong with the JSON of one line. It counts lines from its own beginning, so that its "line 1" would mislead.
pub fn fault(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    match text.strip_suffix(&format!(" at line {line} column {column}")) {
        Some(reason) if line == 1 => format!("{reason} at column {column}"),
        _ => text,
    }
}

fn document(bytes: &[u8], stream: Encoding, columns: &Columns, input: &Input, record: u64) -> Result<Reading, String> {
    let (line, encoding) = decode::text(bytes, stream)?;
    let object: Map<String, Value> =
        serde_json::from_str(line.trim_end()).map_err(|e| format!("not a JSON object: {}", fault(&e)))?;
    if let Some(column) = std::iter::once(&columns.text).chain(&columns.named).find(|c| !object.contains_key(*c)) {
        let found = object.keys().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
        return Err(format!("no field `{column}`; the record has {found}"));
    }
    let field = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(format!("field `{name}` is not a string")),
    };
    let text = field(&columns.text)?.unwrap_or_default();
    let (id, date, title) = (field(&columns.id)?, field(&columns.date)?, field(&columns.title)?);
    Fields { text, id, date, title, encoding }.document(input, record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_of_a_line_names_its_column_and_no_line() {
        let of = |line: &str| fault(&serde_json::from_str::<Map<String, Value>>(line).expect_err("no object"));
        assert_eq!(of("not json"), "expected ident at column 2");
        assert_eq!(of(r#"{"text":"Peru""#), "EOF while parsing an object at column 14");
    }
}
