//! Export to other tools by the real binary.

use super::{demarche, folder};
use std::fs;

#[test]
fn every_format_has_a_record_for_every_row() {
    let folder = folder();
    let records = |format: &str| {
        let (code, stdout, stderr) =
            demarche(folder.path(), &["export", "stances.csv", "--format", format, "-o", "out"]);
        assert_eq!((code, &*stdout), (0, "40 rows: out\n"), "{stderr}");
        fs::read(folder.path().join("out")).expect("a file")
    };
    for format in ["jsonl", "doccano", "prodigy"] {
        let out = String::from_utf8(records(format)).expect("UTF-8");
        assert!(out.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{format}");
        assert_eq!(out.lines().count(), 40, "{format}");
    }
    let tasks: Vec<serde_json::Value> = serde_json::from_slice(&records("label-studio")).expect("JSON");
    assert_eq!((tasks.len(), &tasks[0]["data"]["title"]), (40, &"=SUM(A1)".into()));
    assert!(records("parquet").starts_with(b"PAR1"));
    let (code, _, stderr) =
        demarche(folder.path(), &["export", "stances.csv", "--format", "jsonl", "-o", "stances.csv"]);
    assert!(code == 2 && stderr.contains("would overwrite its own input"), "{stderr}");
}
