//! Full stops that end no sentence: titles, initials, months, numbers, countries, companies.

/// Always followed by the rest of the sentence.
const PREFIXES: &str = "Mr Mrs Ms Dr Prof Rev Hon Fr Sr Jr St Ste Mt Ft Gen Lt Col Maj Capt Cpl Sgt Cmdr Adm Brig \
    Sen Rep Gov Pres Amb Atty Supt Det Msgr Messrs Mme Mlle vs v e.g i.e cf approx est Brig.Gen Lt.Gen Maj.Gen al Sens \
    Reps Gens Drs Cllr Insp Const Pte Pvt ST MT FT";
/// Followed by a number.
const BEFORE_NUMBER: &str = "No Nos no nos Art Sec Fig p pp Vol Ch Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec \
    Res Resol para c ft";
/// May end a sentence or not: the next word decides.
const EITHER: &str = "U.S U.K U.N E.U U.A.E D.C U.S.A U.S.S.R D.R Inc Corp Co Ltd Bros plc etc Jr Sr \
    B.C A.D Ph.D M.D M.P m bn tn L.A N.Y Calif Fla Va Ga Tex Mass Pa Wash Ont Que";
/// Follows `a.m.` and `p.m.` in the same sentence.
const AFTER_HOUR: &str = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday GMT UTC ET EST EDT CET PT PST Eastern \
    Pacific Central Moscow London Beijing January February March April May June July August September October November \
    December Jan Feb Aug Sept Oct Nov Dec";
/// Words that commonly open a sentence after such an abbreviation.
const OPENERS: &str = "The A An He She It They We I You In On At But And Or So Yet If When While As After Before Since \
    This That These Those There Here His Her Its Their Our My By For From With Without Under Over Despite Although \
    Though However Meanwhile Still Then Now Later Earlier Last Next No Not Some Many Most Both Each One Two Three Asked \
    Neither Officials Analysts Critics Talks Police Protesters Diplomats According Among During Until Once Only Even \
    Another Such To Of What Who Why How Where Which Nobody Nothing Everyone Several Few All";

fn among(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|entry| entry == word)
}

/// Whether the boundary between `left` and `right` (both trimmed) is none.
pub(super) fn joins(left: &str, right: &str) -> bool {
    let Some(next) = right.chars().next() else { return false };
    if next.is_lowercase() && !opens_with_brand(right) {
        return true;
    }
    let Some(stem) = left.strip_suffix('.') else { return false };
    let word = stem.rsplit(|c: char| c.is_whitespace() || "([{\"“‘'—–".contains(c)).next().unwrap_or(stem);
    let next_word: String = right.chars().take_while(|c| c.is_alphanumeric() || *c == '\'').collect();
    if among(BEFORE_NUMBER, word) && next.is_ascii_digit() {
        return true;
    }
    if among(PREFIXES, word) && !(word == "v" && next.is_ascii_digit()) {
        return true;
    }
    if word == "a.m" || word == "p.m" {
        return next.is_ascii_digit() || among(AFTER_HOUR, &next_word);
    }
    if left.len() <= 3 && (stem.chars().all(|c| c.is_ascii_digit()) || left.len() == 2) {
        return true;
    }
    if among(EITHER, word) {
        return !among(OPENERS, &next_word) && next.is_alphanumeric();
    }
    let initials = word.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_uppercase));
    let dotted = right[next_word.len()..].starts_with('.');
    initials && word != "I" && next.is_uppercase() && (dotted || !among(OPENERS, &next_word))
}

/// `iPhone sales fell`, `al-Shabab`, `de Klerk`: a lower-case letter can open a sentence.
pub(super) fn opens_with_brand(right: &str) -> bool {
    let after =
        |prefix| right.strip_prefix(prefix).and_then(|rest| rest.chars().next()).is_some_and(char::is_uppercase);
    right.chars().nth(1).is_some_and(char::is_uppercase)
        || ["al-", "el-", "de ", "von ", "van ", "bin "].iter().any(|p| after(*p))
}
