//! Where the functions of a file are, and which of its lines are tests.

use std::ops::RangeInclusive;

/// A function's first line, counted from zero, and its length in lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) line: usize,
    pub(crate) length: usize,
}

/// The functions with a body in masked source.
pub(crate) fn functions(masked: &str) -> Vec<Function> {
    let starts = masked.match_indices("fn ").filter(|(at, _)| begins_word(masked, *at));
    starts
        .filter_map(|(at, _)| {
            let open = body(masked, at)?;
            let close = closing(masked, open);
            let line = lines_before(masked, at);
            Some(Function { line, length: lines_before(masked, close) - line + 1 })
        })
        .collect()
}

/// The line ranges, counted from zero, of modules compiled for tests alone.
pub(crate) fn test_modules(masked: &str) -> Vec<RangeInclusive<usize>> {
    let starts = masked.match_indices("#[cfg(test)]");
    starts
        .filter_map(|(at, attribute)| {
            let open = at + masked[at..].find('{')?;
            let head = masked[at + attribute.len()..open].trim_start();
            let is_module = head.starts_with("mod ")
                || head.starts_with("pub mod ")
                || head.starts_with("pub(crate) mod ");
            let has_body = is_module && !head.contains(';');
            has_body.then(|| lines_before(masked, at)..=lines_before(masked, closing(masked, open)))
        })
        .collect()
}

fn begins_word(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_none_or(|letter| letter.is_whitespace() || letter == '(')
}

/// The brace that opens the body; none for a declaration, which ends with a semicolon.
fn body(masked: &str, at: usize) -> Option<usize> {
    let mut depth = 0;
    for (offset, letter) in masked[at..].char_indices() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(at + offset),
            ';' if depth == 0 => return None,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    None
}

fn closing(masked: &str, open: usize) -> usize {
    let mut depth = 0;
    for (offset, letter) in masked[open..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + offset;
        }
    }
    masked.len()
}

fn lines_before(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_measured_and_declarations_are_not() {
        let source = "trait T {\n    fn a(&self) -> [u8; 3];\n    fn b<F: Fn(u8)>(f: F)\n    where\n        F: Clone,\n    {\n        if x {}\n    }\n}\nconst F: fn(u8) = g;\nfn c() {}\n";
        assert_eq!(functions(source), [Function { line: 2, length: 6 }, Function { line: 10, length: 1 }]);
    }

    #[test]
    fn only_inline_test_modules_have_a_range() {
        let source =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(test)]\nmod far;\nfn c() {}\n";
        assert_eq!(test_modules(source), [1..=4]);
    }
}
