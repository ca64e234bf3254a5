//! How the office comes to be: people first, then their files and mail, from what shops and books hold.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::generate_files::{drives, lists, workbook};
use super::generate_mail::mailbox;
use super::people::OfficeUser;
use super::track::{Ledger, Removal, Tombstone, Track};
use super::{Office, Site};
use crate::rng::Rng;
use crate::universe::shop::Shop;
use crate::universe::{Books, Size, Universe};

const DOMAIN: &str = "hearthgrain.onmicrosoft.com";
const HOST: &str = "hearthgrain.sharepoint.com";
const GIVEN: [&str; 9] = ["Amélie", "Bob", "Carys", "Dmitri", "Eve", "Farid", "Grace", "Hugo", "Ines"];
const SURNAMES: [&str; 8] = ["Ashworth", "Bałucki", "Clark", "D'Arcy", "Evans", "Ferreira", "Grant", "Hall"];
const JOBS: [(&str, &str); 5] = [
    ("Production planner", "Production"),
    ("Buyer", "Purchasing"),
    ("Accountant", "Finance"),
    ("Sales manager", "Sales"),
    ("Warehouse lead", "Logistics"),
];

/// What the office is made from.
pub(crate) struct Story<'u> {
    pub(crate) size: &'u Size,
    pub(crate) shop: &'u Shop,
    pub(crate) books: &'u Books,
    pub(crate) start: DateTime<Utc>,
    pub(crate) as_of: DateTime<Utc>,
}

impl Office {
    /// Nothing yet: shops and books come first.
    pub(crate) fn unborn(start: DateTime<Utc>) -> Self {
        let track = Track::unnumbered(start);
        Self {
            tenant_id: Uuid::nil(),
            domain: DOMAIN,
            users: vec![],
            removed_users: vec![],
            site: Site {
                id: String::new(),
                host: HOST,
                path: "sites/production",
                title: "Production",
                track,
            },
            lists: vec![],
            drives: vec![],
            workbooks: vec![],
            mailboxes: vec![],
            ledger: Ledger::default(),
            rng: Rng::new(0),
        }
    }
}

/// The office of a universe whose history has been played.
pub(crate) fn office(universe: &Universe, start: DateTime<Utc>) -> Office {
    let story = &Story {
        size: &universe.size,
        shop: &universe.shop_uk,
        books: &universe.books,
        start,
        as_of: universe.now,
    };
    let rng = Rng::new(universe.seed).fork(40);
    let mut ids = rng.fork(1);
    let mut office = Office::unborn(start);
    office.tenant_id = ids.guid();
    office.site.id = format!("{HOST},{},{}", ids.guid(), ids.guid());
    let people = 8 + story.size.customers_per_shop * 2;
    let mut chance = rng.fork(2);
    office.users = (0..people).map(|ordinal| user(ordinal, &mut ids, &mut chance, start)).collect();
    office.drives = drives(story, &office.users, &mut rng.fork(3));
    office.workbooks = vec![workbook(story, &office.drives[0], &mut rng.fork(4))];
    let mailbox = |nth| mailbox(story, &office.users, nth, &mut rng.fork(5 + nth as u64));
    office.mailboxes = (0..3).map(mailbox).collect();
    office.lists = lists(story, &mut rng.fork(9));
    office.rng = rng.fork(10);
    office.number();
    // One user left not long ago and lies in the recycle bin: the first round tells of it.
    let (step, at) = office.step(story.as_of - TimeDelta::days(3));
    office.removed_users.push(Tombstone { key: ids.guid(), at, removal: Removal::Soft, step });
    office
}

/// One more user, its members told by its ordinal.
pub(crate) fn user(ordinal: usize, ids: &mut Rng, rng: &mut Rng, at: DateTime<Utc>) -> OfficeUser {
    let id: Uuid = ids.guid();
    let given = GIVEN[ordinal % GIVEN.len()];
    let surname = SURNAMES[(ordinal / GIVEN.len() + ordinal) % SURNAMES.len()];
    let (job, department) = JOBS[ordinal % JOBS.len()];
    let address = format!("user{:03}@{DOMAIN}", ordinal + 1);
    let mut members: BTreeMap<&'static str, Option<String>> = BTreeMap::new();
    let mut set = |name, value: &str| members.insert(name, (!value.is_empty()).then(|| value.to_owned()));
    set("displayName", &format!("{given} {surname}"));
    set("givenName", given);
    set("surname", surname);
    set("userPrincipalName", &address);
    set("mail", if ordinal % 7 == 6 { "" } else { &address });
    set("jobTitle", job);
    set("department", if ordinal % 5 == 4 { "" } else { department });
    set("officeLocation", ["Leeds", "London", ""][ordinal % 3]);
    set("mobilePhone", &if rng.percent(50) { format!("+44 7700 {:06}", ordinal) } else { String::new() });
    set("preferredLanguage", ["en-GB", ""][ordinal % 2]);
    set("employeeId", &format!("E{:05}", 100 + ordinal));
    set("companyName", "Hearth & Grain Ltd");
    set("country", "United Kingdom");
    set("usageLocation", "GB");
    OfficeUser {
        id,
        members,
        account_enabled: ordinal % 6 != 5,
        track: Track::unnumbered(at + TimeDelta::minutes(ordinal as i64)),
    }
}
