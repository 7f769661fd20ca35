//! Tables by the program's own writer, from random or given texts.

use demarche::aggregate::{DocumentStance, Evidence};
use demarche::calibrate::Thresholds;
use demarche::document::{ByteSpan, Document, Dyad, PolityId};
use demarche::output::stances::StanceWriter;
use demarche::registry::Registry;
use demarche::stance::StanceProbs;
use proptest::prelude::*;
use std::sync::LazyLock;

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::embedded().expect("sound tables"));
const THRESHOLDS: Thresholds = Thresholds([0.0, 0.5, 0.6, 0.7]);

/// What varies between documents.
#[derive(Debug, Clone)]
pub(super) struct News {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) source: String,
    pub(super) date: Option<(i16, i8, i8)>,
    pub(super) polities: (usize, usize),
    pub(super) weights: [u8; 4],
    pub(super) mixed: bool,
}

/// Any text, with what spreadsheets and CSV stumble over more often than by chance.
pub(super) fn text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        "",
        "=1+1",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "'",
        "''",
        "\"",
        "\"\"",
        "\n",
        "\r\n",
        ",",
        ";",
        " ",
        "NA",
        "NaN",
        "None",
        "TRUE",
        "007",
        "1,5",
        "0.50",
        "2019-08-03",
        "03/08/2019",
        "ğ",
        "😀",
        "中国",
        "é",
        "sep=;",
        "\u{feff}",
        "\0",
    ]);
    (awkward.clone(), "(?s).{0,12}", awkward).prop_map(|(a, b, c)| a.to_owned() + &b + c)
}

pub(super) fn news() -> impl Strategy<Value = News> {
    let date = prop::option::of((1990i16..2030, 1i8..=12, 1i8..=28));
    let polities = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let polities = polities.prop_map(|(a, b)| (a.index(REGISTRY.polities.len()), b.index(REGISTRY.polities.len())));
    (text(), text(), text(), text(), date, polities, any::<[u8; 4]>(), any::<bool>()).prop_map(
        |(id, title, text, source, date, polities, weights, mixed)| News {
            id,
            title,
            text,
            source,
            date,
            polities,
            weights,
            mixed,
        },
    )
}

pub(super) fn written(news: &[News], excel: bool) -> Vec<u8> {
    let mut table = StanceWriter::new(Vec::new(), &REGISTRY, THRESHOLDS, excel, true).expect("memory takes it");
    let polity = |i: usize| -> PolityId { REGISTRY.polities.keys().nth(i).expect("in range").clone() };
    for (number, news) in news.iter().enumerate() {
        let date = news.date.map(|(y, m, d)| jiff::civil::date(y, m, d));
        // The number keeps documents of equal text apart.
        let (id, source) = (format!("{}{number}", news.id), news.source.clone());
        let document = Document { id, date, title: news.title.clone(), text: news.text.clone(), source };
        let sentence = ByteSpan::new(&document.text, 0, document.text.len()).expect("the whole text");
        let probs = StanceProbs::from_weights(news.weights.map(f64::from));
        let dyad = Dyad { actor: polity(news.polities.0), target: polity(news.polities.1) };
        let best = Evidence { sentence, probs, truncated: false, alone: false };
        let stance = probs.best();
        let row = DocumentStance { dyad, stance, probs, passages: 1, mixed: news.mixed, truncated: false, best };
        table.stance(&document, &[], &row).expect("memory takes it");
    }
    table.finish().expect("memory takes it")
}
