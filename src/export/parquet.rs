//! A stance table as Parquet: one row group, Zstandard, every column optional and typed by its kind.

use super::{ExportError, decimal, integer, text, truth};
use crate::output::columns::{Kind, kind};
use crate::review::table::{Row, Table, TableError};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use std::io::Write;
use std::sync::Arc;

/// Writes the rows; text is without the formula guard, an empty cell is null.
///
/// # Errors
/// If a number or truth value cannot be read, or `out` refuses.
pub fn write_parquet(table: &Table, out: &mut (impl Write + Send)) -> Result<(), ExportError> {
    let field = |column: &String| {
        let (physical, logical) = match kind(column) {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Decimal => (Physical::DOUBLE, None),
            Kind::Integer => (Physical::INT64, None),
            Kind::Truth => (Physical::BOOLEAN, None),
        };
        let field = Type::primitive_type_builder(column, physical);
        field.with_repetition(Repetition::OPTIONAL).with_logical_type(logical).build().map(Arc::new)
    };
    let fields = table.header.iter().map(field).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("stances").with_fields(fields).build()?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for (i, column) in table.header.iter().enumerate() {
        let writer = group.next_column()?.expect("the schema has a field for every column");
        match kind(column) {
            Kind::Text => {
                write::<ByteArrayType>(table, i, writer, |_, _, cell| Ok(ByteArray::from(text(column, cell))))?;
            }
            Kind::Decimal => write::<DoubleType>(table, i, writer, decimal)?,
            Kind::Integer => write::<Int64Type>(table, i, writer, integer)?,
            Kind::Truth => write::<BoolType>(table, i, writer, truth)?,
        }
    }
    group.close()?;
    file.close()?;
    Ok(())
}

/// Writes one column: a definition level of 1 for each filled cell, and its value.
fn write<T: DataType>(
    table: &Table,
    column: usize,
    mut writer: SerializedColumnWriter,
    value: impl Fn(&Table, &Row, &str) -> Result<T::T, TableError>,
) -> Result<(), ExportError> {
    let levels: Vec<i16> = table.rows.iter().map(|row| i16::from(!row.cells[column].is_empty())).collect();
    let filled = table.rows.iter().filter(|row| !row.cells[column].is_empty());
    let values = filled.map(|row| value(table, row, &row.cells[column])).collect::<Result<Vec<_>, _>>()?;
    writer.typed::<T>().write_batch(&values, Some(&levels), None)?;
    Ok(writer.close()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    #[test]
    fn a_table_reads_back_with_types_and_missing_values() {
        let text = "row_id,actor,confidence,n_passages,mixed,review_note\nr1,'+UN,0.9500,2,true,'tis\nr2,,,,,\n";
        let table = Table::read("stances.csv", text.as_bytes()).expect("a table");
        let mut out = Vec::new();
        write_parquet(&table, &mut out).expect("memory takes it");
        let reader = SerializedFileReader::new(Bytes::from(out)).expect("Parquet");
        let rows: Vec<_> = reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect();
        assert_eq!(
            (rows[0].get_string(1).expect("text").as_str(), rows[0].get_double(2).expect("a number")),
            ("+UN", 0.95)
        );
        assert_eq!((rows[0].get_long(3).expect("a count"), rows[0].get_bool(4).expect("a truth value")), (2, true));
        assert_eq!(
            rows[1].to_string(),
            "{row_id: \"r2\", actor: null, confidence: null, n_passages: null, mixed: null, review_note: null}"
        );
        assert_eq!(rows[0].get_string(5).expect("text").as_str(), "'tis");
    }
}
