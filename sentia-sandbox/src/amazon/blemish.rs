//! Faults of an answer's content: a good answer goes in, a spoilt one comes out.

use serde_json::{Value, json};

use super::fault::AmazonFault;
use super::operation::Operation;

const DIGITS: &str = "12345678901234567890123456789012345678.901234567890123456789";
const MARK: &str = "\u{1}digits";

/// Spoils an answer as the fault says; leaves it alone for faults that are not about its content.
pub(crate) fn spoil(fault: AmazonFault, operation: Operation, body: &mut Value) {
    if fault == AmazonFault::LyingCount
        && let Some(count) = body.get_mut("numberOfResults")
    {
        *count = json!(count.as_u64().unwrap_or(0) + 1);
    }
    if fault == AmazonFault::NullLists {
        null_lists(body);
    }
    if fault == AmazonFault::QuotedNumbers {
        quote_amounts(body);
    }
    let Some(rows) = operation.rows_at().and_then(|at| body.pointer_mut(at)).and_then(Value::as_array_mut)
    else {
        return;
    };
    match fault {
        AmazonFault::ErrorsInOk => {
            rows.truncate(rows.len() / 2);
            forget_token(body);
            let error = json!({"code": "InternalFailure", "message": "Part of the data could not be read.", "details": ""});
            body["errors"] = json!([error]);
        }
        AmazonFault::NullKey => set(rows, operation.key_at(), Value::Null),
        AmazonFault::WrongType => set(rows, operation.amount_at(), json!({})),
        AmazonFault::TooManyDigits => set(rows, operation.amount_at(), json!(MARK)),
        AmazonFault::UnknownStatus => {
            for at in ["/fulfillment/fulfillmentStatus", "/transactionStatus", "/processingStatus"] {
                set(rows, at, json!("UNDER_REVIEW"));
            }
        }
        AmazonFault::MixedCaseStatus => {
            for row in rows {
                if let Some(status) = row.get_mut("transactionStatus") {
                    *status = json!(title_case(status.as_str().unwrap_or_default()));
                }
            }
        }
        AmazonFault::ProceedsWithheld => rows.iter_mut().for_each(withhold_proceeds),
        _ => {}
    }
}

/// The text of an answer, with digits that no number type would have carried.
pub(crate) fn written(body: &Value) -> String {
    body.to_string().replace(&json!(MARK).to_string(), DIGITS)
}

/// Spoils the first row that has the member.
fn set(rows: &mut [Value], at: &str, value: Value) {
    if let Some(member) = rows.iter_mut().find_map(|row| row.pointer_mut(at)) {
        *member = value;
    }
}

fn forget_token(body: &mut Value) {
    for at in ["/pagination", "/payload", ""] {
        if let Some(holder) = body.pointer_mut(at).and_then(Value::as_object_mut) {
            holder.remove("nextToken");
        }
    }
}

fn withhold_proceeds(row: &mut Value) {
    if let Some(order) = row.as_object_mut() {
        order.remove("proceeds");
    }
    for item in row.get_mut("orderItems").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(item) = item.as_object_mut() {
            item.remove("proceeds");
        }
    }
}

/// `DEFERRED_RELEASED` becomes `Deferred_Released`.
fn title_case(word: &str) -> String {
    let mut first = true;
    let letter = |c: char| {
        let shown = if first { c } else { c.to_ascii_lowercase() };
        first = c == '_';
        shown
    };
    word.chars().map(letter).collect()
}

fn null_lists(value: &mut Value) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(null_lists),
        Value::Object(members) => {
            for (name, member) in members {
                let nullable =
                    ["breakdowns", "contexts", "relatedIdentifiers", "programs"].contains(&name.as_str());
                if nullable && member.as_array().is_some_and(Vec::is_empty) {
                    *member = Value::Null;
                } else {
                    null_lists(member);
                }
            }
        }
        _ => {}
    }
}

fn quote_amounts(value: &mut Value) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(quote_amounts),
        Value::Object(members) => {
            for (name, member) in members {
                if name == "currencyAmount" && member.is_number() {
                    *member = json!(member.to_string());
                } else {
                    quote_amounts(member);
                }
            }
        }
        _ => {}
    }
}
