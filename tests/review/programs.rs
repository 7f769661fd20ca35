//! The programs themselves: a spreadsheet, pandas and R. `scripts/roundtrip` installs them and runs these tests.

use super::{demarche, fill, folder};
use demarche::review::table::Table;
use std::fs;
use std::path::Path;

/// Runs another program on files of `folder`.
fn other(folder: &Path, program: &str, arguments: &[&str]) {
    let output = std::process::Command::new(program).current_dir(folder).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; scripts/roundtrip installs it"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The sample articles, labelled, and a table of awkward texts, each with and without a mark, and a queue of them; reviews
/// typed into all. Of each what it was made from, and its name.
fn handed_over() -> (tempfile::TempDir, Vec<(&'static str, &'static str)>) {
    let folder = folder();
    let root = env!("CARGO_MANIFEST_DIR");
    let (articles, model) = (format!("{root}/datasets/sample/articles"), format!("{root}/models/minilm-stance"));
    for (name, excel) in [("sample.csv", None), ("sample-excel.csv", Some("--excel"))] {
        let mut arguments = vec!["label", &articles, "--model", &model, "--codes", "-q", "-o", name];
        arguments.extend(excel);
        assert_eq!(demarche(folder.path(), &arguments).0, 0);
    }
    let queue = ["review", "queue", "sample.csv", "--n", "100000", "--audit", "3", "-o", "queue.csv"];
    assert_eq!(demarche(folder.path(), &queue).0, 0);
    let names = vec![
        ("stances.csv", "stances.csv"),
        ("sample.csv", "sample.csv"),
        ("sample-excel.csv", "sample-excel.csv"),
        ("sample.csv", "queue.csv"),
    ];
    for (_, name) in &names {
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

/// Merges what came back: no machine cell may differ, three rows of four are reviewed, and three of a queue were drawn.
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
    let gold = Table::read("gold.csv", &fs::read(folder.join("gold.csv")).expect("a file")).expect("a table");
    if let Some(drawn) = gold.column("sample_prob") {
        assert_eq!(gold.rows.iter().filter(|row| !row.cells[drawn].is_empty()).count(), 3, "{back}");
    }
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
    for (stances, name) in &names {
        let mine = format!("typed-{name}");
        let stem = mine.trim_end_matches(".csv");
        for (i, (opened, saved)) in
            [(plain, utf8), (plain, narrow), (american, utf8), (german, narrow)].into_iter().enumerate()
        {
            let out = format!("out{i}");
            soffice(&[opened, "--convert-to", saved, "--outdir", &out, &mine]);
            merges_cleanly(folder.path(), stances, &format!("{out}/{mine}"));
        }
        // By way of a workbook, as people who double-click and save do.
        soffice(&[plain, "--convert-to", "xlsx", "--outdir", "book", &mine]);
        soffice(&["--convert-to", utf8, "--outdir", "book", &format!("book/{stem}.xlsx")]);
        merges_cleanly(folder.path(), stances, &format!("book/{mine}"));
    }
}

/// Lets a script read every table and write it in its ways, and merges what it wrote.
fn comes_back(program: &str, script: &str) {
    let (folder, names) = handed_over();
    let script = format!("{}/scripts/{script}", env!("CARGO_MANIFEST_DIR"));
    for (stances, name) in &names {
        other(folder.path(), program, &[&script, &format!("typed-{name}"), "back"]);
        let mut backs: Vec<String> = fs::read_dir(folder.path().join("back"))
            .expect("a folder")
            .map(|entry| format!("back/{}", entry.expect("a file").file_name().to_string_lossy()))
            .collect();
        backs.sort();
        assert!(backs.len() >= 6, "{backs:?}");
        for back in backs {
            merges_cleanly(folder.path(), stances, &back);
        }
    }
}

#[test]
#[ignore = "needs Python with pandas; scripts/roundtrip installs and runs it"]
fn pandas_reads_and_writes_a_table_without_changing_a_machine_cell() {
    comes_back("python3", "roundtrip_pandas.py");
}

#[test]
#[ignore = "needs R (Rscript); scripts/roundtrip installs and runs it"]
fn r_reads_and_writes_a_table_without_changing_a_machine_cell() {
    comes_back("Rscript", "roundtrip.R");
}
