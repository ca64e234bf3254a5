//! Sections of accounts, in the standard layout or the organisation's own.

use rust_decimal::Decimal;

use super::Call;
use super::sheet::{Cell, Line};

/// Accounts with their amounts per column, and what they add up to.
pub(super) struct Group {
    rows: Vec<(usize, Vec<Decimal>)>,
    pub(super) totals: Vec<Decimal>,
}

impl Group {
    /// The accounts that `belongs` picks and that show anything. `columns` are sums per account, debits positive;
    /// `credit` turns them round.
    pub(super) fn gather(
        call: &Call<'_>,
        columns: &[Vec<Decimal>],
        credit: bool,
        belongs: impl Fn(&str) -> bool,
    ) -> Self {
        let sign = if credit { -Decimal::ONE } else { Decimal::ONE };
        let amounts = |at: usize| columns.iter().map(|sums| sign * sums[at]).collect::<Vec<Decimal>>();
        let chosen = call.accounts().iter().enumerate().filter(|(_, account)| belongs(account.kind));
        let rows: Vec<_> = chosen
            .map(|(at, _)| (at, amounts(at)))
            .filter(|(_, amounts)| amounts.iter().any(|amount| !amount.is_zero()))
            .collect();
        let sum = |column: usize| rows.iter().map(|(_, amounts)| amounts[column]).sum();
        let totals = (0..columns.len()).map(sum).collect();
        Self { rows, totals }
    }

    /// A section with a total; nothing when no account shows. The organisation's own layout gathers the accounts in
    /// one row that names none of them.
    pub(super) fn section(
        &self,
        call: &Call<'_>,
        title: &'static str,
        total: &'static str,
        gathered: Option<&'static str>,
    ) -> Option<Line> {
        if self.rows.is_empty() {
            return None;
        }
        let mut lines = match gathered.filter(|_| call.user_layout()) {
            Some(title) => vec![Line::row(titled(title, &self.totals))],
            None => self.rows.iter().map(|(at, amounts)| self.row(call, *at, amounts)).collect(),
        };
        lines.push(Line::summary(call.word(total), &self.totals));
        Some(Line::Section(call.word(title), lines))
    }

    fn row(&self, call: &Call<'_>, at: usize, amounts: &[Decimal]) -> Line {
        let account = &call.accounts()[at];
        let cells = titled(account.name, amounts).into_iter().map(|cell| cell.of(account));
        Line::row(cells.collect())
    }

    /// The rows alone, for a section that has others beside them.
    pub(super) fn lines(&self, call: &Call<'_>) -> Vec<Line> {
        self.rows.iter().map(|(at, amounts)| self.row(call, *at, amounts)).collect()
    }
}

fn titled(title: &str, amounts: &[Decimal]) -> Vec<Cell> {
    std::iter::once(Cell::text(title)).chain(amounts.iter().map(|amount| Cell::money(*amount))).collect()
}

/// Column by column.
pub(super) fn add(left: &[Decimal], right: &[Decimal]) -> Vec<Decimal> {
    left.iter().zip(right).map(|(left, right)| left + right).collect()
}

/// Column by column.
pub(super) fn subtract(left: &[Decimal], right: &[Decimal]) -> Vec<Decimal> {
    left.iter().zip(right).map(|(left, right)| left - right).collect()
}
