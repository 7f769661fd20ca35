//! Names that look like countries and are not, and names that several countries share: no error is allowed.

use demarche::mention::Detector;
use demarche::registry::Registry;

#[derive(serde::Deserialize)]
struct Case {
    text: String,
    date: Option<String>,
    mentions: Vec<(String, String)>,
}

#[test]
fn no_confusable_name_is_linked_wrongly() {
    let detector = Detector::new(Registry::embedded().expect("the embedded registry is well-formed"));
    let cases = include_str!("fixtures/confusables.jsonl");
    let mut wrong = Vec::new();
    let mut total = 0;
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line).expect("a valid case");
        let date = case.date.as_deref().map(|d| d.parse().expect("an ISO date"));
        let linked = detector.link(&case.text, date);
        let mut at = 0;
        total += 1;
        for (surface, code) in &case.mentions {
            let start = at + case.text[at..].find(surface.as_str()).expect("surface in order");
            at = start + surface.len();
            let over = linked.mentions.iter().find(|m| m.span.start() < at && start < m.span.end());
            let found = over.map_or("-", |m| m.polity.0.as_str());
            if found != code {
                let reason = linked.rejected.iter().find(|r| r.span.start() < at && start < r.span.end());
                let reason = reason.map(|r| r.reason.to_string());
                wrong.push(format!("{surface}: {found} not {code} {reason:?} | {}", case.text));
            }
        }
    }
    assert!(total >= 80, "only {total} cases");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
