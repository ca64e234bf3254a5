//! Regions and marketplaces: which belongs where.
//!
//! A region is another host, another refresh token and other rate buckets. A marketplace id that is sent to the wrong
//! region is refused with 400 or 403, which reads like a missing role; so it is refused here, before the first call.

use std::{fmt, str::FromStr};

use sentia_core::{Error, ErrorKind, Result};
use serde::Deserialize;

/// One of Amazon's regions: its host, its authorisation and its rate limits are its own.
///
/// ```
/// use sentia_connectors::amazon::Region;
///
/// assert_eq!("eu".parse::<Region>()?, Region::Eu);
/// assert!("uk".parse::<Region>().is_err(), "a country is no region");
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Region {
    /// Europe, with Turkey, South Africa, the Middle East, Egypt and India.
    Eu,
    /// The United States, Canada, Mexico and Brazil.
    Na,
}

impl Region {
    /// The API's address.
    pub(super) const fn api(self) -> &'static str {
        match self {
            Region::Eu => "https://sellingpartnerapi-eu.amazon.com",
            Region::Na => "https://sellingpartnerapi-na.amazon.com",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Region::Eu => "EU",
            Region::Na => "NA",
        })
    }
}

impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim().to_ascii_uppercase().as_str() {
            "EU" => Ok(Region::Eu),
            "NA" => Ok(Region::Na),
            _ => Err(Error::new(ErrorKind::ConfigInvalid, "region is neither EU nor NA; correct it")
                .context("setting", "region")
                .context("region", text)),
        }
    }
}

/// A marketplace that is known by its code.
struct Known {
    code: &'static str,
    id: &'static str,
    /// None for the Far East, which this connector does not read.
    region: Option<Region>,
}

const fn known(code: &'static str, id: &'static str, region: Option<Region>) -> Known {
    Known { code, id, region }
}

/// From the page "Marketplace IDs" of the developer documentation. The code of the United Kingdom there is `UK`.
const KNOWN: [Known; 24] = [
    known("UK", "A1F83G8C2ARO7P", Some(Region::Eu)),
    known("IE", "A28R8C7NBKEWEA", Some(Region::Eu)),
    known("DE", "A1PA6795UKMFR9", Some(Region::Eu)),
    known("FR", "A13V1IB3VIYZZH", Some(Region::Eu)),
    known("IT", "APJ6JRA9NG5V4", Some(Region::Eu)),
    known("ES", "A1RKKUPIHCS9HS", Some(Region::Eu)),
    known("NL", "A1805IZSGTT6HS", Some(Region::Eu)),
    known("BE", "AMEN7PMS3EDWL", Some(Region::Eu)),
    known("SE", "A2NODRKZP88ZB9", Some(Region::Eu)),
    known("PL", "A1C3SOZRARQ6R3", Some(Region::Eu)),
    known("TR", "A33AVAJ2PDY3EV", Some(Region::Eu)),
    known("ZA", "AE08WJ6YKNBMC", Some(Region::Eu)),
    known("EG", "ARBP9OOSHTCHU", Some(Region::Eu)),
    known("SA", "A17E79C6D8DWNP", Some(Region::Eu)),
    known("AE", "A2VIGQ35RCS4UG", Some(Region::Eu)),
    known("IN", "A21TJRUUN4KGV", Some(Region::Eu)),
    known("US", "ATVPDKIKX0DER", Some(Region::Na)),
    known("CA", "A2EUQ1WTGCTBG2", Some(Region::Na)),
    known("MX", "A1AM78C64UM0Y8", Some(Region::Na)),
    known("BR", "A2Q3Y263D00KWC", Some(Region::Na)),
    known("JP", "A1VC38T7YXB528", None),
    known("AU", "A39IBJ37TRP1C6", None),
    known("SG", "A19VAU5U5O7RUS", None),
    // What people write for the United Kingdom, and what nobody means by another country.
    known("GB", "A1F83G8C2ARO7P", Some(Region::Eu)),
];

/// How a marketplace is shown to people: its code where it is known, and its id.
pub(super) fn shown(id: &str) -> String {
    match KNOWN.iter().find(|known| known.id == id) {
        Some(known) => format!("{} ({id})", known.code),
        None => id.to_owned(),
    }
}

/// The ids of `named` marketplaces, each an id or a code, and the region they belong to.
///
/// # Errors
/// `ConfigInvalid`, naming the marketplace and the remedy.
pub(super) fn resolve(named: &[String], region: Option<Region>) -> Result<(Vec<String>, Region)> {
    let mut ids: Vec<String> = Vec::new();
    let mut region = region;
    for name in named.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let upper = name.to_ascii_uppercase();
        let found = KNOWN.iter().find(|known| known.code == upper || known.id == upper);
        let id = match found {
            Some(known) => {
                let own = known.region.ok_or_else(|| far_east(name))?;
                if *region.get_or_insert(own) != own {
                    return Err(elsewhere(name, own, region.unwrap_or(own)));
                }
                known.id
            }
            // Amazon opens new marketplaces; what it means is told by the account's own list of them.
            None if looks_like_an_id(&upper) => upper.as_str(),
            None => return Err(unknown(name)),
        };
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    if ids.is_empty() {
        return Err(invalid("marketplaces", "marketplaces is empty; name those to read, for instance UK"));
    }
    let region = region.ok_or_else(|| invalid("region", "region is missing; set it to EU or NA"))?;
    Ok((ids, region))
}

fn looks_like_an_id(text: &str) -> bool {
    (10..=20).contains(&text.len())
        && text.starts_with('A')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn invalid(setting: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message).context("connector", "amazon").context("setting", setting)
}

fn elsewhere(name: &str, own: Region, region: Region) -> Error {
    let message = format!(
        "marketplace {name} belongs to region {own}, not {region}; make a connection of its own for {own}, with \
         that region's refresh token"
    );
    invalid("marketplaces", message).context("marketplace", name)
}

fn far_east(name: &str) -> Error {
    let message = format!("marketplace {name} belongs to the Far East, which is not read; leave it out");
    invalid("marketplaces", message).context("marketplace", name)
}

fn unknown(name: &str) -> Error {
    let codes: Vec<_> = KNOWN.iter().filter(|known| known.region.is_some()).map(|known| known.code).collect();
    let message =
        format!("marketplace {name} is not known; give its id, or one of the codes {}", codes.join(", "));
    invalid("marketplaces", message).context("marketplace", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str], region: Option<Region>) -> Result<(Vec<String>, Region), String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        resolve(&names, region).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn codes_and_ids_are_one() {
        let uk = Ok((vec!["A1F83G8C2ARO7P".to_owned()], Region::Eu));
        for name in ["UK", "uk", "GB", "A1F83G8C2ARO7P", " a1f83g8c2aro7p "] {
            assert_eq!(of(&[name], None), uk, "{name}");
        }
        assert_eq!(of(&["UK", "A1F83G8C2ARO7P", ""], Some(Region::Eu)), uk, "each once");
    }

    #[test]
    fn another_region_is_refused_with_the_remedy() {
        let expected = "marketplace US belongs to region NA, not EU; make a connection of its own for NA, with that \
                        region's refresh token";
        assert_eq!(of(&["US"], Some(Region::Eu)), Err(expected.to_owned()));
        assert_eq!(of(&["UK", "US"], None), Err(expected.to_owned()));
        let japan = of(&["JP"], None).expect_err("not read");
        assert!(japan.contains("Far East"), "{japan}");
    }

    #[test]
    fn what_is_not_known_is_left_to_the_account_or_refused() {
        assert_eq!(of(&["ANEWONE123456"], Some(Region::Na)).map(|(ids, _)| ids.len()), Ok(1));
        assert!(of(&["ANEWONE123456"], None).expect_err("no region").contains("region is missing"));
        assert!(of(&["XX"], None).expect_err("unknown").contains("codes UK, IE, DE"));
        assert!(of(&[" "], None).expect_err("none").contains("marketplaces is empty"));
    }
}
