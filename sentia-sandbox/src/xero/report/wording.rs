//! The words of reports, which follow the organisation's language.

use chrono::NaiveDate;

use crate::xero::switches::XeroWording;

const GERMAN: [(&str, &str); 40] = [
    ("Balance Sheet", "Bilanz"),
    ("Profit and Loss", "Gewinn- und Verlustrechnung"),
    ("Profit & Loss", "Gewinn und Verlust"),
    ("Trial Balance", "Saldenliste"),
    ("Aged Receivables By Contact", "Offene Forderungen je Kontakt"),
    ("Aged Payables By Contact", "Offene Verbindlichkeiten je Kontakt"),
    ("Bank Summary", "Bankübersicht"),
    ("Invoices", "Rechnungen"),
    ("Assets", "Vermögen"),
    ("Bank", "Bank"),
    ("Total Bank", "Summe Bank"),
    ("Current Assets", "Umlaufvermögen"),
    ("Total Current Assets", "Summe Umlaufvermögen"),
    ("Fixed Assets", "Anlagevermögen"),
    ("Total Fixed Assets", "Summe Anlagevermögen"),
    ("Total Assets", "Summe Vermögen"),
    ("Liabilities", "Schulden"),
    ("Current Liabilities", "Kurzfristige Schulden"),
    ("Total Current Liabilities", "Summe kurzfristige Schulden"),
    ("Total Liabilities", "Summe Schulden"),
    ("Net Assets", "Reinvermögen"),
    ("Equity", "Eigenkapital"),
    ("Current Year Earnings", "Ergebnis des Jahres"),
    ("Total Equity", "Summe Eigenkapital"),
    ("Income", "Erträge"),
    ("Total Income", "Summe Erträge"),
    ("Less Cost of Sales", "Abzüglich Wareneinsatz"),
    ("Total Cost of Sales", "Summe Wareneinsatz"),
    ("Gross Profit", "Rohertrag"),
    ("Plus Other Income", "Zuzüglich sonstige Erträge"),
    ("Total Other Income", "Summe sonstige Erträge"),
    ("Less Operating Expenses", "Abzüglich Betriebskosten"),
    ("Total Operating Expenses", "Summe Betriebskosten"),
    ("Net Profit", "Reingewinn"),
    ("Revenue", "Erlöse"),
    ("Expenses", "Aufwand"),
    ("Account", "Konto"),
    ("Total", "Summe"),
    ("Opening Balance", "Anfangssaldo"),
    ("Closing Balance", "Endsaldo"),
];

/// A word in the organisation's language; one without a translation stays English, as at the vendor.
pub(super) fn say(wording: XeroWording, english: &'static str) -> &'static str {
    match wording {
        XeroWording::English => english,
        XeroWording::German => {
            GERMAN.iter().find(|(known, _)| *known == english).map_or(english, |(_, german)| german)
        }
    }
}

/// A day in prose: `12 April 2019`.
pub(super) fn prose(wording: XeroWording, day: NaiveDate) -> String {
    match wording {
        XeroWording::English => day.format("%-d %B %Y").to_string(),
        XeroWording::German => day.format("%d.%m.%Y").to_string(),
    }
}

/// `As at 30 April 2019`.
pub(super) fn as_at(wording: XeroWording, day: NaiveDate) -> String {
    match wording {
        XeroWording::English => format!("As at {}", prose(wording, day)),
        XeroWording::German => format!("Zum {}", prose(wording, day)),
    }
}

/// `1 April 2019 to 30 April 2019`, with `From ` before it where the vendor has it.
pub(super) fn from_to(wording: XeroWording, from: NaiveDate, to: NaiveDate, led: bool) -> String {
    let (first, last) = (prose(wording, from), prose(wording, to));
    match (wording, led) {
        (XeroWording::English, true) => format!("From {first} to {last}"),
        (XeroWording::English, false) => format!("{first} to {last}"),
        (XeroWording::German, _) => format!("Vom {first} bis {last}"),
    }
}
