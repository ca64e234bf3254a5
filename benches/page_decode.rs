//! From a page's bytes to records with digests, beside serde_json alone on the same bytes.
//!
//! `cargo bench --bench page_decode`

mod canned;

use std::{collections::HashMap, hint::black_box};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What the yardstick reads of an invoice: as many fields as the table has columns, owned, amounts as decimals.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code, reason = "decoding them is what is measured")]
struct Bare {
    #[serde(rename = "InvoiceID")]
    id: String,
    r#type: Option<String>,
    invoice_number: Option<String>,
    reference: Option<String>,
    date_string: Option<String>,
    due_date_string: Option<String>,
    status: Option<String>,
    line_amount_types: Option<String>,
    sub_total: Option<sentia::Exact>,
    total_tax: Option<sentia::Exact>,
    total: Option<sentia::Exact>,
    amount_due: Option<sentia::Exact>,
    amount_paid: Option<sentia::Exact>,
    amount_credited: Option<sentia::Exact>,
    currency_code: Option<String>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Option<String>,
    #[serde(default)]
    line_items: Vec<BareLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code, reason = "decoding them is what is measured")]
struct BareLine {
    #[serde(rename = "LineItemID")]
    id: Option<String>,
    item_code: Option<String>,
    description: Option<String>,
    quantity: Option<sentia::Exact>,
    unit_amount: Option<sentia::Exact>,
    line_amount: Option<sentia::Exact>,
    tax_amount: Option<sentia::Exact>,
    tax_type: Option<String>,
    account_code: Option<String>,
}

fn decode(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sources = [
        ("xero invoices", 1000, runtime.block_on(canned::invoices())),
        ("shopify orders", 250, runtime.block_on(canned::orders())),
    ];
    let mut group = c.benchmark_group("page_decode");
    for (name, records, source) in &sources {
        group.throughput(Throughput::Elements(u64::from(*records)));
        group.bench_function(format!("{name}: records"), |b| {
            b.to_async(&runtime).iter(|| source.read(*records));
        });
        group.bench_function(format!("{name}: yardstick, split only"), |b| {
            b.iter(|| {
                black_box(
                    serde_json::from_slice::<HashMap<&str, &RawValue>>(&source.body).expect("JSON").len(),
                )
            });
        });
    }
    let invoices = &sources[0].2;
    group.throughput(Throughput::Elements(1000));
    group.bench_function("xero invoices: yardstick, bare struct", |b| {
        b.iter(|| {
            let envelope: HashMap<&str, &RawValue> = serde_json::from_slice(&invoices.body).expect("JSON");
            let bare: Vec<Bare> = serde_json::from_str(envelope["Invoices"].get()).expect("invoices");
            black_box(bare.len())
        });
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
