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

impl Subject for Account {
    type Fault = AmazonFault;
    const FAULTS: &'static [AmazonFault] = &AmazonFault::ALL;
    const TABLE: &'static str = "amazon.txt";

    fn pipeline(scene: &Scene, store: &Store) -> Pipeline {
        twin(scene).set_page_cap(Some(5));
        amazon::account(twin(scene), "amazon-uk", store).page_size(5)
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

    fn is_true(scene: Arc<Scene>, database: Arc<Database>) -> impl Future<Output = ()> + Send + 'static {
        async move { amazon::account_is_true(&database, twin(&scene), "amazon-uk").await }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_end() {
    table::<Account>().await;
}
