//! Text cells that no spreadsheet takes for a formula, reversibly.
//!
//! A cell that begins with `= + - @`, tab or carriage return gets a leading apostrophe (OWASP, *CSV Injection*); so does
//! one that begins with an apostrophe, so that taking one away always restores the text.

/// The cell as written.
pub fn guard(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) { format!("'{text}") } else { text.to_owned() }
}

/// The text of a written cell.
pub fn unguard(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_comes_back_and_no_cell_is_a_formula(text in "(?s)[=+@\\-'\\t\\r]{0,2}.{0,20}") {
            let cell = guard(&text);
            prop_assert_eq!(unguard(&cell), &text);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
        }
    }
}
