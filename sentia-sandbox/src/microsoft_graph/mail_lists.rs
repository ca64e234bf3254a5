//! Mailboxes read plainly.

use uuid::Uuid;

use super::answer::Answer;
use super::call::{Call, project};
use super::mail_rows::{self, FOLDER_MEMBERS, MESSAGE_MEMBERS};
use super::user_lists::{missing, names};
use super::{pages, permission};
use crate::universe::office::{folder_id, immutable_id, plain_id};

type Outcome = Result<Answer, Answer>;

fn not_found() -> Answer {
    Answer::error(404, "ErrorItemNotFound", "The specified object was not found in the store.")
}

/// The position of a user's mailbox. A user who delegated only has his own.
pub(crate) fn mailbox(call: &Call<'_>, user: &str) -> Result<usize, Answer> {
    let universe = call.state.world.read();
    let office = &universe.office;
    let user = office.users.iter().find(|known| names(known, user)).ok_or_else(|| missing(user))?;
    if call.caller.user.is_some_and(|caller| caller != user.id) {
        return Err(Answer::error(
            403,
            "ErrorAccessDenied",
            "Access is denied. Check credentials and try again.",
        ));
    }
    let words = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
    let at = office.mailboxes.iter().position(|mailbox| mailbox.user == user.id);
    at.ok_or_else(|| Answer::error(404, "MailboxNotEnabledForRESTAPI", words))
}

/// A folder by its id or its well-known name.
pub(crate) fn find_folder(call: &Call<'_>, mailbox: usize, id: &str) -> Result<Uuid, Answer> {
    permission::mail(call)?;
    let universe = call.state.world.read();
    let folders = &universe.office.mailboxes[mailbox].folders;
    let known = folders.iter().find(|folder| {
        folder_id(folder.id) == id || folder.well_known.is_some_and(|name| name.eq_ignore_ascii_case(id))
    });
    known.map(|folder| folder.id).ok_or_else(not_found)
}

/// The folders of one level.
pub(crate) fn folders(call: &Call<'_>, mailbox: usize, parent: Option<&str>) -> Outcome {
    permission::mail(call)?;
    call.only(&["$select", "$top", "$skip", "$count"])?;
    let select = call.select(&FOLDER_MEMBERS, "microsoft.graph.mailFolder")?;
    let parent = parent.map(|id| find_folder(call, mailbox, id)).transpose()?;
    let universe = call.state.world.read();
    let mailbox = &universe.office.mailboxes[mailbox];
    let level = mailbox.folders.iter().filter(|folder| folder.parent == parent);
    let rows = level.map(|folder| project(mail_rows::folder(mailbox, folder), select.as_deref())).collect();
    drop(universe);
    Ok(mail_rows::applied(call, pages::page(call, rows, "mailFolders", (10, 1_000))?))
}

pub(crate) fn folder(call: &Call<'_>, mailbox: usize, id: &str) -> Outcome {
    let id = find_folder(call, mailbox, id)?;
    let universe = call.state.world.read();
    let mailbox = &universe.office.mailboxes[mailbox];
    let folder = mailbox.folders.iter().find(|folder| folder.id == id).ok_or_else(not_found)?;
    Ok(pages::single(call, mail_rows::folder(mailbox, folder), "mailFolders"))
}

/// Messages of a folder, or of all, newest first.
pub(crate) fn messages(call: &Call<'_>, mailbox: usize, folder: Option<&str>) -> Outcome {
    permission::mail(call)?;
    call.only(&["$select", "$top", "$skip", "$count", "$orderby"])?;
    let select = call.select(&MESSAGE_MEMBERS, "microsoft.graph.message")?;
    let folder = folder.map(|id| find_folder(call, mailbox, id)).transpose()?;
    let universe = call.state.world.read();
    let office = &universe.office;
    let messages = office.mailboxes[mailbox].messages.iter();
    let mut messages: Vec<_> = messages.filter(|m| folder.is_none_or(|folder| m.folder == folder)).collect();
    messages.sort_by_key(|message| std::cmp::Reverse(message.received_at));
    let rows = messages.into_iter().map(|m| project(mail_rows::message(call, office, m), select.as_deref()));
    let rows = rows.collect();
    drop(universe);
    Ok(mail_rows::applied(call, pages::page(call, rows, "messages", (10, 1_000))?))
}

/// One message by either of its ids; a plain id from before a move is of no use.
pub(crate) fn message(call: &Call<'_>, mailbox: usize, id: &str) -> Outcome {
    permission::mail(call)?;
    let select = call.select(&MESSAGE_MEMBERS, "microsoft.graph.message")?;
    let universe = call.state.world.read();
    let office = &universe.office;
    let mut messages = office.mailboxes[mailbox].messages.iter();
    let message = messages.find(|m| immutable_id(m.id) == id || plain_id(m.id, m.moves) == id);
    let row = mail_rows::message(call, office, message.ok_or_else(not_found)?);
    Ok(mail_rows::applied(call, pages::single(call, project(row, select.as_deref()), "messages")))
}
