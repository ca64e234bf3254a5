//! Reports: computed from the postings, written as rows of string cells.

mod aged;
mod balance_sheet;
mod bank_summary;
mod layout;
mod period;
mod profit_and_loss;
mod sheet;
mod trial_balance;
mod wording;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::fault::XeroFault;
use super::switches::{XeroSwitches, XeroWording};
use crate::universe::{Account, PostingLine, Universe};
use sheet::Line;
use wording::{prose, say};

/// The reports the twin computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    BalanceSheet,
    ProfitAndLoss,
    TrialBalance,
    AgedReceivables,
    AgedPayables,
    BankSummary,
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The message of a `ValidationException`.
    Invalid(String),
    /// What it is about is not there.
    Unknown,
}

impl Kind {
    pub(crate) fn of_path(name: &str) -> Option<Self> {
        Some(match name {
            "BalanceSheet" => Self::BalanceSheet,
            "ProfitAndLoss" => Self::ProfitAndLoss,
            "TrialBalance" => Self::TrialBalance,
            "AgedReceivablesByContact" => Self::AgedReceivables,
            "AgedPayablesByContact" => Self::AgedPayables,
            "BankSummary" => Self::BankSummary,
            _ => return None,
        })
    }

    /// The scope families that open it: the classic one opens all.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::BalanceSheet => &["accounting.reports", "accounting.reports.balancesheet"],
            Self::ProfitAndLoss => &["accounting.reports", "accounting.reports.profitandloss"],
            Self::TrialBalance => &["accounting.reports", "accounting.reports.trialbalance"],
            Self::AgedReceivables | Self::AgedPayables => &["accounting.reports", "accounting.reports.aged"],
            Self::BankSummary => &["accounting.reports", "accounting.reports.banksummary"],
        }
    }

    /// The vendor's word for it, and its name in English.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::BalanceSheet => ("BalanceSheet", "Balance Sheet"),
            Self::ProfitAndLoss => ("ProfitAndLoss", "Profit and Loss"),
            Self::TrialBalance => ("TrialBalance", "Trial Balance"),
            Self::AgedReceivables => ("AgedReceivablesByContact", "Aged Receivables By Contact"),
            Self::AgedPayables => ("AgedPayablesByContact", "Aged Payables By Contact"),
            Self::BankSummary => ("BankSummary", "Bank Summary"),
        }
    }
}

/// Titles and rows, before they are written.
struct Contents {
    titles: Vec<String>,
    rows: Vec<Line>,
}

/// What a report is asked with.
struct Call<'c> {
    universe: &'c Universe,
    params: &'c BTreeMap<String, String>,
    switches: XeroSwitches,
    today: NaiveDate,
}

impl Call<'_> {
    fn word(&self, english: &'static str) -> &'static str {
        say(self.wording(), english)
    }

    fn wording(&self) -> XeroWording {
        self.switches.wording
    }

    fn day(&self, name: &str) -> Result<Option<NaiveDate>, Refusal> {
        let Some(text) = self.params.get(name) else { return Ok(None) };
        let day = NaiveDate::parse_from_str(text.get(..10).unwrap_or(text), "%Y-%m-%d");
        day.map(Some).map_err(|_| Refusal::Invalid(format!("Invalid value for {name}")))
    }

    fn is_true(&self, name: &str) -> bool {
        self.params.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether the organisation's own layout shows.
    fn user_layout(&self) -> bool {
        self.switches.user_layout && !self.is_true("standardLayout")
    }

    /// The names of the tracking options that these parameters ask for.
    fn options(&self, names: &[&str]) -> Result<Vec<&'static str>, Refusal> {
        let ids = names.iter().filter_map(|name| self.params.get(*name));
        let options = || self.universe.ledger.tracking_categories.iter().flat_map(|known| &known.options);
        ids.map(|id| {
            let found = options().find(|option| option.id.to_string().eq_ignore_ascii_case(id));
            let unknown = || Refusal::Invalid(format!("Tracking option {id} is not valid"));
            found.map(|option| option.name).ok_or_else(unknown)
        })
        .collect()
    }

    fn accounts(&self) -> &[Account] {
        &self.universe.books.accounts
    }

    /// What moved on each account, in the order of the chart, on lines of all these options.
    fn movements(&self, from: NaiveDate, to: NaiveDate, options: &[&str]) -> Vec<Decimal> {
        let fits = |line: &PostingLine| options.iter().all(|option| line.tracking == Some(*option));
        self.universe.movements(from, to, fits)
    }
}

/// The row of `Reports`. `paymentsOnly` changes nothing, as was seen (XeroAPI/xero-mcp-server pull request 161).
pub(crate) fn write(
    universe: &Universe,
    kind: Kind,
    params: &BTreeMap<String, String>,
    switches: XeroSwitches,
    now: DateTime<Utc>,
    fault: Option<XeroFault>,
) -> Result<String, Refusal> {
    let call = Call { universe, params, switches, today: now.date_naive() };
    let mut contents = match kind {
        Kind::BalanceSheet => balance_sheet::contents(&call)?,
        Kind::ProfitAndLoss => profit_and_loss::contents(&call)?,
        Kind::TrialBalance => trial_balance::contents(&call)?,
        Kind::AgedReceivables | Kind::AgedPayables => aged::contents(&call, kind)?,
        Kind::BankSummary => bank_summary::contents(&call)?,
    };
    if fault == Some(XeroFault::UnknownRowType) {
        sheet::rename_first_row(&mut contents.rows, "GroupRow");
    }
    let (id, name) = kind.names();
    let head = sheet::Head {
        id,
        name: call.word(name),
        titles: &contents.titles,
        date: prose(call.wording(), call.today),
        now,
    };
    Ok(sheet::write(&head, &contents.rows))
}
