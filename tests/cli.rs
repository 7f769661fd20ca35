//! The real binary on real files: what a user types, and what comes back.

use assert_cmd::Command;
use demarche::calibrate::Scale;
use std::fs;
use std::io::Write as _;
use std::path::Path;

fn demarche(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("demarche").expect("the binary is built");
    command.current_dir(folder).timeout(std::time::Duration::from_secs(300));
    command
}

fn model() -> String {
    format!("{}/models/minilm-stance", env!("CARGO_MANIFEST_DIR"))
}

fn label(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = demarche(folder)
        .args(["label", "--model", &model(), "-q", "-o", "out.csv"])
        .args(arguments)
        .output()
        .expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn rows(folder: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(folder.join("out.csv")).expect("a table");
    reader.records().map(|r| r.expect("a record").iter().map(str::to_owned).collect()).collect()
}

const ARTICLE: &str =
    "Peru recognised Kosovo as an independent state on Friday.\n\nSerbia condemned Peru's decision.\n";

#[test]
fn an_article_becomes_rows_with_evidence_and_the_counts_add_up() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("news")).expect("made");
    fs::write(folder.path().join("news/a.txt"), ARTICLE).expect("written");
    fs::write(folder.path().join("news/b.txt"), "It rained all day.").expect("written");
    let (code, stdout, stderr) = label(folder.path(), &["news"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("2 in = 1 labelled + 1 without countries + 0 rejected"), "{stdout}");
    let rows = rows(folder.path());
    let found: Vec<[&str; 3]> = rows.iter().map(|r| [r[4].as_str(), r[10].as_str(), r[7].as_str()]).collect();
    assert!(found.contains(&["PER", "recognize", "XKX"]), "{found:?}");
    assert!(found.contains(&["SRB", "condemn", "PER"]), "{found:?}");
    let recognition = rows.iter().find(|r| r[4] == "PER" && r[7] == "XKX").expect("a row");
    assert_eq!(recognition[20], "[[Peru]] recognised {{Kosovo}} as an independent state on Friday.");
    let span: Vec<usize> = [21, 22].map(|i: usize| recognition[i].parse().expect("a number")).to_vec();
    assert_eq!(&ARTICLE[span[0]..span[1]], "Peru recognised Kosovo as an independent state on Friday.");
    assert!(folder.path().join("run.json").exists() && folder.path().join("rejects.csv").exists());
}

#[test]
fn every_format_and_compression_gives_the_same_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let line = serde_json::json!({ "id": "a", "date": "2019-01-02", "text": ARTICLE }).to_string();
    fs::write(at("a.jsonl"), format!("{line}\n")).expect("written");
    let mut gz =
        flate2::write::GzEncoder::new(fs::File::create(at("b.jsonl.gz")).expect("made"), flate2::Compression::fast());
    writeln!(gz, "{line}").expect("written");
    gz.finish().expect("written");
    fs::write(at("c.jsonl.zst"), zstd::encode_all(line.as_bytes(), 3).expect("packed")).expect("written");
    let mut csv = csv::Writer::from_path(at("d.csv")).expect("made");
    csv.write_record(["id", "date", "text"]).expect("written");
    csv.write_record(["a", "2019-01-02", ARTICLE]).expect("written");
    csv.flush().expect("written");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(line.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    fs::write(at("e.jsonl"), utf16).expect("written");
    let mut tables = Vec::new();
    for name in ["a.jsonl", "b.jsonl.gz", "c.jsonl.zst", "d.csv", "e.jsonl"] {
        let (code, _, stderr) = label(folder.path(), &[name]);
        assert_eq!(code, 0, "{name}: {stderr}");
        let mut rows = rows(folder.path());
        for row in &mut rows {
            row[23].clear();
        }
        assert!(!rows.is_empty(), "{name}");
        tables.push(rows);
    }
    assert!(tables.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_bad_record_is_located_in_rejects_and_the_rest_is_labelled() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = serde_json::json!({ "id": "good", "text": ARTICLE });
    fs::write(folder.path().join("a.jsonl"), format!("{good}\nnot json\n{{\"id\":\"x\",\"text\":\"\"}}\n"))
        .expect("written");
    let (code, stdout, stderr) = label(folder.path(), &["a.jsonl"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stdout.contains("3 in = 1 labelled + 0 without countries + 2 rejected"), "{stdout}");
    let rejects = fs::read_to_string(folder.path().join("rejects.csv")).expect("a file");
    let lines: Vec<&str> = rejects.lines().collect();
    assert!(lines[1].starts_with("a.jsonl,2,2,") && lines[2].starts_with("a.jsonl,3,3,"), "{rejects}");
}

#[test]
fn a_quote_that_is_never_closed_is_a_reject_and_swallows_no_record_in_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let rest = "2,\"Chile, they say, met Peru.\"\n";
    fs::write(
        folder.path().join("a.csv"),
        format!("id,text\n1,Peru met Chile.\n{rest}3,\"Iran condemned Peru.\n4,x\n"),
    )
    .expect("written");
    let (code, stdout, stderr) = label(folder.path(), &["a.csv"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stdout.contains("3 in = 2 labelled + 0 without countries + 1 rejected"), "{stdout}");
    let rejects = fs::read_to_string(folder.path().join("rejects.csv")).expect("a file");
    assert!(rejects.contains("a.csv,3,4,") && rejects.contains("in line 4 is never closed"), "{rejects}");
    fs::write(folder.path().join("b.csv"), "id,text,\"more\n1,Peru met Chile.,\n").expect("written");
    let (code, _, stderr) = label(folder.path(), &["b.csv"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("b.csv") && stderr.contains("line 1"), "{stderr}");
}

#[test]
fn an_alias_names_the_target_as_a_whole_word_also_where_a_sentence_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    let text =
        "The council met Russia in May. On Friday China thanked the council. Peru asked the councillor to leave.";
    fs::write(folder.path().join("a.txt"), text).expect("written");
    let arguments = ["a.txt", "--target", "Taliban", "--target-alias", "the council", "--include-none"];
    let (code, _, stderr) = label(folder.path(), &arguments);
    assert_eq!(code, 0, "{stderr}");
    let evidence: Vec<(String, String)> = rows(folder.path()).iter().map(|r| (r[4].clone(), r[20].clone())).collect();
    let of = |actor: &str| &evidence.iter().find(|(a, _)| a == actor).expect("a row").1;
    assert_eq!(of("RUS"), "{{The council}} met [[Russia]] in May.");
    assert_eq!(of("CHN"), "On Friday [[China]] thanked {{the council}}.");
    assert_eq!(of("PER"), "[[Peru]] asked the councillor to leave.");
}

#[test]
fn mistakes_name_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.csv"), "id,body\n1,Peru met Chile.\n").expect("written");
    fs::create_dir(folder.path().join("empty")).expect("made");
    for (argument, expected) in [
        ("nowhere", "cannot read nowhere"),
        ("empty", "holds no .txt"),
        ("a.csv", "has no column `text`; it has `id`, `body`; choose with --text"),
    ] {
        let (code, _, stderr) = label(folder.path(), &[argument]);
        assert_eq!(code, 2, "{argument}");
        assert!(stderr.contains(expected), "{stderr}");
    }
    let (code, _, stderr) = label(folder.path(), &["a.csv", "--text", "body"]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn threads_and_order_of_files_change_no_byte_of_a_documents_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = format!("{}/datasets/sample/articles", env!("CARGO_MANIFEST_DIR"));
    let (code, ..) = label(folder.path(), &[&sample, "--threads", "1"]);
    assert_ne!(code, 2);
    let one = fs::read(folder.path().join("out.csv")).expect("a table");
    let (code, ..) = label(folder.path(), &[&sample, "--threads", "2"]);
    assert_ne!(code, 2);
    assert!(one == fs::read(folder.path().join("out.csv")).expect("a table"));
}

/// Kills a run that has labelled one window and waits for more, then resumes it with the whole corpus.
#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = |i: usize| match i {
        7 | 41 => "not json\n".to_owned(),
        _ => format!("{}\n", serde_json::json!({ "id": format!("n{i}"), "text": format!("Item {i}. {ARTICLE}") })),
    };
    let corpus: String = (0..90).map(line).collect();
    fs::write(folder.path().join("a.jsonl"), &corpus).expect("written");
    let arguments = ["-", "--evidence", "evidence.csv", "--codes", "--excel"];
    let whole =
        || ["out.csv", "evidence.csv", "rejects.csv"].map(|n| fs::read(folder.path().join(n)).expect("a table"));
    let piped = |extra: &[&str]| {
        demarche(folder.path())
            .args(["label", "--model", &model(), "-q", "-o", "out.csv"])
            .args(arguments)
            .args(extra)
            .write_stdin(corpus.clone())
            .output()
            .expect("the binary runs")
    };
    assert_eq!(piped(&[]).status.code(), Some(1));
    let expected = whole();
    for name in ["out.csv", "evidence.csv", "rejects.csv"] {
        fs::remove_file(folder.path().join(name)).expect("removed");
    }

    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_demarche"))
        .args(["label", "--model", &model(), "-q", "-o", "out.csv"])
        .args(arguments)
        .current_dir(folder.path())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let first: String = (0..50).map(line).collect();
    stdin.write_all(first.as_bytes()).expect("written");
    stdin.flush().expect("written");
    let journal = folder.path().join("out.csv.resume.json");
    while !journal.exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    assert!(!folder.path().join("out.csv").exists());

    let other = piped(&["--resume", "--include-none"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("other arguments"));
    let resumed = piped(&["--resume"]);
    assert_eq!(resumed.status.code(), Some(1), "{}", String::from_utf8_lossy(&resumed.stderr));
    let stdout = String::from_utf8_lossy(&resumed.stdout);
    assert!(stdout.contains("90 in = 88 labelled + 0 without countries + 2 rejected"), "{stdout}");
    assert!(stdout.contains("were read before the run was resumed"), "{stdout}");
    assert!(whole() == expected);
    assert!(!journal.exists());
}

#[test]
fn parquet_gives_the_same_rows_as_jsonl() {
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::writer::SerializedFileWriter;
    let folder = tempfile::tempdir().expect("a folder");
    let articles = [("a", "2019-01-02", ARTICLE), ("b", "2021-05-06", "Chile met Peru in Lima."), ("c", "", "")];
    let lines =
        articles.map(|(id, date, text)| serde_json::json!({ "id": id, "date": date, "text": text }).to_string());
    fs::write(folder.path().join("a.jsonl"), lines.join("\n")).expect("written");
    let schema = "message news { required binary junk; required binary id (utf8); required binary date (utf8); \
                  required binary text (utf8); }";
    let schema = std::sync::Arc::new(parquet::schema::parser::parse_message_type(schema).expect("a schema"));
    let file = fs::File::create(folder.path().join("b.parquet")).expect("made");
    let mut writer = SerializedFileWriter::new(file, schema, std::sync::Arc::default()).expect("starts");
    // One row group an article: the reader must cross them.
    for (id, date, text) in articles {
        let mut group = writer.next_row_group().expect("a group");
        for value in ["junk", id, date, text] {
            let mut column = group.next_column().expect("no error").expect("a column");
            let values = [ByteArray::from(value)];
            column.typed::<ByteArrayType>().write_batch(&values, None, None).expect("written");
            column.close().expect("closed");
        }
        group.close().expect("closed");
    }
    writer.close().expect("closed");
    let mut tables = Vec::new();
    for name in ["a.jsonl", "b.parquet"] {
        let (code, stdout, stderr) = label(folder.path(), &[name]);
        assert_eq!(code, 1, "{name}: {stderr}");
        assert!(stdout.contains("3 in = 2 labelled + 0 without countries + 1 rejected"), "{stdout}");
        let mut rows = rows(folder.path());
        for row in &mut rows {
            row[23].clear();
        }
        tables.push(rows);
    }
    assert!(!tables[0].is_empty());
    assert_eq!(tables[0], tables[1]);
    let (code, _, stderr) = label(folder.path(), &["b.parquet", "--text", "body"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("has no column `body`; it has `junk`, `id`, `date`, `text`"), "{stderr}");
}

#[test]
fn windows_1252_is_decoded_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("news")).expect("made");
    fs::write(folder.path().join("news/a.txt"), b"C\xf4te d\x92Ivoire condemned Peru.").expect("written");
    fs::write(folder.path().join("news/b.txt"), "Perú condemned Chile.").expect("written");
    let (code, stdout, stderr) = label(folder.path(), &["news"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("1 document was read as windows-1252"), "{stdout}");
    let rows = rows(folder.path());
    let evidence = &rows.iter().find(|r| r[4] == "CIV").expect("a row of the first article")[20];
    assert_eq!(evidence, "[[Côte d’Ivoire]] condemned {{Peru}}.");
    let run = fs::read_to_string(folder.path().join("run.json")).expect("a file");
    let run: serde_json::Value = serde_json::from_str(&run).expect("JSON");
    assert_eq!(run["encodings"], serde_json::json!({ "utf-8": 1, "windows-1252": 1 }));
}

#[test]
fn strict_stops_at_the_first_bad_record_and_writes_no_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = serde_json::json!({ "id": "good", "text": ARTICLE });
    fs::write(folder.path().join("a.jsonl"), format!("{good}\nnot json\n")).expect("written");
    let (code, _, stderr) = label(folder.path(), &["a.jsonl", "--strict"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("a.jsonl: record 2: not a JSON object"), "{stderr}");
    assert!(!folder.path().join("out.csv").exists());
}

#[test]
fn wire_copy_is_read_once_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = |i| format!("{}\n", serde_json::json!({ "id": i, "text": ARTICLE }));
    fs::write(folder.path().join("a.jsonl"), (0..70).map(line).collect::<String>()).expect("written");
    let (code, _, stderr) = label(folder.path(), &["a.jsonl"]);
    assert_eq!(code, 0, "{stderr}");
    let run = fs::read_to_string(folder.path().join("run.json")).expect("a file");
    let run: serde_json::Value = serde_json::from_str(&run).expect("JSON");
    assert_eq!(run["repeated_examples"], 69 * 2);
    let stances = |id: &str| {
        let rows = rows(folder.path());
        rows.iter().filter(|r| r[1] == id).map(|r| r[4..20].to_vec()).collect::<Vec<_>>()
    };
    assert!(!stances("0").is_empty());
    assert_eq!(stances("0"), stances("69"));
}

#[test]
fn the_behavioural_suite_prints_a_rate_a_group_and_exits_with_1_only_below_the_wanted_rate() {
    let folder = tempfile::tempdir().expect("a folder");
    let evaluate = |arguments: &[&str]| {
        let output = demarche(folder.path())
            .args(["evaluate", "--behaviour", "--fills", "2", "--model", &model()])
            .args(arguments)
            .output()
            .expect("the binary runs");
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        (output.status.code(), stdout, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, stdout, stderr) = evaluate(&["--json", "figures.json", "--errors"]);
    assert_eq!(code, Some(0), "{stderr}");
    let figures: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("figures.json")).expect("a file")).expect("JSON");
    let groups = figures["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 13);
    let cases = |group: &serde_json::Value| group["cases"].as_u64().expect("a count");
    assert_eq!(groups[..10].iter().map(cases).sum::<u64>(), 488);
    assert!(groups[10..].iter().all(|group| cases(group) == 488));
    assert_eq!(groups[10]["group"], "country_swap");
    assert_eq!(groups[10]["rate"], 1.0, "a country's name reached the model");
    assert_eq!(groups[11]["rate"], 1.0, "a sentence in front of the first country reached the model");
    let failures = figures["failures"].as_array().expect("failures");
    assert!(failures.iter().all(|failure| !failure["found"].is_null()), "a country was not found");
    assert!(stdout.contains("seed 1, 2 fills a case"), "{stdout}");
    assert_eq!(stdout.lines().filter(|line| line.contains(" toward ")).count(), failures.len());
    // `--min-rate 1` asks for what no model reaches, a rate above 1 for what no model could.
    let (code, again, stderr) = evaluate(&["--min-rate", "1"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(again.contains("\nbelow 1: ") && stdout.starts_with(again.split("below").next().unwrap_or_default()));
    let (code, _, stderr) = evaluate(&["--min-rate", "1.5"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--min-rate 1.5 is no share of cases; give a number from 0 to 1"), "{stderr}");
}

#[test]
fn settings_of_the_behavioural_suite_are_refused_where_they_would_do_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for setting in [["--fills", "2"], ["--min-rate", "0.5"]] {
        for data in [["gold.jsonl"].as_slice(), &["--docs", "articles"]] {
            let output = demarche(folder.path()).arg("evaluate").args(data).args(setting).output().expect("it runs");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2));
            assert!(stderr.contains("cannot be used with"), "{stderr}");
        }
    }
}

/// A copy of `models/tiny` that has a second look, in `folder`; its weights are random, which is all the same here.
fn model_that_looks_again(folder: &Path) -> String {
    model_of_scales(folder, "again", [Scale::PLAIN; 2])
}

/// The same with a scale for each look, under a name.
fn model_of_scales(folder: &Path, name: &str, [first, second]: [Scale; 2]) -> String {
    let (from, to) = (format!("{}/models/tiny", env!("CARGO_MANIFEST_DIR")), folder.join(name));
    fs::create_dir(&to).expect("made");
    let mut sums = String::new();
    for name in demarche::model::folder::FILES {
        let mut bytes = fs::read(Path::new(&from).join(name)).expect("a file of the model");
        if name == "stance.json" {
            let mut stance: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            stance["temperature"] = first.temperature.into();
            stance["smoothing"] = first.smoothing.into();
            stance["second_look"] = serde_json::json!({
                "below": 0.5, "temperature": second.temperature, "smoothing": second.smoothing,
            });
            bytes = stance.to_string().into_bytes();
        }
        sums.extend([&demarche::model::folder::sha256(&bytes), "  ", name, "\n"]);
        fs::write(to.join(name), bytes).expect("written");
    }
    fs::write(to.join("SHA256SUMS"), sums).expect("written");
    to.display().to_string()
}

fn run(folder: &Path, command: &str, model: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = demarche(folder).args([command, "--model", model]).args(arguments).output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The first texts of `passages_c.jsonl` as `gold.jsonl`.
fn few_passages(folder: &Path) {
    let all = format!("{}/datasets/composed/passages_c.jsonl", env!("CARGO_MANIFEST_DIR"));
    let all = fs::read_to_string(all).expect("the passages");
    fs::write(folder.join("gold.jsonl"), all.lines().take(6).collect::<Vec<_>>().join("\n")).expect("written");
}

#[test]
fn the_second_look_replaces_exactly_the_predictions_that_the_first_doubts() {
    let folder = tempfile::tempdir().expect("a folder");
    few_passages(folder.path());
    let model = model_that_looks_again(folder.path());
    let predictions = |look: &[&str]| -> Vec<serde_json::Value> {
        let arguments = [&["gold.jsonl", "--resamples", "1000", "--predictions", "p.jsonl"], look].concat();
        let (code, _, stderr) = run(folder.path(), "evaluate", &model, &arguments);
        assert_eq!(code, Some(0), "{stderr}");
        let lines = fs::read_to_string(folder.path().join("p.jsonl")).expect("predictions");
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let (never, always) = (predictions(&["--second-look", "0"]), predictions(&["--second-look", "1"]));
    let pair = |p: &serde_json::Value| ["id", "actor", "target", "gold"].map(|key| p[key].clone());
    assert!(never.len() > 20, "{} pairs", never.len());
    assert!(never.iter().map(pair).eq(always.iter().map(pair)), "the same pairs in the same order");
    assert!(never.iter().zip(&always).all(|(n, a)| n["p_none"] != a["p_none"]), "1 asks about every pair again");

    let sureness = |p: &serde_json::Value| {
        let probs = ["p_none", "p_recognize", "p_engage", "p_condemn"].map(|key| p[key].as_f64().expect("a number"));
        probs.into_iter().fold(0.0, f64::max)
    };
    let mut sorted: Vec<f64> = never.iter().map(sureness).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    // Without the option it is the model's own limit that counts: 0.5.
    for (look, below) in [(vec!["--second-look".to_owned(), median.to_string()], median), (vec![], 0.5)] {
        let found = predictions(&look.iter().map(String::as_str).collect::<Vec<_>>());
        let mixed = never.iter().zip(&always).map(|(n, a)| if sureness(n) < below { a } else { n });
        assert!(found.iter().eq(mixed), "below {below}");
    }
    assert!(sorted[0] < median, "the median tells some pairs from others");
}

#[test]
fn the_probabilities_of_each_look_are_on_its_own_scale() {
    let folder = tempfile::tempdir().expect("a folder");
    few_passages(folder.path());
    let scales = [(1.4, 0.05), (0.8, 0.02)].map(|(temperature, smoothing)| Scale { temperature, smoothing });
    let plain = model_that_looks_again(folder.path());
    let scaled = model_of_scales(folder.path(), "scaled", scales);
    for (look, scale) in ["0", "1"].into_iter().zip(scales) {
        let probs = |model: &str| -> Vec<[f64; 4]> {
            let arguments = ["gold.jsonl", "--resamples", "1000", "--predictions", "p.jsonl", "--second-look", look];
            let (code, _, stderr) = run(folder.path(), "evaluate", model, &arguments);
            assert_eq!(code, Some(0), "{stderr}");
            let lines = fs::read_to_string(folder.path().join("p.jsonl")).expect("predictions");
            let keys = ["p_none", "p_recognize", "p_engage", "p_condemn"];
            let row = |line| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
            lines.lines().map(row).map(|p| keys.map(|key| p[key].as_f64().expect("a number"))).collect()
        };
        for (softmax, found) in probs(&plain).into_iter().zip(probs(&scaled)) {
            let expected = scale.probs(softmax.map(|p| p.ln() as f32)).as_array();
            assert!(expected.iter().zip(found).all(|(e, f)| (e - f).abs() < 1e-6), "{found:?} is not {expected:?}");
            assert!(softmax.iter().zip(found).any(|(s, f)| (s - f).abs() > 1e-4), "the scale changes something");
        }
    }
    let broken = model_of_scales(folder.path(), "broken", [Scale { temperature: 1.0, smoothing: 1.0 }, Scale::PLAIN]);
    let (code, _, stderr) = run(folder.path(), "evaluate", &broken, &["gold.jsonl"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("smoothing is 1, expected a number from 0 to less than 1"), "{stderr}");
}

#[test]
fn a_second_look_that_cannot_be_had_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    few_passages(folder.path());
    fs::write(folder.path().join("a.txt"), ARTICLE).expect("written");
    let again = model_that_looks_again(folder.path());
    let once = format!("{}/models/tiny", env!("CARGO_MANIFEST_DIR"));
    let no_probability = "--second-look 1.5 is no probability: give a number from 0 (never) to 1 (always)";
    let unlearned =
        "--second-look: the model `tiny` has not learned to look at a pair alone (`demarche train --pairs`)";
    for (command, input) in [("evaluate", "gold.jsonl"), ("label", "a.txt"), ("explain", "a.txt")] {
        let refused = |model: &str, below: &str, message: &str| {
            let (code, stdout, stderr) = run(folder.path(), command, model, &[input, "--second-look", below]);
            assert_eq!(code, Some(2), "{command} --second-look {below}");
            assert!(stderr.contains(message) && stdout.is_empty(), "{command} --second-look {below}: {stderr}{stdout}");
        };
        refused(&again, "1.5", no_probability);
        refused(&again, "NaN", "is no probability");
        refused(&once, "1.5", no_probability);
        refused(&once, "0.5", unlearned);
        refused(&once, "1", unlearned);
        // A model of one look never looks again, which is what 0 asks for.
        let (code, _, stderr) = run(folder.path(), command, &once, &[input, "--second-look", "0"]);
        assert_eq!(code, Some(0), "{command}: {stderr}");
    }
}

#[test]
fn label_counts_second_looks_and_explain_shows_them() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.txt"), ARTICLE).expect("written");
    let model = model_that_looks_again(folder.path());
    for (below, always) in [("0", false), ("1", true)] {
        let (code, _, stderr) =
            run(folder.path(), "label", &model, &["a.txt", "-q", "-o", "out.csv", "--second-look", below]);
        assert_eq!(code, Some(0), "{stderr}");
        let json = fs::read(folder.path().join("run.json")).expect("a file");
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let passages = json["passages"].as_u64().expect("a count");
        assert!(passages > 0, "the article names polities");
        assert_eq!(json["second_looks"], if always { passages } else { 0 }, "--second-look {below}");

        let (code, text, stderr) = run(folder.path(), "explain", &model, &["a.txt", "--second-look", below]);
        assert_eq!(code, Some(0), "{stderr}");
        let noted = text.matches("second look").count() as u64;
        assert_eq!(noted, if always { passages } else { 0 }, "--second-look {below}:\n{text}");
        let page = ["a.txt", "--html", "a.html", "--second-look", below];
        let (code, _, stderr) = run(folder.path(), "explain", &model, &page);
        assert_eq!(code, Some(0), "{stderr}");
        let page = fs::read_to_string(folder.path().join("a.html")).expect("a page");
        assert_eq!(page.contains("(second look)"), always, "--second-look {below}");
    }
}
