//! From a corpus to corrected totals and labelled passages through the real binary: label, queue, review, merge, estimate.

use assert_cmd::Command;
use std::fs;
use std::path::Path;

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("demarche").expect("the binary is built");
    let output = command.current_dir(folder).args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const ARTICLES: [(&str, &str); 3] = [
    (
        "2008-02-20-peru.txt",
        "Peru recognised Kosovo as an independent state on Friday.\n\nSerbia condemned Peru's decision.\n",
    ),
    (
        "2009-03-01-chile.txt",
        "Chile's president met the president of Bolivia in La Paz. The two signed a gas agreement.\n",
    ),
    ("2009-04-01-iran.txt", "France condemned Iran over its missile test. Japan said nothing.\n"),
];

/// Copies a queue without its first `lost` rows, with the model's label as review in all others; gives these labels.
fn confirm(folder: &Path, queue: &str, reviewed: &str, lost: usize) -> Vec<String> {
    let mut reader = csv::Reader::from_path(folder.join(queue)).expect("a queue");
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|h| h == name).expect("the column");
    let mut writer = csv::Writer::from_path(folder.join(reviewed)).expect("made");
    writer.write_record(&header).expect("written");
    let mut labels = Vec::new();
    for row in reader.records().skip(lost) {
        let mut cells: Vec<String> = row.expect("a row").iter().map(str::to_owned).collect();
        labels.push(cells[column("stance")].clone());
        cells[column("review_stance")].clone_from(&labels[labels.len() - 1]);
        writer.write_record(&cells).expect("written");
    }
    writer.flush().expect("written");
    labels
}

#[test]
fn a_census_by_reviewers_who_agree_gives_the_model_s_own_shares_without_doubt() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("news")).expect("made");
    for (name, text) in ARTICLES {
        fs::write(at("news").join(name), text).expect("written");
    }
    let model = format!("{}/models/minilm-stance", env!("CARGO_MANIFEST_DIR"));
    let good = |arguments: &[&str]| {
        let (code, out, err) = run(folder.path(), arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {err}");
        out
    };
    good(&["label", "news", "-q", "--include-none", "--model", &model, "-o", "stances.csv"]);
    good(&["review", "queue", "stances.csv", "-o", "queue.csv", "--n", "500", "--audit", "500"]);
    let labels = confirm(folder.path(), "queue.csv", "ana.csv", 0);
    let rows = u32::try_from(labels.len()).expect("few");
    let condemn = labels.iter().map(|label| u32::from(label == "condemn")).sum::<u32>();
    good(&["review", "merge", "stances.csv", "ana.csv", "-o", "gold.csv"]);
    let out = good(&["evaluate", "--estimate", "gold.csv", "--csv", "totals.csv"]);
    assert!(out.contains(&format!("audit: {rows} rows drawn, {rows} of them reviewed")), "{out}");
    let totals = fs::read_to_string(at("totals.csv")).expect("totals");
    let share = f64::from(condemn) / f64::from(rows);
    let line = format!("all,,condemn,{rows},{condemn},{rows},{share:.4},{share:.4},{share:.4},{condemn}.0");
    assert!(condemn > 0 && totals.contains(&line), "{line} is not in\n{totals}");
    let out = good(&["evaluate", "--estimate", "gold.csv", "--by", "target", "--period", "year"]);
    assert!(out.contains("2008") && out.contains("1.000 [1.000, 1.000]"), "{out}");

    let out = good(&["review", "passages", "gold.csv", "news", "-o", "reviewed.jsonl", "--model", &model]);
    assert!(out.contains(&format!("{rows} reviewed rows: {rows} in ")), "{out}");
    let passages = fs::read_to_string(at("reviewed.jsonl")).expect("passages");
    let found = passages.lines().find(|l| l.contains("Peru recognised Kosovo")).expect("the passage");
    let passage: serde_json::Value = serde_json::from_str(found).expect("JSON");
    assert_eq!(passage["id"], "2008-02-20-peru#1");
    assert_eq!(passage["mentions"][1]["surface"], "Kosovo");
    good(&["evaluate", "reviewed.jsonl", "--model", &model, "--resamples", "1000"]);

    // Of an audit of three rows one is lost, and comes back with the queue.
    good(&["review", "queue", "stances.csv", "-o", "three.csv", "--n", "3", "--audit", "3"]);
    confirm(folder.path(), "three.csv", "two.csv", 1);
    good(&["review", "merge", "stances.csv", "two.csv", "-o", "part.csv"]);
    let (code, _, err) = run(folder.path(), &["evaluate", "--estimate", "part.csv"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("part.csv: its 2 audit rows") && err.contains(&format!("and it has {rows} (each")), "{err}");
    good(&["review", "merge", "stances.csv", "two.csv", "three.csv", "-o", "part.csv"]);
    let out = good(&["evaluate", "--estimate", "part.csv", "--csv", "totals.csv"]);
    assert!(out.contains("audit: 3 rows drawn, 2 of them reviewed"), "{out}");
    assert!(out.contains("groups without totals: 0 have no reviewed row, 1 have fewer than 10"), "{out}");
    let totals = fs::read_to_string(at("totals.csv")).expect("totals");
    assert!(totals.contains(&format!("all,,condemn,{rows},{condemn},2,,,,\n")), "two rows are no total:\n{totals}");

    let (code, _, err) = run(folder.path(), &["evaluate", "--estimate", "gold.csv", "--csv", "gold.csv"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("gold.csv would overwrite its own input"), "{err}");
    let (code, _, err) = run(folder.path(), &["evaluate", "--estimate", "stances.csv"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("no column `sample_prob`"), "{err}");
}

#[test]
fn rows_find_their_own_document_where_two_share_an_id_and_columns_have_other_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let news = |day: &str| serde_json::json!({ "key": "1", "body": format!("Russia condemned Ukraine on {day}."), "day": "2021-05-03" });
    fs::write(at("a.jsonl"), format!("{}\n", news("Monday"))).expect("written");
    fs::write(at("b.jsonl"), format!("{}\n", news("Friday"))).expect("written");
    fs::write(at("m.csv"), "key,headline\n2,Rain\n").expect("written");
    let model = format!("{}/models/minilm-stance", env!("CARGO_MANIFEST_DIR"));
    let corpus = ["m.csv", "a.jsonl", "b.jsonl", "--model", &model, "--text", "body", "--id", "key"];
    let named = [&corpus[..], &["--date", "day"]].concat();
    let (code, out, err) = run(folder.path(), &[&["label", "-q", "-o", "stances.csv"], &named[..]].concat());
    assert_eq!(code, Some(1), "m.csv is rejected: {out}{err}");

    let table = fs::read_to_string(at("stances.csv")).expect("a table");
    let ids: Vec<&str> = table.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(ids.len(), 2, "{table}");
    fs::write(at("ana.csv"), format!("row_id,review_stance\n{},condemn\n{},none\n", ids[0], ids[1])).expect("written");
    let (code, _, err) = run(folder.path(), &["review", "merge", "stances.csv", "ana.csv", "-o", "gold.csv"]);
    assert_eq!(code, Some(0), "{err}");

    let (code, out, err) = run(folder.path(), &[&["review", "passages", "gold.csv"], &named[..]].concat());
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("2 reviewed rows: 2 in 2 passages\n  1 records of the corpus cannot be read"), "{out}");
    let written = fs::read_to_string(at("reviewed.jsonl")).expect("passages");
    let texts: Vec<serde_json::Value> = written.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let told = |i: usize| (texts[i]["id"].clone(), texts[i]["text"].clone(), texts[i]["pairs"][0]["stance"].clone());
    assert_eq!(told(0), ("1#1".into(), "Russia condemned Ukraine on Monday.".into(), "condemn".into()));
    assert_eq!(told(1), ("1~2#1".into(), "Russia condemned Ukraine on Friday.".into(), "none".into()));
    assert_eq!((texts.len(), &texts[0]["date"]), (2, &"2021-05-03".into()));
    assert!(texts.iter().all(|text| text["pairs"].as_array().map(Vec::len) == Some(1)), "{written}");

    // The text changed after it was labelled.
    fs::write(at("b.jsonl"), format!("{}\n", news("Sunday"))).expect("written");
    let (code, out, _) = run(folder.path(), &[&["review", "passages", "gold.csv"], &named[..]].concat());
    assert_eq!(code, Some(1));
    assert!(out.contains("2 reviewed rows: 1 in 1 passages") && out.contains("1 rows whose sentence"), "{out}");

    let unnamed = ["review", "passages", "gold.csv", "b.jsonl", "a.jsonl", "--model", &model];
    let (code, _, err) = run(folder.path(), &unnamed);
    assert_eq!(code, Some(2));
    assert!(err.contains("give the same --text, --id") && err.contains("no field `text`"), "{err}");
}
