//! Unleashed's faults.

use std::sync::Arc;

use sentia::{Pipeline, Store};
use sentia_sandbox::{FaultPlan, UnleashedFault, UnleashedTwin};

use super::{Subject, table};
use crate::{
    database::Database,
    vendors::{Scene, unleashed},
};

#[derive(Clone, Copy)]
struct Account;

fn twin(scene: &Scene) -> &UnleashedTwin {
    scene.sandbox.unleashed()
}

impl Subject for Account {
    type Fault = UnleashedFault;
    const FAULTS: &'static [UnleashedFault] = &UnleashedFault::ALL;
    const TABLE: &'static str = "unleashed.txt";

    fn pipeline(scene: &Scene, store: &Store, _: UnleashedFault) -> Pipeline {
        unleashed::account(twin(scene), store).page_size(20)
    }

    fn inject(scene: &Scene, fault: UnleashedFault, plan: FaultPlan) {
        twin(scene).inject(fault, plan);
    }

    fn clear(scene: &Scene) {
        twin(scene).clear_faults();
        scene.later(1);
    }

    fn has_struck(scene: &Scene, fault: UnleashedFault) -> bool {
        let name = Some(format!("{fault:?}"));
        twin(scene).requests().iter().any(|request| request.fault == name)
    }

    fn change(scene: &Scene) {
        scene.later(1);
        scene.sandbox.evolve();
        scene.later(1);
    }

    /// Rows that the list and its count both leave out are missed by nobody.
    fn is_silent(fault: UnleashedFault) -> bool {
        fault == UnleashedFault::HiddenRows
    }

    async fn is_true(scene: Arc<Scene>, database: Arc<Database>, _: UnleashedFault) {
        unleashed::account_is_true(&database, twin(&scene)).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_end() {
    table::<Account>().await;
}
