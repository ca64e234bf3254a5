//! What a bulk query must be, in the words of recorded answers (airhorns/shopify-draft-proxy).

use serde_json::Map;

use super::UserError;
use crate::shopify::graphql::ast::{Document, Field, Selection, TypeRef};
use crate::shopify::graphql::schema::Schema;
use crate::shopify::graphql::{cost, parser, validate, variables};

/// Reads a bulk query and finds what is wrong with it.
pub(super) fn check(schema: &Schema, query: &str) -> Result<Document, Vec<UserError>> {
    let document = parser::parse(query).map_err(|error| {
        // Here the place is not told, unlike in other syntax errors.
        let message = error.message.split(" at [").next().unwrap_or_default().to_owned();
        vec![invalid(format!("Invalid bulk query: {message}"))]
    })?;
    let [operation] = document.operations.as_slice() else {
        return Err(vec![invalid("Invalid bulk query: An operation name is required")]);
    };
    if operation.kind != "query" {
        return Err(vec![invalid("Invalid operation type. Only `query` operations are supported.")]);
    }
    let mistakes = validate::validate(schema, &document, operation);
    if !mistakes.is_empty() {
        return Err(mistakes.iter().map(|e| invalid(format!("Invalid bulk query: {}", e.message))).collect());
    }
    if let Err(missing) = variables::coerce(schema, operation, &Map::new()) {
        return Err(missing.iter().map(|e| invalid(format!("Invalid bulk query: {}", e.message))).collect());
    }
    let mut survey = Survey::new(schema, &document);
    survey.selections("QueryRoot", &operation.selections, 0, None, false);
    let errors = survey.errors();
    if errors.is_empty() { Ok(document) } else { Err(errors) }
}

fn invalid(message: impl Into<String>) -> UserError {
    UserError::new(&["query"], message).code("INVALID")
}

/// What was seen on a walk through the query.
struct Survey<'d> {
    schema: &'d Schema,
    document: &'d Document,
    connections: usize,
    deepest: usize,
    top_level_node: Option<String>,
    within_list: bool,
    by_nodes: Vec<String>,
    without_id: Vec<String>,
}

/// The connection that a selection stands in.
#[derive(Clone, Copy)]
struct Parent<'d> {
    name: &'d str,
    has_id: bool,
}

impl<'d> Survey<'d> {
    fn new(schema: &'d Schema, document: &'d Document) -> Self {
        Self {
            schema,
            document,
            connections: 0,
            deepest: 0,
            top_level_node: None,
            within_list: false,
            by_nodes: vec![],
            without_id: vec![],
        }
    }

    fn selections(
        &mut self,
        on: &str,
        selections: &'d [Selection],
        depth: usize,
        parent: Option<Parent<'d>>,
        in_list: bool,
    ) {
        for field in fields(self.document, selections) {
            let (on, field) = (field.0.unwrap_or(on), field.1);
            if on == "QueryRoot" && ["node", "nodes"].contains(&field.name.as_str()) {
                self.top_level_node = Some(field.name.clone());
            }
            let Some(definition) = self.schema.field(on, &field.name) else { continue };
            if cost::is_connection(&definition.ty) {
                self.connection(field, definition.ty.base(), depth, parent, in_list);
            } else {
                let in_list = in_list || is_list(&definition.ty);
                self.selections(definition.ty.base(), &field.selections, depth, parent, in_list);
            }
        }
    }

    fn connection(
        &mut self,
        field: &'d Field,
        on: &str,
        depth: usize,
        parent: Option<Parent<'d>>,
        in_list: bool,
    ) {
        self.connections += 1;
        self.deepest = self.deepest.max(depth);
        self.within_list |= in_list;
        if let Some(parent) = parent.filter(|parent| !parent.has_id)
            && !self.without_id.iter().any(|name| name == parent.name)
        {
            self.without_id.push(parent.name.to_owned());
        }
        let inner = fields(self.document, &field.selections);
        if inner.iter().any(|(_, inner)| inner.name == "nodes")
            || !inner.iter().any(|(_, i)| i.name == "edges")
        {
            self.by_nodes.push(field.name.clone());
        }
        let node_type =
            self.schema.field(on, "nodes").map(|nodes| nodes.ty.base().to_owned()).unwrap_or_default();
        for (_, edges) in
            inner.into_iter().filter(|(_, inner)| inner.name == "edges" || inner.name == "nodes")
        {
            let of_edge = fields(self.document, &edges.selections);
            let nodes: Vec<&[Selection]> = match edges.name.as_str() {
                "nodes" => vec![&edges.selections],
                _ => of_edge
                    .iter()
                    .filter(|(_, f)| f.name == "node")
                    .map(|(_, f)| f.selections.as_slice())
                    .collect(),
            };
            for node in nodes {
                let own = fields(self.document, node);
                let has_id = own.iter().any(|(_, f)| f.name == "id" && f.alias.is_none());
                let parent = Parent { name: &field.name, has_id };
                self.selections(&node_type, node, depth + 1, Some(parent), false);
            }
        }
    }

    /// The mistakes in the order in which they are told.
    fn errors(self) -> Vec<UserError> {
        let mut errors = Vec::new();
        if let Some(name) = &self.top_level_node {
            errors.push(invalid(format!("Bulk queries cannot contain a top level `{name}` field.")));
        }
        if !self.by_nodes.is_empty() {
            let names: Vec<String> = self.by_nodes.iter().map(|name| format!("'{name}'")).collect();
            errors.push(invalid(format!(
                "All connection fields in a bulk query must select their contents using 'edges' > 'node', e.g: 'products {{ edges {{ node {{'. Selecting via 'nodes' is not supported. Invalid connection fields: {}.",
                names.join(", ")
            )));
        }
        if self.deepest > 2 {
            errors.push(invalid(
                "Bulk queries cannot contain connections with a nesting depth greater than 2.",
            ));
        }
        if self.connections > 5 {
            errors.push(invalid("Bulk queries cannot contain more than 5 connections."));
        }
        if !self.without_id.is_empty() {
            errors.push(invalid(format!(
                "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be of 'ID' return type. Connection fields without 'id': {}.",
                self.without_id.join(", ")
            )));
        }
        if self.within_list {
            errors.push(invalid(
                "Queries that contain a connection field within a list field are not currently supported.",
            ));
        }
        if self.connections == 0 {
            errors.push(invalid("Bulk queries must contain at least one connection."));
        }
        errors
    }
}

/// Fields through fragments, with the fragment's type where there is one.
fn fields<'d>(document: &'d Document, selections: &'d [Selection]) -> Vec<(Option<&'d str>, &'d Field)> {
    let mut found = Vec::new();
    for selection in selections {
        let (on, inner) = match selection {
            Selection::Field(field) => {
                found.push((None, field));
                continue;
            }
            Selection::Inline { on, selections, .. } => (on.as_deref(), selections),
            Selection::Spread { name, .. } => match document.fragments.get(name) {
                Some(fragment) => (Some(fragment.on.as_str()), &fragment.selections),
                None => continue,
            },
        };
        found.extend(fields(document, inner).into_iter().map(|(deeper, field)| (deeper.or(on), field)));
    }
    found
}

fn is_list(ty: &TypeRef) -> bool {
    match ty {
        TypeRef::Named(_) => false,
        TypeRef::List(_) => true,
        TypeRef::NonNull(inner) => is_list(inner),
    }
}
