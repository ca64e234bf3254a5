//! What a query costs before it runs, by the model measured from recorded answers (vendors/shopify.md section 4).

use super::ast::{Document, Field, Operation, Selection, TypeRef};
use super::schema::{Kind, Schema};
use super::variables::{Variables, arguments};

/// Points of a connection of `n` rows, before the rows' own cost.
pub(crate) fn rows(n: u64) -> u64 {
    if n == 0 { 0 } else { ((2.0 * (n as f64).ln()).floor() as u64).max(1) }
}

/// Points of an object of that type, before its fields.
pub(crate) fn object(schema: &Schema, type_name: &str) -> u64 {
    let free = ["MoneyV2", "MoneyBag", "LocationAddress", "ShopAddress", "PageInfo"].contains(&type_name);
    u64::from(!free && !schema.is_leaf(type_name))
}

/// Points of a field that is not a connection, besides its selection.
pub(crate) fn field(schema: &Schema, on: &str, name: &str, ty: &TypeRef) -> u64 {
    if (on == "QueryRoot" && ty.base() == "Count") || on == "Mutation" {
        return 10;
    }
    // A scalar that acts as an object of cost 1 (notes of vectors/query-cost-observed.json).
    object(schema, ty.base()) + u64::from(on == "Location" && name == "hasUnfulfilledOrders")
}

/// True for Relay connections, which are told by their name as Shopify's are.
pub(crate) fn is_connection(ty: &TypeRef) -> bool {
    ty.base().ends_with("Connection")
}

/// The requested cost of an operation; at least one point.
pub(crate) fn requested(
    schema: &Schema,
    document: &Document,
    operation: &Operation,
    variables: &Variables,
) -> u64 {
    let root = if operation.kind == "mutation" { "Mutation" } else { "QueryRoot" };
    let estimate = Estimate { schema, document, variables };
    estimate.selections(root, &operation.selections).max(1)
}

struct Estimate<'d> {
    schema: &'d Schema,
    document: &'d Document,
    variables: &'d Variables,
}

impl Estimate<'_> {
    /// Fields of the type itself add up; of the branches of an interface or union, the dearest counts.
    fn selections(&self, on: &str, selections: &[Selection]) -> u64 {
        let (mut sum, mut dearest) = (0, 0);
        for selection in selections {
            let (branch, inner) = match selection {
                Selection::Field(field) => {
                    sum += self.field(on, field);
                    continue;
                }
                Selection::Inline { on: condition, selections, .. } => {
                    (condition.as_deref().unwrap_or(on), selections)
                }
                Selection::Spread { name, .. } => match self.document.fragments.get(name) {
                    Some(fragment) => (fragment.on.as_str(), &fragment.selections),
                    None => continue,
                },
            };
            let cost = self.selections(branch, inner);
            let is_abstract =
                self.schema.get(on).is_some_and(|ty| matches!(ty.kind, Kind::Interface | Kind::Union));
            if branch != on && is_abstract {
                dearest = dearest.max(cost);
            } else {
                sum += cost;
            }
        }
        sum + dearest
    }

    fn field(&self, on: &str, field: &Field) -> u64 {
        let Some(definition) = self.schema.field(on, &field.name) else { return 0 };
        if is_connection(&definition.ty) {
            let arguments = arguments(Some(definition), &field.arguments, self.variables);
            let size =
                arguments.get("first").filter(|value| !value.is_null()).or_else(|| arguments.get("last"));
            let size = size.and_then(serde_json::Value::as_u64).unwrap_or(0);
            return 2 + rows(size) * self.nodes(definition.ty.base(), &field.selections);
        }
        if on == "Mutation" {
            // Of the answer to a mutation only connections are paid for.
            return 10 + self.connections(definition.ty.base(), &field.selections);
        }
        let inner = self.selections(definition.ty.base(), &field.selections);
        self::field(self.schema, on, &field.name, &definition.ty) + inner
    }

    /// The connections within a selection, wherever they stand.
    fn connections(&self, on: &str, selections: &[Selection]) -> u64 {
        let inner = |selection: &Selection| match selection {
            Selection::Field(field) => match self.schema.field(on, &field.name) {
                Some(definition) if is_connection(&definition.ty) => self.field(on, field),
                Some(definition) => self.connections(definition.ty.base(), &field.selections),
                None => 0,
            },
            Selection::Inline { on: condition, selections, .. } => {
                self.connections(condition.as_deref().unwrap_or(on), selections)
            }
            Selection::Spread { name, .. } => {
                let fragment = self.document.fragments.get(name);
                fragment.map_or(0, |fragment| self.connections(&fragment.on, &fragment.selections))
            }
        };
        selections.iter().map(inner).sum()
    }

    /// One and the selection's cost, for `nodes` and again for `edges.node`.
    fn nodes(&self, connection: &str, selections: &[Selection]) -> u64 {
        let mut sum = 0;
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    let Some(definition) = self.schema.field(connection, &field.name) else { continue };
                    sum += match field.name.as_str() {
                        "nodes" | "node" => {
                            let node = definition.ty.base();
                            object(self.schema, node) + self.selections(node, &field.selections)
                        }
                        "edges" => self.nodes(definition.ty.base(), &field.selections),
                        "pageInfo" => 0,
                        _ => self.field(connection, field),
                    };
                }
                Selection::Inline { selections, .. } => sum += self.nodes(connection, selections),
                Selection::Spread { name, .. } => {
                    let fragment = self.document.fragments.get(name);
                    sum += fragment.map_or(0, |fragment| self.nodes(connection, &fragment.selections));
                }
            }
        }
        sum
    }
}
