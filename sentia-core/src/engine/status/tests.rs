//! What a status says, without a database.

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::Duration::seconds(seconds)
}

fn count(tenant: &str, kind: &str, running: u64, oldest: Option<i64>) -> JobCount {
    let runnable = u64::from(oldest.is_some()) * 3;
    JobCount {
        tenant: tenant.into(),
        kind: kind.into(),
        runnable,
        running,
        oldest: oldest.map(at),
        ..JobCount::default()
    }
}

#[test]
fn the_oldest_the_shares_and_what_nobody_handles() {
    let jobs = vec![
        count("acme", "sync", 3, Some(50)),
        count("acme", "strange", 0, Some(40)),
        count("beta", "strange", 0, Some(30)),
        count("beta", "sync", 1, None),
        count("beta", "stranger", 0, None),
    ];
    let unhandled = unhandled(&jobs, &BTreeSet::from(["sync".to_owned()]));
    assert_eq!(unhandled, [Unhandled { kind: "strange".into(), jobs: 6, oldest: at(30) }]);
    let status = EngineStatus { as_of: at(100), jobs, schedules: Vec::new(), unhandled };
    assert_eq!(status.oldest_runnable().map(|age| age.as_secs()), Some(70));
    assert_eq!(status.shares(), BTreeMap::from([("acme", 0.75), ("beta", 0.25)]));
}

#[test]
fn the_document_lists_every_family() {
    let mut table = "| metric | kind | what |\n| --- | --- | --- |\n".to_owned();
    for Family { name, kind, help } in &ENGINE_METRICS {
        table += &format!("| `{name}` | {kind} | {help} |\n");
    }
    let document = include_str!("../../../../docs/operations.md");
    assert!(document.contains(&table), "docs/operations.md differs from:\n{table}");
}
