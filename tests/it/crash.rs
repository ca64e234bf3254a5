//! Kill it and see: a child process syncs, is killed at named stages and at random, and is started again. In the end
//! the tables equal the universe's own truth, and at no point does `verify` find a difference.
//!
//! The test command kills a seeded share; SENTIA_SOAK=1 kills the full number.

use std::{
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use sentia::{Mode, Outcome, testing::crash::STAGES, transport::Pacing};
use sentia_sandbox::{Sandbox, Size};
use serde::{Deserialize, Serialize};

use crate::{
    database::{Database, on_both, variable},
    truth::{Vanished, books_are_true, impatient},
};

/// What the child needs to know.
#[derive(Serialize, Deserialize)]
struct Task {
    base_url: String,
    client_id: String,
    client_secret: String,
    tenant_id: String,
    database_url: String,
    full: bool,
}

/// Not a test by itself: the body of the child process, which does nothing where it is not one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(task) = variable("SENTIA_CRASH_TASK") else { return };
    let task: Task = serde_json::from_str(&task).expect("written by the parent");
    let xero = sentia::connectors::Xero::builder()
        .client_id(task.client_id)
        .client_secret(task.client_secret.as_str())
        .tenant_id(task.tenant_id)
        .base_url(task.base_url)
        .pacing(Pacing::Off)
        .build()
        .expect("valid settings");
    let store = sentia::Store::connect(&task.database_url).await.expect("the database opens");
    let mode = if task.full { Mode::Full } else { Mode::Incremental };
    let pipeline = sentia::Pipeline::new(xero, store).connection("xero").mode(mode).page_size(10);
    let report = pipeline.transport(impatient()).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
}

/// A universe, a database, and children that sync the one into the other.
struct Scene {
    sandbox: Sandbox,
    database: Database,
}

impl Scene {
    async fn new(database: Database) -> Self {
        let sandbox = Sandbox::start(21, Size::tiny()).await.expect("the twins start");
        sandbox.xero().set_pacing(sentia_sandbox::Pacing::Lifted);
        Scene { sandbox, database }
    }

    fn start(&self, mode: Mode, crash_at: Option<&str>) -> Child {
        let twin = self.sandbox.xero();
        let task = Task {
            base_url: twin.base_url().to_owned(),
            client_id: twin.client_id().to_owned(),
            client_secret: twin.client_secret().to_owned(),
            tenant_id: twin.tenant_id().to_owned(),
            database_url: self.database.url.clone(),
            full: mode == Mode::Full,
        };
        let mut command = Command::new(std::env::current_exe().expect("this test binary"));
        command.args(["crash::child", "--exact", "--nocapture"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("SENTIA_CRASH_TASK", serde_json::to_string(&task).expect("plain text"));
        if let Some(stage) = crash_at {
            command.env("SENTIA_CRASH_AT", stage);
        }
        command.spawn().expect("a child of this test")
    }

    async fn run(&self, mode: Mode, crash_at: Option<&str>) -> ExitStatus {
        let mut child = self.start(mode, crash_at);
        tokio::task::spawn_blocking(move || child.wait().expect("ends")).await.expect("waits")
    }

    /// What is committed is whole, wherever the child died.
    async fn holds(&self, when: &str) {
        let store = self.database.store().await;
        let report = store.verify().await.expect("verifies");
        assert!(report.holds(), "{when}: {:#?}", report.differences);
        store.close().await;
    }

    /// Runs to the end and compares with the truth.
    async fn finish(&self, when: &str) {
        for mode in [Mode::Incremental, Mode::Full] {
            let status = self.run(mode, None).await;
            assert!(status.success(), "{when}: {status}");
        }
        books_are_true(&self.database, &self.sandbox, Vanished::Marked).await;
        self.holds(when).await;
    }
}

fn killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(9)
}

async fn named_stages(database: Database) {
    let scene = Scene::new(database).await;
    // The later times hit other streams and pages; each is a place of its own to die at.
    for (at, stage) in STAGES.iter().enumerate() {
        for nth in [1, 4, 9] {
            let crash_at = format!("{stage}:{nth}");
            let mode = if at % 2 == 0 { Mode::Full } else { Mode::Incremental };
            let status = scene.run(mode, Some(&crash_at)).await;
            let hit = killed(status);
            // Stages of sealing are reached once a stream: an increment that resumes may pass fewer of them.
            assert!(hit || nth > 1, "stage {crash_at} was never hit: {status}");
            scene.holds(&crash_at).await;
        }
        scene.sandbox.evolve();
        assert!(scene.run(Mode::Incremental, None).await.success(), "after {stage}");
    }
    scene.finish("after the named stages").await;
}

on_both!(
    /// Killed at every named stage, several times each.
    killed_at_named_stages,
    super::named_stages
);

async fn random_points(database: Database) {
    let kills = if variable("SENTIA_SOAK").is_some() { 50 } else { 12 };
    let scene = Scene::new(database).await;
    let begun = Instant::now();
    assert!(scene.run(Mode::Full, None).await.success());
    let whole = begun.elapsed();
    let mut seed = variable("SENTIA_CRASH_SEED").and_then(|seed| seed.parse().ok()).unwrap_or(0x5eed_u64);
    eprintln!("SENTIA_CRASH_SEED={seed}, one run takes {whole:?}");
    let (mut done, mut tries) = (0, 0);
    while done < kills {
        tries += 1;
        assert!(tries < kills * 20, "the child always ends before it is killed");
        if tries % 4 == 0 {
            scene.sandbox.evolve();
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let wait = whole.mul_f64((seed >> 33) as f64 / f64::from(u32::MAX >> 1));
        let mut child = scene.start(if tries % 2 == 0 { Mode::Full } else { Mode::Incremental }, None);
        pause(wait).await;
        child.kill().expect("SIGKILL");
        let status = tokio::task::spawn_blocking(move || child.wait().expect("ends")).await.expect("waits");
        done += u32::from(killed(status));
        scene.holds(&format!("kill {done} after {wait:?}")).await;
    }
    scene.finish("after the random kills").await;
    eprintln!("{done} kills at random points in {tries} runs");
}

/// The one place where a test waits: for another process to get somewhere.
#[allow(clippy::disallowed_methods, reason = "the crash tests alone may sleep")]
async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}

on_both!(
    /// Killed at seeded random points.
    killed_at_random_points,
    super::random_points
);
