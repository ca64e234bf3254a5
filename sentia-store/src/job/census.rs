//! How jobs stand, by tenant and kind.

use chrono::{DateTime, Utc};
use sentia_core::{Result, job::JobCount};

use super::{row, statement};
use crate::connect::Store;

/// At most one job of a lane runs, so the join gives each job once.
const CENSUS: &str = "SELECT j.tenant, j.kind, \
    count(CASE WHEN j.state = 'queued' AND j.run_at_ms <= $1 AND busy.lane IS NULL THEN 1 END) AS runnable, \
    count(CASE WHEN j.state = 'queued' AND j.run_at_ms > $1 THEN 1 END) AS later, \
    count(CASE WHEN j.state = 'queued' AND j.run_at_ms <= $1 AND busy.lane IS NOT NULL THEN 1 END) AS blocked, \
    count(CASE WHEN j.state = 'running' THEN 1 END) AS running, \
    count(CASE WHEN j.state = 'dead' THEN 1 END) AS dead, \
    CAST(sum(j.attempt) AS bigint) AS attempts, \
    min(CASE WHEN j.state = 'queued' AND j.run_at_ms <= $1 AND busy.lane IS NULL THEN j.run_at_ms END) AS oldest \
    FROM sentia_jobs j LEFT JOIN sentia_jobs busy \
    ON busy.state = 'running' AND busy.tenant = j.tenant AND busy.lane = j.lane \
    WHERE j.state IN ('queued', 'running', 'dead') GROUP BY j.tenant, j.kind";

pub(super) async fn census(store: &Store, now: DateTime<Utc>) -> Result<Vec<JobCount>> {
    let rows = statement::query(&store.0.orm, CENSUS, vec![now.timestamp_millis().into()]).await?;
    let count = |counted: &sea_orm::QueryResult| -> Result<JobCount> {
        let number = |name| statement::column::<i64>(counted, name).map(|number| number as u64);
        Ok(JobCount {
            tenant: statement::column(counted, "tenant")?,
            kind: statement::column(counted, "kind")?,
            runnable: number("runnable")?,
            later: number("later")?,
            blocked: number("blocked")?,
            running: number("running")?,
            dead: number("dead")?,
            attempts: number("attempts")?,
            oldest: statement::column::<Option<i64>>(counted, "oldest")?.map(row::instant).transpose()?,
        })
    };
    let mut counts = rows.iter().map(count).collect::<Result<Vec<JobCount>>>()?;
    // Databases order text by their own collations.
    counts.sort_by(|left, right| (&left.tenant, &left.kind).cmp(&(&right.tenant, &right.kind)));
    Ok(counts)
}
