//! Workbooks: who may read them, sessions, tables and ranges.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::Call;
use super::fault::MicrosoftGraphFault as Fault;
use super::range::{self, Block};
use super::server::lock;
use super::session::{Operation, not_found, re_creatable};
use super::settings::AppOnlyWorkbook;
use super::{file_lists, pages};
use crate::universe::office::{Sheet, Workbook};

type Outcome = Result<Answer, Answer>;

fn missing(what: &str) -> Answer {
    let words = format!("The requested {what} doesn't exist.");
    Answer::nested(404, "ItemNotFound", "itemNotFound", &words)
}

pub(crate) fn route(call: &Call<'_>, segments: &[&str]) -> Outcome {
    let ["drives", drive, "items", item, "workbook", rest @ ..] = segments else {
        return Err(super::route::unknown(segments));
    };
    let drive = file_lists::find_drive(call, drive)?;
    allowed(call, rest)?;
    struck(call)?;
    let universe = call.state.world.read();
    let office = &universe.office;
    if office.drives[drive].item(item).is_none() {
        return Err(missing("resource"));
    }
    let words = "The file is not a workbook, or of a kind that is not supported.";
    let workbook = office.workbook(item);
    let workbook = workbook.ok_or_else(|| Answer::nested(400, "BadRequest", "unsupportedWorkbook", words))?;
    match (call.method, rest) {
        ("POST", ["createSession"]) => create_session(call, item),
        ("POST", ["refreshSession"]) => with_session(call, item).map(|()| Answer::nothing(204)),
        ("POST", ["closeSession"]) => close_session(call),
        ("GET", ["operations", id]) => operation(call, item, id),
        ("GET", [resource]) if resource.starts_with("sessionInfoResource(") => {
            session_info(call, item, resource)
        }
        ("GET", _) => {
            if call.header("workbook-session-id").is_some() {
                with_session(call, item)?;
            }
            read(call, workbook, rest)
        }
        _ => Err(Answer::error(405, "Request_BadRequest", "The sandbox does not write workbooks.")),
    }
}

/// Delegated calls need `Files.ReadWrite` even to read, except to list tables. Without a user it depends.
fn allowed(call: &Call<'_>, rest: &[&str]) -> Result<(), Answer> {
    if call.caller.user.is_some() {
        let write = ["Files.ReadWrite", "Files.ReadWrite.All", "Sites.ReadWrite.All"];
        return match rest {
            ["tables"] => call.require(&[], &["Files.Read", write[0], write[1], write[2]]),
            _ => call.require(&[], &write),
        };
    }
    let denied = |code: &str| {
        let words = "Could not obtain a WAC access token. Access denied.";
        Err(Answer::nested(403, "AccessDenied", code, words))
    };
    match call.settings.app_only_workbook {
        AppOnlyWorkbook::Denied => denied("accessDenied"),
        AppOnlyWorkbook::SessionlessOnly if rest == ["createSession"] => denied("EditModeAccessDenied"),
        _ => call.require(&["Files.ReadWrite.All", "Sites.ReadWrite.All"], &[]),
    }
}

/// Faults of workbooks.
fn struck(call: &Call<'_>) -> Result<(), Answer> {
    let sent = call.header("workbook-session-id");
    Err(match call.fault {
        Some(Fault::SessionReCreatable) => re_creatable(),
        Some(Fault::SessionNotFound) => not_found(),
        Some(Fault::WorkbookConflict) => {
            let words = "The workbook is locked by another user.";
            Answer::nested(409, "Conflict", "conflictUncategorized", words)
        }
        Some(Fault::EditModeAccessDenied) => {
            let words = "We can't open the file for editing.";
            Answer::nested(403, "AccessDenied", "EditModeAccessDenied", words)
        }
        Some(Fault::WorkbookInternalError) => {
            if let Some(id) = sent {
                lock(&call.state.sessions).close(id);
            }
            let words = "An unspecified error has occurred.";
            Answer::nested(500, "GeneralException", "internalServerErrorUncategorized", words)
        }
        _ => return Ok(()),
    })
}

fn with_session(call: &Call<'_>, item: &str) -> Result<(), Answer> {
    let id = call.header("workbook-session-id").ok_or_else(not_found)?;
    lock(&call.state.sessions).touch(id, item, call.settings, call.now)
}

fn close_session(call: &Call<'_>) -> Outcome {
    let id = call.header("workbook-session-id").ok_or_else(not_found)?;
    if lock(&call.state.sessions).close(id) { Ok(Answer::nothing(204)) } else { Err(not_found()) }
}

fn new_session(call: &Call<'_>, item: &str, persistent: bool) -> Value {
    let id = format!("cluster=UK1&session=12.{}&usid={}", call.state.fresh_id(), call.state.fresh_id());
    lock(&call.state.sessions).open(id, item, persistent, call.now)
}

fn create_session(call: &Call<'_>, item: &str) -> Outcome {
    let body: Value = serde_json::from_slice(call.body).unwrap_or(Value::Null);
    let persistent = body["persistChanges"].as_bool();
    let words = "The request body must say 'persistChanges'.";
    let persistent = persistent.ok_or_else(|| Answer::nested(400, "BadRequest", "invalidArgument", words))?;
    let fails = call.fault == Some(Fault::FailedOperation);
    if call.prefer("respond-async").is_none() && !fails {
        let mut session = new_session(call, item, persistent);
        let context = call.state.absolute("/$metadata#microsoft.graph.workbookSessionInfo");
        session["@odata.context"] = context.into();
        return Ok(Answer::json(201, session));
    }
    let id = call.state.fresh_id();
    let ready_at = call.now + TimeDelta::seconds(30);
    let operation = Operation { ready_at, fails, persistent, session: None };
    lock(&call.state.sessions).operations.insert(id.clone(), operation);
    let here = call.target.trim_end_matches("/createSession");
    let location = call.state.absolute(&format!("{here}/operations/{id}"));
    Ok(Answer::nothing(202).header("location", location))
}

/// A failed operation is told with HTTP 200.
fn operation(call: &Call<'_>, item: &str, id: &str) -> Outcome {
    let known = lock(&call.state.sessions).operations.get(id).cloned();
    let known = known.ok_or_else(|| missing("operation"))?;
    let mut body = json!({"@odata.context": call.state.absolute("/$metadata#workbookOperation"), "id": id});
    if call.now < known.ready_at {
        body["status"] = "running".into();
    } else if known.fails {
        body["status"] = "failed".into();
        body["error"] = json!({
            "code": "internalServerError", "message": "An internal server error occurred while processing the request.",
            "innerError": {"code": "internalServerErrorUncategorized", "message": "An unspecified error has occurred."},
        });
    } else {
        body["status"] = "succeeded".into();
        let here = call.target.split("/operations/").next().unwrap_or_default();
        let resource = format!("{here}/sessionInfoResource(key='{id}')");
        body["resourceLocation"] = call.state.absolute(&resource).into();
        if known.session.is_none() {
            let session = new_session(call, item, known.persistent);
            let session = session["id"].as_str().map(str::to_owned);
            if let Some(known) = lock(&call.state.sessions).operations.get_mut(id) {
                known.session = session;
            }
        }
    }
    Ok(Answer::json(200, body))
}

fn session_info(call: &Call<'_>, _item: &str, resource: &str) -> Outcome {
    let key = resource.trim_start_matches("sessionInfoResource(key='").trim_end_matches("')");
    let known = lock(&call.state.sessions).operations.get(key).cloned();
    let known = known.ok_or_else(|| missing("operation"))?;
    let id = known.session.ok_or_else(|| missing("session"))?;
    let context = call.state.absolute("/$metadata#microsoft.graph.workbookSessionInfo");
    Ok(Answer::json(200, json!({"@odata.context": context, "id": id, "persistChanges": known.persistent})))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

fn read(call: &Call<'_>, workbook: &Workbook, rest: &[&str]) -> Outcome {
    match rest {
        ["worksheets"] => {
            let sheets = workbook.sheets.iter().enumerate();
            let rows = sheets.map(|(at, sheet)| {
                object(json!({"id": sheet.id, "name": sheet.name, "position": at, "visibility": "Visible"}))
            });
            pages::page(call, rows.collect(), "workbook/worksheets", (1_000, 1_000))
        }
        ["names"] => pages::page(call, vec![], "workbook/names", (1_000, 1_000)),
        ["tables"] => {
            let rows = (0..workbook.tables.len()).map(|at| table_row(workbook, at)).collect();
            pages::page(call, rows, "workbook/tables", (1_000, 1_000))
        }
        ["worksheets", sheet, rest @ ..] => {
            let named = |known: &&Sheet| known.id == *sheet || known.name.eq_ignore_ascii_case(sheet);
            let found = workbook.sheets.iter().find(named).ok_or_else(|| missing("worksheet"))?;
            sheet_part(call, workbook, found, rest)
        }
        ["tables", table, rest @ ..] => {
            let known = workbook.tables.iter().position(|known| {
                known.id.trim_matches(['{', '}']) == table.trim_matches(['{', '}'])
                    || known.name.eq_ignore_ascii_case(table)
            });
            table_part(call, workbook, known.ok_or_else(|| missing("table"))?, rest)
        }
        _ => Err(super::route::unknown(rest)),
    }
}

fn sheet_part(call: &Call<'_>, workbook: &Workbook, sheet: &Sheet, rest: &[&str]) -> Outcome {
    match rest {
        [] => {
            let at = workbook.sheets.iter().position(|known| known.id == sheet.id).unwrap_or(0);
            let row = json!({"id": sheet.id, "name": sheet.name, "position": at, "visibility": "Visible"});
            Ok(pages::single(call, object(row), "workbook/worksheets"))
        }
        ["tables"] => {
            let tables = (0..workbook.tables.len())
                .filter(|at| workbook.sheets[workbook.tables[*at].sheet].id == sheet.id);
            pages::page(call, tables.map(|at| table_row(workbook, at)).collect(), "tables", (1_000, 1_000))
        }
        [function] if function.starts_with("usedRange") => Ok(range::answer(call, sheet, Block::of(sheet))),
        [function] if function.starts_with("range(address=") => {
            let address =
                function.trim_start_matches("range(address=").trim_end_matches(')').trim_matches('\'');
            Ok(range::answer(call, sheet, Block::parse(address)?))
        }
        _ => Err(super::route::unknown(rest)),
    }
}

fn table_row(workbook: &Workbook, at: usize) -> Map<String, Value> {
    let table = &workbook.tables[at];
    object(json!({
        "highlightFirstColumn": false, "highlightLastColumn": false, "id": table.id, "legacyId": (at + 1).to_string(),
        "name": table.name, "showBandedColumns": false, "showBandedRows": true, "showFilterButton": true,
        "showHeaders": true, "showTotals": false, "style": "TableStyleMedium2",
    }))
}

fn table_part(call: &Call<'_>, workbook: &Workbook, at: usize, rest: &[&str]) -> Outcome {
    let sheet = &workbook.sheets[workbook.tables[at].sheet];
    let whole = Block::of(sheet);
    match rest {
        [] => Ok(pages::single(call, table_row(workbook, at), "workbook/tables")),
        ["range"] => Ok(range::answer(call, sheet, whole)),
        ["headerRowRange"] => Ok(range::answer(call, sheet, Block { rows: 1, ..whole })),
        ["dataBodyRange"] => {
            let body = Block { top: whole.top + 1, rows: whole.rows.saturating_sub(1).max(1), ..whole };
            Ok(range::answer(call, sheet, body))
        }
        ["columns"] => {
            let columns = (0..whole.columns).map(|column| {
                let values: Vec<Value> =
                    sheet.cells.iter().map(|row| json!([range::value(&row[column])])).collect();
                let name = values.first().map_or(Value::Null, |header| header[0].clone());
                object(
                    json!({"id": (column + 1).to_string(), "index": column, "name": name, "values": values}),
                )
            });
            pages::page(call, columns.collect(), "columns", (1_000, 1_000))
        }
        ["rows"] => rows(call, sheet),
        _ => Err(super::route::unknown(rest)),
    }
}

/// Rows by `$top` and `$skip`: not a snapshot, and nothing says that there are more unless a setting wants it.
fn rows(call: &Call<'_>, sheet: &Sheet) -> Outcome {
    call.only(&["$top", "$skip", "$select", "$count"])?;
    let here = call.target.split('?').next().unwrap_or_default();
    let rows = sheet.cells.iter().skip(1).enumerate().map(|(index, cells)| {
        let values: Vec<Value> = cells.iter().map(range::value).collect();
        let id = format!("{here}/itemAt(index={index})");
        object(json!({"@odata.id": id, "index": index, "values": [values]}))
    });
    let rows: Vec<Map<String, Value>> = rows.collect();
    if call.settings.workbook_rows_link {
        return pages::page(call, rows, "rows", (1_000, 5_000));
    }
    let number = |name: &str| call.option(name).map(|value| value.parse::<usize>());
    let words = "The argument is invalid or missing or has an incorrect format.";
    let wrong = |_| Answer::nested(400, "BadRequest", "invalidArgument", words);
    let skip = number("$skip").transpose().map_err(wrong)?.unwrap_or(0);
    let top = number("$top").transpose().map_err(wrong)?.unwrap_or(usize::MAX);
    let value: Vec<Value> = rows.into_iter().skip(skip).take(top).map(Value::Object).collect();
    let context = call.state.absolute("/$metadata#rows");
    Ok(Answer::json(200, json!({"@odata.context": context, "value": value})))
}
