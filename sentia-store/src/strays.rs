//! Rows that no manifest can speak of, because they belong to nothing that was committed.

use sentia_core::{Result, StreamId};

use crate::{
    cell::{Cell, CellKind},
    dialect::quoted,
    table::TableShape,
    unit::Unit,
    verify::{Difference, VerifyReport},
};

/// Rows of partitions that nothing was ever committed to, and rows without a key: no manifest speaks of them.
pub(crate) async fn rows(
    unit: &mut impl Unit,
    tables: impl Iterator<Item = &TableShape>,
) -> Result<Vec<Difference>> {
    let mut found = VerifyReport::default();
    for shape in tables {
        let sql = format!(
            "SELECT stranger.key FROM {} stranger WHERE stranger.key = '' OR NOT EXISTS (SELECT 1 FROM \
             sentia_checkpoints c WHERE c.stream_table = $1 AND c.tenant = stranger.tenant \
             AND c.connection = stranger.connection AND c.partition = stranger.partition)",
            quoted(&shape.name)
        );
        for row in unit.query(&sql, &[Cell::text(&shape.name)], &[CellKind::Text]).await? {
            let key = row[0].as_str().unwrap_or_default();
            found.differs(
                &shape.name,
                key,
                "the row is of a partition that was never committed to: slipped in",
            );
        }
    }
    Ok(found.differences)
}

/// Child rows that belong to no record of the connection, or say they belong to another.
pub(crate) async fn child_rows(
    unit: &mut impl Unit,
    stream: &StreamId,
    table: &str,
    child: &TableShape,
    report: &mut VerifyReport,
) -> Result<()> {
    let sql = format!(
        "SELECT child.parent_key FROM {} child WHERE child.tenant = $1 AND child.connection = $2 AND NOT EXISTS \
         (SELECT 1 FROM {} parent WHERE parent.row_id = child.parent_row_id AND parent.key = child.parent_key \
         AND parent.tenant = child.tenant AND parent.connection = child.connection)",
        quoted(&child.name),
        quoted(table)
    );
    let cells = [Cell::text(&stream.tenant), Cell::text(&stream.connection)];
    for row in unit.query(&sql, &cells, &[CellKind::Text]).await? {
        let key = row[0].as_str().unwrap_or_default();
        report.differs(&child.name, key, "the child row belongs to no record: slipped in");
    }
    Ok(())
}
