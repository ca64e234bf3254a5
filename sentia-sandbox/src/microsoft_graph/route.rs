//! Which resource a path names.

use super::answer::Answer;
use super::call::Call;
use super::delta::{self, Feed};
use super::link::Link;
use super::server::{Incoming, answer_call, lock};
use super::{batch, event_rows, file_lists, mail_lists, subscription, user_lists, workbook};

type Outcome = Result<Answer, Answer>;

pub(crate) fn dispatch(mut call: Call<'_>) -> Answer {
    if call.method == "GET" && call.skip == 0 {
        let link = lock(&call.state.links).find(call.target);
        match link {
            Some(Link::Round { round, issued_at, generation }) => {
                return either(delta::resume(&call, *round, issued_at, generation));
            }
            Some(Link::List { target, skip }) => {
                let Call { state, method, headers, body, caller, settings, fault, .. } = call;
                let request = Incoming { method, target: &target, headers, body };
                return answer_call(state, &request, caller, settings, fault, skip);
            }
            None => {}
        }
    }
    if let Err(refusal) = me(&mut call) {
        return refusal;
    }
    if let Err(refusal) = strange_token(&call) {
        return refusal;
    }
    either(route(&call))
}

fn either(outcome: Outcome) -> Answer {
    outcome.unwrap_or_else(|refusal| refusal)
}

/// `/me` as the user who delegated.
fn me(call: &mut Call<'_>) -> Result<(), Answer> {
    if call.segments.first().is_none_or(|first| first != "me") {
        return Ok(());
    }
    let words = "/me request is only valid with delegated authentication flow.";
    let user = call.caller.user.ok_or_else(|| Answer::error(400, "BadRequest", words))?;
    call.segments.splice(0..1, ["users".to_owned(), user.to_string()]);
    Ok(())
}

/// A token in a link that was never given in this form.
fn strange_token(call: &Call<'_>) -> Result<(), Answer> {
    if call.option("$skiptoken").is_some() || call.option("$skipToken").is_some() {
        return Err(Answer::error(400, "BadRequest", "Skip token is null or malformed."));
    }
    Ok(())
}

fn route(call: &Call<'_>) -> Outcome {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    if segments.contains(&"workbook") {
        return workbook::route(call, &segments);
    }
    match (call.method, segments.as_slice()) {
        ("POST", ["$batch"]) => batch::answer(call),
        ("GET", ["subscriptions"]) => subscription::list(call),
        ("GET", ["subscriptions", id]) => subscription::get(call, id),
        ("PATCH", ["subscriptions", id]) => subscription::renew(call, id),
        ("DELETE", ["subscriptions", id]) => subscription::delete(call, id),
        ("POST", ["subscriptions", id, "reauthorize"]) => subscription::reauthorize(call, id),
        ("GET", ["users"]) => user_lists::list(call),
        ("GET", ["users", "delta"]) => delta::begin(call, Feed::Users),
        ("GET", ["users", id]) => user_lists::get(call, id),
        ("GET", ["users", id, "drive"]) => file_lists::own_drive(call, id),
        ("GET", ["users", id, rest @ ..]) => mail(call, id, rest),
        ("GET", ["sites", ..] | ["drives", ..]) => files(call, &segments),
        ("GET", _) => Err(unknown(&segments)),
        _ => Err(Answer::error(
            405,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        )),
    }
}

fn mail(call: &Call<'_>, user: &str, rest: &[&str]) -> Outcome {
    let mailbox = mail_lists::mailbox(call, user)?;
    match rest {
        ["mailFolders"] => mail_lists::folders(call, mailbox, None),
        ["mailFolders", "delta"] => delta::begin(call, Feed::MailFolders { mailbox, path: String::new() }),
        ["mailFolders", folder] => mail_lists::folder(call, mailbox, folder),
        ["mailFolders", folder, "childFolders"] => mail_lists::folders(call, mailbox, Some(folder)),
        ["mailFolders", folder, "messages"] => mail_lists::messages(call, mailbox, Some(folder)),
        ["mailFolders", folder, "messages", "delta"] => {
            let folder = mail_lists::find_folder(call, mailbox, folder)?;
            delta::begin(call, Feed::Messages { mailbox, folder, path: String::new() })
        }
        ["messages"] => mail_lists::messages(call, mailbox, None),
        ["messages", "delta"] => {
            let words =
                "Change tracking is not supported against 'microsoft.graph.message' without a folder.";
            Err(Answer::error(400, "ErrorInvalidRequest", words))
        }
        ["messages", id] => mail_lists::message(call, mailbox, id),
        ["events"] => event_rows::events(call, mailbox),
        ["events", "delta"] => {
            // Documented as beta only.
            let words = "Change tracking is not supported against 'microsoft.graph.event'.";
            Err(Answer::error(400, "ErrorInvalidRequest", words))
        }
        ["events", id] => event_rows::event(call, mailbox, id),
        ["calendarView"] => event_rows::view(call, mailbox),
        ["calendarView", "delta"] => {
            let (start, end) = event_rows::window(call)?;
            delta::begin(call, Feed::CalendarView { mailbox, start, end, path: String::new() })
        }
        _ => Err(unknown(&["users", user])),
    }
}

fn files(call: &Call<'_>, segments: &[&str]) -> Outcome {
    match segments {
        ["sites"] => file_lists::search_sites(call),
        ["sites", site, rest @ ..] => {
            file_lists::known_site(call, site)?;
            match rest {
                [] => file_lists::site(call),
                ["lists"] => file_lists::lists(call),
                ["drives"] => file_lists::drives(call),
                ["drive"] => file_lists::drive(call, 0),
                ["lists", list, rest @ ..] => {
                    let list = file_lists::find_list(call, list)?;
                    match rest {
                        [] => file_lists::list(call, list),
                        ["columns"] => file_lists::columns(call, list),
                        ["items"] => file_lists::items(call, list),
                        ["items", "delta"] => {
                            delta::begin(call, Feed::ListItems { list, path: String::new() })
                        }
                        ["items", id] => file_lists::item(call, list, id),
                        _ => Err(unknown(segments)),
                    }
                }
                _ => Err(unknown(segments)),
            }
        }
        ["drives", drive, rest @ ..] => {
            let at = file_lists::find_drive(call, drive)?;
            match rest {
                [] => file_lists::drive(call, at),
                ["root"] => file_lists::drive_item(call, at, None),
                ["root", "delta"] => delta::begin(call, Feed::DriveItems { drive: at, id: String::new() }),
                ["root", "children"] => file_lists::children(call, at, None),
                ["items", item] => file_lists::drive_item(call, at, Some(item)),
                ["items", item, "children"] => file_lists::children(call, at, Some(item)),
                _ => Err(unknown(segments)),
            }
        }
        _ => Err(unknown(segments)),
    }
}

/// Typos fail loudly.
pub(crate) fn unknown(segments: &[&str]) -> Answer {
    let words =
        format!("Resource not found for the segment '{}'.", segments.last().copied().unwrap_or_default());
    Answer::error(400, "BadRequest", &words)
}
