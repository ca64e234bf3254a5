//! Checkpoints, manifests, certificates, quarantine, runs, keys and the registry of stream tables.

use sea_orm_migration::prelude::*;

use super::execute;

/// Each table with the queries its key serves; no other index is needed by them.
const TABLES: [&str; 7] = [
    // Read and locked by its key at every commit.
    "CREATE TABLE sentia_checkpoints (tenant {text} NOT NULL, connection {text} NOT NULL, stream {text} NOT NULL, \
     partition {text} NOT NULL, stream_table {text} NOT NULL, version {integer} NOT NULL, epoch {integer} NOT NULL, sequence {integer} NOT NULL, \
     cursor {timestamp}, window_json {text}, full_json {text}, \
     PRIMARY KEY (tenant, connection, stream, partition))",
    // Ranges of sequences of one partition: tally, sweep, fold, verify.
    "CREATE TABLE sentia_manifests (tenant {text} NOT NULL, connection {text} NOT NULL, stream {text} NOT NULL, \
     partition {text} NOT NULL, sequence {integer} NOT NULL, run {text} NOT NULL, entries {integer} NOT NULL, \
     body {bytes} NOT NULL, PRIMARY KEY (tenant, connection, stream, partition, sequence))",
    "CREATE TABLE sentia_certificates (id {text} PRIMARY KEY, tenant {text} NOT NULL, connection {text} NOT NULL, \
     stream {text} NOT NULL, partition {text} NOT NULL, run {text} NOT NULL, outcome {text} NOT NULL, \
     distinct_keys {integer} NOT NULL, digest {text} NOT NULL, sealed {timestamp} NOT NULL, body {text} NOT NULL)",
    // Held again by its key when the same bytes come back.
    "CREATE TABLE sentia_quarantine (tenant {text} NOT NULL, connection {text} NOT NULL, stream {text} NOT NULL, \
     partition {text} NOT NULL, digest {bytes} NOT NULL, key {text}, rule {text} NOT NULL, reason {text} NOT NULL, \
     document {bytes} NOT NULL, run {text} NOT NULL, sequence {integer} NOT NULL, first_seen {timestamp} NOT NULL, last_seen {timestamp} NOT NULL, \
     PRIMARY KEY (tenant, connection, stream, partition, digest))",
    "CREATE TABLE sentia_runs (run {text} PRIMARY KEY, tenant {text} NOT NULL, connection {text} NOT NULL, \
     vendor {text} NOT NULL, outcome {text}, started {timestamp} NOT NULL, finished {timestamp}, report {text} NOT NULL)",
    "CREATE TABLE sentia_keys (tenant {text} NOT NULL, connection {text} NOT NULL, name {text} NOT NULL, \
     version {integer} NOT NULL, master_key {text} NOT NULL, sealed {bytes} NOT NULL, updated {timestamp} NOT NULL, \
     PRIMARY KEY (tenant, connection, name))",
    "CREATE TABLE sentia_tables (name {text} PRIMARY KEY, shape {text} NOT NULL)",
];

/// The newest certificates of a partition: `verify` and the dashboard.
const INDEXES: [&str; 1] = ["CREATE INDEX sentia_certificates_by_partition ON sentia_certificates \
     (tenant, connection, stream, partition, sealed)"];

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0001_engine_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, &TABLES).await?;
        execute(manager, &INDEXES).await
    }
}
