//! List items and drive items as JSON.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::Call;
use super::delta::{Feed, Round, moment};
use super::marks::Mark;
use crate::universe::Office;
use crate::universe::office::{Drive, DriveItem, FieldValue, ListItem, OfficeList, Tombstone};

/// Members of list items that may be selected.
pub(crate) const ITEM_MEMBERS: [&str; 13] = [
    "contentType",
    "createdBy",
    "createdDateTime",
    "deleted",
    "description",
    "eTag",
    "fields",
    "lastModifiedBy",
    "lastModifiedDateTime",
    "name",
    "parentReference",
    "sharepointIds",
    "webUrl",
];

/// Members of drive items that may be selected.
pub(crate) const DRIVE_ITEM_MEMBERS: [&str; 18] = [
    "@microsoft.graph.downloadUrl",
    "cTag",
    "createdBy",
    "createdDateTime",
    "deleted",
    "description",
    "eTag",
    "file",
    "fileSystemInfo",
    "folder",
    "lastModifiedBy",
    "lastModifiedDateTime",
    "name",
    "parentReference",
    "root",
    "sharepointIds",
    "size",
    "webUrl",
];

/// Which of a list's fields were asked for: none without expansion, an empty list for all.
pub(crate) fn expansion(call: &Call<'_>) -> Result<Option<Vec<String>>, Answer> {
    let Some(expand) = call.option("$expand").filter(|expand| !expand.is_empty()) else { return Ok(None) };
    if expand == "fields" {
        return Ok(Some(vec![]));
    }
    let inner = expand.strip_prefix("fields(").and_then(|rest| rest.strip_suffix(')'));
    let names = inner.and_then(|inner| inner.trim_start_matches('$').strip_prefix("select="));
    let names = names.ok_or_else(|| {
        Answer::error(
            400,
            "BadRequest",
            "Parsing OData Select and Expand failed: only 'fields' can be expanded.",
        )
    })?;
    Ok(Some(names.split(',').map(|name| name.trim().to_owned()).collect()))
}

/// A JSON number: whole ones without a point.
pub(crate) fn number(value: Decimal) -> Value {
    let whole = value.fract().is_zero().then(|| value.to_i64()).flatten();
    whole.map_or_else(|| json!(value.to_f64()), Value::from)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn somebody(office: &Office) -> Value {
    let user = office.users.first();
    json!({"user": {
        "displayName": user.map_or("", |user| user.member("displayName")),
        "email": user.map_or("", |user| user.address()),
        "id": user.map(|user| user.id.to_string()),
    }})
}

pub(crate) fn site_url(office: &Office) -> String {
    format!("https://{}/{}", office.site.host, office.site.path)
}

/// A list item, with its fields when they were expanded; empty columns have none.
pub(crate) fn list_item(
    call: &Call<'_>,
    office: &Office,
    list: &OfficeList,
    item: &ListItem,
    expand: Option<&[String]>,
) -> Map<String, Value> {
    let tag = format!("\"{},{}\"", item.guid, item.version);
    let mut row = object(json!({
        "@odata.etag": tag,
        "contentType": {"id": "0x0100EB6A5B4F4F3C5A4BAC3D1B5A9D2F1E6B", "name": "Item"},
        "createdBy": somebody(office),
        "createdDateTime": moment(item.track.created_at),
        "eTag": tag,
        "id": item.id.to_string(),
        "lastModifiedBy": somebody(office),
        "lastModifiedDateTime": moment(item.track.updated_at),
        "parentReference": {"id": list.id.to_string(), "siteId": office.site.id},
        "webUrl": format!("{}/Lists/{}/{}_.000", site_url(office), list.name, item.id),
    }));
    if let Some(names) = expand {
        let mut fields = object(json!({
            "@odata.etag": tag,
            "AuthorLookupId": "11",
            "Attachments": false,
            "ContentType": "Item",
            "Created": moment(item.track.created_at),
            "EditorLookupId": "11",
            "FolderChildCount": "0",
            "ItemChildCount": "0",
            "Modified": moment(item.track.updated_at),
            "_UIVersionString": format!("{}.0", item.version),
            "id": item.id.to_string(),
        }));
        fields.extend(item.fields.iter().map(|(name, value)| ((*name).to_owned(), field(value))));
        if let Some(title) = fields.get("Title").cloned() {
            fields.insert("LinkTitle".to_owned(), title);
        }
        fields.retain(|name, _| names.is_empty() || name.starts_with('@') || names.contains(name));
        let context = format!(
            "/$metadata#sites('{}')/lists('{}')/items('{}')/fields/$entity",
            office.site.id, list.id, item.id
        );
        row.insert("fields@odata.context".to_owned(), call.state.absolute(&context).into());
        row.insert("fields".to_owned(), Value::Object(fields));
    }
    row
}

fn field(value: &FieldValue) -> Value {
    match value {
        FieldValue::Text(text) => text.as_str().into(),
        FieldValue::Number(value) => number(*value),
        FieldValue::Moment(at) => moment(*at),
        FieldValue::Flag(flag) => (*flag).into(),
    }
}

/// A deleted list item: id and facet.
pub(crate) fn gone_item(
    _call: &Call<'_>,
    office: &Office,
    list: &OfficeList,
    tomb: &Tombstone<u32>,
) -> Option<Map<String, Value>> {
    let parent = json!({"id": list.id.to_string(), "siteId": office.site.id});
    Some(object(json!({"id": tomb.key.to_string(), "deleted": facet(tomb.step), "parentReference": parent})))
}

/// `deleted` may say how, or nothing at all.
fn facet(step: u64) -> Value {
    if step.is_multiple_of(2) { json!({}) } else { json!({"state": "deleted"}) }
}

/// A deleted drive item.
pub(crate) fn gone_drive_item(drive: &Drive, tomb: &Tombstone<String>) -> Option<Map<String, Value>> {
    let parent = json!({"driveId": drive.id, "driveType": kind(drive)});
    Some(object(json!({"id": tomb.key, "deleted": facet(tomb.step), "parentReference": parent})))
}

pub(crate) fn kind(drive: &Drive) -> &'static str {
    if drive.owner.is_some() { "business" } else { "documentLibrary" }
}

/// Path of an item below the root.
fn path_of(drive: &Drive, item: &DriveItem) -> String {
    let mut names = vec![];
    let mut next = item.parent.as_deref().and_then(|id| drive.item(id));
    while let Some(folder) = next.filter(|folder| folder.parent.is_some()) {
        names.push(folder.name.clone());
        next = folder.parent.as_deref().and_then(|id| drive.item(id));
    }
    names.reverse();
    names.join("/")
}

/// A drive item. Change tracking leaves the path out.
pub(crate) fn drive_item(
    call: &Call<'_>,
    office: &Office,
    drive: &Drive,
    item: &DriveItem,
    with_path: bool,
) -> Map<String, Value> {
    let (made, saved) = (moment(item.track.created_at), moment(item.track.updated_at));
    let guid = item.guid.to_string().to_uppercase();
    let escaped: String = url::form_urlencoded::byte_serialize(item.name.as_bytes()).collect();
    let mut row = object(json!({
        "cTag": format!("\"c:{{{guid}}},{}\"", item.content_version),
        "createdBy": somebody(office),
        "createdDateTime": made,
        "eTag": format!("\"{{{guid}}},{}\"", item.version),
        "fileSystemInfo": {"createdDateTime": made, "lastModifiedDateTime": saved},
        "id": item.id,
        "lastModifiedBy": somebody(office),
        "lastModifiedDateTime": saved,
        "name": item.name,
        "size": size(drive, item),
        "webUrl": format!("{}/Shared%20Documents/{}", site_url(office), escaped.replace('+', "%20")),
    }));
    let mut parent = object(json!({"driveId": drive.id, "driveType": kind(drive)}));
    if let Some(id) = &item.parent {
        parent.insert("id".to_owned(), id.as_str().into());
        let folder = drive.item(id).map_or("", |folder| folder.name.as_str());
        parent.insert("name".to_owned(), folder.into());
        if with_path {
            let path = format!("/drives/{}/root:/{}", drive.id, path_of(drive, item));
            parent.insert("path".to_owned(), path.trim_end_matches('/').into());
        }
        parent.insert("siteId".to_owned(), office.site.id.as_str().into());
    } else {
        row.insert("root".to_owned(), json!({}));
    }
    row.insert("parentReference".to_owned(), Value::Object(parent));
    match item.mime {
        Some(mime) => {
            let hash = format!("{:0>27}=", item.content_version);
            row.insert("file".to_owned(), json!({"mimeType": mime, "hashes": {"quickXorHash": hash}}));
            let expires = (call.now + chrono::TimeDelta::hours(1)).timestamp();
            let url = format!(
                "{}/download/{}?tempauth=v1.{expires}.{}",
                call.state.base_url,
                item.id,
                item.guid.simple()
            );
            row.insert("@microsoft.graph.downloadUrl".to_owned(), url.into());
        }
        None => {
            let inside = drive.items.iter().filter(|child| child.parent.as_ref() == Some(&item.id)).count();
            row.insert("folder".to_owned(), json!({"childCount": inside}));
        }
    }
    row
}

/// A folder is as big as what is in it.
fn size(drive: &Drive, item: &DriveItem) -> u64 {
    if item.mime.is_some() {
        return item.size;
    }
    let inside = drive.items.iter().filter(|child| child.parent.as_ref() == Some(&item.id));
    inside.map(|child| if child.mime.is_some() { child.size } else { 0 }).sum()
}

/// The noise before a changed item: the folders above it, up to the root, though nothing about them changed. The
/// header `deltaExcludeParent` keeps it away.
pub(crate) fn ancestors(
    call: &Call<'_>,
    office: &Office,
    round: &Round,
    mark: Mark,
    rows: &mut Vec<Map<String, Value>>,
) {
    let Feed::DriveItems { drive, .. } = &round.feed else { return };
    if round.base == 0 || mark.gone || call.headers.contains_key("deltaexcludeparent") {
        return;
    }
    let drive = &office.drives[*drive];
    let mut chain = vec![];
    let mut next = drive.items[mark.place].parent.as_deref().and_then(|id| drive.item(id));
    while let Some(folder) = next {
        chain.push(folder);
        next = folder.parent.as_deref().and_then(|id| drive.item(id));
    }
    for folder in chain.into_iter().rev() {
        if rows.iter().all(|row| row["id"] != folder.id.as_str()) {
            let row = drive_item(call, office, drive, folder, false);
            rows.push(super::call::project(row, round.select.as_deref()));
        }
    }
}

/// The moment of a site or list.
pub(crate) fn stamps(row: &mut Map<String, Value>, created: DateTime<Utc>, updated: DateTime<Utc>) {
    row.insert("createdDateTime".to_owned(), moment(created));
    row.insert("lastModifiedDateTime".to_owned(), moment(updated));
}
