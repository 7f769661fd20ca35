//! Whether two cells say the same, although a spreadsheet, R or pandas has written one of them anew.
//!
//! No column is asked for its type: programs judge cells by their looks, and a document id `007` comes back as `7`. Two
//! cells are the same if they are the same text, number, truth value or date, or if one is a sign of a missing value and
//! the other empty.

use crate::document::Date;
use crate::output::cell::unguard;
use encoding_rs::WINDOWS_1252;

/// What pandas reads as missing (its `na_values`, 2.x) and writes as an empty cell; `NA` is also what R writes for one.
const MISSING: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
];

/// `true` and `false` as spreadsheets show them in English, German, French, Spanish, Portuguese and Italian.
const TRUTHS: [(&[&str], bool); 2] = [
    (&["true", "1", "wahr", "vrai", "verdadero", "verdadeiro", "vero"], true),
    (&["false", "0", "falsch", "faux", "falso"], false),
];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Which of two numbers before a year is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `25/12/2019`.
    DayFirst,
    /// `12/25/2019`.
    MonthFirst,
}

/// What is known of how a file was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// The file may have been saved in Windows-1252: a character that this lacks may have been replaced by another.
    pub narrow: bool,
    /// How its dates with slashes or hyphens are to be read; `None` if no cell shows that.
    pub order: Option<Order>,
}

impl Habits {
    /// Learns the order of dates from cells `(original, reviewed)`: those that can be read in one order only, as the day is
    /// above 12. If both orders are found, none is.
    pub fn learn<'a>(narrow: bool, cells: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut found = [false; 2];
        for (original, reviewed) in cells {
            if let Some(date) = iso(original).filter(|date| date.day() > 12) {
                found[0] |= same_date(date, reviewed, Some(Order::DayFirst));
                found[1] |= same_date(date, reviewed, Some(Order::MonthFirst)) && !reviewed.contains('.');
            }
        }
        let order = match found {
            [true, false] => Some(Order::DayFirst),
            [false, true] => Some(Order::MonthFirst),
            _ => None,
        };
        Self { narrow, order }
    }

    /// Whether `reviewed` is `original`, perhaps written anew. `original` is as the program wrote it.
    pub fn same(self, original: &str, reviewed: &str) -> bool {
        if original == reviewed {
            return true;
        }
        let (bare, reviewed) = (unguard(original), reviewed.trim());
        same_text(original, reviewed)
            || same_text(bare, reviewed)
            || (MISSING.contains(&bare.trim()) && reviewed.is_empty())
            || (bare.trim().is_empty() && ["NA", "NaN", "<NA>"].contains(&reviewed))
            || same_number(bare.trim(), reviewed)
            || truth(bare).is_some_and(|t| bare.len() > 1 && truth(reviewed) == Some(t))
            || iso(bare.trim()).is_some_and(|date| same_date(date, reviewed, self.order))
            || (self.narrow
                && [original, original.trim(), bare, bare.trim()].into_iter().any(|o| narrowed(o, reviewed)))
    }
}

/// Equal but for white space: line ends change, and cells are trimmed.
fn same_text(original: &str, reviewed: &str) -> bool {
    original.split_whitespace().eq(reviewed.split_whitespace())
}

/// Equal in value, or `reviewed` is `original` rounded to two or more decimals, or to three or more digits of scientific
/// notation, as a spreadsheet shows it. Decimal commas and per cent are understood.
fn same_number(original: &str, reviewed: &str) -> bool {
    let Ok(exact) = original.parse::<f64>() else { return false };
    let (digits, percent) = reviewed.strip_suffix('%').map_or((reviewed, 0), |d| (d.trim_end(), 2));
    let pointed = digits.replace(',', ".");
    let Ok(shown) = pointed.parse::<f64>() else { return false };
    let (mantissa, exponent) =
        pointed.split_once(['e', 'E']).map_or((&*pointed, 0), |(m, e)| (m, e.parse().unwrap_or(0)));
    let decimals =
        mantissa.split_once('.').map_or(0, |(_, d)| i32::try_from(d.len()).unwrap_or(i32::MAX / 2)) + percent;
    let shown = shown / 10f64.powi(percent);
    // Half a unit of the last digit shown, and a little for the arithmetic.
    let half = 0.5 * 10f64.powi(exponent - decimals) * (1.0 + 1e-9);
    let tolerance = if decimals >= 2 { half } else { 0.0 };
    exact.is_finite() && (exact - shown).abs() <= tolerance.max(exact.abs() * 1e-14)
}

/// A truth value in any of the accepted words.
pub(super) fn truth(cell: &str) -> Option<bool> {
    let word = cell.trim().to_lowercase();
    TRUTHS.into_iter().find(|(words, _)| words.contains(&&*word)).map(|(_, truth)| truth)
}

/// A date as the program writes it.
fn iso(cell: &str) -> Option<Date> {
    cell.parse().ok().filter(|date: &Date| date.to_string() == cell)
}

/// Whether `reviewed` is the date in another format. Two numbers before a year are read in the given `order`; without one
/// only if they are equal. Numbers with full stops are day, month, year. A month may be an English word.
fn same_date(date: Date, reviewed: &str, order: Option<Order>) -> bool {
    // Midnight may have been added, as pandas does.
    let (day, clock) = match reviewed.rfind([' ', 'T']) {
        Some(at) if reviewed[at..].contains(':') => reviewed.split_at(at),
        _ => (reviewed, ""),
    };
    if clock.contains(|c: char| ('1'..='9').contains(&c)) {
        return false;
    }
    let parts: Vec<&str> = day.split(['/', '.', '-', ' ', ',']).filter(|part| !part.is_empty()).collect();
    let [a, b, c] = *parts else { return false };
    let number = |part: &str| part.parse::<i32>().ok();
    let year = |part: &str| match part.len() {
        4 => number(part) == Some(i32::from(date.year())),
        2 => number(part) == Some(i32::from(date.year() % 100)),
        _ => false,
    };
    let is_day = |part: &str| number(part) == Some(i32::from(date.day()));
    let word = MONTHS[date.month() as usize - 1];
    let is_word = |part: &str| part.len() >= 3 && part.to_lowercase().starts_with(word);
    let is_month = |part: &str| number(part) == Some(i32::from(date.month()));
    if a.len() == 4 {
        return year(a) && (is_month(b) || is_word(b)) && is_day(c);
    }
    if is_word(b) || is_word(a) {
        return year(c) && (is_day(a) || is_day(b));
    }
    let (day_first, month_first) = (is_day(a) && is_month(b), is_month(a) && is_day(b));
    year(c)
        && match order {
            _ if day.contains('.') => day_first,
            Some(Order::DayFirst) => day_first,
            Some(Order::MonthFirst) => month_first,
            None => day_first && month_first,
        }
}

/// Equal where a character that Windows-1252 lacks has become any one other (`?`, or its nearest relative), and those beyond
/// the basic plane one or two others. White space at an end may be such a character: it is trimmed first, or replaced.
fn narrowed(original: &str, reviewed: &str) -> bool {
    [1, 2].into_iter().any(|width| narrowed_to(original, reviewed, width))
}

fn narrowed_to(original: &str, reviewed: &str, width: usize) -> bool {
    const ANY: char = '\u{fffd}';
    let foreign = |c: char| WINDOWS_1252.encode(c.encode_utf8(&mut [0; 4])).2;
    let mut pattern = String::with_capacity(original.len());
    for c in original.chars() {
        match (foreign(c), c.len_utf16()) {
            (false, _) => pattern.push(c),
            (true, 1) => pattern.push(ANY),
            (true, _) => pattern.extend(std::iter::repeat_n(ANY, width)),
        }
    }
    let collapsed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (pattern, found) = (collapsed(&pattern), collapsed(reviewed));
    pattern.chars().count() == found.chars().count()
        && pattern.chars().zip(found.chars()).all(|(p, f)| p == ANY || p == f)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Habits = Habits { narrow: false, order: None };

    #[track_caller]
    fn check(habits: Habits, original: &str, same: &[&str], other: &[&str]) {
        for reviewed in same {
            assert!(habits.same(original, reviewed), "`{original}` and `{reviewed}`");
        }
        for reviewed in other {
            assert!(!habits.same(original, reviewed), "`{original}` and `{reviewed}`");
        }
    }

    #[test]
    fn a_number_may_lose_zeros_and_digits_but_not_its_value() {
        check(PLAIN, "0.9500", &["0.95", "0,95", "0,9500", "95%", "95,00 %", "9.50E-01"], &["0.96", "", "95", "0.949"]);
        check(PLAIN, "0.9512", &["0.95", "0.951", "95.12%"], &["0.96", "1", "1.0", "0.9"]);
        check(PLAIN, "007", &["7", "7.0"], &["8", "0.07"]);
        check(PLAIN, "12345678901234567890", &["1.23457E+19", "12345678901234600000"], &["1.23467E+19", "1E+19"]);
        check(PLAIN, "0", &["0.0"], &["1", "false"]);
    }

    #[test]
    fn a_truth_value_may_be_written_in_capitals_or_another_language() {
        check(PLAIN, "true", &["TRUE", "True", "WAHR", "VRAI", "1"], &["false", "FALSE", "0", ""]);
        check(PLAIN, "false", &["FALSE", "FALSCH", "0"], &["true", "1"]);
        check(PLAIN, "1", &["1.0"], &["true", "WAHR"]);
    }

    #[test]
    fn a_date_is_the_same_in_formats_that_can_be_read_one_way_only() {
        let sure = ["2019-08-03 00:00:00", "2019-08-03T00:00:00Z", "03.08.2019", "3-Aug-19", "Aug 3, 2019", "2019/8/3"];
        check(PLAIN, "2019-08-03", &sure, &["03/08/2019", "8/3/19", "2019-08-04", "2019-08-03 12:00", "", "3-Sep-19"]);
        check(PLAIN, "2019-08-08", &["8/8/2019", "08-08-19"], &["8/9/2019", "8/8/2020"]);
        let learnt = |cells: &[(&'static str, &'static str)]| Habits::learn(false, cells.iter().copied());
        let american = learnt(&[("2019-12-25", "12/25/2019"), ("2019-08-03", "8/3/2019")]);
        assert_eq!(american.order, Some(Order::MonthFirst));
        check(american, "2019-08-03", &["8/3/2019", "03.08.2019"], &["3/8/2019"]);
        assert_eq!(learnt(&[("2019-12-25", "25/12/2019")]).order, Some(Order::DayFirst));
        assert_eq!(learnt(&[("2019-12-25", "25/12/2019"), ("2019-12-25", "12/25/2019")]).order, None);
        assert_eq!(learnt(&[("2019-08-03", "8/3/2019")]).order, None);
    }

    #[test]
    fn text_may_lose_its_guard_and_its_white_space_but_no_letter() {
        check(PLAIN, "'+UN", &["'+UN", "+UN", " +UN "], &["UN", "+EU", "-UN"]);
        check(PLAIN, "''tis", &["'tis"], &["tis"]);
        check(PLAIN, " a \r\nb", &["a\nb", "a b"], &["ab"]);
        check(PLAIN, "RUS", &[], &["rus", "", "NA"]);
    }

    #[test]
    fn a_missing_value_may_be_spelled_and_namibia_may_look_like_one() {
        check(PLAIN, "", &["NA", "NaN", "<NA>", " "], &["none", "N", "0"]);
        check(PLAIN, "NA", &[""], &["NAM", "none"]);
        check(PLAIN, "none", &[], &["", "NA"]);
    }

    #[test]
    fn characters_that_windows_1252_lacks_may_be_replaced_only_in_a_file_that_has_none() {
        let narrow = Habits { narrow: true, order: None };
        check(
            narrow,
            "Erdoğan, Łódź 😀!",
            &["Erdo?an, ?ód? ?!", "Erdogan, Lódz ??!"],
            &["Erdoan, ?ód? ?!", "Erdo?en, ?ód? ?!"],
        );
        check(narrow, "Perú", &[], &["Per?", "Peru"]);
        check(narrow, "\u{85}ğ", &["??", "?"], &["", "x?y"]);
        check(narrow, "ğ\u{2003}b", &["??b", "? b"], &["?b"]);
        check(PLAIN, "Erdoğan", &[], &["Erdo?an"]);
    }
}
