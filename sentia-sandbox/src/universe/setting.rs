//! How the books are set up: the rest of the chart of accounts, tracking categories, tax rates, currencies.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Universe;
use super::books::{Account, ContactStatus};
use crate::rng::Rng;

/// A dimension that lines are booked to besides the account.
#[derive(Clone, Debug)]
pub struct TrackingCategory {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: &'static str,
    /// Whether put away: hidden unless archived ones are asked for. At most two are in use.
    pub archived: bool,
    /// Its values.
    pub options: Vec<TrackingOption>,
}

/// One value of a tracking category.
#[derive(Clone, Debug)]
pub struct TrackingOption {
    /// Id.
    pub id: Uuid,
    /// Name, as the lines carry it.
    pub name: &'static str,
    /// Whether put away.
    pub archived: bool,
}

/// A tax rate; the vendor knows it by its type.
#[derive(Clone, Debug)]
pub struct TaxRate {
    /// Name.
    pub name: &'static str,
    /// `OUTPUT2`, `TAX001` ...
    pub tax_type: &'static str,
    /// What it is reported as.
    pub report_type: &'static str,
    /// ACTIVE, ARCHIVED or DELETED.
    pub status: &'static str,
    /// Name and percentage of each part.
    pub components: Vec<(&'static str, Decimal)>,
    /// Whether it is for sales.
    pub for_revenue: bool,
    /// Whether it is for purchases.
    pub for_expenses: bool,
}

impl TaxRate {
    /// The sum of its parts, in percent.
    pub fn percentage(&self) -> Decimal {
        self.components.iter().map(|(_, rate)| *rate).sum()
    }
}

/// A currency the organisation uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
}

/// The category that shop lines are booked to; its id is the one that lines have always carried.
const REGION: Uuid = Uuid::from_u128(0xe2f2_f732_e92a_4f3a_9c4d_ee4d_a018_2a13);

pub(super) fn tracking_categories(rng: &mut Rng) -> Vec<TrackingCategory> {
    let mut option = |name, archived| TrackingOption { id: rng.guid(), name, archived };
    let regions = vec![option("United Kingdom", false), option("USA", false), option("Ireland", true)];
    let teams = vec![option("Workshop", false), option("Office", false)];
    let old = vec![option("Fair", true)];
    vec![
        TrackingCategory { id: REGION, name: "Region", archived: false, options: regions },
        TrackingCategory { id: rng.guid(), name: "Team", archived: false, options: teams },
        TrackingCategory { id: rng.guid(), name: "Campaign", archived: true, options: old },
    ]
}

pub(super) fn tax_rates() -> Vec<TaxRate> {
    let rate = |name, tax_type, report_type, percent: i64, (for_revenue, for_expenses)| TaxRate {
        name,
        tax_type,
        report_type,
        status: "ACTIVE",
        components: vec![("VAT", Decimal::from(percent))],
        for_revenue,
        for_expenses,
    };
    let split = vec![("State", Decimal::new(4, 0)), ("City", Decimal::new(4875, 3))];
    vec![
        rate("20% (VAT on Income)", "OUTPUT2", "OUTPUT", 20, (true, false)),
        rate("20% (VAT on Expenses)", "INPUT2", "INPUT", 20, (false, true)),
        rate("5% (VAT on Income)", "RROUTPUT", "OUTPUT", 5, (true, false)),
        rate("Zero Rated Income", "ZERORATEDOUTPUT", "OUTPUT", 0, (true, false)),
        rate("Exempt Income", "EXEMPTOUTPUT", "OUTPUT", 0, (true, false)),
        rate("No VAT", "NONE", "NONE", 0, (true, true)),
        TaxRate {
            components: split,
            report_type: "USSALESTAX",
            ..rate("New York", "TAX001", "", 0, (true, false))
        },
        TaxRate { status: "DELETED", ..rate("17.5% (VAT on Income)", "TAX002", "OUTPUT", 0, (true, false)) },
    ]
}

pub(super) const CURRENCIES: [Currency; 3] = [
    Currency { code: "GBP", name: "British Pound" },
    Currency { code: "USD", name: "United States Dollar" },
    Currency { code: "EUR", name: "Euro" },
];

/// The accounts that bank lines, manual journals and the vendor's own postings need, behind those that documents use.
pub(super) fn further_accounts(rng: &mut Rng, start: DateTime<Utc>) -> Vec<Account> {
    let rows: [(&str, &str, &str, &str, &str); 11] = [
        ("091", "Business Savings Account", "BANK", "ASSET", "NONE"),
        ("270", "Scrap and Other Income", "OTHERINCOME", "REVENUE", "OUTPUT2"),
        ("404", "Card and Bank Fees", "OVERHEADS", "EXPENSE", "NONE"),
        ("416", "Depreciation Expense", "DEPRECIATN", "EXPENSE", "NONE"),
        ("469", "Rent", "OVERHEADS", "EXPENSE", "INPUT2"),
        ("710", "Workshop Equipment", "FIXED", "ASSET", "NONE"),
        ("711", "Less Accumulated Depreciation on Workshop Equipment", "FIXED", "ASSET", "NONE"),
        ("820", "VAT", "CURRLIAB", "LIABILITY", "NONE"),
        ("860", "Rounding", "CURRLIAB", "LIABILITY", "NONE"),
        ("950", "Share Capital", "EQUITY", "EQUITY", "NONE"),
        ("960", "Retained Earnings", "EQUITY", "EQUITY", "NONE"),
    ];
    let account = |(code, name, kind, class, tax_type)| Account {
        id: rng.guid(),
        code: Some(code),
        name,
        kind,
        class,
        tax_type,
        currency: (kind == "BANK").then_some("GBP"),
        archived: false,
        updated_at: start,
    };
    rows.into_iter().map(account).collect()
}

impl Universe {
    /// A tracking option is put away: it hides from plain lists.
    pub fn archive_tracking_option(&mut self, category: usize, option: usize) {
        let found = self.ledger.tracking_categories.get_mut(category);
        if let Some(option) = found.and_then(|category| category.options.get_mut(option)) {
            option.archived = true;
        }
    }

    /// A contact is merged into another: it is put away and says where it went. Its documents stay with it.
    pub fn merge_contact(&mut self, contact: usize, into: usize) {
        let (now, id) = (self.now, self.books.contacts.get(into).map(|other| other.id));
        if let (Some(target), Some(id)) = (self.books.contacts.get_mut(contact), id) {
            target.status = ContactStatus::Archived;
            (target.merged_to, target.updated_at) = (Some(id), now);
        }
    }
}
