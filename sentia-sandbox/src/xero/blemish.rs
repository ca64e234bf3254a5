//! Faults of single rows: a serialised row goes in, a spoilt one comes out.

use super::fault::XeroFault;
use super::resource::Resource;

/// Spoils the first row of a page as the fault says; leaves it alone for faults that are not about rows.
pub(crate) fn spoil(fault: XeroFault, resource: Resource, row: &str) -> String {
    match fault {
        XeroFault::NullKey => replace(row, resource.key(), "null"),
        XeroFault::WrongType => replace(row, resource.amount(), "{}"),
        XeroFault::TooManyDigits => {
            replace(row, resource.amount(), "12345678901234567890123456789012345678.901234567890123456789")
        }
        XeroFault::EpochDate => replace(row, resource.date(), r#""\/Date(0+0000)\/""#),
        XeroFault::NegativeDate => replace(row, resource.date(), r#""\/Date(-2208988800000+0000)\/""#),
        XeroFault::QuotedNumbers => quote_numbers(row),
        _ => row.to_owned(),
    }
}

/// Puts another value behind a member of the outermost object.
fn replace(row: &str, member: &str, value: &str) -> String {
    let name = format!("\"{member}\":");
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut start = None;
    for (at, byte) in row.bytes().enumerate() {
        let outermost = depth == 1 && !quoted;
        if let Some(start) = start
            && outermost
            && (byte == b',' || byte == b'}')
            && at >= start
        {
            return format!("{}{value}{}", &row[..start], &row[at..]);
        }
        if outermost && start.is_none() && row.as_bytes()[at..].starts_with(name.as_bytes()) {
            start = Some(at + name.len());
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    row.to_owned()
}

fn quote_numbers(row: &str) -> String {
    let mut out = String::with_capacity(row.len() + 64);
    let (mut quoted, mut escaped, mut number) = (false, false, false);
    for c in row.chars() {
        let digit = !quoted && (c.is_ascii_digit() || c == '-' || c == '.');
        if digit != number {
            out.push('"');
            number = digit;
        }
        out.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{quote_numbers, replace};

    #[test]
    fn replaces_only_members_of_the_outermost_object() {
        let row = r#"{"a":{"Total":1,"x":"}"},"Total":2.50,"z":[{"Total":3}]}"#;
        assert_eq!(replace(row, "Total", "{}"), r#"{"a":{"Total":1,"x":"}"},"Total":{},"z":[{"Total":3}]}"#);
        assert_eq!(replace(row, "z", "null"), r#"{"a":{"Total":1,"x":"}"},"Total":2.50,"z":null}"#);
    }

    #[test]
    fn quotes_numbers_outside_of_strings() {
        assert_eq!(quote_numbers(r#"{"a":-1.50,"b":"2","c":[3]}"#), r#"{"a":"-1.50","b":"2","c":["3"]}"#);
    }
}
