//! Amazon's faults.

use std::{future::Future, sync::Arc};

use sentia::{Pipeline, Store};
use sentia_sandbox::{AmazonFault, AmazonTwin, Endpoint, FaultPlan};

use super::{Subject, table};
use crate::{
    database::Database,
    vendors::{Scene, amazon},
};

#[derive(Clone, Copy)]
struct Account;

fn twin(scene: &Scene) -> &AmazonTwin {
    scene.sandbox.amazon_uk()
}

const LISTS: [&str; 5] = ["marketplaces", "orders", "fba_inventory", "listings", "financial_transactions"];
const REPORTS: [&str; 3] = ["settlements", "settlement_lines", "returns"];

/// Whether a fault strikes reports and their files.
fn of_reports(fault: AmazonFault) -> bool {
    use AmazonFault::{
        ByteOrderMark, DocumentExpired, DocumentTruncated, MissingCharset, MissingColumn, MissingLine,
        NewColumn, ReportCancelled, ReportFatal, ReportStuck, ShortRows, WrongCharset,
    };
    matches!(
        fault,
        ByteOrderMark
            | DocumentExpired
            | DocumentTruncated
            | MissingCharset
            | MissingColumn
            | MissingLine
            | NewColumn
            | ReportCancelled
            | ReportFatal
            | ReportStuck
            | ShortRows
            | WrongCharset
    )
}

impl Subject for Account {
    type Fault = AmazonFault;
    const FAULTS: &'static [AmazonFault] = &AmazonFault::ALL;
    const TABLE: &'static str = "amazon.txt";

    fn pipeline(scene: &Scene, store: &Store, fault: AmazonFault) -> Pipeline {
        twin(scene).set_page_cap(Some(5));
        let streams = if of_reports(fault) { &REPORTS[..] } else { &LISTS[..] };
        amazon::account(twin(scene), "amazon-uk", store).page_size(5).streams(streams.iter().copied())
    }

    fn inject(scene: &Scene, fault: AmazonFault, plan: FaultPlan) {
        twin(scene).inject(fault, plan);
    }

    fn clear(scene: &Scene) {
        twin(scene).clear_faults();
        // A report of the same span is refused again within half an hour.
        scene.later(2);
    }

    fn has_struck(scene: &Scene, fault: AmazonFault) -> bool {
        let name = Some(format!("{fault:?}"));
        twin(scene).requests().iter().any(|request| request.fault == name)
    }

    fn change(scene: &Scene) {
        scene.later(5);
        scene.sandbox.evolve();
        scene.later(1);
    }

    fn for_ever(fault: AmazonFault) -> FaultPlan {
        if fault.endpoint() == Endpoint::Token { FaultPlan::always() } else { FaultPlan::always().after(1) }
    }

    fn is_true(
        scene: Arc<Scene>,
        database: Arc<Database>,
        fault: AmazonFault,
    ) -> impl Future<Output = ()> + Send + 'static {
        async move {
            if of_reports(fault) {
                amazon::reports_are_true(&database, twin(&scene), "amazon-uk").await;
            } else {
                amazon::lists_are_true(&database, twin(&scene), "amazon-uk").await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_end() {
    table::<Account>().await;
}
