//! Which permission opens what: for the app itself, and for a user who delegated.

use super::answer::Answer;
use super::call::Call;
use super::delta::Feed;

const SITES: [&str; 4] =
    ["Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All"];
const MAIL: [&str; 2] = ["Mail.Read", "Mail.ReadWrite"];
const CALENDARS: [&str; 2] = ["Calendars.Read", "Calendars.ReadWrite"];
const USERS: [&str; 4] =
    ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/// Change tracking.
pub(crate) fn delta(call: &Call<'_>, feed: &Feed) -> Result<(), Answer> {
    match feed {
        Feed::Users => call.require(&USERS, &USERS),
        Feed::ListItems { .. } => call.require(&SITES, &SITES),
        Feed::DriveItems { .. } => files(call),
        Feed::MailFolders { .. } | Feed::Messages { .. } => mail(call),
        Feed::CalendarView { .. } => call.require(&CALENDARS, &CALENDARS),
    }
}

/// Plain lists and single users.
pub(crate) fn users(call: &Call<'_>) -> Result<(), Answer> {
    let any = [&USERS[..], &["User.ReadBasic.All"]].concat();
    call.require(&any, &any)
}

/// Sites, lists and their items. `Sites.Selected` opens the one site, but not its change tracking.
pub(crate) fn sites(call: &Call<'_>) -> Result<(), Answer> {
    let any = [&SITES[..], &["Sites.Selected"]].concat();
    call.require(&any, &SITES)
}

/// Drives and what is in them.
pub(crate) fn files(call: &Call<'_>) -> Result<(), Answer> {
    let application = [&SITES[..], &["Files.Read.All", "Files.ReadWrite.All"]].concat();
    let delegated = [&application[..], &["Files.Read", "Files.ReadWrite"]].concat();
    call.require(&application, &delegated)
}

/// Mail, with or without bodies.
pub(crate) fn mail(call: &Call<'_>) -> Result<(), Answer> {
    let application = [&MAIL[..], &["Mail.ReadBasic.All", "Mail.ReadBasic"]].concat();
    let delegated = [&MAIL[..], &["Mail.ReadBasic"]].concat();
    call.require(&application, &delegated)
}

/// Whether bodies may be seen.
pub(crate) fn bodies(call: &Call<'_>) -> bool {
    call.caller.may(&MAIL)
}

/// Events and windows of the calendar without change tracking.
pub(crate) fn calendars(call: &Call<'_>) -> Result<(), Answer> {
    let any = [&CALENDARS[..], &["Calendars.ReadBasic", "Calendars.ReadBasic.All"]].concat();
    call.require(&any, &any)
}
