//! Walks a validated operation over the universe and writes the answer.

use serde_json::{Map, Value, json};

use super::connection::{self, Refusal, Window};
use super::desk::Desk;
use super::fault::ShopifyFault;
use super::graphql::ast::{Document, Field, Operation, Selection};
use super::graphql::cost;
use super::graphql::error::GraphqlError;
use super::graphql::schema::Schema;
use super::graphql::variables::{Variables, arguments};
use super::node::{Node, Resolved, Row, Scene};
use super::office::Office;
use super::page::{Page, page_info};
use super::{catalog_fields, order_fields, root_fields};

/// What came out.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The text of `data`: an object, or null.
    pub(crate) data: String,
    pub(crate) errors: Vec<GraphqlError>,
    /// What was really spent.
    pub(crate) cost: u64,
}

pub(crate) struct Executor<'d, 'u> {
    pub(crate) schema: &'d Schema,
    pub(crate) document: &'d Document,
    pub(crate) variables: &'d Variables,
    pub(crate) scene: Scene<'u>,
    pub(crate) fault: Option<ShopifyFault>,
}

/// The state of one walk.
pub(super) struct Walk {
    errors: Vec<GraphqlError>,
    path: Vec<Value>,
    /// Set by errors that leave no data at all.
    fatal: bool,
}

impl<'u> Executor<'_, 'u> {
    pub(crate) fn run(&self, operation: &Operation) -> Answer {
        let mut walk = Walk { errors: vec![], path: vec![], fatal: false };
        let mut out = String::with_capacity(16_384);
        let root = if operation.kind == "mutation" { Node::Desk(Desk::Mutation) } else { Node::Root };
        let cost = self.object(&mut out, &mut walk, root, &operation.selections);
        if walk.fatal {
            "null".clone_into(&mut out);
        }
        Answer { data: out, errors: walk.errors, cost: cost.max(1) }
    }

    pub(super) fn object(
        &self,
        out: &mut String,
        walk: &mut Walk,
        node: Node<'u>,
        selections: &[Selection],
    ) -> u64 {
        let mut fields: Vec<(&str, Vec<&Field>)> = Vec::with_capacity(selections.len());
        self.collect(node.type_name(), selections, &mut fields);
        let mut spent = 0;
        out.push('{');
        for (at, (key, fields)) in fields.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_json(out, &json!(key));
            out.push(':');
            walk.path.push(json!(key));
            spent += self.field(out, walk, node, &fields);
            walk.path.pop();
        }
        out.push('}');
        spent
    }

    /// One object as text, apart from any answer.
    pub(crate) fn plain(&self, node: Node<'u>, selections: &[Selection]) -> String {
        let mut walk = Walk { errors: vec![], path: vec![], fatal: false };
        let mut out = String::with_capacity(256);
        self.object(&mut out, &mut walk, node, selections);
        out
    }

    /// The id of an object, if it has one.
    pub(crate) fn id_of(&self, node: Node<'u>) -> Option<String> {
        match self.resolve(node, "id", "id", &Map::new()) {
            Resolved::Leaf(Value::String(id)) => Some(id),
            _ => None,
        }
    }

    /// Gathers fields by their name in the answer, through fragments whose condition fits.
    pub(crate) fn collect<'s>(
        &'s self,
        type_name: &str,
        selections: &'s [Selection],
        fields: &mut Vec<(&'s str, Vec<&'s Field>)>,
    ) {
        let line = type_name == "ReturnLineItem";
        let fits = |on: &str| on == type_name || on == "Node" || (line && on == "ReturnLineItemType");
        for selection in selections {
            match selection {
                Selection::Field(field) => match fields.iter_mut().find(|(key, _)| *key == field.key()) {
                    Some((_, same)) => same.push(field),
                    None => fields.push((field.key(), vec![field])),
                },
                Selection::Inline { on, selections, .. } => {
                    if on.as_deref().is_none_or(fits) {
                        self.collect(type_name, selections, fields);
                    }
                }
                Selection::Spread { name, .. } => {
                    if let Some(fragment) =
                        self.document.fragments.get(name).filter(|fragment| fits(&fragment.on))
                    {
                        self.collect(type_name, &fragment.selections, fields);
                    }
                }
            }
        }
    }

    /// Writes one field; equal names with several selections are merged.
    fn field(&self, out: &mut String, walk: &mut Walk, node: Node<'u>, fields: &[&Field]) -> u64 {
        let field = fields[0];
        if field.name == "__typename" {
            write_json(out, &json!(node.type_name()));
            return 0;
        }
        let Some(definition) = self.schema.field(node.type_name(), &field.name) else {
            out.push_str("null");
            return 0;
        };
        let merged: Vec<Selection>;
        let selections = if fields.len() == 1 {
            &field.selections
        } else {
            merged = fields.iter().flat_map(|field| field.selections.iter().cloned()).collect();
            &merged
        };
        let arguments = arguments(Some(definition), &field.arguments, self.variables);
        if let Some(scopes) = self.missing_scope(node, &field.name) {
            walk.errors.push(access_denied(scopes, field, walk));
            out.push_str("null");
            return 0;
        }
        let own = || cost::field(self.schema, node.type_name(), &field.name, &definition.ty);
        match self.resolve(node, &field.name, field.key(), &arguments) {
            Resolved::Leaf(value) => {
                write_json(out, &value);
                if value.is_null() { 0 } else { own() }
            }
            // A mutation costs what it costs, whatever of its answer is asked for.
            Resolved::Object(child) if matches!(node, Node::Desk(Desk::Mutation)) => {
                self.object(out, walk, child, selections);
                own()
            }
            Resolved::Object(child) => own() + self.object(out, walk, child, selections),
            Resolved::List(children) => own() + self.list(out, walk, &children, selections),
            Resolved::Connection(rows) => {
                let top = matches!(node, Node::Root | Node::Office(Office::Account));
                self.connection(out, walk, (field, top), selections, rows, &arguments)
            }
        }
    }

    /// The scopes of which one would be needed for a field.
    pub(crate) fn missing_scope(&self, node: Node<'u>, field: &str) -> Option<&'static [&'static str]> {
        let scopes = root_fields::required_scopes(node.type_name(), field);
        let struck = self.fault == Some(ShopifyFault::AccessDenied);
        let held = scopes.iter().any(|scope| self.scene.has_scope(scope));
        (!scopes.is_empty() && (struck || !held)).then_some(scopes)
    }

    /// The elements of a list count once, by the dearest.
    fn list(
        &self,
        out: &mut String,
        walk: &mut Walk,
        children: &[Option<Node<'u>>],
        selections: &[Selection],
    ) -> u64 {
        let mut dearest = 0;
        out.push('[');
        for (at, child) in children.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            let Some(child) = child else {
                out.push_str("null");
                continue;
            };
            walk.path.push(json!(at));
            dearest = self.object(out, walk, *child, selections).max(dearest);
            walk.path.pop();
        }
        out.push(']');
        dearest
    }

    fn connection(
        &self,
        out: &mut String,
        walk: &mut Walk,
        (field, top): (&Field, bool),
        selections: &[Selection],
        rows: Vec<Row<'u>>,
        arguments: &Map<String, Value>,
    ) -> u64 {
        let mut arguments = arguments.clone();
        if top && self.fault == Some(ShopifyFault::PageRepeated) {
            arguments.remove("after");
        }
        if field.name == "bulkOperations" {
            // Newest first unless reversed: the other way round than all other lists.
            let reverse = arguments.get("reverse").and_then(Value::as_bool).unwrap_or(false);
            arguments.insert("reverse".into(), json!(!reverse));
        }
        let mut window = match connection::window(rows, &arguments, self.scene.wall) {
            Ok(window) => window,
            Err(refusal) => {
                walk.errors.push(refused(refusal, field, walk));
                walk.fatal = true;
                out.push_str("null");
                return 0;
            }
        };
        let mut page_info = page_info(&window);
        if top {
            self.bend(&mut window, &mut page_info, &arguments);
        }
        let mut page = Page { executor: self, window: &window, page_info: &page_info, node_cost: 0 };
        page.write(out, walk, field, selections);
        2 + cost::rows(window.rows.len() as u64) * page.node_cost
    }

    /// The faults of a page.
    fn bend(
        &self,
        window: &mut Window<'u>,
        page_info: &mut Map<String, Value>,
        arguments: &Map<String, Value>,
    ) {
        match self.fault {
            // Nothing is lost: the cursor stays before the rows that this page held back.
            Some(ShopifyFault::EmptyPage) if !window.rows.is_empty() => {
                let unmoved = arguments.get("after").filter(|after| !after.is_null()).cloned();
                let unmoved = unmoved.unwrap_or_else(|| json!(connection::before(&window.rows[0])));
                window.rows.clear();
                page_info.insert("endCursor".into(), unmoved);
                page_info.insert("hasNextPage".into(), json!(true));
            }
            Some(ShopifyFault::PaginationWall) => {
                page_info.insert("hasNextPage".into(), json!(false));
            }
            Some(ShopifyFault::DroppedRow) => drop(window.rows.pop()),
            Some(ShopifyFault::CursorRepeated) => {
                if let Some(after) = arguments.get("after").filter(|after| !after.is_null()) {
                    page_info.insert("endCursor".into(), after.clone());
                }
                page_info.insert("hasNextPage".into(), json!(true));
            }
            Some(ShopifyFault::NullCursor) => {
                page_info.insert("endCursor".into(), Value::Null);
                page_info.insert("hasNextPage".into(), json!(true));
            }
            _ => {}
        }
    }

    /// What a field of an object holds; `key` is its name in the answer.
    pub(crate) fn resolve(
        &self,
        node: Node<'u>,
        field: &str,
        key: &str,
        arguments: &Map<String, Value>,
    ) -> Resolved<'u> {
        let scene = self.scene;
        match node {
            Node::Root => root_fields::root(scene, field, arguments),
            Node::Shop => catalog_fields::shop(scene, field),
            Node::Plan => catalog_fields::plan(field),
            Node::Installation => catalog_fields::installation(scene, field),
            Node::Scope(at) => catalog_fields::scope(scene, at, field),
            Node::Version(at) => catalog_fields::version(scene, at, field),
            Node::Count(count) => root_fields::count(count, field),
            Node::Order(order) => order_fields::order(scene, order, field, arguments),
            Node::Line(order, at) => order_fields::line(scene, order, at, field),
            Node::TaxLine(order, tax) => order_fields::tax_line(scene, order, tax, field),
            Node::Refund(order, refund) => order_fields::refund(order, refund, field),
            Node::RefundLine(order, line) => order_fields::refund_line(scene, order, line, field),
            Node::Fulfillment(order, sent) => order_fields::fulfillment(scene, order, sent, field, arguments),
            Node::FulfillmentLine(order, line) => order_fields::fulfillment_line(order, line, field),
            Node::Tracking(tracking) => order_fields::tracking(tracking, field),
            Node::Transaction(order, transaction) => order_fields::transaction(order, transaction, field),
            Node::MoneyBag(order, amount) => order_fields::money_bag(scene, order, amount, field),
            Node::Money(amount, currency) => catalog_fields::money_v2(amount, currency, field),
            Node::Address(customer) => catalog_fields::address(customer, field),
            Node::Email(customer) => catalog_fields::email(customer, field),
            Node::Customer(customer) => catalog_fields::customer(scene, customer, field),
            Node::Product(product) => catalog_fields::product(product, field),
            Node::Variant(product, variant) => catalog_fields::variant(product, variant, field),
            Node::Item(product, variant) => catalog_fields::item(scene, product, variant, field, arguments),
            Node::Measurement(variant) => catalog_fields::measurement(variant, field),
            Node::Weight(value) => catalog_fields::weight(value, field),
            Node::Level(product, variant, level) => {
                catalog_fields::level(scene, product, variant, level, field, arguments)
            }
            Node::Quantity(level, name) => catalog_fields::quantity(level, name, field),
            Node::Location(location) => catalog_fields::location(scene, location, field, arguments),
            Node::LocationAddress(location) => catalog_fields::location_address(location, field),
            Node::Office(office) => office.resolve(scene, field, arguments),
            Node::Desk(desk) => desk.resolve(scene, field, key),
        }
    }
}

fn access_denied(scopes: &[&str], field: &Field, walk: &Walk) -> GraphqlError {
    let name = &field.name;
    let needed = format!("`{}` access scope.", scopes.join("` or `"));
    let message = format!("Access denied for {name} field. Required access: {needed}");
    let extensions = json!({
        "code": "ACCESS_DENIED", "documentation": "https://shopify.dev/api/usage/access-scopes", "requiredAccess": needed,
    });
    GraphqlError {
        path: walk.path.clone(),
        ..GraphqlError::new(message).at(field.position).extensions(extensions)
    }
}

fn refused(refusal: Refusal, field: &Field, walk: &Walk) -> GraphqlError {
    let message = match refusal {
        Refusal::NoSize => "you must provide one of first or last".to_owned(),
        // The sources give the limit of 250, not the words.
        Refusal::TooMany(size) => format!("first/last of {size} exceeds the maximum value of 250"),
        Refusal::Negative => "first/last cannot be less than zero".to_owned(),
        Refusal::BadCursor => format!("Invalid cursor for {}", field.name),
    };
    let error = GraphqlError::new(message).at(field.position).extensions(json!({"code": "BAD_REQUEST"}));
    GraphqlError { path: walk.path.clone(), ..error }
}

pub(super) fn write_json(out: &mut String, value: &Value) {
    match value {
        Value::String(text) if !text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') => {
            out.push('"');
            out.push_str(text);
            out.push('"');
        }
        other => out.push_str(&other.to_string()),
    }
}
