//! What people typed into the review columns: labels in their spelling, names and notes as free text.

use super::JOINT;
use crate::output::cell::unguard;
use crate::stance::Stance;

/// Cells that R and pandas write where a value is missing.
const MISSING: [&str; 3] = ["NA", "NaN", "<NA>"];

/// A label: its name in any case, `recognise`, or the first letter. `None` if the cell is empty or a sign of a missing
/// value.
///
/// # Errors
/// With the cell itself, if it is no label.
pub fn stance(cell: &str) -> Result<Option<Stance>, String> {
    let text = free(unguard(cell.trim()));
    let word = text.to_lowercase();
    let spelled = if word == "recognise" { "recognize" } else { &word };
    let found = Stance::ALL.into_iter().find(|s| s.name() == spelled || s.name()[..1] == *spelled);
    if found.is_none() && !text.is_empty() { Err(text) } else { Ok(found) }
}

/// Free text without surrounding white space and formula guard; empty if the cell is a sign of a missing value.
pub fn free(cell: &str) -> String {
    let text = bare(cell.trim());
    if MISSING.contains(&text) { String::new() } else { text.trim().to_owned() }
}

/// The text of a cell that a person may have written: an apostrophe before a character that needs the formula guard is the
/// guard, before any other it is the writer's.
pub fn bare(cell: &str) -> &str {
    let text = unguard(cell);
    if crate::output::cell::guard(text) == cell { text } else { cell }
}

/// The parts of a cell that holds several names or notes.
pub fn several(cell: &str) -> Vec<String> {
    free(cell).split(JOINT.trim()).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A number as plain decimals: decimal commas, exponents and closing zeros are undone. Empty if the cell is a sign of a
/// missing value; other text stays as it is.
pub fn plain_number(cell: &str) -> String {
    let text = free(cell);
    let number = text.replace(',', ".").parse().ok().filter(|n: &f64| n.is_finite());
    number.map_or(text, |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_may_be_spelled_as_people_spell_it() {
        for cell in ["recognize", "Recognise", " RECOGNIZE ", "r", "R", "'recognize"] {
            assert_eq!(stance(cell), Ok(Some(Stance::Recognize)), "{cell}");
        }
        assert_eq!(stance("N"), Ok(Some(Stance::None)));
        assert_eq!(stance("none"), Ok(Some(Stance::None)));
        for blank in ["", "  ", "NA", "NaN", "<NA>"] {
            assert_eq!(stance(blank), Ok(None));
        }
        assert_eq!(stance("support"), Err("support".to_owned()));
    }

    #[test]
    fn a_note_keeps_its_own_apostrophe_and_loses_the_guard() {
        for (cell, text) in [("'tis", "'tis"), ("''tis", "'tis"), ("'-1 is wrong", "-1 is wrong"), ("=1", "=1")] {
            assert_eq!(free(cell), text);
            // As the merged table writes it, and reads it again.
            assert_eq!(free(&crate::output::cell::guard(text)), text);
        }
        assert_eq!(several(" ana; ben ;"), ["ana", "ben"]);
        for cell in ["0,054", "0.0540", "5.4E-02"] {
            assert_eq!(plain_number(cell), "0.054");
        }
        assert_eq!(plain_number("a, b"), "a, b");
        assert!(["", " ", "NA", "NaN", "<NA>"].into_iter().all(|blank| plain_number(blank).is_empty()));
    }
}
