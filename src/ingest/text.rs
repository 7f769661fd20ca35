//! One plain-text file, one document.

use super::{Input, Reading, Records, Reject, decode, stem};
use crate::document::{Date, Document};
use std::io::Read;

pub(super) fn open(input: &Input, raw: Box<dyn Read + Send>) -> Records {
    let input = input.clone();
    Box::new(std::iter::once_with(move || {
        read(&input, raw).map_err(|reason| Reject {
            path: input.path.display().to_string(),
            record: 1,
            line: None,
            byte: None,
            reason,
        })
    }))
}

fn read(input: &Input, raw: Box<dyn Read + Send>) -> Result<Reading, String> {
    let (mut reader, stream) = decode::reader(raw).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    let (text, encoding) = decode::text(&bytes, stream)?;
    if text.trim().is_empty() {
        return Err("the text is empty".into());
    }
    let date = date_in_name(&input.name).or_else(|| date_line(&text));
    let document = Document {
        id: stem(&input.name).to_owned(),
        date,
        title: String::new(),
        text,
        source: input.path.display().to_string(),
    };
    Ok(Reading { document, encoding, bad_date: None })
}

/// `2019-08-03-some-slug.txt`.
fn date_in_name(name: &str) -> Option<Date> {
    name.rsplit('/').next()?.get(..10)?.parse().ok()
}

/// A line among the first five that is nothing but a date: `3 August 2019`, `August 3, 2019`, `2019-08-03`.
fn date_line(text: &str) -> Option<Date> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(5);
    lines.filter(|line| line.len() <= 24).find_map(|line| {
        ["%d %B %Y", "%B %d, %Y", "%Y-%m-%d", "%d %b %Y"].iter().find_map(|f| Date::strptime(f, line).ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_found_in_the_file_name_or_on_a_line_of_its_own() {
        assert_eq!(date_in_name("a/2019-08-03-fiji.txt"), "2019-08-03".parse().ok());
        assert_eq!(date_in_name("a/fiji.txt"), None);
        assert_eq!(date_line("Headline\n\n3 August 2019\n\nBody"), "2019-08-03".parse().ok());
        assert_eq!(date_line("Headline\n\nOn 3 August 2019 talks began.\n"), None);
    }
}
