//! Faults of rows: serialised rows go in, spoilt ones come out.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::fault::UnleashedFault;

/// Spoils the rows of a page as the fault says; leaves them alone for faults that are not about rows.
pub(crate) fn spoil(fault: UnleashedFault, rows: &mut [String]) {
    match fault {
        UnleashedFault::OffsetDates => {
            rows.iter_mut().for_each(|row| *row = row.replace(")/\"", "+0000)/\""));
        }
        UnleashedFault::UpperCaseIds => {
            rows.iter_mut().for_each(|row| *row = change(row, |name, _| name == "Guid", str::to_uppercase));
        }
        _ => {
            if let Some(row) = rows.first_mut() {
                *row = first(fault, row);
            }
        }
    }
}

fn first(fault: UnleashedFault, row: &str) -> String {
    let is_number = |value: &str| value.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    match fault {
        UnleashedFault::NullKey => change(row, |name, _| name == "Guid", |_| "null".into()),
        UnleashedFault::NullModified => change(row, |name, _| name == "LastModifiedOn", |_| "null".into()),
        UnleashedFault::NegativeDate => {
            change(row, |name, _| name == "LastModifiedOn", |_| "\"/Date(-2208988800000)/\"".into())
        }
        UnleashedFault::TooManyDigits => {
            let mut found = false;
            let wanted = move |_: &str, value: &str| is_number(value) && !std::mem::replace(&mut found, true);
            change(row, wanted, |_| "12345678901234567890123456789012345678.901234567890123456789".into())
        }
        UnleashedFault::QuotedNumbers => change(row, |_, value| is_number(value), |v| format!("\"{v}\"")),
        _ => row.to_owned(),
    }
}

/// Changes the values of some members of the outermost object.
fn change(
    row: &str,
    mut wanted: impl FnMut(&str, &str) -> bool,
    mut to: impl FnMut(&str) -> String,
) -> String {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(row).expect("rows are objects");
    let members = members.iter().map(|(name, value)| {
        let value = value.get();
        let changed = if wanted(name, value) { to(value) } else { value.to_owned() };
        format!("\"{name}\":{changed}")
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_only_members_of_the_outermost_object() {
        let row = r#"{"Guid":"ab","Lines":[{"Guid":"cd","Total":1}],"Total":2.50}"#;
        let mut rows = [row.to_owned()];
        spoil(UnleashedFault::NullKey, &mut rows);
        assert_eq!(rows[0], r#"{"Guid":null,"Lines":[{"Guid":"cd","Total":1}],"Total":2.50}"#);
        spoil(UnleashedFault::QuotedNumbers, &mut rows);
        assert!(rows[0].ends_with(r#"{"Guid":"cd","Total":1}],"Total":"2.50"}"#));
    }
}
