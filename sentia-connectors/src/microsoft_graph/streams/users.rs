//! `users`: the people of the tenant.

use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source};
use crate::microsoft_graph::{
    delta::{Feed, Members, has},
    place::Round,
    wire::Stamp,
};

const SELECT: &str = "id,displayName,givenName,surname,mail,userPrincipalName,jobTitle,department,companyName,\
                      officeLocation,employeeId,userType,accountEnabled,createdDateTime";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    id: Text,
    display_name: Option<Text>,
    given_name: Option<Text>,
    surname: Option<Text>,
    mail: Option<Text>,
    user_principal_name: Option<Text>,
    job_title: Option<Text>,
    department: Option<Text>,
    company_name: Option<Text>,
    office_location: Option<Text>,
    employee_id: Option<Text>,
    user_type: Option<Text>,
    account_enabled: Option<bool>,
    created_date_time: Option<Stamp>,
}

impl Placed for User {}

pub(super) fn source() -> Source {
    let stream = Stream::new("users", "id", |user: &User| user.id.clone())
        .resumable()
        .swept()
        .max_page(999)
        .describe("a user of the tenant, guests and disabled accounts too")
        .columns(
            Fields::<User>::new()
                .text("display_name", |user| user.display_name.clone())
                .text("given_name", |user| user.given_name.clone())
                .text("surname", |user| user.surname.clone())
                .text("mail", |user| user.mail.clone())
                .text("user_principal_name", |user| user.user_principal_name.clone())
                .text("job_title", |user| user.job_title.clone())
                .text("department", |user| user.department.clone())
                .text("company_name", |user| user.company_name.clone())
                .text("office_location", |user| user.office_location.clone())
                .text("employee_id", |user| user.employee_id.clone())
                .text("user_type", |user| user.user_type.clone())
                .boolean("account_enabled", |user| user.account_enabled)
                .timestamp("created_at", |user| Stamp::of(&user.created_date_time)),
        );
    Source::new(stream, Needs { application: "User.Read.All", delegated: "User.Read.All" })
}

/// Changes name only what changed, so they are read again; the first round leaves out what is not set.
pub(super) fn feed(size: u32) -> Feed {
    Feed {
        path: "/users/delta".to_owned(),
        query: vec![("$select", SELECT.to_owned())],
        // Deltas of the directory take no `$top`.
        prefer: format!("odata.maxpagesize={size}"),
        asked: SELECT.to_owned(),
        rolls: false,
        item: ("/users".to_owned(), format!("?$select={SELECT}")),
        item_prefer: None,
        is_whole,
    }
}

/// These three are set for every user; an entry without one of them is a change that was seen while the first round
/// went on.
fn is_whole(members: &Members<'_>, round: Round) -> bool {
    round == Round::First && has(members, &["displayName", "userPrincipalName", "accountEnabled"])
}
