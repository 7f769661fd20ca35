//! The way of a stance table to people and back: random tables through every habit of spreadsheets, and the real binary.

use assert_cmd::Command;
use csv::{QuoteStyle, Terminator, WriterBuilder};
use demarche::aggregate::{DocumentStance, Evidence};
use demarche::document::{ByteSpan, Document, Dyad, PolityId};
use demarche::model::{Model, config::StanceConfig};
use demarche::output::cell::{guard, unguard};
use demarche::output::columns::{REVIEW, is_machine};
use demarche::output::stances::StanceWriter;
use demarche::registry::Registry;
use demarche::review::{merge::merge, table::Table, typed};
use demarche::stance::{Stance, StanceProbs};
use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::embedded().expect("sound tables"));
static CONFIG: LazyLock<StanceConfig> = LazyLock::new(|| {
    let folder = format!("{}/models/tiny", env!("CARGO_MANIFEST_DIR"));
    Model::open(Path::new(&folder)).expect("a model").stance
});

/// What varies between documents.
#[derive(Debug, Clone)]
struct News {
    id: String,
    title: String,
    text: String,
    source: String,
    date: Option<(i16, i8, i8)>,
    polities: (usize, usize),
    weights: [u8; 4],
    mixed: bool,
}

/// Any text, with what spreadsheets and CSV stumble over more often than by chance.
fn text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        "",
        "=1+1",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "'",
        "''",
        "\"",
        "\"\"",
        "\n",
        "\r\n",
        ",",
        ";",
        " ",
        "NA",
        "NaN",
        "None",
        "TRUE",
        "007",
        "1,5",
        "0.50",
        "2019-08-03",
        "03/08/2019",
        "ğ",
        "😀",
        "中国",
        "é",
        "sep=;",
        "\u{feff}",
        "\0",
    ]);
    (awkward.clone(), "(?s).{0,12}", awkward).prop_map(|(a, b, c)| a.to_owned() + &b + c)
}

fn news() -> impl Strategy<Value = News> {
    let date = prop::option::of((1990i16..2030, 1i8..=12, 1i8..=28));
    let polities = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let polities = polities.prop_map(|(a, b)| (a.index(REGISTRY.polities.len()), b.index(REGISTRY.polities.len())));
    (text(), text(), text(), text(), date, polities, any::<[u8; 4]>(), any::<bool>()).prop_map(
        |(id, title, text, source, date, polities, weights, mixed)| News {
            id,
            title,
            text,
            source,
            date,
            polities,
            weights,
            mixed,
        },
    )
}

fn written(news: &[News], excel: bool) -> Vec<u8> {
    let mut table = StanceWriter::new(Vec::new(), &REGISTRY, &CONFIG, excel, true).expect("memory takes it");
    let polity = |i: usize| -> PolityId { REGISTRY.polities.keys().nth(i).expect("in range").clone() };
    for (number, news) in news.iter().enumerate() {
        let date = news.date.map(|(y, m, d)| jiff::civil::date(y, m, d));
        // The number keeps documents of equal text apart.
        let (id, source) = (format!("{}{number}", news.id), news.source.clone());
        let document = Document { id, date, title: news.title.clone(), text: news.text.clone(), source };
        let sentence = ByteSpan::new(&document.text, 0, document.text.len()).expect("the whole text");
        let probs = StanceProbs::from_weights(news.weights.map(f64::from));
        let dyad = Dyad { actor: polity(news.polities.0), target: polity(news.polities.1) };
        let best = Evidence { sentence, probs, truncated: false };
        let stance = probs.best();
        let row = DocumentStance { dyad, stance, probs, passages: 1, mixed: news.mixed, truncated: false, best };
        table.stance(&document, &[], &row).expect("memory takes it");
    }
    table.finish().expect("memory takes it")
}

/// What a program does to a table that it opens and saves.
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
            cell = cell.trim().to_owned();
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
}

fn demarche(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("demarche").expect("the binary is built");
    command.current_dir(folder).timeout(std::time::Duration::from_secs(300));
    let output = command.args(arguments).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// A folder with a table of 40 rows.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let one = |i: usize| News {
        id: format!("doc{}-", i / 2),
        title: ["=SUM(A1)", "Łódź, \"quoted\"", "'tis\nso", "Perú"][i % 4].to_owned(),
        text: format!("Text number {i}."),
        source: "news.jsonl:1".into(),
        date: Some((2020, 1, 1 + (i % 28) as i8)),
        polities: (i % 7, 10 + i % 5),
        weights: [10, 20 + i as u8, 60, 40],
        mixed: i.is_multiple_of(9),
    };
    let news: Vec<News> = (0..40).map(one).collect();
    fs::write(folder.path().join("stances.csv"), written(&news, false)).expect("written");
    folder
}

/// Fills in `review_stance` and `reviewer` of a table: row i gets `label(i)`.
fn fill(path: &Path, reviewer: &str, label: impl Fn(usize) -> &'static str) {
    let table = Table::read("table", &fs::read(path).expect("a file")).expect("a table");
    let mut csv = csv::Writer::from_path(path).expect("a file");
    csv.write_record(&table.header).expect("written");
    let at = |name: &str| table.column(name).expect("a column");
    for (i, row) in table.rows.iter().enumerate() {
        let mut cells = row.cells.clone();
        cells[at("review_stance")] = label(i).to_owned();
        cells[at("reviewer")] = reviewer.to_owned();
        csv.write_record(cells).expect("written");
    }
    csv.flush().expect("written");
}

#[test]
fn the_loop_runs_from_queue_to_merge_to_agreement() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let (code, stdout, stderr) =
        demarche(folder.path(), &["review", "queue", "stances.csv", "--n", "20", "--audit", "8"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("20 of 40 rows") && stdout.contains("8 of 40 rows, each drawn with probability 0.200000"),
        "{stdout}"
    );
    let queue = Table::read("queue.csv", &fs::read(at("queue.csv")).expect("a file")).expect("a table");
    let audit = queue.rows.iter().filter(|row| row.cell(queue.column("sample_prob")) == "0.2");
    assert!(audit.clone().all(|row| row.cell(queue.column("queue_reason")).starts_with("audit")) && audit.count() == 8);

    for name in ["ana.csv", "ben.csv"] {
        fs::copy(at("queue.csv"), at(name)).expect("copied");
    }
    fill(&at("ana.csv"), "ana", |i| if i == 3 { "" } else { "Engage" });
    fill(&at("ben.csv"), "ben", |i| if i % 10 == 0 { "c" } else { "E" });
    let merge = ["review", "merge", "stances.csv", "ana.csv", "ben.csv", "-o", "gold.csv"];
    let (code, stdout, stderr) = demarche(folder.path(), &merge);
    assert_eq!(code, 1, "{stderr}");
    assert!(stdout.contains("40 rows: 20 reviewed, 20 untouched"), "{stdout}");
    assert!(stdout.contains("machine cells: 1160 compared, 0 changed"), "{stdout}");
    assert!(stdout.contains("2 in conflict") && stdout.contains("corrections.jsonl, 0 entries and 39 new"), "{stdout}");
    let ledger = fs::read(at("corrections.jsonl")).expect("a file");
    let gold = fs::read(at("gold.csv")).expect("a file");
    let (_, stdout, _) = demarche(folder.path(), &merge);
    assert!(stdout.contains("39 entries and 0 new"), "{stdout}");
    assert_eq!(ledger, fs::read(at("corrections.jsonl")).expect("a file"));
    assert_eq!(gold, fs::read(at("gold.csv")).expect("a file"));

    fill(&at("conflicts.csv"), "chair", |_| "none");
    let decided = ["conflicts.csv", "--adjudicator", "chair", "--json", "summary.json"];
    let (code, stdout, stderr) = demarche(folder.path(), &[&merge[..], &decided].concat());
    assert_eq!(code, 0, "{stdout}{stderr}");
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(at("summary.json")).expect("a file")).expect("JSON");
    assert_eq!((&summary["rows"], &summary["reviewed"], &summary["conflicts"]), (&40.into(), &20.into(), &0.into()));

    let agree = ["review", "agree", "ana.csv", "ben.csv", "--json", "agreement.json"];
    let (code, stdout, stderr) = demarche(folder.path(), &agree);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("20 rows of ") && stdout.contains("labelled by ana, ben"), "{stdout}");
    let figures: serde_json::Value =
        serde_json::from_slice(&fs::read(at("agreement.json")).expect("a file")).expect("JSON");
    assert_eq!(figures["pairs"][0]["rows"], 19);
    assert_eq!(figures["all"]["agreement"]["value"], 17.0 / 19.0);
    assert_eq!(figures["model_on_audit"].as_array().map(Vec::len), Some(2));

    // What was reviewed is not queued again.
    let (_, stdout, _) = demarche(folder.path(), &["review", "queue", "gold.csv", "-o", "next.csv"]);
    assert!(stdout.contains("20 of 20 rows"), "{stdout}");
    let next = ["review", "queue", "stances.csv", "-o", "next.csv", "--exclude", "gold.csv"];
    assert!(demarche(folder.path(), &next).1.contains("20 of 20 rows"));
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let whole = fs::read_to_string(at("stances.csv")).expect("a file");
    let row_id = whole.lines().nth(1).and_then(|line| line.split(',').next()).expect("an id").to_owned();
    let edited = |text: String| {
        fs::write(at("back.csv"), text).expect("written");
        let (code, _, stderr) =
            demarche(folder.path(), &["review", "merge", "stances.csv", "back.csv", "-o", "gold.csv"]);
        assert_eq!(code, 2);
        assert!(!at("gold.csv").exists() && !at("corrections.jsonl").exists());
        stderr
    };
    let stderr = edited(format!("row_id,stance,review_stance\n{row_id},none,c\n"));
    assert!(stderr.contains(&format!("line 2, row `{row_id}`, column stance: `engage` → `none`")), "{stderr}");
    assert!(edited("row_id,review_stance\nr0,c\n".into()).contains("stances.csv does not have"));
    assert!(edited(format!("row_id,review_stance\n{row_id},maybe\n")).contains("`maybe`"));
    assert!(edited("id,label\n1,c\n".into()).contains("has no column `row_id`"));
    let (code, _, stderr) =
        demarche(folder.path(), &["review", "merge", "stances.csv", "stances.csv", "-o", "stances.csv"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("stances.csv is an input and would be overwritten"), "{stderr}");
}

/// Runs another program on files of `folder`.
fn other(folder: &Path, program: &str, arguments: &[&str]) {
    let output = std::process::Command::new(program).current_dir(folder).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; scripts/roundtrip installs it"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The sample articles, labelled, and a table of awkward texts, each with and without a mark; reviews typed into both.
fn handed_over() -> (tempfile::TempDir, Vec<String>) {
    let folder = folder();
    let root = env!("CARGO_MANIFEST_DIR");
    let (articles, model) = (format!("{root}/datasets/sample/articles"), format!("{root}/models/minilm-stance"));
    for (name, excel) in [("sample.csv", None), ("sample-excel.csv", Some("--excel"))] {
        let mut arguments = vec!["label", &articles, "--model", &model, "--codes", "-q", "-o", name];
        arguments.extend(excel);
        assert_eq!(demarche(folder.path(), &arguments).0, 0);
    }
    let names = ["stances.csv", "sample.csv", "sample-excel.csv"].map(str::to_owned).to_vec();
    for name in &names {
        let mine = folder.path().join(format!("typed-{name}"));
        fs::copy(folder.path().join(name), &mine).expect("copied");
        fill(&mine, "ana", |i| ["", "Recognise", "E", "condemn"][i % 4]);
        if name.contains("excel") {
            let marked = [b"\xef\xbb\xbf", &*fs::read(&mine).expect("a file")].concat();
            fs::write(mine, marked).expect("written");
        }
    }
    (folder, names)
}

/// Merges what came back: no machine cell may differ, and three rows of four are reviewed.
fn merges_cleanly(folder: &Path, stances: &str, back: &str) {
    let (code, stdout, stderr) =
        demarche(folder, &["review", "merge", stances, back, "-o", "gold.csv", "--json", "gold.json"]);
    assert_eq!(code, 0, "{back}: {stdout}{stderr}");
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("gold.json")).expect("a file")).expect("JSON");
    let rows = summary["rows"].as_u64().expect("a count");
    assert_eq!(summary["compared"], rows * 29, "{back}");
    assert_eq!(summary["untouched"], rows.div_ceil(4), "{back}");
    let cells = |name: &str| -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(folder.join(name)).expect("a table");
        let kept: Vec<usize> = (0..24).chain(27..33).collect();
        reader.records().map(|r| r.map(|r| kept.iter().map(|i| r[*i].to_owned()).collect()).expect("a row")).collect()
    };
    assert_eq!(cells(stances), cells("gold.csv"), "{back}");
}

#[test]
#[ignore = "needs LibreOffice (soffice); scripts/roundtrip installs and runs it"]
fn libreoffice_opens_and_saves_a_table_without_changing_a_machine_cell() {
    let (folder, names) = handed_over();
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.path().display());
    let soffice = |arguments: &[&str]| {
        other(folder.path(), "soffice", &[&[&profile, "--headless"], arguments].concat());
    };
    // Delimiter, quote, character set (76 UTF-8, 1 Windows-1252), first line, formats, language, quote all, special numbers.
    let american = "--infilter=CSV:44,34,76,1,,1033,false,true";
    let german = "--infilter=CSV:44,34,76,1,,1031,false,true";
    let plain = "--infilter=CSV:44,34,76,1";
    let utf8 = "csv:Text - txt - csv (StarCalc):44,34,76,1";
    let narrow = "csv:Text - txt - csv (StarCalc):59,34,1,1";
    for name in &names {
        let mine = format!("typed-{name}");
        let stem = mine.trim_end_matches(".csv");
        for (i, (opened, saved)) in
            [(plain, utf8), (plain, narrow), (american, utf8), (german, narrow)].into_iter().enumerate()
        {
            let out = format!("out{i}");
            soffice(&[opened, "--convert-to", saved, "--outdir", &out, &mine]);
            merges_cleanly(folder.path(), name, &format!("{out}/{mine}"));
        }
        // By way of a workbook, as people who double-click and save do.
        soffice(&[plain, "--convert-to", "xlsx", "--outdir", "book", &mine]);
        soffice(&["--convert-to", utf8, "--outdir", "book", &format!("book/{stem}.xlsx")]);
        merges_cleanly(folder.path(), name, &format!("book/{mine}"));
    }
}

#[test]
#[ignore = "needs Python with pandas; scripts/roundtrip installs and runs it"]
fn pandas_reads_and_writes_a_table_without_changing_a_machine_cell() {
    let (folder, names) = handed_over();
    let script = format!("{}/scripts/roundtrip_pandas.py", env!("CARGO_MANIFEST_DIR"));
    for name in &names {
        other(folder.path(), "python3", &[&script, &format!("typed-{name}"), "back"]);
        let mut backs: Vec<String> = fs::read_dir(folder.path().join("back"))
            .expect("a folder")
            .map(|entry| format!("back/{}", entry.expect("a file").file_name().to_string_lossy()))
            .collect();
        backs.sort();
        assert!(backs.len() >= 8, "{backs:?}");
        for back in backs {
            merges_cleanly(folder.path(), name, &back);
        }
    }
}
