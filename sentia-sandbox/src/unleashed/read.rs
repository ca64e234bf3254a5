//! What a path and a query mean, and the rows that answer them.

use uuid::Uuid;

use super::fault::UnleashedFault;
use super::habits::UnleashedHabits;
use super::list::{self, Page};
use super::query::Query;
use super::resource::{Resource, resource};
use super::rows::{self, Scene};
use super::server::{UnleashedState, not_found};
use super::stock;
use crate::reply::Reply;

/// What the path after the collection means.
enum Part {
    Page(usize),
    Record(Uuid),
    /// A list that hangs on a record.
    Child(Uuid, String),
}

/// A number is a page, a GUID is a record; `Page/2` is a page as well.
fn part(rest: &[&str]) -> Option<Part> {
    let page = |text: &str| text.parse().ok().filter(|page| *page > 0).map(Part::Page);
    match rest {
        [] => Some(Part::Page(1)),
        [word, number] if word.eq_ignore_ascii_case("page") => page(number),
        [one] => page(one).or_else(|| Uuid::parse_str(one).ok().map(Part::Record)),
        [id, child] => Uuid::parse_str(id).ok().map(|id| Part::Child(id, child.to_ascii_lowercase())),
        _ => None,
    }
}

pub(crate) fn read(
    state: &UnleashedState,
    segments: &[&str],
    query: &Query,
    habits: &UnleashedHabits,
    fault: Option<UnleashedFault>,
) -> Result<Reply, String> {
    let Some((name, rest)) = segments.split_first() else { return Ok(not_found()) };
    let Some(part) = part(rest) else { return Ok(not_found()) };
    if fault == Some(UnleashedFault::NotYetReadable) && matches!(part, Part::Record(_)) {
        return Ok(not_found());
    }
    let purchases = name.eq_ignore_ascii_case("PurchaseOrders");
    let universe = state.world.read();
    let scene = Scene {
        w: &universe.warehouse,
        now: state.world.clock.now(),
        brief: query.flag("brief", purchases)?,
        attributes: query.flag("includeAttributes", false)?,
        all_contacts: query.flag("includeAllContacts", false)?,
    };
    if name.eq_ignore_ascii_case("StockOnHand") {
        return stock_on_hand(&scene, part, query, habits, fault);
    }
    match resource(name) {
        Some(resource) => collection(&scene, resource, part, query, habits, fault),
        None => Ok(not_found()),
    }
}

fn collection(
    scene: &Scene<'_>,
    resource: &Resource,
    part: Part,
    query: &Query,
    habits: &UnleashedHabits,
    fault: Option<UnleashedFault>,
) -> Result<Reply, String> {
    let w = scene.w;
    let find = |id: Uuid| {
        let live = |at: &usize| {
            let record = (resource.record)(w, *at);
            record.id == id && record.gone.is_none()
        };
        (0..(resource.len)(w)).find(live)
    };
    Ok(match part {
        Part::Page(number) => {
            let rows = list::select(scene, resource, query, habits, fault)?;
            let unpaged = resource.path == "BillOfMaterials" && !habits.bills_paged;
            let fault = if unpaged { Some(UnleashedFault::NullPagination) } else { fault };
            let page =
                list::page(&rows, number, query, habits, fault, |o, at| (resource.write)(o, scene, at));
            Reply::json(200, page.envelope(habits, fault))
        }
        Part::Record(id) => match find(id) {
            Some(at) => Reply::json(200, list::text(habits, |o| (resource.write)(o, scene, at))),
            None => not_found(),
        },
        Part::Child(id, child) if resource.path == "Customers" && child == "contacts" => match find(id) {
            Some(at) => {
                let known = &w.customers[at];
                let contacts = known.email.iter().map(|_| list::text(habits, |o| rows::contact(o, known)));
                Reply::json(200, unpaged(contacts.collect()).envelope(habits, None))
            }
            None => not_found(),
        },
        Part::Child(..) => not_found(),
    })
}

/// A short list that hangs on a record: without counts.
fn unpaged(rows: Vec<String>) -> Page {
    Page { number: 1, size: 200, items: rows.len(), rows, counted: false }
}

/// `asAtDate` is refused: the universe does not keep yesterday's stock.
fn stock_on_hand(
    scene: &Scene<'_>,
    part: Part,
    query: &Query,
    habits: &UnleashedHabits,
    fault: Option<UnleashedFault>,
) -> Result<Reply, String> {
    if query.get("asAtDate").is_some() {
        return Ok(Reply::text(501, "The sandbox does not implement asAtDate"));
    }
    Ok(match part {
        Part::Page(number) => {
            let levels = stock::select(scene, query, habits, fault)?;
            let page =
                list::page(&levels, number, query, habits, fault, |o, row| stock::write(o, scene, row));
            Reply::json(200, page.envelope(habits, fault))
        }
        Part::Record(id) => match stock::total(scene, id) {
            Some(level) => Reply::json(200, list::text(habits, |o| stock::write(o, scene, level))),
            None => not_found(),
        },
        Part::Child(id, child) if child == "allwarehouses" => {
            let levels = stock::everywhere(scene, id);
            let rows = levels.into_iter().map(|level| list::text(habits, |o| stock::write(o, scene, level)));
            Reply::json(200, unpaged(rows.collect()).envelope(habits, None))
        }
        Part::Child(..) => not_found(),
    })
}
