//! Sentia's jobs.

use chrono::{DateTime, TimeDelta, Utc};
use sentia::{
    JobStore, Store,
    clock::{Clock, SystemClock},
    job::{Claim, Claimed, JobFilter, NewJob, Outcome},
};

use crate::{
    PAYLOAD, Shape,
    fleet::Produce,
    worker::{Order, Queue},
};

const KIND: &str = "sync";

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

#[derive(Clone)]
pub(crate) struct Ours {
    store: Store,
    worker: String,
}

impl Ours {
    pub(crate) async fn connect(order: &Order) -> Self {
        let store = Store::connect(&order.url).await.expect("the database opens");
        // As the bare loop's connections: made before the clock starts.
        let one = JobFilter { limit: Some(1), ..JobFilter::default() };
        let warm = (0..8).map(|_| store.list(&one));
        futures::future::join_all(warm).await;
        Ours { store, worker: order.name.clone() }
    }
}

impl Queue for Ours {
    type Taken = Claimed;

    async fn claim(&self, limit: usize) -> Vec<Claimed> {
        let now = now();
        let until = now + TimeDelta::seconds(60);
        let kinds = vec![KIND.to_owned()];
        let claim = Claim { worker: self.worker.clone(), kinds, limit: limit as u32, until };
        self.store.claim(&claim, now).await.expect("claims").jobs
    }

    async fn finish(&self, taken: Claimed) {
        self.store.finish(&taken.lease, Outcome::Done, now()).await.expect("ends");
    }

    fn number(taken: &Claimed) -> usize {
        taken.job.order.payload.parse().expect("the producer's number")
    }
}

fn job(shape: Shape, at: usize) -> NewJob {
    let tenant = |at: usize| NewJob::new(format!("tenant-{}", at % 30), KIND, PAYLOAD);
    match shape {
        Shape::OneTenant => NewJob::new("acme", KIND, PAYLOAD),
        Shape::Tenants => tenant(at),
        Shape::Syncs => tenant(at).unique(at.to_string()).lane(format!("shop/{}", at / 30 % 20)),
    }
}

/// Makes the tables and so many jobs.
pub(crate) async fn fill(url: &str, shape: Shape, jobs: usize) {
    let store = Store::connect(url).await.expect("the database opens");
    let jobs: Vec<NewJob> = (0..jobs).map(|at| job(shape, at)).collect();
    let _ = store.enqueue(&jobs, now()).await.expect("enqueues");
    store.close().await;
}

pub(crate) struct Producer(Store);

impl Producer {
    pub(crate) async fn connect(url: &str) -> Self {
        Producer(Store::connect(url).await.expect("the database opens"))
    }
}

impl Produce for Producer {
    async fn enqueue(&self, at: usize) {
        let job = NewJob::new("acme", KIND, at.to_string());
        let _ = self.0.enqueue(&[job], now()).await.expect("enqueues");
    }
}
