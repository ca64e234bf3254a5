//! Microsoft Graph's faults.

use std::sync::Arc;

use sentia::{Pipeline, Store};
use sentia_sandbox::{Endpoint, FaultPlan, MicrosoftGraphFault, MicrosoftGraphSettings, MicrosoftGraphTwin};

use super::{Struck, Subject, table};
use crate::{
    database::Database,
    vendors::{Scene, microsoft_graph},
};

#[derive(Clone, Copy)]
struct Tenant;

fn twin(scene: &Scene) -> &MicrosoftGraphTwin {
    scene.sandbox.microsoft_graph()
}

impl Subject for Tenant {
    type Fault = MicrosoftGraphFault;
    const FAULTS: &'static [MicrosoftGraphFault] = MicrosoftGraphFault::ALL;
    const TABLE: &'static str = "microsoft_graph.txt";

    fn pipeline(scene: &Scene, store: &Store, _: MicrosoftGraphFault) -> Pipeline {
        let pipeline = microsoft_graph::tenant(&scene.sandbox, store);
        let twin = twin(scene);
        twin.set_settings(MicrosoftGraphSettings { page_size: Some(5), ..twin.settings() });
        pipeline
    }

    fn inject(scene: &Scene, fault: MicrosoftGraphFault, plan: FaultPlan) {
        twin(scene).inject(fault, plan);
    }

    fn clear(scene: &Scene) {
        twin(scene).clear_faults();
        scene.later(1);
    }

    fn has_struck(scene: &Scene, fault: MicrosoftGraphFault) -> bool {
        let name = Some(format!("{fault:?}"));
        twin(scene).requests().iter().any(|request| request.fault == name)
    }

    fn change(scene: &Scene) {
        scene.later(1);
        scene.sandbox.evolve();
    }

    async fn is_true(scene: Arc<Scene>, database: Arc<Database>, _: MicrosoftGraphFault) {
        microsoft_graph::tenant_is_true(&database, twin(&scene), &*scene.clock).await;
    }

    fn struck(fault: MicrosoftGraphFault) -> Struck {
        use MicrosoftGraphFault::{BatchItemThrottled, BatchItemUnavailable};
        if matches!(fault, BatchItemThrottled | BatchItemUnavailable) {
            Struck::Second
        } else {
            Struck::First
        }
    }

    fn mention(fault: MicrosoftGraphFault) -> Option<&'static str> {
        use MicrosoftGraphFault::{
            BatchItemThrottled, BatchItemUnavailable, EditModeAccessDenied, FailedOperation, SessionNotFound,
            SessionReCreatable, WindowsTimeZone, WorkbookConflict, WorkbookInternalError,
        };
        match fault {
            BatchItemThrottled | BatchItemUnavailable => Some("$batch"),
            EditModeAccessDenied
            | FailedOperation
            | SessionNotFound
            | SessionReCreatable
            | WorkbookConflict
            | WorkbookInternalError => Some("workbook"),
            WindowsTimeZone => Some("calendarView"),
            _ => None,
        }
    }

    fn for_ever(fault: MicrosoftGraphFault) -> FaultPlan {
        // Empty pages for ever would be followed for ever: that is what the vendor asks for.
        match fault {
            MicrosoftGraphFault::EmptyPage => FaultPlan::next(6),
            fault if fault.endpoint() == Endpoint::Token => FaultPlan::always(),
            _ => FaultPlan::always().after(1),
        }
    }

    /// A delta declares no count, so an entry left out is missed by nobody; and a vendor that stops keeping ids over a
    /// move says so nowhere in the sheet.
    fn is_silent(fault: MicrosoftGraphFault) -> bool {
        matches!(fault, MicrosoftGraphFault::DroppedEntry | MicrosoftGraphFault::PlainIds)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_end() {
    table::<Tenant>().await;
}
