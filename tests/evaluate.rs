//! `demarche evaluate` on the real binary: the page, the tables and the comparison with another run.

use assert_cmd::Command;
use std::fs;
use std::path::Path;

const PAIRS: [(&str, &str, &str); 4] = [
    ("Peru recognised Kosovo as an independent state on Friday.", "Peru", "recognize"),
    ("Chile condemned the government of Kosovo for the raid.", "Chile", "condemn"),
    ("Ghana signed a trade agreement with Kosovo & praised <it>.", "Ghana", "engage"),
    ("Japan and Kosovo were in the news, and it rained.", "Japan", "condemn"),
];

fn evaluate(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let model = format!("{}/models/minilm-stance", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::cargo_bin("demarche").expect("the binary is built");
    command.current_dir(folder).timeout(std::time::Duration::from_secs(300));
    let output = command.args(["evaluate", "--model", &model]).args(arguments).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Writes [`PAIRS`] as gold; the last one is wrong on purpose.
fn gold(path: &Path) {
    let line = |(i, (text, actor, stance)): (usize, &(&str, &str, &str))| {
        let mention = |name: &str, code: &str| {
            let start = text.find(name).expect("the name is in the text");
            serde_json::json!({ "start": start, "end": start + name.len(), "code": code })
        };
        let code = &actor.to_uppercase()[..3];
        let pair = serde_json::json!({ "actor": code, "target": "XKX", "stance": stance, "sure": i != 3 });
        let mentions = [mention(actor, code), mention("Kosovo", "XKX")];
        let date = format!("2023-01-0{}", i + 1);
        serde_json::json!({ "id": format!("t{i}"), "date": date, "text": text, "mentions": mentions, "pairs": [pair] })
    };
    let lines: Vec<String> = PAIRS.iter().enumerate().map(|pair| line(pair).to_string()).collect();
    fs::write(path, lines.join("\n")).expect("written");
}

#[test]
fn the_page_the_json_and_the_csv_tell_the_same_and_the_page_fetches_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file");
    gold(&folder.path().join("gold.jsonl"));
    let files = ["--report", "page.html", "--json", "f.json", "--csv", "f.csv", "--resamples", "1000", "--seed", "7"];
    let (code, stdout, stderr) = evaluate(folder.path(), &[&["gold.jsonl"], &files[..]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("intervals: 1000 resamples of 4 documents, seed 7"), "{stdout}");

    let (page, csv) = (read("page.html"), read("f.csv"));
    let json: serde_json::Value = serde_json::from_str(&read("f.json")).expect("JSON");
    let accuracy = json["all"]["accuracy"].as_f64().expect("a number");
    assert!((accuracy - 0.75).abs() < 1e-9, "the three plain sentences are right and the wrong gold is not: {json}");
    assert!(csv.contains("\naccuracy,,all,0.75,"), "{csv}");
    assert!(csv.contains("\naccuracy,,sure,1,,\n"), "{csv}");
    let names = ["macro-F1, three stances", "Brier score", "calibration error (ECE)", "area under risk-coverage"];
    let origin = ["minilm-stance", "2023-01-01 to 2023-01-04", "seed\n7", "gold.jsonl", "--seed 7", "SHA-256"];
    for shown in names.iter().chain(&origin).chain(&["0.750", "<svg", "[[Japan]]", "{{Kosovo}}"]) {
        assert!(page.contains(shown), "{shown} is missing");
    }
    for fetched in ["http", "src=", "<script", "<link", "url(", "@import"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    assert_eq!(json["provenance"]["bootstrap"]["seed"], 7);
    assert_eq!(json["figures"].as_array().map(Vec::len), Some(csv.lines().count() - 1));
}

#[test]
fn a_model_against_itself_does_not_differ_and_other_pairs_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    gold(&at("gold.jsonl"));
    let (code, first, stderr) = evaluate(folder.path(), &["gold.jsonl", "--predictions", "p.jsonl"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(!first.contains("McNemar"));
    let (code, stdout, stderr) =
        evaluate(folder.path(), &["gold.jsonl", "--against", "p.jsonl", "--report", "page.html", "--json", "f.json"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("= +0.0000") && stdout.contains("McNemar (exact) p = 1.0000"), "{stdout}");
    assert!(fs::read_to_string(at("page.html")).expect("a page").contains("Against another model"));
    let json: serde_json::Value = serde_json::from_slice(&fs::read(at("f.json")).expect("a file")).expect("JSON");
    assert_eq!(json["against"]["mcnemar"]["p"], 1.0);

    let lines = fs::read_to_string(at("p.jsonl")).expect("predictions");
    fs::write(at("short.jsonl"), lines.lines().skip(1).collect::<Vec<_>>().join("\n")).expect("written");
    let (code, _, stderr) = evaluate(folder.path(), &["gold.jsonl", "--against", "short.jsonl", "--json", "none.json"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("short.jsonl") && stderr.contains("PER toward XKX in t0 is missing"), "{stderr}");
    assert!(!at("none.json").exists(), "a failed run leaves no file");
}

#[test]
fn whole_articles_have_a_page_too_with_the_evidence_of_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = format!("{}/datasets/sample", env!("CARGO_MANIFEST_DIR"));
    let (code, stdout, stderr) = evaluate(folder.path(), &["--docs", &sample, "--report", "page.html"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("document level") && stdout.contains("mentions: "), "{stdout}");
    let page = fs::read_to_string(folder.path().join("page.html")).expect("a page");
    assert!(page.contains("Worst errors") && page.contains("<mark class=\"actor\">[["));
}

#[test]
fn figures_overwrite_no_gold_file_and_not_one_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    gold(&at("gold.jsonl"));
    fs::create_dir(at("articles")).expect("made");
    fs::write(at("articles/a.txt"), "Peru recognised Kosovo.").expect("written");
    let before = ["gold.jsonl", "articles/a.txt"].map(|name| fs::read(at(name)).expect("a file"));
    for (arguments, expected) in [
        (&["gold.jsonl", "--json", "gold.jsonl"][..], "gold.jsonl would overwrite its own input"),
        (&["--docs", ".", "--predictions", "gold.jsonl"], "gold.jsonl would overwrite its own input"),
        (&["--docs", ".", "--report", "articles/a.txt"], "articles/a.txt would overwrite its own input"),
        (&["gold.jsonl", "--against", "articles/a.txt", "--csv", "articles/a.txt"], "would overwrite its own input"),
        (&["gold.jsonl", "--json", "f", "--csv", "./f"], "./f would be written twice"),
    ] {
        let (code, stdout, stderr) = evaluate(folder.path(), arguments);
        assert!(code == 2 && stdout.is_empty(), "{arguments:?}: {stdout}{stderr}");
        assert!(stderr.contains(expected) && stderr.contains("names of their own"), "{stderr}");
    }
    assert_eq!(before, ["gold.jsonl", "articles/a.txt"].map(|name| fs::read(at(name)).expect("a file")));
    assert!(!at("f").exists());
}
