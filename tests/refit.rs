//! `refit` on the real binary: what it learns, what it keeps, and what it refuses.

use assert_cmd::Command;
use std::fs;
use std::path::Path;

fn root(path: &str) -> String {
    format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("demarche").expect("the binary is built");
    let output = command.current_dir(folder).args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Accuracy before and after in the line of the table that begins with `name`.
fn accuracy(table: &str, name: &str) -> (f64, f64) {
    let line = table.lines().find(|l| l.starts_with(name)).expect("the line");
    let numbers: Vec<f64> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    (numbers[3], numbers[4])
}

#[test]
fn a_model_that_knows_nothing_learns_from_corrections_and_the_new_folder_labels() {
    let folder = tempfile::tempdir().expect("a folder");
    let (tiny, gold, replay) =
        (root("models/tiny"), root("datasets/composed/passages_a.jsonl"), root("datasets/composed/passages_b.jsonl"));
    let arguments =
        ["refit", &gold, "--replay", &replay, "--start", &tiny, "-o", "mine", "--pull", "0", "--epochs", "6"];
    let (code, out, err) = run(folder.path(), &[&arguments[..], &["--learning-rate", "0.003"]].concat());
    assert_eq!(code, Some(0), "{err}");
    for name in ["corrections held out", "replay held out"] {
        let (before, after) = accuracy(&out, name);
        assert!(after > before + 0.05, "{name}: {before} to {after}\n{out}");
    }
    fs::write(folder.path().join("a.txt"), "Peru recognised Kosovo as an independent state on Friday.")
        .expect("written");
    let (code, out, err) = run(folder.path(), &["label", "a.txt", "-q", "--model", "mine", "--include-none"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("1 in = 1 labelled"), "{out}");
    let stance = fs::read_to_string(folder.path().join("mine/stance.json")).expect("written");
    assert!(stance.contains("\"refit\""), "{stance}");
}

#[test]
fn a_strong_pull_keeps_the_old_model_and_too_few_texts_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (tiny, gold, replay) =
        (root("models/tiny"), root("datasets/composed/passages_a.jsonl"), root("datasets/composed/passages_b.jsonl"));
    let arguments = ["refit", &gold, "--replay", &replay, "--start", &tiny, "-o", "same", "--pull", "1e9"];
    let (code, out, err) = run(folder.path(), &arguments);
    assert_eq!(code, Some(0), "{err}");
    let (before, after) = accuracy(&out, "replay held out");
    assert!((before - after).abs() < 0.01, "{before} to {after}");
    let (code, _, err) = run(folder.path(), &["refit", &gold, "--replay", &replay, "--start", &tiny, "-o", &tiny]);
    assert_eq!(code, Some(2));
    assert!(err.contains("would overwrite the model that it starts from"), "{err}");
    let first = fs::read_to_string(&gold).expect("read").lines().next().expect("a line").to_owned();
    fs::write(folder.path().join("one.jsonl"), first).expect("written");
    let (code, _, err) = run(folder.path(), &["refit", "one.jsonl", "--replay", &replay, "--start", &tiny, "-o", "no"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("in the corrections: too few for --held-out 0.2"), "{err}");
}
