//! A stance table as one page: rows with their evidence, map, time line, matrix, and review.
//!
//! The whole table is data in the page, and the page's script shows it; the script also counts, since what is counted
//! depends on filters and reviews. Nothing from the table is ever read as HTML: it stands in a JSON block, and the
//! script puts it in place as text. The content security policy lets the page run its own script and reach nothing.

use crate::output::table::StanceTable;
use askama::Template;
use serde_json::json;
use std::fmt;
use std::io::{self, Write};

/// Outlines of the polities: `datasets/map/README.md`.
const WORLD: &str = include_str!("../../../datasets/map/world.json");

const STYLE: &str =
    concat!(include_str!("style/page.css"), include_str!("style/rows.css"), include_str!("style/views.css"));

/// One module; its files share one scope.
const SCRIPT: &str = concat!(
    include_str!("script/dom.js"),
    include_str!("script/rows.js"),
    include_str!("script/reviews.js"),
    include_str!("script/filters.js"),
    include_str!("script/list.js"),
    include_str!("script/detail.js"),
    include_str!("script/tally.js"),
    include_str!("script/map.js"),
    include_str!("script/timeline.js"),
    include_str!("script/matrix.js"),
    include_str!("script/download.js"),
    include_str!("script/print.js"),
    include_str!("script/keys.js"),
    include_str!("script/main.js"),
);

/// The page of one table.
#[derive(Template)]
#[template(path = "stances/page.html", config = "src/report/askama.toml")]
pub struct Page<'a> {
    title: String,
    /// Names the page's own script and style to the browser, which then runs no others. Text in the table cannot know it:
    /// it is the table's digest.
    nonce: &'a str,
    version: &'static str,
    style: &'static str,
    script: &'static str,
    world: &'static str,
    data: Data<'a>,
}

impl<'a> Page<'a> {
    /// The page of `table`, which was read from a file of this `name`; `target` is the id of the target that is shown first.
    pub fn new(table: &'a StanceTable, name: &'a str, title: Option<&str>, target: Option<&'a str>) -> Self {
        Self {
            title: title.map_or_else(|| format!("Stances in {name}"), str::to_owned),
            nonce: &table.digest,
            version: env!("CARGO_PKG_VERSION"),
            style: STYLE,
            script: SCRIPT,
            world: WORLD,
            data: Data { table, name, target },
        }
    }

    /// Writes the page. The same table gives the same bytes.
    ///
    /// # Errors
    /// If `out` refuses.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.write_into(out)
    }
}

/// The table as JSON: what the script needs to know of the file, the columns, and the cells as they stand there.
struct Data<'a> {
    table: &'a StanceTable,
    name: &'a str,
    target: Option<&'a str>,
}

impl fmt::Display for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table;
        let file = json!({
            "name": self.name, "digest": table.digest, "byteOrderMark": table.byte_order_mark, "target": self.target,
            "columns": table.columns,
        });
        write!(f, "{{\"file\":{},\"rows\":[", inert(&file.to_string()))?;
        for (i, row) in table.rows.iter().enumerate() {
            let cells = json!(row.iter().collect::<Vec<_>>());
            write!(f, "{}\n{}", if i == 0 { "" } else { "," }, inert(&cells.to_string()))?;
        }
        f.write_str("\n]}")
    }
}

/// JSON that cannot end the script element that it stands in. JSON has `<` only in strings, where the escape means the same.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::table::tests::table;

    fn page(evidence: &[&str], title: Option<&str>) -> String {
        let read = StanceTable::parse(table(evidence).as_bytes()).expect("a table");
        let mut out = Vec::new();
        Page::new(&read, "a</script>.csv", title, Some("#TALIBAN")).write(&mut out).expect("memory takes it");
        String::from_utf8(out).expect("UTF-8")
    }

    /// What the browser's `JSON.parse` sees of the table.
    fn data(page: &str) -> serde_json::Value {
        let (_, rest) = page.split_once("<script type=\"application/json\" id=\"table\">").expect("a data block");
        serde_json::from_str(rest.split_once("</script>").expect("closed").0).expect("JSON")
    }

    #[test]
    fn every_cell_is_in_the_page_as_it_stands_in_the_file() {
        let evidence =
            ["</script><img src=x onerror=alert(1)>", "<!--<script>", "\"'=1\\u003c\r\n\u{2028}\u{0}", "Perú"];
        let data = data(&page(&evidence, None));
        let rows = data["rows"].as_array().expect("rows");
        assert_eq!(rows.len(), evidence.len());
        for (row, evidence) in rows.iter().zip(evidence) {
            assert_eq!(row[20], evidence);
            assert_eq!(row.as_array().map(Vec::len), Some(27));
        }
        assert_eq!(data["file"]["target"], "#TALIBAN");
        assert_eq!(rows[1][4], "'+UN");
    }

    #[test]
    fn no_text_of_the_table_can_leave_its_data_block() {
        let count = |page: &str, what: &str| page.matches(what).count();
        let plain = page(&["a"], Some("a"));
        let hostile = page(&["</script><script>alert(1)</script><!--"], Some("</title><script>"));
        for tag in ["<script", "</script", "<!--", "</title", "<img"] {
            assert_eq!(count(&plain, tag), count(&hostile, tag), "{tag}");
        }
    }

    #[test]
    fn the_page_fetches_nothing_and_never_writes_html() {
        let page = page(&["a"], None);
        // A style may name a pattern of the page itself.
        let page = page.replace("url(#", "");
        for reach in ["src=", "href=\"http", "url(", "@import", "fetch(", "XMLHttpRequest", "import(", "sendBeacon"] {
            assert!(!page.contains(reach), "{reach}");
        }
        for html in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            assert!(!SCRIPT.contains(html), "{html}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn the_same_table_gives_the_same_bytes() {
        assert_eq!(page(&["a", "b"], None), page(&["a", "b"], None));
    }
}
