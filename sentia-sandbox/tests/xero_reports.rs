//! The Xero twin's reports: strings, layouts, periods, and sums that agree with the books.
#![allow(clippy::unwrap_used)]

mod client;

use client::{noon, sandbox, xero_get, xero_json, xero_token};
use rust_decimal::Decimal;
use sentia_sandbox::universe::Side;
use sentia_sandbox::{Size, XeroSwitches, XeroTwin, XeroWording};
use serde_json::Value;

async fn report(twin: &XeroTwin, token: &str, path: &str) -> Value {
    let answer = xero_json(twin, token, &format!("Reports/{path}")).await;
    answer["Reports"][0].clone()
}

/// All rows of cells, whatever section they stand in.
fn flat(report: &Value) -> Vec<Value> {
    let mut rows = vec![];
    for row in report["Rows"].as_array().unwrap() {
        match row.get("Rows") {
            Some(inner) => rows.extend(inner.as_array().unwrap().iter().cloned()),
            None => rows.push(row.clone()),
        }
    }
    rows
}

fn cell(row: &Value, at: usize) -> &str {
    row["Cells"][at]["Value"].as_str().unwrap()
}

fn amount(row: &Value, at: usize) -> Decimal {
    match cell(row, at) {
        "" => Decimal::ZERO,
        text => text.parse().unwrap(),
    }
}

fn find<'r>(rows: &'r [Value], title: &str) -> &'r Value {
    let found = rows.iter().find(|row| cell(row, 0) == title);
    found.unwrap_or_else(|| panic!("no row {title} in {rows:?}"))
}

fn sections(report: &Value) -> Vec<&str> {
    let rows = report["Rows"].as_array().unwrap().iter();
    rows.filter_map(|row| row.get("Title").and_then(Value::as_str)).collect()
}

#[tokio::test]
async fn the_trial_balance_balances_and_each_row_is_its_account() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let trial = report(twin, &token, "TrialBalance?date=2026-10-31").await;
    assert_eq!(sections(&trial), ["Revenue", "Expenses", "Assets", "Liabilities", "Equity", ""]);
    let rows = flat(&trial);
    let total = rows.last().unwrap();
    assert_eq!((total["RowType"].as_str(), cell(total, 0)), (Some("SummaryRow"), "Total"));
    assert!(amount(total, 1) > Decimal::ZERO && amount(total, 3) > amount(total, 1));
    assert_eq!((amount(total, 1), amount(total, 3)), (amount(total, 2), amount(total, 4)));
    // Balance sheet accounts show what the books hold.
    let day = noon().date_naive().pred_opt().unwrap();
    let truth = sandbox.look(|universe| universe.balances(day));
    for row in rows.iter().filter(|row| row["RowType"] == "Row") {
        let id = row["Cells"][0]["Attributes"][0]["Value"].as_str().unwrap();
        let known = truth.iter().find(|balance| balance.account.to_string() == id).unwrap();
        if cell(row, 0).contains("Receivable") || cell(row, 0).contains("Bank Account") {
            assert_eq!(amount(row, 3) - amount(row, 4), known.amount, "{row}");
        }
    }
}

#[tokio::test]
async fn the_balance_sheet_compares_month_ends_and_net_assets_are_equity() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let path = "BalanceSheet?date=2026-10-31&periods=2&timeframe=MONTH&standardLayout=true";
    let sheet = report(twin, &token, path).await;
    let rows = flat(&sheet);
    assert_eq!(
        (1..=3).map(|at| cell(&rows[0], at)).collect::<Vec<_>>(),
        ["31 Oct 2026", "30 Sep 2026", "31 Aug 2026"]
    );
    assert_eq!(sheet["ReportTitles"][2], "As at 31 October 2026");
    assert_eq!(sheet["ReportDate"], "1 November 2026");
    let empty = sheet["Rows"].as_array().unwrap().iter().filter(|row| row["Rows"] == Value::Array(vec![]));
    assert_eq!(
        empty.map(|row| row["Title"].as_str().unwrap()).collect::<Vec<_>>(),
        ["Assets", "Liabilities"]
    );
    let net = find(&rows, "Net Assets");
    assert_eq!(net["RowType"], "Row");
    for column in 1..=3 {
        assert_eq!(amount(net, column), amount(find(&rows, "Total Equity"), column));
        let owned = amount(find(&rows, "Total Assets"), column);
        assert_eq!(owned - amount(find(&rows, "Total Liabilities"), column), amount(net, column));
    }
    let earnings = find(&rows, "Current Year Earnings");
    assert_eq!(earnings["Cells"][1]["Attributes"][1]["Value"], "4/1/2026");
    let profit =
        report(twin, &token, "ProfitAndLoss?fromDate=2026-04-01&toDate=2026-10-31&standardLayout=true").await;
    assert_eq!(amount(find(&flat(&profit), "Net Profit"), 1), amount(earnings, 1));
}

#[tokio::test]
async fn the_organisations_own_layout_shows_unless_the_standard_one_is_asked_for() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let span = "fromDate=2026-09-01&toDate=2026-09-30";
    let own = flat(&report(twin, &token, &format!("ProfitAndLoss?{span}")).await);
    let standard = flat(&report(twin, &token, &format!("ProfitAndLoss?{span}&standardLayout=true")).await);
    let turnover = find(&own, "Turnover");
    assert!(turnover["Cells"][0].get("Attributes").is_none());
    assert_eq!(amount(turnover, 1), amount(find(&standard, "Total Income"), 1));
    assert!(find(&standard, "Sales")["Cells"][1]["Attributes"][0]["Id"] == "account");
    assert_eq!(cell(&standard[0], 1), "30 Sep 26");
    let gross = find(&standard, "Gross Profit");
    assert_eq!(gross["RowType"], "Row");
    twin.set_switches(XeroSwitches { user_layout: false, ..XeroSwitches::default() });
    assert_eq!(flat(&report(twin, &token, &format!("ProfitAndLoss?{span}")).await), standard);
}

#[tokio::test]
async fn titles_follow_the_language_and_accounts_do_not() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    twin.set_switches(XeroSwitches { wording: XeroWording::German, ..XeroSwitches::default() });
    let sheet = report(twin, &token, "BalanceSheet?standardLayout=true").await;
    assert_eq!(
        (sheet["ReportName"].as_str(), sheet["ReportType"].as_str()),
        (Some("Bilanz"), Some("BalanceSheet"))
    );
    assert!(sections(&sheet).contains(&"Vermögen"));
    assert!(sheet.to_string().contains("Accounts Receivable"));
}

#[tokio::test]
async fn profit_is_split_by_tracking_option() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let category = sandbox.look(|universe| universe.ledger.tracking_categories[0].clone());
    let span = "fromDate=2026-09-01&toDate=2026-09-30&standardLayout=true";
    let split =
        report(twin, &token, &format!("ProfitAndLoss?{span}&trackingCategoryID={}", category.id)).await;
    let rows = flat(&split);
    let heads: Vec<&str> = (1..=5).map(|at| cell(&rows[0], at)).collect();
    assert_eq!(heads, ["United Kingdom", "USA", "Ireland", "Unassigned", "Total"]);
    let net = find(&rows, "Net Profit");
    assert_eq!((1..=4).map(|at| amount(net, at)).sum::<Decimal>(), amount(net, 5));
    let one = format!("ProfitAndLoss?{span}&trackingOptionID={}", category.options[1].id);
    let one = flat(&report(twin, &token, &one).await);
    assert_eq!(amount(find(&one, "Net Profit"), 1), amount(net, 2));
}

#[tokio::test]
async fn the_aged_reports_ask_for_a_contact_and_agree_with_open_invoices() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    assert_eq!(xero_get(twin, &token, "Reports/AgedReceivablesByContact", None).await.status(), 400);
    let nobody = "Reports/AgedReceivablesByContact?contactId=00000000-0000-0000-0000-000000000001";
    assert_eq!(xero_get(twin, &token, nobody, None).await.status(), 404);
    for (name, side) in
        [("AgedReceivablesByContact", Side::Receivable), ("AgedPayablesByContact", Side::Payable)]
    {
        let (contact, due) = sandbox.look(|universe| {
            let open = |i: &&sentia_sandbox::universe::Invoice| {
                i.document.side == side
                    && i.document.status.as_str() == "AUTHORISED"
                    && !i.amount_due().is_zero()
            };
            let contact = universe.books.invoices.iter().find(open).unwrap().document.contact;
            let all = universe.books.invoices.iter().filter(open);
            let due: Decimal = all.filter(|i| i.document.contact == contact).map(|i| i.amount_due()).sum();
            (universe.books.contacts[contact].id, due)
        });
        let aged = report(twin, &token, &format!("{name}?contactId={contact}")).await;
        let rows = flat(&aged);
        assert_eq!(amount(find(&rows, "Closing Balance"), 7), due, "{name}");
        let path = format!("{name}?contactId={contact}&fromDate=2026-10-15");
        let late = flat(&report(twin, &token, &path).await);
        assert_eq!(amount(find(&late, "Closing Balance"), 7), due, "{name}");
        assert!(cell(&late[1], 1) == "Opening Balance");
        let invoice = rows.iter().find(|row| row["Cells"][0]["Attributes"][0]["Id"] == "invoiceID").unwrap();
        assert_eq!(amount(invoice, 4) - amount(invoice, 5) - amount(invoice, 6), amount(invoice, 7));
    }
}

#[tokio::test]
async fn the_bank_summary_carries_balances_over() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let september = flat(&report(twin, &token, "BankSummary?fromDate=2026-09-01&toDate=2026-09-30").await);
    let october = flat(&report(twin, &token, "BankSummary?fromDate=2026-10-01&toDate=2026-10-31").await);
    for row in september.iter().skip(1) {
        assert_eq!(amount(row, 1) + amount(row, 2) - amount(row, 3), amount(row, 4));
        assert_eq!(amount(row, 4), amount(find(&october, cell(row, 0)), 1));
    }
    let first = &september[1]["Cells"];
    assert_eq!(first[0]["Attributes"][0]["Id"], "accountID");
    assert!(first[1].get("Attributes").is_none());
}

#[tokio::test]
async fn periods_and_spans_have_their_limits() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    for path in [
        "BalanceSheet?periods=12",
        "BalanceSheet?timeframe=WEEK&periods=1",
        "BalanceSheet?date=soon",
        "ProfitAndLoss?periods=13",
        "ProfitAndLoss?fromDate=2025-01-01&toDate=2026-06-30",
        "ProfitAndLoss?trackingCategoryID=x",
    ] {
        assert_eq!(xero_get(twin, &token, &format!("Reports/{path}"), None).await.status(), 400, "{path}");
    }
    assert_eq!(xero_get(twin, &token, "Reports/CashFlow", None).await.status(), 404);
    let wide = flat(&report(twin, &token, "ProfitAndLoss?periods=12&timeframe=YEAR").await);
    assert_eq!(wide[0]["Cells"].as_array().unwrap().len(), 14);
}
