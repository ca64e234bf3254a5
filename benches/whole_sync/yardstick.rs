//! The yardstick: what a capable engineer writes by hand for one stream, with nothing on. Four pages in flight,
//! borrowed strings, a parent table with the document and a child table. On PostgreSQL COPY into temporary tables
//! and INSERT ... ON CONFLICT; on SQLite prepared statements in one transaction a page. No manifest, no proof, no
//! checkpoint, no retry.

use std::{collections::HashMap, time::Instant};

use futures::StreamExt;
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{Books, Spent, spent};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Invoice<'a> {
    #[serde(rename = "InvoiceID")]
    id: &'a str,
    r#type: Option<&'a str>,
    invoice_number: Option<&'a str>,
    status: Option<&'a str>,
    date_string: Option<&'a str>,
    due_date_string: Option<&'a str>,
    #[serde(borrow)]
    sub_total: Option<&'a RawValue>,
    #[serde(borrow)]
    total_tax: Option<&'a RawValue>,
    #[serde(borrow)]
    total: Option<&'a RawValue>,
    #[serde(borrow)]
    amount_due: Option<&'a RawValue>,
    currency_code: Option<&'a str>,
    #[serde(borrow, default)]
    line_items: Vec<Line<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a> {
    #[serde(rename = "LineItemID")]
    id: Option<&'a str>,
    #[serde(borrow)]
    quantity: Option<&'a RawValue>,
    #[serde(borrow)]
    unit_amount: Option<&'a RawValue>,
    #[serde(borrow)]
    line_amount: Option<&'a RawValue>,
    account_code: Option<&'a str>,
    item_code: Option<&'a str>,
}

const PARENT: &str = "id text PRIMARY KEY, type text, number text, status text, date text, due text, sub_total text, \
                      tax text, total text, amount_due text, currency text, document text";
const CHILD: &str = "invoice text, position bigint, id text, quantity text, unit_amount text, line_amount text, \
                     account text, item text, PRIMARY KEY (invoice, position)";

pub(crate) async fn read(books: &Books, database: &str) -> Spent {
    let http = reqwest::Client::new();
    let form = [("grant_type", "client_credentials"), ("scope", "accounting.invoices.read")];
    let token = http.post(format!("{}/connect/token", books.base_url));
    let token = token
        .basic_auth(&books.client_id, Some(&books.client_secret))
        .form(&form)
        .send()
        .await
        .expect("answers");
    let token: HashMap<String, serde_json::Value> = token.json().await.expect("a token");
    let token = token["access_token"].as_str().expect("a token").to_owned();
    let mut sink = Sink::open(database).await;
    let started = Instant::now();
    let fetch = |page: u64| {
        let url = format!(
            "{}/api.xro/2.0/Invoices?page={page}&pageSize=1000&order=UpdatedDateUTC%20ASC",
            books.base_url
        );
        let get = http.get(url).bearer_auth(&token).header("xero-tenant-id", &books.tenant_id);
        let get = get.header("accept", "application/json");
        async move { get.send().await.expect("answers").bytes().await.expect("a body") }
    };
    let mut pages = futures::stream::iter(1..).map(fetch).buffered(4);
    let mut records = 0;
    while let Some(body) = pages.next().await {
        let envelope: HashMap<&str, &RawValue> = serde_json::from_slice(&body).expect("JSON");
        let documents: Vec<&RawValue> = serde_json::from_str(envelope["Invoices"].get()).expect("an array");
        if documents.is_empty() {
            break;
        }
        let invoices: Vec<(Invoice<'_>, &str)> = documents
            .iter()
            .map(|raw| (serde_json::from_str(raw.get()).expect("an invoice"), raw.get()))
            .collect();
        records += invoices.len() as u64;
        sink.write(&invoices).await;
    }
    spent(started, records)
}

enum Sink {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

impl Sink {
    async fn open(url: &str) -> Self {
        if let Some(path) = url.strip_prefix("sqlite://") {
            let connection =
                rusqlite::Connection::open(path.split('?').next().expect("a path")).expect("opens");
            let setup = format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE invoices ({PARENT}); \
                 CREATE TABLE lines ({CHILD})"
            );
            connection.execute_batch(&setup).expect("sets up");
            return Sink::Sqlite(connection);
        }
        let mut connection = PgConnection::connect(url).await.expect("connects");
        let setup = format!(
            "CREATE TABLE invoices ({PARENT}); CREATE TABLE lines ({CHILD}); CREATE TEMP TABLE new_invoices (LIKE invoices) \
             ON COMMIT DELETE ROWS; CREATE TEMP TABLE new_lines (LIKE lines) ON COMMIT DELETE ROWS"
        );
        sqlx::raw_sql(AssertSqlSafe(setup)).execute(&mut connection).await.expect("sets up");
        Sink::Postgres(connection)
    }

    async fn write(&mut self, invoices: &[(Invoice<'_>, &str)]) {
        match self {
            Sink::Sqlite(connection) => write_sqlite(connection, invoices),
            Sink::Postgres(connection) => write_postgres(connection, invoices).await,
        }
    }
}

fn number<'a>(raw: &Option<&'a RawValue>) -> Option<&'a str> {
    raw.map(|raw| raw.get())
}

fn parent<'a>(invoice: &Invoice<'a>, document: &'a str) -> [Option<&'a str>; 12] {
    [
        Some(invoice.id),
        invoice.r#type,
        invoice.invoice_number,
        invoice.status,
        invoice.date_string,
        invoice.due_date_string,
        number(&invoice.sub_total),
        number(&invoice.total_tax),
        number(&invoice.total),
        number(&invoice.amount_due),
        invoice.currency_code,
        Some(document),
    ]
}

fn child<'a>(invoice: &Invoice<'a>, line: &Line<'a>, position: &'a str) -> [Option<&'a str>; 8] {
    let amounts = [number(&line.quantity), number(&line.unit_amount), number(&line.line_amount)];
    [
        Some(invoice.id),
        Some(position),
        line.id,
        amounts[0],
        amounts[1],
        amounts[2],
        line.account_code,
        line.item_code,
    ]
}

fn write_sqlite(connection: &mut rusqlite::Connection, invoices: &[(Invoice<'_>, &str)]) {
    let transaction = connection.transaction().expect("begins");
    {
        let insert = "INSERT INTO invoices VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT (id) DO UPDATE SET \
                      document = excluded.document, status = excluded.status, total = excluded.total";
        let mut parents = transaction.prepare_cached(insert).expect("prepares");
        let insert = "INSERT INTO lines VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT DO NOTHING";
        let mut children = transaction.prepare_cached(insert).expect("prepares");
        for (invoice, document) in invoices {
            parents.execute(rusqlite::params_from_iter(parent(invoice, document))).expect("inserts");
            for (position, line) in invoice.line_items.iter().enumerate() {
                let position = position.to_string();
                children
                    .execute(rusqlite::params_from_iter(child(invoice, line, &position)))
                    .expect("inserts");
            }
        }
    }
    transaction.commit().expect("commits");
}

fn copy_row(cells: &[Option<&str>], into: &mut Vec<u8>) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            into.push(b'\t');
        }
        match cell {
            None => into.extend_from_slice(b"\\N"),
            Some(text) => {
                for byte in text.bytes() {
                    match byte {
                        b'\\' => into.extend_from_slice(b"\\\\"),
                        b'\n' => into.extend_from_slice(b"\\n"),
                        b'\t' => into.extend_from_slice(b"\\t"),
                        byte => into.push(byte),
                    }
                }
            }
        }
    }
    into.push(b'\n');
}

async fn write_postgres(connection: &mut PgConnection, invoices: &[(Invoice<'_>, &str)]) {
    let (mut parents, mut children) = (Vec::new(), Vec::new());
    for (invoice, document) in invoices {
        copy_row(&parent(invoice, document), &mut parents);
        for (position, line) in invoice.line_items.iter().enumerate() {
            copy_row(&child(invoice, line, &position.to_string()), &mut children);
        }
    }
    let mut transaction = connection.begin().await.expect("begins");
    for (table, rows) in [("new_invoices", &parents), ("new_lines", &children)] {
        let mut copy = transaction.copy_in_raw(&format!("COPY {table} FROM STDIN")).await.expect("copies");
        copy.send(rows.as_slice()).await.expect("copies");
        copy.finish().await.expect("copies");
    }
    let merge = "INSERT INTO invoices SELECT * FROM new_invoices ON CONFLICT (id) DO UPDATE SET document = \
                 excluded.document, status = excluded.status, total = excluded.total; \
                 INSERT INTO lines SELECT * FROM new_lines ON CONFLICT DO NOTHING";
    sqlx::raw_sql(merge).execute(&mut *transaction).await.expect("merges");
    transaction.commit().await.expect("commits");
}
