//! Users: lists, single ones, and changes.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::{Call, project};
use super::delta::{Round, moment};
use super::{pages, permission};
use crate::universe::office::OfficeUser;

/// Members that may be selected.
pub(crate) const MEMBERS: [&str; 34] = [
    "accountEnabled",
    "ageGroup",
    "assignedLicenses",
    "assignedPlans",
    "businessPhones",
    "city",
    "companyName",
    "country",
    "createdDateTime",
    "deletedDateTime",
    "department",
    "displayName",
    "employeeHireDate",
    "employeeId",
    "employeeType",
    "externalUserState",
    "faxNumber",
    "givenName",
    "imAddresses",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "onPremisesSyncEnabled",
    "otherMails",
    "postalCode",
    "preferredLanguage",
    "proxyAddresses",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
    "userPrincipalName",
];

/// What comes when nothing is selected; whether an account is enabled does not.
const DEFAULT: [&str; 10] = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

fn row(user: &OfficeUser) -> Map<String, Value> {
    let mut row: Map<String, Value> = MEMBERS.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    for (name, value) in &user.members {
        row.insert((*name).to_owned(), json!(value));
    }
    row.insert("id".to_owned(), user.id.to_string().into());
    row.insert("accountEnabled".to_owned(), user.account_enabled.into());
    row.insert("createdDateTime".to_owned(), moment(user.track.created_at));
    for list in ["assignedLicenses", "assignedPlans", "businessPhones", "imAddresses", "otherMails"] {
        row.insert(list.to_owned(), json!([]));
    }
    row.insert("proxyAddresses".to_owned(), json!([format!("SMTP:{}", user.address())]));
    row
}

fn selected(select: Option<&[String]>) -> Vec<String> {
    select.map_or_else(|| DEFAULT.map(str::to_owned).to_vec(), <[String]>::to_vec)
}

/// An entry of a page of changes. A new user comes with all that has a value; a changed one with its id and what
/// changed (null when cleared), and sometimes with more; one that changed elsewhere does not come.
pub(crate) fn change(user: &OfficeUser, round: &Round) -> Option<Map<String, Value>> {
    let select = selected(round.select.as_deref());
    let track = &user.track;
    let mut row = project(row(user), Some(&select));
    if track.born > round.base {
        row.retain(|_, value| !value.is_null());
        return Some(row);
    }
    let changed: Vec<&str> =
        track.changed_members(round.base).filter(|name| select.iter().any(|known| known == name)).collect();
    if changed.is_empty() {
        return None;
    }
    let generous = track.latest.is_multiple_of(3);
    row.retain(|name, value| {
        name == "id" || changed.contains(&name.as_str()) || (generous && !value.is_null())
    });
    Some(row)
}

pub(crate) fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    permission::users(call)?;
    call.only(&["$select", "$top", "$count", "$orderby"])?;
    let select = selected(call.select(&MEMBERS, "microsoft.graph.user")?.as_deref());
    let universe = call.state.world.read();
    let rows = universe.office.users.iter().map(|user| project(row(user), Some(&select))).collect();
    drop(universe);
    pages::page(call, rows, "users", (100, 999))
}

pub(crate) fn get(call: &Call<'_>, id: &str) -> Result<Answer, Answer> {
    permission::users(call)?;
    call.only(&["$select"])?;
    let select = selected(call.select(&MEMBERS, "microsoft.graph.user")?.as_deref());
    let universe = call.state.world.read();
    let user = universe.office.users.iter().find(|user| names(user, id)).ok_or_else(|| missing(id))?;
    Ok(pages::single(call, project(row(user), Some(&select)), "users"))
}

/// Users answer to their id and to their sign-in name.
pub(crate) fn names(user: &OfficeUser, id: &str) -> bool {
    user.id.to_string().eq_ignore_ascii_case(id) || user.address().eq_ignore_ascii_case(id)
}

pub(crate) fn missing(id: &str) -> Answer {
    let words = format!(
        "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    );
    Answer::error(404, "Request_ResourceNotFound", &words)
}
