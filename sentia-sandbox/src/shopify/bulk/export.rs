//! Runs a bulk query: every object of a connection becomes a line of its own.

use serde_json::json;

use crate::shopify::execute::Executor;
use crate::shopify::graphql::ast::{Document, Field, Selection};
use crate::shopify::graphql::cost;
use crate::shopify::graphql::schema::Schema;
use crate::shopify::graphql::variables::{Variables, arguments};
use crate::shopify::node::{Node, Resolved, Row, Scene};

/// How many objects at the root a worker of the vendor takes at a time; their children are written later.
const BATCH: usize = 7;

/// What a bulk query gave.
#[derive(Debug)]
pub(super) struct Export {
    /// Lines in the order of the file.
    pub(super) lines: Vec<String>,
    pub(super) objects: usize,
    pub(super) roots: usize,
    /// A scope was missing.
    pub(super) denied: bool,
}

struct Line {
    text: String,
    /// Ordinal of the root object that it belongs to.
    root: usize,
    depth: usize,
}

/// Runs the only operation of a checked document.
pub(super) fn run(schema: &Schema, document: &Document, scene: Scene<'_>, grouped: bool) -> Export {
    let variables = Variables::new();
    let executor = Executor { schema, document, variables: &variables, scene, fault: None };
    let mut walk = Walk { executor: &executor, lines: vec![], roots: 0, denied: false };
    walk.fields(Node::Root, &document.operations[0].selections, None, 0);
    let Walk { mut lines, roots, denied, .. } = walk;
    if !grouped {
        // A batch's children are written together with the objects above them of the next batch, after those.
        lines.sort_by_key(|line| (line.root / BATCH + line.depth, line.depth));
    }
    let lines: Vec<String> = lines.into_iter().map(|line| line.text.replace('/', "\\/")).collect();
    Export { objects: lines.len(), lines, roots, denied }
}

struct Walk<'e, 'd, 'u> {
    executor: &'e Executor<'d, 'u>,
    lines: Vec<Line>,
    roots: usize,
    denied: bool,
}

impl<'u> Walk<'_, '_, 'u> {
    /// Goes down into the connections of an object, through its plain objects.
    fn fields(&mut self, node: Node<'u>, selections: &[Selection], parent: Option<&str>, depth: usize) {
        let executor = self.executor;
        let mut fields = Vec::new();
        executor.collect(node.type_name(), selections, &mut fields);
        for (key, same) in fields {
            let field = same[0];
            let Some(definition) = executor.schema.field(node.type_name(), &field.name) else { continue };
            let inner: Vec<Selection> = same.iter().flat_map(|field| field.selections.clone()).collect();
            let is_connection = cost::is_connection(&definition.ty);
            if !is_connection && !self.holds_connection(definition.ty.base(), &inner) {
                self.denied |= executor.missing_scope(node, &field.name).is_some();
                continue;
            }
            if executor.missing_scope(node, &field.name).is_some() {
                self.denied = true;
                continue;
            }
            let given = arguments(Some(definition), &field.arguments, executor.variables);
            match executor.resolve(node, &field.name, key, &given) {
                Resolved::Connection(rows) => self.rows(rows, &inner, parent, depth),
                Resolved::Object(child) => self.fields(child, &inner, parent, depth),
                _ => {}
            }
        }
    }

    fn rows(&mut self, rows: Vec<Row<'u>>, selections: &[Selection], parent: Option<&str>, depth: usize) {
        let node_selections = self.node_selections(selections);
        for row in rows {
            let type_name = row.node.type_name();
            let plain = self.without_connections(type_name, &node_selections);
            let mut text = self.executor.plain(row.node, &plain);
            if let Some(parent) = parent {
                text.pop();
                let comma = if text.len() > 1 { "," } else { "" };
                text.push_str(&format!("{comma}\"__parentId\":{}}}", json!(parent)));
            }
            let root = if depth == 0 { self.roots } else { self.roots.saturating_sub(1) };
            self.roots += usize::from(depth == 0);
            self.lines.push(Line { text, root, depth });
            if self.holds_connection(type_name, &node_selections) {
                let id = self.executor.id_of(row.node);
                self.fields(row.node, &node_selections, id.as_deref(), depth + 1);
            }
        }
    }

    /// What is selected of the nodes of a connection.
    fn node_selections(&self, selections: &[Selection]) -> Vec<Selection> {
        let mut edges = Vec::new();
        self.executor.collect("", selections, &mut edges);
        let inner = |fields: &[&Field]| -> Vec<Selection> {
            fields.iter().flat_map(|field| field.selections.clone()).collect()
        };
        let edges = edges.iter().find(|(_, same)| same[0].name == "edges").map(|(_, same)| inner(same));
        let edges = edges.unwrap_or_default();
        let mut nodes = Vec::new();
        self.executor.collect("", &edges, &mut nodes);
        nodes.iter().find(|(_, same)| same[0].name == "node").map(|(_, same)| inner(same)).unwrap_or_default()
    }

    fn holds_connection(&self, on: &str, selections: &[Selection]) -> bool {
        selections.iter().any(|selection| match selection {
            Selection::Field(field) => {
                self.executor.schema.field(on, &field.name).is_some_and(|definition| {
                    cost::is_connection(&definition.ty)
                        || self.holds_connection(definition.ty.base(), &field.selections)
                })
            }
            Selection::Inline { on: condition, selections, .. } => {
                self.holds_connection(condition.as_deref().unwrap_or(on), selections)
            }
            Selection::Spread { name, .. } => self
                .executor
                .document
                .fragments
                .get(name)
                .is_some_and(|fragment| self.holds_connection(&fragment.on, &fragment.selections)),
        })
    }

    /// The selection less its connections, which become lines, and less objects of which nothing is left.
    fn without_connections(&self, on: &str, selections: &[Selection]) -> Vec<Selection> {
        let mut fields = Vec::new();
        self.executor.collect(on, selections, &mut fields);
        let mut kept = Vec::new();
        for field in fields.into_iter().flat_map(|(_, same)| same) {
            let definition = self.executor.schema.field(on, &field.name);
            if definition.is_some_and(|definition| cost::is_connection(&definition.ty)) {
                continue;
            }
            let inner = match definition {
                Some(definition) if self.holds_connection(definition.ty.base(), &field.selections) => {
                    let inner = self.without_connections(definition.ty.base(), &field.selections);
                    if inner.is_empty() {
                        continue;
                    }
                    inner
                }
                _ => field.selections.clone(),
            };
            kept.push(Selection::Field(Field { selections: inner, ..field.clone() }));
        }
        kept
    }
}
