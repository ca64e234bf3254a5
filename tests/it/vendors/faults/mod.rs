//! Every fault of the twins' catalogs, once and for ever: what each ends in stands in a table beside this file.
//!
//! Whatever a fault does, a run is green only when the tables equal the truth; a stream that failed says so and proves
//! nothing. The next run mends what was left open, and a full read what was held. `SENTIA_BLESS=1` writes the tables
//! anew; read what it wrote.

mod amazon;
mod microsoft_graph;
mod strike;
mod unleashed;
mod xero;

use std::{fmt, future::Future, path::Path, sync::Arc};

use sentia::{Pipeline, Store};
use sentia_sandbox::FaultPlan;
use tokio::{sync::Semaphore, task::JoinSet};

use self::strike::strike;
use super::Scene;
use crate::database::{Database, Kind, variable};

/// A green run whose tables are not the truth.
const FALSE: &str = ", and not true";
/// A fault whose traces a full read leaves.
const NOT_MENDED: &str = "; not mended: ";

/// Which run a fault strikes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Struck {
    /// The first, of everything.
    First,
    /// An increment.
    Second,
}

/// How a fault strikes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strike {
    /// The second of the requests it can strike, or the first where there is no second.
    Once,
    /// Every request from some point on.
    ForEver,
    /// The same, in an increment that has something to bring.
    InAnIncrement,
}

impl Strike {
    fn name(self) -> &'static str {
        match self {
            Strike::Once => "once",
            Strike::ForEver => "for ever",
            Strike::InAnIncrement => "in an increment",
        }
    }
}

/// One vendor's twin with its faults.
trait Subject: Copy + Send + Sync + 'static {
    type Fault: Copy + fmt::Debug + Send + Sync + 'static;
    const FAULTS: &'static [Self::Fault];
    const TABLE: &'static str;
    const STRIKES: &'static [Strike] = &[Strike::Once, Strike::ForEver];

    fn pipeline(scene: &Scene, store: &Store, fault: Self::Fault) -> Pipeline;
    fn inject(scene: &Scene, fault: Self::Fault, plan: FaultPlan);
    fn clear(scene: &Scene);
    fn has_struck(scene: &Scene, fault: Self::Fault) -> bool;
    /// Lets time pass and the vendor change.
    fn change(scene: &Scene);
    fn is_true(
        scene: Arc<Scene>,
        database: Arc<Database>,
        fault: Self::Fault,
    ) -> impl Future<Output = ()> + Send + 'static;
    fn struck(_: Self::Fault) -> Struck {
        Struck::First
    }
    /// What requests it is narrowed to mention.
    fn mention(_: Self::Fault) -> Option<&'static str> {
        None
    }
    /// Faults whose nature is to lose what nobody can miss: a green run may differ from the truth until a full read.
    fn is_silent(_: Self::Fault) -> bool {
        false
    }
    /// The plan of a fault that never ends; some would keep a run going for ever.
    fn for_ever(_: Self::Fault) -> FaultPlan {
        FaultPlan::always().after(1)
    }
}

/// The lines of some faults, on one database.
async fn lines<S: Subject>(kind: Kind, faults: &[S::Fault]) -> String {
    let turns = Arc::new(Semaphore::new(3));
    let mut lines = JoinSet::new();
    for (at, fault) in faults.iter().copied().enumerate() {
        let turns = turns.clone();
        lines.spawn(async move {
            let _turn = turns.acquire().await.expect("open");
            let mut line = format!("{fault:?}\n");
            let width = S::STRIKES.iter().map(|strike| strike.name().len()).max().unwrap_or_default();
            for how in S::STRIKES {
                let end = strike::<S>(kind, fault, *how).await;
                line += &format!("  {:<width$} {end}\n", how.name());
            }
            (at, line)
        });
    }
    let mut found: Vec<(usize, String)> = lines.join_all().await;
    found.sort();
    found.into_iter().map(|(_, line)| line).collect()
}

fn path<S: Subject>() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/vendors/faults").join(S::TABLE)
}

/// Strikes with every fault and compares what happened with the table.
async fn table<S: Subject>() {
    let found = lines::<S>(Kind::Sqlite, S::FAULTS).await;
    if variable("SENTIA_BLESS").is_some() {
        std::fs::write(path::<S>(), &found).expect("the table is written");
    }
    let wrong = |line: &&str| line.contains(FALSE) || line.contains(NOT_MENDED);
    for fault in S::FAULTS.iter().filter(|fault| !S::is_silent(**fault)) {
        let wrong: Vec<_> = ends::<S>(&found, *fault).filter(wrong).collect();
        assert!(wrong.is_empty(), "{fault:?}: {wrong:?}");
    }
    let expected = std::fs::read_to_string(path::<S>()).unwrap_or_default();
    let pairs = found.lines().zip(expected.lines()).filter(|(found, expected)| found != expected);
    assert!(found == expected, "{}: {:#?}", S::TABLE, pairs.take(5).collect::<Vec<_>>());
}

/// Strikes with some faults on a database: what happens is what the table says.
async fn some_on<S: Subject>(kind: Kind, faults: &[S::Fault]) {
    if Database::fresh(kind).await.is_none() {
        return;
    }
    let expected = std::fs::read_to_string(path::<S>()).expect("the table");
    let found = lines::<S>(kind, faults).await;
    for fault in faults {
        let (found, expected) = (ends::<S>(&found, *fault), ends::<S>(&expected, *fault));
        assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{fault:?} on {kind:?}");
    }
}

/// What a table says of a fault.
fn ends<S: Subject>(table: &str, fault: S::Fault) -> impl Iterator<Item = &str> {
    let name = format!("{fault:?}");
    table.lines().skip_while(move |line| *line != name).skip(1).take_while(|line| line.starts_with(' '))
}
