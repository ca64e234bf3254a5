//! Profit and loss of a span of days, beside earlier ones or split by a tracking category.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::layout::{Group, add, subtract};
use super::period::months_back;
use super::sheet::{Cell, Line};
use super::wording::from_to;
use super::{Call, Contents, Refusal};

/// A heading and sums per account.
type Column = (String, Vec<Decimal>);

pub(super) fn contents(call: &Call<'_>) -> Result<Contents, Refusal> {
    let (from, to) = call.span()?;
    let columns = match call.params.get("trackingCategoryID") {
        Some(category) => by_option(call, category, (from, to))?,
        None => by_period(call, (from, to))?,
    };
    let sums: Vec<Vec<Decimal>> = columns.iter().map(|(_, sums)| sums.clone()).collect();
    let group =
        |credit: bool, kinds: &[&str]| Group::gather(call, &sums, credit, |kind| kinds.contains(&kind));
    let (income, cost) = (group(true, &["REVENUE", "SALES"]), group(false, &["DIRECTCOSTS"]));
    let (other, running) =
        (group(true, &["OTHERINCOME"]), group(false, &["OVERHEADS", "EXPENSE", "DEPRECIATN"]));
    let gross = subtract(&income.totals, &cost.totals);
    let net = subtract(&add(&gross, &other.totals), &running.totals);

    let headings = columns.iter().map(|(heading, _)| Cell::text(heading.as_str()));
    let mut rows = vec![Line::header(std::iter::once(Cell::blank()).chain(headings).collect())];
    rows.extend(income.section(call, "Income", "Total Income", Some("Turnover")));
    rows.extend(cost.section(call, "Less Cost of Sales", "Total Cost of Sales", None));
    rows.push(Line::lone_row(call.word("Gross Profit"), &gross));
    rows.extend(other.section(call, "Plus Other Income", "Total Other Income", None));
    let gathered = Some("Administration");
    rows.extend(running.section(call, "Less Operating Expenses", "Total Operating Expenses", gathered));
    rows.push(Line::lone_row(call.word("Net Profit"), &net));
    let titles = vec![
        call.word("Profit & Loss").to_owned(),
        call.universe.books.name.to_owned(),
        from_to(call.wording(), from, to, false),
    ];
    Ok(Contents { titles, rows })
}

fn by_period(call: &Call<'_>, (from, to): (NaiveDate, NaiveDate)) -> Result<Vec<Column>, Refusal> {
    let options = call.options(&["trackingOptionID", "trackingOptionID2"])?;
    let column = |back: u32| {
        // The start of a month stays one; only ends need care.
        let (first, last) = (from - chrono::Months::new(back), months_back(to, back));
        (last.format("%-d %b %y").to_string(), call.movements(first, last, &options))
    };
    Ok(call.columns(12)?.into_iter().map(column).collect())
}

/// One column for each option of a category, one for lines without any, and their total.
fn by_option(
    call: &Call<'_>,
    category: &str,
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Column>, Refusal> {
    let known = call.universe.ledger.tracking_categories.iter();
    let found = known.into_iter().find(|known| known.id.to_string().eq_ignore_ascii_case(category));
    let unknown = || Refusal::Invalid(format!("Tracking category {category} is not valid"));
    let found = found.ok_or_else(unknown)?;
    let wanted = call.options(&["trackingOptionID"])?;
    let shown = found.options.iter().filter(|option| wanted.is_empty() || wanted.contains(&option.name));
    let mut columns: Vec<Column> =
        shown.map(|option| (option.name.to_owned(), call.movements(from, to, &[option.name]))).collect();
    if wanted.is_empty() {
        let total = call.movements(from, to, &[]);
        let assigned = columns.iter().fold(vec![Decimal::ZERO; total.len()], |sum, (_, one)| add(&sum, one));
        columns.push(("Unassigned".to_owned(), subtract(&total, &assigned)));
        columns.push((call.word("Total").to_owned(), total));
    }
    Ok(columns)
}
