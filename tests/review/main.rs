//! The way of a stance table to people and back.

mod export;
mod programs;
mod random;
mod tables;

use assert_cmd::Command;
use demarche::review::table::Table;
use std::fs;
use std::path::Path;
use tables::{News, written};

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
        label(i).clone_into(&mut cells[at("review_stance")]);
        reviewer.clone_into(&mut cells[at("reviewer")]);
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
    let (code, _, stderr) = demarche(folder.path(), &merge);
    assert!(code == 2 && stderr.contains("conflicts.csv has reviews in review_stance"), "{stderr}");
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
    assert!(stdout.contains("20 of 20 rows") && stdout.contains("does not stand for the 20 rows"), "{stdout}");
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
    fs::write(at("back.csv"), format!("row_id,review_stance\n{row_id},c\n")).expect("written");
    let merge = ["review", "merge", "stances.csv", "back.csv", "-o", "gold.csv"];
    for twice in [["--json", "./gold.csv"], ["--conflicts", "corrections.jsonl"]] {
        let (code, _, stderr) = demarche(folder.path(), &[&merge[..], &twice].concat());
        assert!(code == 2 && stderr.contains("would be written twice") && !at("gold.csv").exists(), "{stderr}");
    }
}

#[test]
fn a_ledger_whose_last_line_has_no_end_stays_whole() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let table = Table::read("table", &fs::read(at("stances.csv")).expect("a file")).expect("a table");
    for row in &table.rows[..2] {
        fs::write(at("back.csv"), format!("row_id,review_stance\n{},c\n", row.cells[0])).expect("written");
        let (code, _, stderr) =
            demarche(folder.path(), &["review", "merge", "stances.csv", "back.csv", "-o", "gold.csv"]);
        assert_eq!(code, 0, "{stderr}");
        let ledger = fs::read_to_string(at("corrections.jsonl")).expect("a file");
        fs::write(at("corrections.jsonl"), ledger.trim_end()).expect("written");
    }
    let ledger = fs::read_to_string(at("corrections.jsonl")).expect("a file");
    assert!(ledger.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{ledger}");
    assert_eq!(ledger.lines().count(), 2);
}
