//! Sites, lists, columns, drives and their items, read plainly.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::{Call, project};
use super::file_rows::{self, site_url, stamps};
use super::user_lists::{missing, names};
use super::{pages, permission};
use crate::universe::Office;
use crate::universe::office::{Column, ColumnKind, OfficeList};

type Row = Map<String, Value>;
type Outcome = Result<Answer, Answer>;

fn object(value: Value) -> Row {
    match value {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}

fn not_found() -> Answer {
    Answer::error(404, "itemNotFound", "The resource could not be found.")
}

fn site_row(office: &Office) -> Row {
    let site = &office.site;
    let mut row = object(json!({
        "displayName": site.title,
        "id": site.id,
        "name": site.path.rsplit('/').next(),
        "root": {},
        "siteCollection": {"hostname": site.host},
        "webUrl": site_url(office),
    }));
    stamps(&mut row, site.track.created_at, site.track.updated_at);
    row
}

/// `GET /sites?search=`; without a search the vendor wants one.
pub(crate) fn search_sites(call: &Call<'_>) -> Outcome {
    permission::sites(call)?;
    let search = call.option("search").or_else(|| call.option("$search"));
    let search = search.ok_or_else(|| Answer::error(400, "invalidRequest", "A search query is required."))?;
    let universe = call.state.world.read();
    let hit = search == "*" || universe.office.site.title.to_lowercase().contains(&search.to_lowercase());
    let rows = hit.then(|| site_row(&universe.office)).into_iter().collect();
    drop(universe);
    pages::page(call, rows, "sites", (200, 999))
}

/// Only the one site is known, by its three-part id (or `root` for nobody).
pub(crate) fn known_site(call: &Call<'_>, id: &str) -> Result<(), Answer> {
    let known = call.state.world.read().office.site.id.eq_ignore_ascii_case(id);
    if known { Ok(()) } else { Err(not_found()) }
}

pub(crate) fn site(call: &Call<'_>) -> Outcome {
    permission::sites(call)?;
    Ok(pages::single(call, site_row(&call.state.world.read().office), "sites"))
}

fn list_row(office: &Office, list: &OfficeList) -> Row {
    let mut row = object(json!({
        "displayName": list.title,
        "description": "",
        "eTag": format!("\"{},{}\"", list.id, list.items.len()),
        "id": list.id.to_string(),
        "list": {"contentTypesEnabled": false, "hidden": false, "template": "genericList"},
        "name": list.name,
        "parentReference": {"siteId": office.site.id},
        "webUrl": format!("{}/Lists/{}", site_url(office), list.name),
    }));
    stamps(&mut row, list.track.created_at, list.track.updated_at);
    row
}

pub(crate) fn lists(call: &Call<'_>) -> Outcome {
    permission::sites(call)?;
    call.only(&["$select", "$top", "$skip"])?;
    let universe = call.state.world.read();
    let rows = universe.office.lists.iter().map(|list| list_row(&universe.office, list)).collect();
    drop(universe);
    pages::page(call, rows, "lists", (200, 999))
}

pub(crate) fn find_list(call: &Call<'_>, id: &str) -> Result<usize, Answer> {
    let universe = call.state.world.read();
    let named = |list: &OfficeList| {
        list.id.to_string().eq_ignore_ascii_case(id) || list.title.eq_ignore_ascii_case(id)
    };
    universe.office.lists.iter().position(named).ok_or_else(not_found)
}

pub(crate) fn list(call: &Call<'_>, at: usize) -> Outcome {
    permission::sites(call)?;
    let universe = call.state.world.read();
    Ok(pages::single(call, list_row(&universe.office, &universe.office.lists[at]), "lists"))
}

fn column_row(column: &Column) -> Row {
    let mut row = object(json!({
        "columnGroup": "Custom Columns",
        "description": "",
        "displayName": column.display_name,
        "enforceUniqueValues": false,
        "hidden": false,
        "id": column.id.to_string(),
        "indexed": false,
        "name": column.name,
        "readOnly": false,
        "required": column.name == "Title",
    }));
    let (facet, value) = match column.kind {
        ColumnKind::Text => ("text", json!({"allowMultipleLines": false, "maxLength": 255})),
        ColumnKind::Number => ("number", json!({"decimalPlaces": "automatic", "displayAs": "number"})),
        ColumnKind::DateTime => ("dateTime", json!({"displayAs": "default", "format": "dateOnly"})),
        ColumnKind::Choice(words) => {
            ("choice", json!({"allowTextEntry": false, "choices": words, "displayAs": "dropDownMenu"}))
        }
        ColumnKind::Boolean => ("boolean", json!({})),
    };
    row.insert(facet.to_owned(), value);
    row
}

/// The list's own columns, and those that every list has.
pub(crate) fn columns(call: &Call<'_>, list: usize) -> Outcome {
    permission::sites(call)?;
    call.only(&["$select", "$top", "$skip"])?;
    let universe = call.state.world.read();
    let rows = universe.office.lists[list].columns.iter().map(column_row).collect();
    drop(universe);
    pages::page(call, rows, "columns", (200, 999))
}

pub(crate) fn items(call: &Call<'_>, list: usize) -> Outcome {
    permission::sites(call)?;
    call.only(&["$select", "$expand", "$top"])?;
    let expand = file_rows::expansion(call)?;
    let universe = call.state.world.read();
    let (office, list) = (&universe.office, &universe.office.lists[list]);
    let rows =
        list.items.iter().map(|item| file_rows::list_item(call, office, list, item, expand.as_deref()));
    let rows = rows.collect();
    drop(universe);
    pages::page(call, rows, "items", (200, 5_000))
}

/// A single item brings its fields along.
pub(crate) fn item(call: &Call<'_>, list: usize, id: &str) -> Outcome {
    permission::sites(call)?;
    call.only(&["$select", "$expand"])?;
    let universe = call.state.world.read();
    let (office, list) = (&universe.office, &universe.office.lists[list]);
    let item = list.items.iter().find(|item| item.id.to_string() == id).ok_or_else(not_found)?;
    Ok(pages::single(call, file_rows::list_item(call, office, list, item, Some(&[])), "items"))
}

fn drive_row(office: &Office, at: usize) -> Row {
    let drive = &office.drives[at];
    let used: u64 = drive.items.iter().map(|item| item.size).sum();
    let owner = drive.owner.and_then(|id| office.user(id));
    let owner = match owner {
        Some(user) => json!({"user": {"displayName": user.member("displayName"), "id": user.id.to_string()}}),
        None => json!({"group": {"displayName": office.site.title}}),
    };
    let mut row = object(json!({
        "description": "",
        "driveType": file_rows::kind(drive),
        "id": drive.id,
        "name": drive.name,
        "owner": owner,
        "quota": {"deleted": 0, "remaining": 1_099_511_000_000_u64, "state": "normal", "total": 1_099_511_627_776_u64, "used": used},
        "webUrl": format!("{}/Shared%20Documents", site_url(office)),
    }));
    stamps(&mut row, drive.track.created_at, drive.track.updated_at);
    row
}

/// The site's libraries; people's own drives are not among them.
pub(crate) fn drives(call: &Call<'_>) -> Outcome {
    permission::files(call)?;
    let universe = call.state.world.read();
    let rows = vec![drive_row(&universe.office, 0)];
    drop(universe);
    pages::page(call, rows, "drives", (200, 999))
}

pub(crate) fn find_drive(call: &Call<'_>, id: &str) -> Result<usize, Answer> {
    let universe = call.state.world.read();
    universe.office.drives.iter().position(|drive| drive.id == id).ok_or_else(not_found)
}

pub(crate) fn drive(call: &Call<'_>, at: usize) -> Outcome {
    permission::files(call)?;
    Ok(pages::single(call, drive_row(&call.state.world.read().office, at), "drives"))
}

/// `GET /users/{id}/drive`.
pub(crate) fn own_drive(call: &Call<'_>, user: &str) -> Outcome {
    permission::files(call)?;
    let universe = call.state.world.read();
    let office = &universe.office;
    let user = office.users.iter().find(|known| names(known, user)).ok_or_else(|| missing(user))?;
    let at = office.drives.iter().position(|drive| drive.owner == Some(user.id));
    let at = at.ok_or_else(|| Answer::error(404, "ResourceNotFound", "User's mysite not found."))?;
    Ok(pages::single(call, drive_row(office, at), "drives"))
}

/// One item; the root without a name. An unchanged one is 304 for those who know its tag.
pub(crate) fn drive_item(call: &Call<'_>, at: usize, id: Option<&str>) -> Outcome {
    permission::files(call)?;
    call.only(&["$select", "$expand"])?;
    let select = call.select(&file_rows::DRIVE_ITEM_MEMBERS, "microsoft.graph.driveItem")?;
    let universe = call.state.world.read();
    let (office, drive) = (&universe.office, &universe.office.drives[at]);
    let item = match id {
        Some("root") | None => drive.items.first(),
        Some(id) => drive.item(id),
    };
    let row = file_rows::drive_item(call, office, drive, item.ok_or_else(not_found)?, true);
    let known = call.header("if-none-match");
    if known.is_some_and(|tag| row["eTag"] == tag || row["cTag"] == tag) {
        return Ok(Answer::nothing(304));
    }
    Ok(pages::single(call, project(row, select.as_deref()), "driveItem"))
}

pub(crate) fn children(call: &Call<'_>, at: usize, id: Option<&str>) -> Outcome {
    permission::files(call)?;
    call.only(&["$select", "$top", "$orderby", "$expand"])?;
    let select = call.select(&file_rows::DRIVE_ITEM_MEMBERS, "microsoft.graph.driveItem")?;
    let universe = call.state.world.read();
    let (office, drive) = (&universe.office, &universe.office.drives[at]);
    let folder = match id {
        Some("root") | None => drive.items.first(),
        Some(id) => drive.item(id),
    };
    let folder = folder.ok_or_else(not_found)?;
    let inside = drive.items.iter().filter(|item| item.parent.as_ref() == Some(&folder.id));
    let rows =
        inside.map(|item| project(file_rows::drive_item(call, office, drive, item, true), select.as_deref()));
    let rows = rows.collect();
    drop(universe);
    pages::page(call, rows, "driveItems", (200, 999))
}
