//! What one contact owes, or is owed: open invoices as they stood at a day.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::sheet::{Cell, Line};
use super::wording::{from_to, prose};
use super::{Call, Contents, Kind, Refusal};
use crate::universe::{DocumentStatus, Invoice, PaymentStatus, Side, Universe};

/// An invoice as it stood: total, paid, credited, due. Amounts are in its own currency.
struct Open<'u> {
    invoice: &'u Invoice,
    amounts: [Decimal; 4],
}

pub(super) fn contents(call: &Call<'_>, kind: Kind) -> Result<Contents, Refusal> {
    let wanted = call.params.get("contactId").or_else(|| call.params.get("contactID"));
    let wanted = wanted.ok_or_else(|| Refusal::Invalid("The contactId parameter is required".into()))?;
    let contacts = &call.universe.books.contacts;
    let id = Uuid::parse_str(wanted)
        .map_err(|_| Refusal::Invalid("The contactId parameter is not a valid Guid".into()))?;
    let contact = contacts.iter().position(|contact| contact.id == id).ok_or(Refusal::Unknown)?;
    let date = call.day("date")?.unwrap_or(call.today);
    let (from, to) = (call.day("fromDate")?, call.day("toDate")?);
    let to = to.unwrap_or(date);
    let side = if kind == Kind::AgedPayables { Side::Payable } else { Side::Receivable };
    let open = open_invoices(call.universe, contact, side, date);
    let (before, shown): (Vec<_>, Vec<_>) = open
        .into_iter()
        .filter(|open| open.invoice.document.date <= to)
        .partition(|open| from.is_some_and(|from| open.invoice.document.date < from));
    let first = shown.first().map_or(date, |open| open.invoice.document.date);
    let start = from.unwrap_or(first);
    let opening: Decimal = before.iter().map(|open| open.amounts[3]).sum();

    let number = if side == Side::Payable { "Reference" } else { "Number" };
    let headings = ["Date", number, "Due Date", "", "Total", "Paid", "Credited", "Due"];
    let mut cells = vec![Cell::text(stamp(start)), Cell::text(call.word("Opening Balance"))];
    cells.extend((0..5).map(|_| Cell::blank()));
    cells.push(Cell::money(opening));
    let mut totals = [Decimal::ZERO; 4];
    for open in &shown {
        for (total, amount) in totals.iter_mut().zip(open.amounts) {
            *total += amount;
        }
    }
    let mut lines: Vec<Line> = shown.iter().map(|open| row(open, date)).collect();
    lines.push(total_row(call.word("Total"), totals));
    totals[3] += opening;
    let closing = total_row(call.word("Closing Balance"), totals);
    let rows = vec![
        Line::header(headings.map(Cell::text).to_vec()),
        Line::Section("", vec![Line::row(cells)]),
        Line::Section("", lines),
        Line::Section("", vec![closing]),
    ];
    let titles = vec![
        call.word("Invoices").to_owned(),
        contacts[contact].name.clone(),
        from_to(call.wording(), start, to, true),
        format!("Showing payments to {}", prose(call.wording(), date)),
    ];
    Ok(Contents { titles, rows })
}

fn open_invoices(universe: &Universe, contact: usize, side: Side, date: NaiveDate) -> Vec<Open<'_>> {
    let counts = |invoice: &Invoice| {
        let document = &invoice.document;
        let approved = matches!(document.status, DocumentStatus::Authorised | DocumentStatus::Paid);
        approved && document.contact == contact && document.side == side && document.date <= date
    };
    let invoices = universe.books.invoices.iter().enumerate().filter(|(_, invoice)| counts(invoice));
    let mut open: Vec<Open<'_>> = invoices
        .map(|(at, invoice)| Open { invoice, amounts: standing(universe, at, invoice, date) })
        .filter(|open| !open.amounts[3].is_zero())
        .collect();
    open.sort_by_key(|open| open.invoice.document.date);
    open
}

fn standing(universe: &Universe, at: usize, invoice: &Invoice, date: NaiveDate) -> [Decimal; 4] {
    let books = &universe.books;
    let payments = invoice.payments.iter().map(|payment| &books.payments[*payment]);
    let paid: Decimal = payments
        .filter(|payment| payment.status == PaymentStatus::Authorised && payment.date <= date)
        .map(|payment| payment.amount)
        .sum();
    let notes = invoice.credits.iter().flat_map(|link| &books.credit_notes[link.credit_note].allocations);
    let noted: Decimal =
        notes.filter(|used| used.invoice == at && used.date <= date).map(|used| used.amount).sum();
    let advances = universe.ledger.used_against(invoice.document.id).iter();
    let advanced: Decimal = advances.filter(|link| link.date <= date).map(|link| link.amount).sum();
    let (total, credited) = (invoice.document.total, noted + advanced);
    [total, paid, credited, total - paid - credited]
}

fn row(open: &Open<'_>, date: NaiveDate) -> Line {
    let document = &open.invoice.document;
    let late = (date - document.due_date).num_days();
    let overdue = if late > 0 { format!("{late} days overdue") } else { String::new() };
    let mut cells = vec![
        Cell::text(stamp(document.date)),
        Cell::text(document.number.as_str()),
        Cell::text(stamp(document.due_date)),
        Cell::text(overdue),
    ];
    cells.extend(open.amounts.map(Cell::money));
    Line::row(cells.into_iter().map(|cell| cell.of_id("invoiceID", document.id)).collect())
}

fn total_row(title: &str, totals: [Decimal; 4]) -> Line {
    let mut cells = vec![Cell::text(title), Cell::blank(), Cell::blank(), Cell::blank()];
    cells.extend(totals.map(Cell::money));
    Line::Cells("SummaryRow", cells)
}

fn stamp(day: NaiveDate) -> String {
    format!("{day}T00:00:00")
}
