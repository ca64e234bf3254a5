//! Where the two databases differ: column types and nothing else.

use crate::cell::CellKind;

/// Which database is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    #[cfg(feature = "sqlite")]
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
}

impl Dialect {
    /// The column type of `kind`. On SQLite amounts are integers in ten-thousandths and other decimals canonical
    /// text, because SQLite would keep a decimal as a binary float.
    pub(crate) fn column_type(self, kind: CellKind) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => match kind {
                CellKind::Integer | CellKind::Amount => "INTEGER",
                CellKind::Boolean => "BOOLEAN",
                CellKind::Bytes => "BLOB",
                CellKind::Text | CellKind::Decimal | CellKind::Date | CellKind::Timestamp => "TEXT",
            },
            #[cfg(feature = "postgres")]
            Dialect::Postgres => match kind {
                CellKind::Text => "text",
                CellKind::Integer => "bigint",
                CellKind::Boolean => "boolean",
                CellKind::Bytes => "bytea",
                CellKind::Amount | CellKind::Decimal => "numeric",
                CellKind::Date => "date",
                CellKind::Timestamp => "timestamptz",
            },
        }
    }

    /// Fills `{text} {integer} {boolean} {bytes} {timestamp}` in a DDL text.
    pub(crate) fn ddl(self, template: &str) -> String {
        let kinds = [
            ("{text}", CellKind::Text),
            ("{integer}", CellKind::Integer),
            ("{boolean}", CellKind::Boolean),
            ("{bytes}", CellKind::Bytes),
            ("{timestamp}", CellKind::Timestamp),
        ];
        kinds.iter().fold(template.to_owned(), |ddl, (name, kind)| ddl.replace(name, self.column_type(*kind)))
    }
}

/// The keys of a table and what follows its columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableKeys {
    pub(crate) constraints: &'static str,
    pub(crate) options: &'static str,
}

impl Dialect {
    /// A stream's table is looked up by key at every commit, and joined by `row_id`.
    pub(crate) fn stream_keys(self) -> TableKeys {
        match self {
            // An integer primary key is the row's own place: it needs no index.
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => TableKeys {
                constraints: "PRIMARY KEY (row_id), UNIQUE (tenant, connection, partition, key)",
                options: "",
            },
            #[cfg(feature = "postgres")]
            Dialect::Postgres => TableKeys {
                constraints: "PRIMARY KEY (tenant, connection, partition, key), UNIQUE (row_id)",
                options: "",
            },
        }
    }

    /// A child table is read and replaced by its parent's `row_id`.
    pub(crate) fn child_keys(self) -> TableKeys {
        let constraints = "PRIMARY KEY (parent_row_id, position)";
        match self {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => TableKeys { constraints, options: " WITHOUT ROWID" },
            #[cfg(feature = "postgres")]
            Dialect::Postgres => TableKeys { constraints, options: "" },
        }
    }
}

/// Quotes an identifier. Names were validated before; quoting keeps reserved words usable.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
