//! Rust source with comments and literals blanked, so that a brace is a brace. Lines stay where they are.

/// Replaces what is not code by spaces.
pub(crate) fn code(source: &str) -> String {
    let text: Vec<char> = source.chars().collect();
    let mut masked = String::with_capacity(source.len());
    let mut at = 0;
    while at < text.len() {
        let end = literal(&text, at).min(text.len());
        if end == at {
            masked.push(text[at]);
            at += 1;
            continue;
        }
        masked.extend(text[at..end].iter().map(|letter| if *letter == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    masked
}

/// The end of the comment or literal that begins here; `at` itself when none does.
fn literal(text: &[char], at: usize) -> usize {
    let next = text.get(at + 1).copied().unwrap_or(' ');
    match text[at] {
        '/' if next == '/' => line_end(text, at),
        '/' if next == '*' => comment_end(text, at),
        '"' => string_end(text, at + 1),
        'r' if is_word_start(text, at) => raw_end(text, at).unwrap_or(at),
        'b' if next == 'r' && is_word_start(text, at) => raw_end(text, at + 1).unwrap_or(at),
        '\'' => character_end(text, at),
        _ => at,
    }
}

fn is_word_start(text: &[char], at: usize) -> bool {
    at == 0 || !(text[at - 1].is_alphanumeric() || text[at - 1] == '_')
}

fn line_end(text: &[char], at: usize) -> usize {
    text[at..].iter().position(|letter| *letter == '\n').map_or(text.len(), |length| at + length)
}

fn comment_end(text: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at + 1 < text.len() {
        match (text[at], text[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn string_end(text: &[char], mut at: usize) -> usize {
    while at < text.len() && text[at] != '"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// `r"..."` and `r#"..."#`; `at` is at the `r`.
fn raw_end(text: &[char], at: usize) -> Option<usize> {
    let hashes = text[at + 1..].iter().take_while(|letter| **letter == '#').count();
    let open = at + 1 + hashes;
    if text.get(open) != Some(&'"') {
        return None;
    }
    let closes = |end: usize| {
        text[end] == '"' && text[end + 1..].iter().take(hashes).filter(|l| **l == '#').count() == hashes
    };
    let end = (open + 1..text.len()).find(|end| closes(*end)).unwrap_or(text.len());
    Some(end + 1 + hashes)
}

/// A character; a lifetime is code.
fn character_end(text: &[char], at: usize) -> usize {
    match (text.get(at + 1), text.get(at + 2)) {
        (Some('\\'), _) => {
            let closing = text.iter().skip(at + 3).position(|letter| *letter == '\'');
            closing.map_or(text.len(), |length| at + 4 + length)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_comments_are_blank() {
        let source = "let a = \"{\\\"{\"; // {\nlet b = '{'; let c = '\\''; /* { /* { */ */ let d: &'static str = r#\"{\"}\"#;";
        let masked = code(source);
        assert!(!masked.contains(['{', '}', '"']), "{masked}");
        assert!(masked.contains("&'static str"));
        assert_eq!(masked.chars().count(), source.chars().count());
        assert_eq!(masked.lines().count(), 2);
    }

    #[test]
    fn names_that_end_like_a_literal_are_code() {
        assert_eq!(code("for_r(\"x\") + attr"), "for_r(   ) + attr");
    }
}
