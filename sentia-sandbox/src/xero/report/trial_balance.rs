//! The trial balance: the month and the year to a day, debits beside credits.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;

use super::period::{month_start, year_start};
use super::sheet::{Cell, Line};
use super::wording::as_at;
use super::{Call, Contents, Refusal};
use crate::universe::Account;

const SECTIONS: [(&str, &str); 5] = [
    ("Revenue", "REVENUE"),
    ("Expenses", "EXPENSE"),
    ("Assets", "ASSET"),
    ("Liabilities", "LIABILITY"),
    ("Equity", "EQUITY"),
];

pub(super) fn contents(call: &Call<'_>) -> Result<Contents, Refusal> {
    let date = call.day("date")?.unwrap_or(call.today);
    let month = call.movements(month_start(date), date, &[]);
    let year = year_to(call, date);
    let headings = ["Account", "Debit", "Credit", "YTD Debit", "YTD Credit"];
    let mut rows = vec![Line::header(headings.map(|heading| Cell::text(call.word(heading))).to_vec())];
    let mut totals = [Decimal::ZERO; 4];
    for (title, class) in SECTIONS {
        let mut lines = vec![];
        for (at, account) in call.accounts().iter().enumerate().filter(|(_, known)| known.class == class) {
            if month[at].is_zero() && year[at].is_zero() {
                continue;
            }
            for (slot, amount) in sides(month[at]).into_iter().chain(sides(year[at])).enumerate() {
                totals[slot] += amount;
            }
            lines.push(row(account, month[at], year[at]));
        }
        if !lines.is_empty() {
            rows.push(Line::Section(call.word(title), lines));
        }
    }
    rows.push(Line::lone_summary(call.word("Total"), &totals));
    let titles = vec![
        call.word("Trial Balance").to_owned(),
        call.universe.books.name.to_owned(),
        as_at(call.wording(), date),
    ];
    Ok(Contents { titles, rows })
}

/// Income and expense since the financial year began, everything else since ever; what was earned before lies on
/// retained earnings.
fn year_to(call: &Call<'_>, date: NaiveDate) -> Vec<Decimal> {
    let start = year_start(date);
    let before = call.movements(NaiveDate::MIN, start - Days::new(1), &[]);
    let since = call.movements(start, date, &[]);
    let mut sums: Vec<Decimal> = since.iter().zip(&before).map(|(since, before)| since + before).collect();
    let mut retained = Decimal::ZERO;
    for (at, account) in call.accounts().iter().enumerate() {
        if matches!(account.class, "REVENUE" | "EXPENSE") {
            sums[at] = since[at];
            retained += before[at];
        }
    }
    sums[call.universe.account("960")] += retained;
    sums
}

fn sides(amount: Decimal) -> [Decimal; 2] {
    [amount.max(Decimal::ZERO), (-amount).max(Decimal::ZERO)]
}

fn row(account: &Account, month: Decimal, year: Decimal) -> Line {
    let title = match account.code {
        Some(code) => format!("{} ({code})", account.name),
        None => account.name.to_owned(),
    };
    // An account without movement shows its zero on the side where its balance usually is.
    let usual = matches!(account.class, "ASSET" | "EXPENSE");
    let pair = |amount: Decimal| {
        let debit = if amount.is_zero() { usual } else { amount > Decimal::ZERO };
        let shown = Cell::money(amount.abs());
        if debit { [shown, Cell::blank()] } else { [Cell::blank(), shown] }
    };
    let cells = std::iter::once(Cell::text(title)).chain(pair(month)).chain(pair(year));
    Line::row(cells.map(|cell| cell.of(account)).collect())
}
