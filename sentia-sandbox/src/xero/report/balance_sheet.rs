//! The balance sheet at one day, beside earlier ones.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::layout::{Group, add, subtract};
use super::period::{month_end, months_back, year_start};
use super::sheet::{Cell, Line};
use super::wording::as_at;
use super::{Call, Contents, Refusal};

const INCOME_AND_EXPENSE: [&str; 2] = ["REVENUE", "EXPENSE"];

pub(super) fn contents(call: &Call<'_>) -> Result<Contents, Refusal> {
    let date = call.day("date")?.unwrap_or_else(|| month_end(call.today));
    // Documents say 11, the description of the model 12: the lower bound is the safe one to hold a client to.
    let days: Vec<NaiveDate> = call.columns(11)?.into_iter().map(|back| months_back(date, back)).collect();
    let options = call.options(&["trackingOptionID1", "trackingOptionID2"])?;
    let columns: Vec<Vec<Decimal>> =
        days.iter().map(|day| call.movements(NaiveDate::MIN, *day, &options)).collect();
    let group =
        |credit: bool, kinds: &[&str]| Group::gather(call, &columns, credit, |kind| kinds.contains(&kind));
    let (bank, current) = (group(false, &["BANK"]), group(false, &["CURRENT", "INVENTORY", "PREPAYMENT"]));
    let (fixed, liabilities) = (group(false, &["FIXED", "NONCURRENT"]), group(true, &["CURRLIAB"]));
    let assets = add(&add(&bank.totals, &current.totals), &fixed.totals);

    let mut rows = vec![Line::header(
        std::iter::once(Cell::blank())
            .chain(days.iter().map(|day| Cell::text(day.format("%-d %b %Y").to_string())))
            .collect(),
    )];
    rows.push(Line::Section(call.word("Assets"), vec![]));
    let gathered = Some("Cash at bank and in hand");
    rows.extend(bank.section(call, "Bank", "Total Bank", gathered));
    rows.extend(current.section(call, "Current Assets", "Total Current Assets", None));
    rows.extend(fixed.section(call, "Fixed Assets", "Total Fixed Assets", None));
    rows.push(Line::lone_summary(call.word("Total Assets"), &assets));
    rows.push(Line::Section(call.word("Liabilities"), vec![]));
    rows.extend(liabilities.section(call, "Current Liabilities", "Total Current Liabilities", None));
    rows.push(Line::lone_summary(call.word("Total Liabilities"), &liabilities.totals));
    rows.push(Line::lone_row(call.word("Net Assets"), &subtract(&assets, &liabilities.totals)));
    rows.push(equity(call, &days, &columns, &options));
    let titles = vec![
        call.word("Balance Sheet").to_owned(),
        call.universe.books.name.to_owned(),
        as_at(call.wording(), date),
    ];
    Ok(Contents { titles, rows })
}

/// Equity accounts, with this year's earnings, which have no account, and the earlier years' in theirs.
fn equity(call: &Call<'_>, days: &[NaiveDate], columns: &[Vec<Decimal>], options: &[&str]) -> Line {
    let earnings = |sums: &[Decimal]| -> Decimal {
        let accounts = call.accounts().iter().zip(sums);
        accounts
            .filter(|(account, _)| INCOME_AND_EXPENSE.contains(&account.class))
            .map(|(_, sum)| -*sum)
            .sum()
    };
    let this_year: Vec<Decimal> =
        days.iter().map(|day| earnings(&call.movements(year_start(*day), *day, options))).collect();
    let all: Vec<Decimal> = columns.iter().map(|sums| earnings(sums)).collect();
    let earlier = subtract(&all, &this_year);

    let mut rows = vec![earnings_row(call, days, &this_year)];
    let retained = call.universe.account("960");
    let account = &call.accounts()[retained];
    let own: Vec<Decimal> = columns.iter().map(|sums| -sums[retained]).collect();
    let retained_amounts = add(&own, &earlier);
    let mut cells = vec![Cell::text(account.name).of(account)];
    cells.extend(retained_amounts.iter().zip(days).map(|(amount, day)| {
        let until = year_start(*day) - Days::new(1);
        Cell::money(*amount).of(account).about("fromDate", "").about("toDate", american(until))
    }));
    rows.push(Line::row(cells));
    let others = Group::gather(call, columns, true, |kind| kind == "EQUITY");
    // The retained earnings account has its own row already.
    let others_rows = others.lines(call);
    rows.extend(others_rows.into_iter().filter(|line| !is_of(line, account.name)));
    let totals = add(&add(&this_year, &earlier), &others.totals);
    rows.push(Line::summary(call.word("Total Equity"), &totals));
    Line::Section(call.word("Equity"), rows)
}

fn is_of(line: &Line, name: &str) -> bool {
    matches!(line, Line::Cells(_, cells) if cells.first().is_some_and(|cell| cell.is(name)))
}

fn earnings_row(call: &Call<'_>, days: &[NaiveDate], amounts: &[Decimal]) -> Line {
    let nobody = |cell: Cell| cell.of_id("account", Uuid::nil());
    let mut cells = vec![nobody(Cell::text(call.word("Current Year Earnings")))];
    cells.extend(amounts.iter().zip(days).map(|(amount, day)| {
        let from = american(year_start(*day));
        nobody(Cell::money(*amount)).about("fromDate", from).about("toDate", american(*day))
    }));
    Line::row(cells)
}

/// The one place where the vendor writes days this way: `4/30/2019`.
fn american(day: NaiveDate) -> String {
    day.format("%-m/%-d/%Y").to_string()
}
