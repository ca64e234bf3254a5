//! Which partitions of a stream are read, and which are gone with the record that made them.

use std::{collections::HashSet, sync::Arc};

use super::pipeline::Ports;
use crate::{
    ConnectorInfo, Error, ErrorKind, Key, Result, report::RunReport, stream::StreamId, table::StreamTable,
};

/// The partitions of one stream.
#[derive(Debug)]
pub(super) struct Partitions {
    /// Those to read.
    pub(super) live: Vec<Key>,
    /// Those that hold live rows although their own record is gone: a location that was closed.
    pub(super) vanished: Vec<Key>,
}

impl Partitions {
    /// The one partition of a stream without parts.
    fn whole() -> Self {
        Partitions { live: vec!["".into()], vanished: Vec::new() }
    }

    /// # Errors
    /// `InvalidResponse` when the list of partitions is not proved: a stream read by half a list would be green
    /// although data is missing. A list whose own read waits or was paused stands as it was proved last.
    pub(super) async fn of(
        ports: &Arc<dyn Ports>,
        info: &ConnectorInfo,
        table: &StreamTable,
        report: &RunReport,
    ) -> Result<Self> {
        let Some(parent) = table.info().partitioned_by else { return Ok(Partitions::whole()) };
        let parent_info = info.streams.iter().find(|stream| stream.name == parent).ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, "partitioned by a stream that does not exist")
                .context("stream", parent)
        })?;
        let id = |stream: &str| StreamId {
            tenant: report.tenant.clone(),
            connection: report.connection.clone(),
            stream: stream.to_owned(),
            partition: String::new(),
        };
        let proved = ports.checkpoint(&id(parent)).await?.is_some_and(|checkpoint| checkpoint.full.is_some());
        let failed = report.streams().iter().any(|stream| stream.name == parent && stream.failure.is_some());
        if failed || !proved {
            let message = "its list of partitions is not proved; read the stream they come from first";
            return Err(Error::new(ErrorKind::InvalidResponse, message).context("partitioned_by", parent));
        }
        let live = ports.live_keys(&id(parent), &StreamTable::new(info.vendor, parent_info.clone())).await?;
        let known: HashSet<&Key> = live.iter().collect();
        let mut vanished = ports.live_partitions(&id(table.info().name), table).await?;
        vanished.retain(|partition| !known.contains(partition));
        Ok(Partitions { live, vanished })
    }
}
