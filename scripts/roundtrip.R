# Reads a reviewed table with R and writes it again in every way that people do.
#
# usage: Rscript scripts/roundtrip.R TABLE FOLDER
#
# Needs R 4.2 or newer, no packages. tests/review/ merges what it writes; scripts/roundtrip runs both.

arguments <- commandArgs(trailingOnly = TRUE)
dir.create(arguments[2], showWarnings = FALSE)
at <- function(name) file.path(arguments[2], name)

typed <- read.csv(arguments[1], fileEncoding = "UTF-8-BOM")
write.csv(typed, at("default.csv"))
write.csv2(typed, at("german.csv"), row.names = FALSE)
write.csv(typed, at("blank.csv"), row.names = FALSE, na = "", eol = "\r\n")
write.table(typed, at("tabs.tsv"), sep = "\t", qmethod = "double", row.names = FALSE)
write.csv(typed[rev(seq_len(nrow(typed))), rev(seq_along(typed))], at("reversed.csv"), row.names = FALSE)

# As docs/csv.md advises.
table <- read.csv(arguments[1], colClasses = "character", na.strings = character(0), check.names = FALSE, fileEncoding = "UTF-8-BOM")
text <- c("doc_id", "title", "actor", "actor_name", "target", "target_name", "evidence", "source", "review_note", "reviewer")
table[text] <- lapply(table[text], sub, pattern = "^'([=+@\t\r'-])", replacement = "\\1")
write.csv(table, at("text.csv"), row.names = FALSE)
