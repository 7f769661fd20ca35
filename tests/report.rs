//! The command `report`. What the page does in a browser is for `scripts/page_test`.

use assert_cmd::Command;
use demarche::output::stances::COLUMNS;
use std::path::Path;

/// A table of one row, and the folder that it stands in.
fn table() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let row = "r0123456789abcdef,doc,2021-08-19,,RUS,Russia,RUS,#TALIBAN,Taliban,,engage,0.8000,0.1000,0.8000,0.0500,0.0500,1,\
               false,true,false,\"[[Moscow]] met the {{Taliban}}, </script>\",0,9,a.txt,,,";
    let text = format!("{},reviewer\n{row}\n", COLUMNS.join(","));
    std::fs::write(folder.path().join("stances.csv"), text).expect("written");
    folder
}

/// Runs `report stances.csv` in `folder`; returns the exit status and what was printed.
fn report(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("demarche").expect("the binary");
    let run = command.current_dir(folder).args(["report", "stances.csv"]).args(arguments).output().expect("runs");
    (run.status.code(), String::from_utf8([run.stdout, run.stderr].concat()).expect("UTF-8"))
}

#[test]
fn a_table_becomes_one_page_with_its_title_and_target() {
    let folder = table();
    let (status, printed) = report(folder.path(), &["--target", "taliban", "--title", "A & B", "-o", "page.html"]);
    assert_eq!((status, printed.as_str()), (Some(0), "report: page.html (1 rows)\n"));
    let page = std::fs::read_to_string(folder.path().join("page.html")).expect("a page");
    for shown in
        ["<title>A &#38; B</title>", "\"target\":\"#TALIBAN\"", "[[Moscow]] met the {{Taliban}}, \\u003c/script>"]
    {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn a_compressed_table_gives_the_same_page_and_is_not_overwritten() {
    let folder = table();
    let at = |name: &str| folder.path().join(name);
    let bytes = std::fs::read(at("stances.csv")).expect("a table");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &bytes).expect("memory takes it");
    std::fs::write(at("stances.csv"), gz.finish().expect("memory takes it")).expect("written");
    let (status, printed) = report(folder.path(), &["-o", "page.html"]);
    assert_eq!(status, Some(0), "{printed}");
    assert!(std::fs::read_to_string(at("page.html")).expect("a page").contains("[[Moscow]] met"));
    let (status, printed) = report(folder.path(), &["-o", "./stances.csv"]);
    assert!(status == Some(2) && printed.contains("is the table itself"), "{printed}");
}

#[test]
fn what_cannot_be_shown_is_an_error_and_leaves_no_page() {
    let folder = table();
    for (arguments, told) in [
        (["--target", "Peru"], "stances.csv: no row has the target `Peru`; targets of most rows: Taliban"),
        (["-o", "stances.csv"], "stances.csv is the table itself"),
        (["-o", "nowhere/page.html"], "cannot write nowhere/page.html"),
    ] {
        let (status, printed) = report(folder.path(), &arguments);
        assert_eq!(status, Some(2), "{printed}");
        assert!(printed.contains(told), "{printed}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}
