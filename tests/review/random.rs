//! Random tables through every habit of spreadsheets.

use super::tables::{news, text, written};
use csv::{QuoteStyle, Terminator, WriterBuilder};
use demarche::output::cell::{guard, unguard};
use demarche::output::columns::{REVIEW, is_machine};
use demarche::review::{check::CheckError, merge::merge, table::Table, typed};
use demarche::stance::Stance;
use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

/// What a program does to a table that it opens and saves.
#[expect(clippy::struct_excessive_bools, reason = "independent habits")]
#[derive(Debug, Clone)]
struct Program {
    delimiter: u8,
    encoding: Encoding,
    crlf: bool,
    quote_all: bool,
    drops_guards: bool,
    trims: bool,
    reformats: bool,
    reverses: bool,
    adds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Encoding {
    Utf8,
    Utf8Mark,
    Utf16,
    Windows1252,
}

fn program() -> impl Strategy<Value = Program> {
    let encoding =
        prop::sample::select(vec![Encoding::Utf8, Encoding::Utf8Mark, Encoding::Utf16, Encoding::Windows1252]);
    (prop::sample::select(vec![b',', b';', b'\t']), encoding, any::<[bool; 7]>()).prop_map(
        |(delimiter, encoding, on)| {
            let [crlf, quote_all, drops_guards, trims, reformats, reverses, adds] = on;
            Program { delimiter, encoding, crlf, quote_all, drops_guards, trims, reformats, reverses, adds }
        },
    )
}

impl Program {
    fn cell(&self, column: &str, cell: &str) -> String {
        let mut cell = if self.drops_guards { unguard(cell).to_owned() } else { cell.to_owned() };
        if self.trims {
            cell = String::from(cell.trim());
        }
        if self.reformats {
            cell = match column {
                "mixed" | "needs_review" | "truncated" => cell.to_uppercase(),
                "doc_date" if cell.len() == 10 => format!("{}.{}.{}", &cell[8..], &cell[5..7], &cell[..4]),
                _ if column == "confidence" || column.starts_with("p_") => {
                    cell.trim_end_matches('0').trim_end_matches('.').replace('.', ",")
                }
                _ if cell == "NA" => String::new(),
                _ if cell.is_empty() && is_machine(column) => "NA".to_owned(),
                _ => cell,
            };
        }
        cell
    }

    fn saves(&self, header: &[String], rows: &[Vec<String>]) -> Vec<u8> {
        let mut csv = WriterBuilder::new()
            .delimiter(self.delimiter)
            .terminator(if self.crlf { Terminator::CRLF } else { Terminator::Any(b'\n') })
            .quote_style(if self.quote_all { QuoteStyle::Always } else { QuoteStyle::Necessary })
            .from_writer(Vec::new());
        let mut write = |mut cells: Vec<String>, added: &str| {
            cells.extend(self.adds.then(|| added.to_owned()));
            if self.reverses {
                cells.reverse();
            }
            csv.write_record(cells).expect("memory takes it");
        };
        write(header.to_vec(), "my own");
        for row in rows {
            write(row.iter().zip(header).map(|(cell, column)| self.cell(column, cell)).collect(), "x");
        }
        let text = String::from_utf8(csv.into_inner().expect("memory takes it")).expect("UTF-8");
        match self.encoding {
            Encoding::Utf8 => text.into_bytes(),
            Encoding::Utf8Mark => format!("\u{feff}{text}").into_bytes(),
            Encoding::Utf16 => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Windows1252 => {
                let byte = |c: char| {
                    let mut buffer = [0; 4];
                    let (bytes, _, foreign) = WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
                    if foreign { b'?' } else { bytes[0] }
                };
                text.chars().map(byte).collect()
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// The bytes of Windows-1252 text can be UTF-8 by chance; such files cannot be told from UTF-8 and are passed over.
    #[test]
    fn a_thousand_random_tables_come_back_without_a_changed_machine_cell(
        news in prop::collection::vec(news(), 1..4),
        excel in any::<bool>(),
        program in program(),
        labels in prop::collection::vec(prop::option::of(0usize..4), 3),
        note in text(),
    ) {
        let bytes = written(&news, excel);
        let base = Table::read("stances.csv", &bytes).expect("the program's own table");
        prop_assert_eq!(base.rows.len(), news.len());
        let at = |name: &str| base.column(name).expect("a column");
        for (row, news) in base.rows.iter().zip(&news) {
            prop_assert_eq!(unguard(&row.cells[at("title")]), &news.title);
            prop_assert_eq!(unguard(&row.cells[at("source")]), &news.source);
        }
        let mut filled: Vec<Vec<String>> = base.rows.iter().map(|row| row.cells.clone()).collect();
        for (cells, label) in filled.iter_mut().zip(&labels) {
            let label = label.map_or("", |i| ["N", "Recognise", "ENGAGE", "c"][i]);
            for (column, value) in REVIEW.iter().zip([label, &note, "ana"]) {
                cells[at(column)] = value.to_owned();
            }
        }
        let saved = program.saves(&base.header, &filled);
        let by_chance = program.encoding == Encoding::Windows1252 && !saved.is_ascii() && std::str::from_utf8(&saved).is_ok();
        prop_assume!(!by_chance);
        let back = Table::read("ana.csv", &saved).expect("still a table");
        let merged = merge(&base, &[back], None);
        let merged = merged.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(merged.summary.compared, news.len() * 29);
        for ((row, cells), label) in base.rows.iter().zip(&merged.rows).zip(&labels) {
            for (i, column) in base.header.iter().enumerate().filter(|(_, column)| is_machine(column)) {
                prop_assert_eq!(&row.cells[i], &cells[i], "{}", column);
            }
            prop_assert_eq!(&cells[at("review_stance")], label.map_or("", |i| Stance::ALL[i].name()));
            let kept = typed::free(&program.cell("review_note", &note));
            if program.encoding != Encoding::Windows1252 && !program.drops_guards {
                prop_assert_eq!(&cells[at("review_note")], &guard(&kept));
            }
        }
    }

    #[test]
    fn one_changed_machine_cell_is_refused_whatever_the_table_holds(
        news in prop::collection::vec(news(), 1..4),
        row in any::<prop::sample::Index>(),
        column in any::<prop::sample::Index>(),
    ) {
        let base = Table::read("stances.csv", &written(&news, false)).expect("the program's own table");
        let mut back = base.clone();
        let machine: Vec<usize> = (1..base.header.len()).filter(|i| is_machine(&base.header[*i])).collect();
        let (row, column) = (row.index(base.rows.len()), *column.get(&machine));
        back.rows[row].cells[column].push('x');
        let Err(CheckError::Edited { edits, .. }) = merge(&base, &[back], None) else {
            return Err(TestCaseError::fail("accepted"));
        };
        let found: Vec<(u64, &str)> = edits.iter().map(|edit| (edit.place.line, &*edit.column)).collect();
        prop_assert_eq!(found, [(base.rows[row].line, &*base.header[column])]);
    }
}
