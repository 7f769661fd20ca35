//! A stance table for other tools, as JSON: one object a row for programs, tasks with the label filled in for annotation
//! tools. Text is without the formula guard, which only spreadsheets need. Parquet is in `parquet`.

pub mod parquet;

use crate::output::cell::unguard;
use crate::output::columns::{EVIDENCE, Kind, REVIEW_STANCE, STANCE, is_machine, kind};
use crate::review::table::{Row, Table, TableError};
use crate::review::typed;
use crate::stance::Stance;
use serde_json::{Map, Value, json};
use std::io::Write;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a row, with all columns
    Jsonl,
    /// Tasks of Label Studio with the label as prediction
    LabelStudio,
    /// Text classification of doccano (JSONL)
    Doccano,
    /// Multiple choice of Prodigy (JSONL)
    Prodigy,
    /// Parquet with typed columns
    Parquet,
}

/// A table that cannot be written in another format.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A column is missing, or a cell is not what its column holds.
    #[error(transparent)]
    Table(#[from] TableError),
    /// JSON, or the file that it goes to.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Parquet, or the file that it goes to.
    #[error(transparent)]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// The file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Writes the rows in one of the JSON formats.
///
/// # Errors
/// If a number or truth value cannot be read, a column that a task is made of is missing, or `out` refuses.
pub fn write_json(table: &Table, format: Format, out: &mut impl Write) -> Result<(), ExportError> {
    if format != Format::Jsonl {
        table.need(EVIDENCE)?;
    }
    let mut tasks = Vec::new();
    for row in &table.rows {
        let cells = object(table, row)?;
        let value = match format {
            Format::LabelStudio => {
                tasks.push(label_studio(&cells, label(table, row)?));
                continue;
            }
            Format::Doccano => doccano(cells, label(table, row)?),
            Format::Prodigy => prodigy(cells, label(table, row)?),
            Format::Jsonl | Format::Parquet => Value::Object(cells),
        };
        serde_json::to_writer(&mut *out, &value)?;
        out.write_all(b"\n")?;
    }
    if format == Format::LabelStudio {
        serde_json::to_writer_pretty(out, &tasks)?;
    }
    Ok(())
}

/// All cells of a row by column, typed; an empty cell is null.
fn object(table: &Table, row: &Row) -> Result<Map<String, Value>, TableError> {
    let value = |(column, cell): (&String, &String)| {
        let value = match kind(column) {
            _ if cell.is_empty() => Value::Null,
            Kind::Text => json!(text(column, cell)),
            Kind::Decimal => json!(decimal(table, row, cell)?),
            Kind::Integer => json!(integer(table, row, cell)?),
            Kind::Truth => json!(truth(table, row, cell)?),
        };
        Ok((column.clone(), value))
    };
    table.header.iter().zip(&row.cells).map(value).collect()
}

/// The text of a cell. In columns that people fill in, an apostrophe may be the writer's own.
pub(super) fn text<'a>(column: &str, cell: &'a str) -> &'a str {
    if is_machine(column) { unguard(cell) } else { typed::bare(cell) }
}

pub(super) fn decimal(table: &Table, row: &Row, cell: &str) -> Result<f64, TableError> {
    cell.parse().map_err(|_| table.cell_error(row, cell, "a decimal number"))
}

pub(super) fn integer(table: &Table, row: &Row, cell: &str) -> Result<i64, TableError> {
    cell.parse().map_err(|_| table.cell_error(row, cell, "a whole number"))
}

pub(super) fn truth(table: &Table, row: &Row, cell: &str) -> Result<bool, TableError> {
    cell.parse().map_err(|_| table.cell_error(row, cell, "true or false"))
}

/// The review, or else the model's label; and whether it is a review.
fn label(table: &Table, row: &Row) -> Result<(Stance, bool), TableError> {
    let read = |column| {
        let cell = row.cell(column);
        typed::stance(cell).map_err(|_| table.cell_error(row, cell, "none, recognize, engage or condemn"))
    };
    if let Some(review) = read(table.column(REVIEW_STANCE))? {
        return Ok((review, true));
    }
    let column = table.need(STANCE)?;
    let model = read(Some(column))?;
    Ok((model.ok_or_else(|| table.cell_error(row, "", "a stance"))?, false))
}

/// A task for `<Text name="text" value="$evidence"/>` and `<Choices name="stance" toName="text">`: the model's label is its
/// prediction, a review its annotation.
fn label_studio(cells: &Map<String, Value>, (stance, reviewed): (Stance, bool)) -> Value {
    let choice = |label: &str| {
        let value = json!({ "choices": [label] });
        json!([{ "from_name": "stance", "to_name": "text", "type": "choices", "value": value }])
    };
    let mut task = json!({ "data": cells });
    if let Some(model) = cells.get(STANCE).and_then(Value::as_str) {
        let score = cells.get("confidence").cloned().unwrap_or_default();
        task["predictions"] = json!([{ "model_version": "demarche", "score": score, "result": choice(model) }]);
    }
    if reviewed {
        task["annotations"] = json!([{ "result": choice(stance.name()) }]);
    }
    task
}

/// The evidence as text and the label; the other columns are metadata, with `column_` before a name that the task needs.
fn doccano(mut cells: Map<String, Value>, (stance, _): (Stance, bool)) -> Value {
    let text = cells.remove(EVIDENCE).unwrap_or_default();
    let mut task = Map::from_iter([("text".to_owned(), text), ("label".to_owned(), json!([stance.name()]))]);
    for (mut column, cell) in cells {
        while task.contains_key(&column) {
            column.insert_str(0, "column_");
        }
        task.insert(column, cell);
    }
    Value::Object(task)
}

/// The evidence as text, the four labels as options, the label accepted; the other columns are metadata.
fn prodigy(mut cells: Map<String, Value>, (stance, _): (Stance, bool)) -> Value {
    let text = cells.remove(EVIDENCE).unwrap_or_default();
    let options = Stance::ALL.map(|s| json!({ "id": s.name(), "text": s.name() }));
    json!({ "text": text, "options": options, "accept": [stance.name()], "meta": cells })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(format: Format) -> Vec<Value> {
        let text = "row_id,actor,stance,confidence,n_passages,mixed,evidence,review_stance\n\
            r1,'+UN,engage,0.9500,2,true,\"'=[[UN]] \"\"met\"\"\",\nr2,RUS,none,0.5,1,false,b,C\n";
        let table = Table::read("stances.csv", text.as_bytes()).expect("a table");
        let mut out = Vec::new();
        write_json(&table, format, &mut out).expect("memory takes it");
        serde_json::Deserializer::from_slice(&out).into_iter().map(|v| v.expect("JSON")).collect()
    }

    #[test]
    fn a_row_becomes_an_object_with_types_and_without_guards() {
        let rows = exported(Format::Jsonl);
        let first = json!({ "row_id": "r1", "actor": "+UN", "stance": "engage", "confidence": 0.95, "n_passages": 2,
            "mixed": true, "evidence": "=[[UN]] \"met\"", "review_stance": null });
        assert_eq!((&rows[0], rows.len()), (&first, 2));
    }

    #[test]
    fn a_writer_s_own_apostrophe_and_added_columns_named_like_a_task_s_are_kept() {
        let text =
            "row_id,stance,evidence,review_note,label,text\nr1,engage,'=b,'tis so,mine,'+x\nr2,engage,c,''tis so,,\n";
        let table = Table::read("stances.csv", text.as_bytes()).expect("a table");
        let mut out = Vec::new();
        write_json(&table, Format::Doccano, &mut out).expect("memory takes it");
        let tasks: Vec<Value> =
            serde_json::Deserializer::from_slice(&out).into_iter().map(|v| v.expect("JSON")).collect();
        let expected = json!({ "text": "=b", "label": ["engage"], "row_id": "r1", "stance": "engage",
            "review_note": "'tis so", "column_label": "mine", "column_text": "+x" });
        assert_eq!((&tasks[0], &tasks[1]["review_note"]), (&expected, &json!("'tis so")));
    }

    #[test]
    fn a_task_without_evidence_is_refused() {
        let table = Table::read("stances.csv", b"row_id,stance\nr1,engage\n").expect("a table");
        for format in [Format::Doccano, Format::Prodigy, Format::LabelStudio] {
            let error = write_json(&table, format, &mut Vec::new()).expect_err("refused").to_string();
            assert!(error.starts_with("stances.csv has no column `evidence`"), "{error}");
        }
        assert!(write_json(&table, Format::Jsonl, &mut Vec::new()).is_ok());
    }

    #[test]
    fn annotation_tools_get_the_review_or_else_the_model_as_label() {
        let tasks = &exported(Format::LabelStudio)[0];
        assert_eq!(tasks[0]["predictions"][0]["result"][0]["value"]["choices"], json!(["engage"]));
        assert_eq!(tasks[0]["predictions"][0]["score"], 0.95);
        assert!(tasks[0]["annotations"].is_null());
        assert_eq!(tasks[1]["annotations"][0]["result"][0]["value"]["choices"], json!(["condemn"]));
        assert_eq!(tasks[1]["predictions"][0]["result"][0]["value"]["choices"], json!([tasks[1]["data"]["stance"]]));
        let doccano = exported(Format::Doccano);
        assert_eq!(
            (&doccano[1]["text"], &doccano[1]["label"], &doccano[1]["row_id"]),
            (&json!("b"), &json!(["condemn"]), &json!("r2"))
        );
        let prodigy = exported(Format::Prodigy);
        assert_eq!((&prodigy[0]["accept"], &prodigy[0]["meta"]["actor"]), (&json!(["engage"]), &json!("+UN")));
        assert_eq!(prodigy[0]["options"].as_array().map(Vec::len), Some(4));
    }
}
