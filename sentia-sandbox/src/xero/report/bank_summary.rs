//! What each bank account received and spent.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;

use super::sheet::{Cell, Line};
use super::wording::from_to;
use super::{Call, Contents, Refusal};
use crate::universe::PostingLine;

pub(super) fn contents(call: &Call<'_>) -> Result<Contents, Refusal> {
    let (from, to) = call.span()?;
    let opening = call.universe.movements(NaiveDate::MIN, from - Days::new(1), |_| true);
    let received = call.universe.movements(from, to, |line: &PostingLine| line.net > Decimal::ZERO);
    let spent = call.universe.movements(from, to, |line: &PostingLine| line.net < Decimal::ZERO);
    let headings = ["Bank Accounts", "Opening Balance", "Cash Received", "Cash Spent", "Closing Balance"];
    let header = Line::header(headings.map(|heading| Cell::text(call.word(heading))).to_vec());
    let mut lines = vec![];
    let mut totals = [Decimal::ZERO; 4];
    for (at, account) in call.accounts().iter().enumerate().filter(|(_, known)| known.kind == "BANK") {
        let closing = opening[at] + received[at] + spent[at];
        let amounts = [opening[at], received[at], -spent[at], closing];
        for (total, amount) in totals.iter_mut().zip(amounts) {
            *total += amount;
        }
        let [opening, received, spent, closing] = amounts.map(Cell::money);
        // Only the name says `accountID`; balances say nothing.
        let name = Cell::text(account.name).of_id("accountID", account.id);
        lines.push(Line::row(vec![name, opening, received.of(account), spent.of(account), closing]));
    }
    lines.push(Line::summary(call.word("Total"), &totals));
    let titles = vec![
        call.word("Bank Summary").to_owned(),
        call.universe.books.name.to_owned(),
        from_to(call.wording(), from, to, true),
    ];
    Ok(Contents { titles, rows: vec![header, Line::Section("", lines)] })
}
