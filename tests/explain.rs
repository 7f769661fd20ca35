//! `explain` shows what counted: its stances are the rows that `label` writes.

use assert_cmd::Command;
use std::fs;

const ARTICLE: &str = "Peru recognised Kosovo as an independent state on Friday.\n\nSerbia condemned Peru's decision. \
                       The <b>Washington Post</b> called it a surprise.\n";

fn model() -> String {
    format!("{}/models/minilm-stance", env!("CARGO_MANIFEST_DIR"))
}

fn run(folder: &std::path::Path, arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::cargo_bin("demarche").expect("the binary is built");
    let output = command.current_dir(folder).args(arguments).args(["--model", &model()]).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_explained_stances_are_those_of_the_table() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("2008-02-20-peru.txt"), ARTICLE).expect("written");
    let (ok, explained, stderr) = run(folder.path(), &["explain", "2008-02-20-peru.txt"]);
    assert!(ok, "{stderr}");
    let (ok, _, stderr) = run(folder.path(), &["label", "2008-02-20-peru.txt", "-q", "-o", "out.csv"]);
    assert!(ok, "{stderr}");
    let mut table = csv::Reader::from_path(folder.path().join("out.csv")).expect("a table");
    let mut rows = 0;
    for row in table.records() {
        let row = row.expect("a record");
        let confidence: f64 = row[11].parse().expect("a number");
        let line = format!("{} -> {}: {} {confidence:.3}", &row[5], &row[8], &row[10]);
        let shown = explained.lines().any(|l| {
            let (stance, number) = (l.trim().starts_with(line.rsplit_once(' ').expect("spaces").0), l.split(' '));
            let close = |n: &str| n.parse::<f64>().is_ok_and(|n| (n - confidence).abs() < 0.0011);
            stance && number.into_iter().any(close)
        });
        assert!(shown, "{line} is not in:\n{explained}");
        rows += 1;
    }
    assert!(rows >= 2, "Peru recognises, Serbia condemns: {rows} rows");
    assert!(explained.contains("is none: blocked:media"), "the rejected name and its reason:\n{explained}");
    assert!(explained.contains("[P1] recognised [P2] as an independent state"), "{explained}");
}

#[test]
fn the_page_escapes_the_text_and_a_wrong_target_or_document_says_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.txt"), ARTICLE).expect("written");
    let (ok, out, stderr) = run(folder.path(), &["explain", "a.txt", "--target", "Kosovo", "--html", "a.html"]);
    assert!(ok && out.contains("a.html"), "{stderr}");
    let page = fs::read_to_string(folder.path().join("a.html")).expect("the page");
    assert!(page.contains("&#60;b&#62;") && !page.contains("<b>"), "text is data, not markup");
    assert!(page.contains("Peru → Kosovo") && !page.contains("Kosovo → Peru"), "only stances toward the target");
    let (ok, _, stderr) = run(folder.path(), &["explain", "a.txt", "--target", "Atlantis"]);
    assert!(!ok && stderr.contains("Atlantis") && stderr.contains("RUS or #TALIBAN"), "{stderr}");
    let (ok, _, stderr) = run(folder.path(), &["explain", "a.txt", "--doc", "b"]);
    assert!(!ok && stderr.contains("holds no document `b`"), "{stderr}");
}

#[test]
fn the_columns_of_a_corpus_may_have_other_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = serde_json::json!({ "key": "7", "body": ARTICLE, "day": "2008-02-20" });
    fs::write(folder.path().join("news.jsonl"), format!("{record}\n")).expect("written");
    let named = ["explain", "news.jsonl", "--doc", "7", "--text", "body", "--id", "key", "--date-column", "day"];
    let (ok, out, stderr) = run(folder.path(), &named);
    assert!(ok, "{stderr}");
    assert!(out.contains("[P1] recognised [P2]") && out.contains("2008-02-20"), "{out}");
    let (ok, out, stderr) = run(folder.path(), &[&named[..], &["--date", "2009-01-01"]].concat());
    assert!(ok && out.contains("2009-01-01"), "the day is still that of --date: {out}{stderr}");
}
