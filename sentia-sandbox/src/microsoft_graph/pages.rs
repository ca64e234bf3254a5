//! Plain lists, page by page.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::Call;
use super::server::lock;

/// One page of a list whose rows are counted from its start: what is inserted or deleted meanwhile shifts the rest.
pub(crate) fn page(
    call: &Call<'_>,
    rows: Vec<Map<String, Value>>,
    context: &str,
    (default, max): (usize, usize),
) -> Result<Answer, Answer> {
    let size = call.page_size(default, max)?;
    let asked: usize = call.option("$skip").and_then(|skip| skip.parse().ok()).unwrap_or(0);
    let begin = asked + call.skip;
    let count = rows.len();
    let value: Vec<Map<String, Value>> = rows.into_iter().skip(begin).take(size).collect();
    let mut body = json!({"@odata.context": call.state.absolute(&format!("/$metadata#{context}"))});
    if call.option("$count") == Some("true") {
        body["@odata.count"] = count.into();
    }
    if begin + value.len() < count {
        let link = lock(&call.state.links).list(call.target, call.skip + value.len());
        body["@odata.nextLink"] = call.state.absolute(&link).into();
    }
    body["value"] = value.into_iter().map(Value::Object).collect();
    Ok(Answer::json(200, body))
}

/// A single entity: its members at the top level.
pub(crate) fn single(call: &Call<'_>, row: Map<String, Value>, context: &str) -> Answer {
    let mut row = row;
    let context = call.state.absolute(&format!("/$metadata#{context}/$entity"));
    row.insert("@odata.context".to_owned(), context.into());
    Answer::json(200, Value::Object(row))
}
