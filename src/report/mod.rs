//! Pages to read in a browser, each one file with everything inline and nothing fetched: `evaluation` shows how good a
//! model is, `stances` shows a stance table and lets an analyst review it. Text is escaped, figures come from elsewhere.

pub mod evaluation;
pub mod stances;
