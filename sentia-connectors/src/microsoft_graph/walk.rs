//! Lists of lists: what is read once per configured site, drive, mailbox or workbook, one after the other.

use sentia_core::{Context, Decoded, Error, ErrorKind, Fetch, Page, Result};
use serde::{Deserialize, Serialize};

use super::{client::Client, place};

/// Where a walk over the configured references stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stop {
    /// The reference.
    pub(super) at: String,
    /// The page of its list; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<String>,
    /// Names asked for that nothing bore so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) missing: Vec<String>,
}

impl Stop {
    /// The stop that `request` asks for: the first reference, looking for `wanted`, or what its token says.
    ///
    /// # Errors
    /// `PositionExpired` where the configuration has changed meanwhile.
    pub(super) fn of(request: &Fetch<'_>, references: &[String], wanted: &[String]) -> Result<Option<Self>> {
        let Some(token) = request.page() else {
            let first = references.first().cloned();
            return Ok(first.map(|at| Stop { at, link: None, missing: wanted.to_vec() }));
        };
        let stop: Stop = place::read(token)?;
        let known = references.contains(&stop.at) && stop.missing.iter().all(|name| wanted.contains(name));
        if known {
            return Ok(Some(stop));
        }
        let message = "the saved place is not in the configuration any more; reading anew";
        Err(Error::new(ErrorKind::PositionExpired, message).context("at", stop.at))
    }

    /// Takes note of something found, by any of its names. False where it was not asked for.
    pub(super) fn takes(&mut self, wanted: &[String], names: &[&str]) -> bool {
        let is_one = |wanted: &String| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
        self.missing.retain(|name| !is_one(name));
        wanted.is_empty() || wanted.iter().any(is_one)
    }

    /// The page that leads on from here: within the reference by `link`, to the next one, or to the end.
    ///
    /// # Errors
    /// `NotFound` where a name was asked for and no reference has it: to read on would be to miss it silently.
    pub(super) fn page(self, references: &[String], link: Option<String>, decoded: Decoded) -> Result<Page> {
        let following = references.iter().position(|at| *at == self.at).and_then(|at| references.get(at + 1));
        let next = match (link, following) {
            (Some(link), _) => Stop { link: Some(link), ..self },
            (None, Some(at)) => Stop { at: at.clone(), link: None, missing: self.missing },
            (None, None) if self.missing.is_empty() => return Ok(Page::last(decoded)),
            (None, None) => {
                let message = "nothing of that name is there, or the app may not see it; correct the setting";
                return Err(Error::new(ErrorKind::NotFound, message)
                    .context("wanted", self.missing.join(", "))
                    .context("in", references.join(", ")));
            }
        };
        Ok(Page::more(decoded, place::written(&next)))
    }
}

/// What is in force for a walk: a change of the configuration is a change of what can be seen.
pub(super) async fn read_scope(
    client: &Client,
    cx: &Context,
    references: &[String],
    wanted: &[String],
) -> Result<String> {
    let (references, wanted) = (references.join(", "), wanted.join(", "));
    Ok(format!("{}; of {references}; only {wanted}", client.read_scope(cx).await?))
}

#[cfg(test)]
mod tests {
    use sentia_core::{StreamInfo, page::PageToken};

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_walk_visits_every_reference_and_every_page() {
        let (info, references) = (StreamInfo::new("lists").key(&["id"]), names(&["a", "b"]));
        let (mut token, mut seen) = (None::<PageToken>, Vec::new());
        loop {
            let request = Fetch::new(&info).at(token.as_ref());
            let stop = Stop::of(&request, &references, &[]).expect("ours").expect("some");
            seen.push(format!("{} {:?}", stop.at, stop.link));
            let link = (stop.at == "a" && stop.link.is_none()).then(|| "p2".to_owned());
            let page = stop.page(&references, link, Decoded::default()).expect("a page");
            match page.next() {
                sentia_core::page::Next::More(next) => token = Some(next.clone()),
                _ => break,
            }
        }
        assert_eq!(seen, ["a None", "a Some(\"p2\")", "b None"]);
    }

    #[test]
    fn a_name_that_nothing_bears_is_an_error_at_the_end() {
        let (references, wanted) = (names(&["a"]), names(&["Orders", "Plan"]));
        let info = StreamInfo::new("lists").key(&["id"]);
        let mut stop = Stop::of(&Fetch::new(&info), &references, &wanted).expect("ours").expect("some");
        assert!(stop.takes(&wanted, &["x", "orders"]) && !stop.takes(&wanted, &["Tasks"]));
        let error = stop.page(&references, None, Decoded::default()).expect_err("missing");
        assert_eq!((error.kind(), error.context_value("wanted")), (ErrorKind::NotFound, Some("Plan")));
    }

    #[test]
    fn a_reference_that_left_the_configuration_is_a_lost_place() {
        let info = StreamInfo::new("lists").key(&["id"]);
        let token = PageToken::from(r#"{"at":"gone"}"#);
        let error = Stop::of(&Fetch::new(&info).at(Some(&token)), &names(&["a"]), &[]).expect_err("changed");
        assert_eq!(error.kind(), ErrorKind::PositionExpired);
    }
}
