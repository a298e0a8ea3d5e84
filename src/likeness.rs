//! How like two words are, to name what somebody may have meant.

/// The candidate most like a word, if any is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Only so much of a word is compared, so only so much is looked at: words may have megabytes.
    let start = |word: &str| -> String {
        word.chars().take(COMPARED_LETTERS).flat_map(char::to_lowercase).collect()
    };
    let word = start(word);
    let letters = |word: &str| word.chars().take(COMPARED_LETTERS).count();
    let length = letters(&word);
    let most = |candidate: &str| candidate.len().div_ceil(3);
    candidates
        .take(COMPARED_CANDIDATES)
        // Each letter that one of them has more is a change.
        .filter(|candidate| letters(candidate).abs_diff(length) <= most(candidate))
        .map(|candidate| (distance(&word, &start(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= most(candidate))
        // One letter is near to any other.
        .filter(|(distance, candidate)| *distance < candidate.len().max(word.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The first candidates alone are compared: a document may have names without number.
const COMPARED_CANDIDATES: usize = 500;

/// Longest word that is compared letter by letter.
const COMPARED_LETTERS: usize = 64;

/// Levenshtein distance.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(COMPARED_LETTERS).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().take(COMPARED_LETTERS).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near_enough_or_there_is_none() {
        let words = || ["add_voxel", "undo", "x"].into_iter();
        assert_eq!(nearest("ad_voxel", words()), Some("add_voxel"));
        assert_eq!(nearest("paint", words()), None);
        assert_eq!(nearest("und", words()), Some("undo"));
        assert_eq!(nearest("y", words()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
