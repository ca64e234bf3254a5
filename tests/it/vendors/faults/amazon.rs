//! Amazon's faults.

use std::sync::Arc;

use sentia::{Pipeline, Store};
use sentia_sandbox::{AmazonFault, AmazonTwin, Endpoint, FaultPlan, LoggedRequest};

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
        // A report that will fail is ordered like any other; nothing shows before it is looked after.
        let is_of_a_report = matches!(
            fault,
            AmazonFault::ReportFatal | AmazonFault::ReportCancelled | AmazonFault::ReportStuck
        );
        let name = Some(format!("{fault:?}"));
        let ordered =
            |request: &LoggedRequest| request.method == "POST" && request.path.ends_with("/reports");
        let struck = |request: &LoggedRequest| request.fault == name || is_of_a_report && ordered(request);
        twin(scene).requests().iter().any(struck)
    }

    fn change(scene: &Scene) {
        scene.later(5);
        scene.sandbox.evolve();
        scene.later(1);
    }

    /// What nobody can tell from the vendor's word alone, or what the vendor goes on saying after the fault has gone:
    /// a report it calls cancelled has nothing to report; orders may lack their amounts where a role is missing (a rule
    /// on `total` holds those); a file of returns that was cut at the end of a line has no count and no sum; and a
    /// transaction without an id gets one of its own, which stays.
    fn is_silent(fault: AmazonFault) -> bool {
        use AmazonFault::{DocumentTruncated, NullKey, ProceedsWithheld, ReportCancelled};
        matches!(fault, DocumentTruncated | NullKey | ProceedsWithheld | ReportCancelled)
    }

    fn for_ever(fault: AmazonFault) -> FaultPlan {
        match fault {
            // Empty pages for ever would be followed for ever: that is what the vendor asks for.
            AmazonFault::EmptyPage => FaultPlan::next(6),
            fault if fault.endpoint() == Endpoint::Token => FaultPlan::always(),
            _ => FaultPlan::always().after(1),
        }
    }

    async fn is_true(scene: Arc<Scene>, database: Arc<Database>, fault: AmazonFault) {
        if of_reports(fault) {
            amazon::reports_are_true(&database, twin(&scene), "amazon-uk").await;
        } else {
            amazon::lists_are_true(&database, twin(&scene), "amazon-uk").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_end() {
    table::<Account>().await;
}
