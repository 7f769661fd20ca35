//! What is read, what is passed over, and that nothing is written over: the real binary with the tiny model.

use assert_cmd::Command;
use std::fs;
use std::path::Path;

const ARTICLE: &str = "Peru recognised Kosovo as an independent state on Friday.";

fn demarche(folder: &Path, arguments: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("demarche").expect("the binary is built");
    command.current_dir(folder).timeout(std::time::Duration::from_secs(300));
    let output = command.args(arguments).write_stdin(stdin).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn label(folder: &Path, arguments: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    let model = format!("{}/models/tiny", env!("CARGO_MANIFEST_DIR"));
    demarche(folder, &[&["label", "-q", "--model", &model], arguments].concat(), stdin)
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
    found.sort();
    found
}

#[test]
fn label_writes_over_no_input_and_nothing_twice_and_refuses_before_it_begins() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("q")).expect("made");
    fs::write(at("q/a.csv"), format!("id,text\n1,{ARTICLE}\n")).expect("written");
    fs::write(at("q/rejects.csv"), format!("id,text\n1,{ARTICLE}\n")).expect("written");
    fs::write(at("names.csv"), "surface,polity\n").expect("written");
    let before = files(folder.path());
    for (arguments, expected) in [
        (&["q/a.csv", "-o", "q/a.csv"][..], "q/a.csv would overwrite its own input"),
        (&["q/a.csv", "-o", "q/../q/a.csv"], "q/../q/a.csv would overwrite its own input"),
        (&["q/a.csv", "-o", "out.csv", "--evidence", "q/a.csv"], "q/a.csv would overwrite its own input"),
        (&["q/rejects.csv", "-o", "q/out.csv"], "q/rejects.csv would overwrite its own input"),
        (&["q", "-o", "q/out.csv"], "q/rejects.csv would overwrite its own input"),
        (&["q/a.csv", "--registry", "names.csv", "-o", "names.csv"], "names.csv would overwrite its own input"),
        (&["q/a.csv", "-o", "out.csv", "--evidence", "out.csv"], "out.csv would be written twice"),
        (&["q/a.csv", "-o", "rejects.csv"], "rejects.csv would be written twice"),
        (&["q/a.csv", "-o", "out.csv", "--evidence", "./run.json"], "run.json would be written twice"),
    ] {
        let (code, stdout, stderr) = label(folder.path(), arguments, "");
        assert!(code == Some(2) && stdout.is_empty(), "{arguments:?}: {stdout}{stderr}");
        assert!(stderr.contains(expected) && stderr.contains("give -o and --evidence other names"), "{stderr}");
        assert!(files(folder.path()) == before, "{arguments:?} wrote something");
    }
    // A table in the folder of the corpus overwrites nothing until it is part of the corpus.
    fs::remove_file(at("q/rejects.csv")).expect("removed");
    for (code, again) in [(Some(0), false), (Some(2), true)] {
        let (found, _, stderr) = label(folder.path(), &["q", "-o", "q/out.csv"], "");
        assert_eq!(found, code, "{stderr}");
        assert_eq!(stderr.contains("q/out.csv would overwrite its own input"), again, "{stderr}");
    }
}

#[test]
fn the_exported_registry_replaces_no_table_that_it_was_read_from() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("own")).expect("made");
    let table = "alias,polity,kind,valid_from,valid_to,rule\nthe Hermit,PRK,name,,,\n";
    let own = folder.path().join("own/aliases.csv");
    fs::write(&own, table).expect("written");
    let export = |to: &str| demarche(folder.path(), &["registry", "export", to, "--registry", "own/aliases.csv"], "");
    let (code, _, stderr) = export("own");
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("own/aliases.csv would overwrite its own input; name another folder"), "{stderr}");
    assert_eq!(fs::read_to_string(&own).expect("there"), table);
    let (code, _, stderr) = export("all");
    assert_eq!(code, Some(0), "{stderr}");
    let all = fs::read_to_string(folder.path().join("all/aliases.csv")).expect("there");
    assert!(all.contains("the Hermit,PRK") && all.lines().count() > 1000, "{}", all.lines().count());
}

#[test]
fn a_file_that_cannot_be_written_is_named_with_one_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.txt"), ARTICLE).expect("written");
    let (code, _, stderr) = label(folder.path(), &["a.txt", "-o", "nowhere/out.csv"], "");
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("error: cannot write nowhere/"), "{stderr}");
    assert_eq!(stderr.matches("No such file").count(), 1, "{stderr}");
}

#[test]
fn a_model_that_is_not_there_names_its_flag_and_tells_the_cause_once() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.txt"), ARTICLE).expect("written");
    fs::write(folder.path().join("gold.jsonl"), "").expect("written");
    for arguments in [["label", "a.txt"], ["explain", "a.txt"], ["evaluate", "gold.jsonl"]] {
        let (code, _, stderr) = demarche(folder.path(), &arguments, "");
        assert_eq!(code, Some(2));
        assert!(stderr.contains("models/minilm-stance is no model folder") && stderr.contains("--model"), "{stderr}");
        assert_eq!(stderr.matches("No such file").count(), 1, "{stderr}");
    }
}

#[test]
fn what_is_no_article_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let array = format!(r#"[{{"id": "a", "text": "{ARTICLE}"}}]"#);
    let page = format!("<!DOCTYPE html>\n<html><script>var peru;</script><p>{ARTICLE}</p></html>");
    for (name, content, expected) in [
        ("a.json", &array, "begins like a JSON array, not like an article; accepted are plain text, CSV"),
        ("-", &array, "write its records one a line (JSONL)"),
        ("a.html", &page, "a.html begins like HTML or XML"),
        ("a.txt", &page, "strip the markup first"),
        ("-", &page, "strip the markup first"),
    ] {
        if name != "-" {
            fs::write(folder.path().join(name), content).expect("written");
        }
        let stdin = if name == "-" { content } else { "" };
        let (code, _, stderr) = label(folder.path(), &[name, "-o", "out.csv"], stdin);
        assert_eq!(code, Some(2), "{name}: {stderr}");
        assert!(stderr.contains(expected), "{stderr}");
        assert!(!folder.path().join("out.csv").exists());
    }
}

#[cfg(unix)]
#[test]
fn a_folder_says_what_it_skipped_and_an_entry_that_leads_nowhere_is_one_reject() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("corpus")).expect("made");
    for name in ["a.txt", "b.html", "c.html", "d.json", "LICENSE"] {
        fs::write(at("corpus").join(name), ARTICLE).expect("written");
    }
    // In a folder a page under the name of a text is one bad file among good ones.
    fs::write(at("corpus/page.txt"), "<html><p>Peru</p></html>").expect("written");
    std::os::unix::fs::symlink("nowhere.txt", at("corpus/dangling.txt")).expect("linked");
    std::os::unix::fs::symlink(".", at("corpus/loop")).expect("linked");
    let (code, stdout, stderr) = label(folder.path(), &["corpus", "-o", "out.csv"], "");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stdout.contains("4 in = 1 labelled + 0 without countries + 3 rejected"), "{stdout}");
    assert!(stdout.contains("4 files of other formats skipped: without extension 1, .html 2, .json 1\n"), "{stdout}");
    let run: serde_json::Value = serde_json::from_slice(&fs::read(at("run.json")).expect("a file")).expect("JSON");
    assert_eq!(run["other_formats"], serde_json::json!({ "": 1, ".html": 2, ".json": 1 }));
    let rejects = fs::read_to_string(at("rejects.csv")).expect("a file");
    let reject = |name: &str| rejects.lines().find(|line| line.contains(name)).expect("a reject").to_owned();
    let dangling = reject("corpus/dangling.txt,0,,,");
    assert_eq!(dangling.matches("No such file").count(), 1, "{rejects}");
    assert!(reject("corpus/loop,0,,,").contains("loop"), "{rejects}");
    assert!(reject("corpus/page.txt,0,,,").contains("HTML"), "{rejects}");
}

#[test]
fn a_number_is_no_date_and_the_summary_names_the_first_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = |(id, date): &(&str, &str)| serde_json::json!({ "id": id, "date": date, "text": ARTICLE }).to_string();
    let dates = [("a", "1512121234"), ("b", "20171201"), ("c", "1/12/2017"), ("d", "soon"), ("e", "never")];
    fs::write(folder.path().join("a.jsonl"), dates.iter().map(line).collect::<Vec<_>>().join("\n")).expect("written");
    let (code, stdout, stderr) = label(folder.path(), &["a.jsonl", "-o", "out.csv", "--include-none"], "");
    assert_eq!(code, Some(0), "{stderr}");
    let named = r#"4 documents have a date that is not YYYY-MM-DD; it was left empty: a "1512121234", c "1/12/2017", d "soon", …"#;
    assert!(stdout.contains(named), "{stdout}");
    let mut table = csv::Reader::from_path(folder.path().join("out.csv")).expect("a table");
    let date = table.headers().expect("a header").iter().position(|name| name == "doc_date").expect("a column");
    let rows: Vec<csv::StringRecord> = table.records().collect::<Result<_, _>>().expect("rows");
    let of = |id: &str| rows.iter().find(|row| &row[1] == id).expect("a row")[date].to_owned();
    assert_eq!((of("a"), of("b")), (String::new(), "2017-12-01".to_owned()));
}

#[test]
fn csv_on_standard_input_is_read_as_the_format_that_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let csv = format!("id\ttext\na\t{ARTICLE}\nb\tIt rained.\n");
    let (code, stdout, stderr) = label(folder.path(), &["-", "--format", "tsv", "-o", "out.csv"], &csv);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("2 in = 1 labelled + 1 without countries + 0 rejected"), "{stdout}");
    fs::write(folder.path().join("a.txt"), ARTICLE).expect("written");
    let (code, _, stderr) = label(folder.path(), &["a.txt", "--format", "csv", "-o", "out.csv"], "");
    assert!(code == Some(2) && stderr.contains("--format is for standard input (-)"), "{stderr}");
}

#[test]
fn a_reader_that_leaves_early_ends_neither_the_work_nor_its_status() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.txt"), ARTICLE).expect("written");
    let model = format!("{}/models/tiny", env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_demarche"))
        .args(["label", "-q", "--model", &model, "a.txt", "-o", "out.csv"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(folder.path().join("out.csv").exists() && folder.path().join("run.json").exists());
}
