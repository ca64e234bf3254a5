//! Writes a connection: its rows as nodes and edges, and where the page ends.

use serde_json::{Map, Value, json};

use super::connection::{self, Window};
use super::execute::{Executor, Walk, write_json};
use super::graphql::ast::{Field, Selection};
use super::node::{Node, Row};

/// A connection's own fields: `pageInfo`, `nodes`, `edges`.
pub(super) struct Page<'p, 'd, 'u> {
    pub(super) executor: &'p Executor<'d, 'u>,
    pub(super) window: &'p Window<'u>,
    pub(super) page_info: &'p Map<String, Value>,
    pub(super) node_cost: u64,
}

impl<'u> Page<'_, '_, 'u> {
    pub(super) fn write(
        &mut self,
        out: &mut String,
        walk: &mut Walk,
        field: &Field,
        selections: &[Selection],
    ) {
        let connection = self.executor.schema.field("QueryRoot", &field.name).map(|f| f.ty.base().to_owned());
        let mut fields = Vec::new();
        self.executor.collect(connection.as_deref().unwrap_or_default(), selections, &mut fields);
        out.push('{');
        for (at, (key, fields)) in fields.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_json(out, &json!(key));
            out.push(':');
            let inner: Vec<Selection> =
                fields.iter().flat_map(|field| field.selections.iter().cloned()).collect();
            match fields[0].name.as_str() {
                "pageInfo" => self.write_page_info(out, &inner),
                "nodes" => self.write_rows(out, walk, &inner, |page, out, walk, row, inner| {
                    page.write_node(out, walk, row.node, inner)
                }),
                "edges" => self.write_rows(out, walk, &inner, Self::write_edge),
                _ => write_json(out, &json!(format!("{}Connection", field.name))),
            }
        }
        out.push('}');
    }

    fn write_page_info(&self, out: &mut String, selections: &[Selection]) {
        let mut fields = Vec::new();
        self.executor.collect("PageInfo", selections, &mut fields);
        let mut object = Map::new();
        for (key, fields) in fields {
            object.insert(
                key.to_owned(),
                self.page_info.get(&fields[0].name).cloned().unwrap_or(json!("PageInfo")),
            );
        }
        write_json(out, &Value::Object(object));
    }

    /// Writes an array with one element a row and notes the dearest row.
    fn write_rows(
        &mut self,
        out: &mut String,
        walk: &mut Walk,
        selections: &[Selection],
        write: impl Fn(&Self, &mut String, &mut Walk, &Row<'u>, &[Selection]) -> u64,
    ) {
        let mut dearest = 0;
        out.push('[');
        for (at, row) in self.window.rows.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            dearest = write(self, out, walk, row, selections).max(dearest);
        }
        out.push(']');
        self.node_cost += dearest;
    }

    fn write_node(&self, out: &mut String, walk: &mut Walk, node: Node<'u>, selections: &[Selection]) -> u64 {
        1 + self.executor.object(out, walk, node, selections)
    }

    fn write_edge(&self, out: &mut String, walk: &mut Walk, row: &Row<'u>, selections: &[Selection]) -> u64 {
        let mut fields = Vec::new();
        self.executor.collect("Edge", selections, &mut fields);
        let mut spent = 0;
        out.push('{');
        for (at, (key, fields)) in fields.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_json(out, &json!(key));
            out.push(':');
            match fields[0].name.as_str() {
                "cursor" => write_json(out, &json!(connection::cursor(row))),
                "node" => {
                    let inner: Vec<Selection> =
                        fields.iter().flat_map(|field| field.selections.iter().cloned()).collect();
                    spent += self.write_node(out, walk, row.node, &inner);
                }
                _ => write_json(out, &json!(format!("{}Edge", row.node.type_name()))),
            }
        }
        out.push('}');
        spent
    }
}

pub(super) fn page_info(window: &Window<'_>) -> Map<String, Value> {
    let cursor = |row: Option<&Row<'_>>| row.map_or(Value::Null, |row| json!(connection::cursor(row)));
    let mut info = Map::new();
    info.insert("hasNextPage".into(), json!(window.has_next && !window.rows.is_empty()));
    info.insert("hasPreviousPage".into(), json!(window.has_previous));
    info.insert("startCursor".into(), cursor(window.rows.first()));
    info.insert("endCursor".into(), cursor(window.rows.last()));
    info
}
