//! Static validation, with graphql-ruby's words and camelCase codes.

use std::collections::BTreeSet;

use serde_json::json;

use super::ast::{Document, Field, Literal, Operation, Selection, TypeRef};
use super::error::GraphqlError;
use super::lexer::Position;
use super::schema::{FieldDefinition, Kind, Schema};

/// All mistakes of an operation, in the order of the document.
pub(crate) fn validate(schema: &Schema, document: &Document, operation: &Operation) -> Vec<GraphqlError> {
    let title = operation
        .name
        .as_ref()
        .map_or_else(|| operation.kind.clone(), |name| format!("{} {name}", operation.kind));
    let mut check = Check {
        schema,
        document,
        operation,
        path: vec![title],
        used: BTreeSet::new(),
        open_fragments: vec![],
        errors: vec![],
    };
    let root = if operation.kind == "mutation" { "Mutation" } else { "QueryRoot" };
    check.selections(root, &operation.selections);
    check.variables();
    check.errors
}

struct Check<'d> {
    schema: &'d Schema,
    document: &'d Document,
    operation: &'d Operation,
    path: Vec<String>,
    used: BTreeSet<String>,
    open_fragments: Vec<String>,
    errors: Vec<GraphqlError>,
}

impl Check<'_> {
    fn report(&mut self, message: String, position: Position, extensions: serde_json::Value) {
        self.errors.push(GraphqlError::new(message).at(position).path(&self.path).extensions(extensions));
    }

    fn selections(&mut self, on: &str, selections: &[Selection]) {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    self.path.push(field.key().to_owned());
                    self.field(on, field);
                    self.path.pop();
                }
                Selection::Inline { on: condition, selections, position } => {
                    let target = condition.as_deref().unwrap_or(on);
                    if self.known_condition(target, *position) {
                        self.path.push(format!("... on {target}"));
                        self.selections(target, selections);
                        self.path.pop();
                    }
                }
                Selection::Spread { name, position } => self.spread(name, *position),
            }
        }
    }

    fn spread(&mut self, name: &str, position: Position) {
        let document = self.document;
        let Some(fragment) = document.fragments.get(name) else {
            let extensions = json!({"code": "useAndDefineFragment", "fragmentName": name});
            return self.report(format!("Fragment {name} was used, but not defined"), position, extensions);
        };
        if self.open_fragments.iter().any(|open| open == name) {
            let extensions = json!({"code": "infiniteLoop", "fragmentName": name});
            return self.report(format!("Fragment {name} contains an infinite loop"), position, extensions);
        }
        if self.known_condition(&fragment.on, fragment.position) {
            self.open_fragments.push(name.to_owned());
            self.selections(&fragment.on, &fragment.selections);
            self.open_fragments.pop();
        }
    }

    fn known_condition(&mut self, name: &str, position: Position) -> bool {
        let known = self.schema.get(name).is_some();
        if !known {
            let message = format!("No such type {name}, so it can't be a fragment condition");
            self.report(message, position, json!({"code": "undefinedType", "typeName": name}));
        }
        known
    }

    fn field(&mut self, on: &str, field: &Field) {
        if field.name == "__typename" {
            return;
        }
        let schema = self.schema;
        let Some(definition) = schema.field(on, &field.name) else {
            let message = format!("Field '{}' doesn't exist on type '{on}'", field.name);
            let extensions = json!({"code": "undefinedField", "typeName": on, "fieldName": field.name});
            return self.report(message, field.position, extensions);
        };
        self.arguments(field, definition);
        let base = definition.ty.base();
        let leaf = schema.is_leaf(base);
        if leaf && !field.selections.is_empty() {
            let message = format!(
                "Selections can't be made on scalars (field '{}' returns {base} but has selections [{}])",
                field.name,
                names(&field.selections)
            );
            let extensions = json!({"code": "selectionMismatch", "nodeName": format!("field '{}'", field.name), "typeName": base});
            self.report(message, field.position, extensions);
        } else if !leaf && field.selections.is_empty() {
            let name = &field.name;
            let message = format!(
                "Field must have selections (field '{name}' returns {base} but has no selections. Did you mean '{name} {{ ... }}'?)"
            );
            let extensions =
                json!({"code": "selectionMismatch", "nodeName": format!("field '{name}'"), "typeName": base});
            self.report(message, field.position, extensions);
        } else {
            self.selections(base, &field.selections);
        }
    }

    fn arguments(&mut self, field: &Field, definition: &FieldDefinition) {
        for argument in &field.arguments {
            self.note_variables(&argument.value, argument.position);
            let Some(declared) = definition.argument(&argument.name) else {
                let message = format!("Field '{}' doesn't accept argument '{}'", field.name, argument.name);
                let extensions = json!({
                    "code": "argumentNotAccepted", "name": field.name, "typeName": "Field", "argumentName": argument.name,
                });
                self.path.push(argument.name.clone());
                self.report(message, argument.position, extensions);
                self.path.pop();
                continue;
            };
            if !self.literal_fits(&declared.ty, &argument.value) {
                let message = format!(
                    "Argument '{}' on Field '{}' has an invalid value ({}). Expected type '{}'.",
                    argument.name, field.name, argument.value, declared.ty
                );
                let extensions = json!({"code": "argumentLiteralsIncompatible", "typeName": "Field", "argumentName": argument.name});
                self.path.push(argument.name.clone());
                self.report(message, argument.position, extensions);
                self.path.pop();
            }
        }
        let given = |name: &str| field.arguments.iter().any(|argument| argument.name == name);
        let missing: Vec<&str> = definition
            .arguments
            .iter()
            .filter(|declared| declared.ty.required() && declared.default.is_none() && !given(&declared.name))
            .map(|declared| declared.name.as_str())
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            let message = format!("Field '{}' is missing required arguments: {missing}", field.name);
            let extensions = json!({
                "code": "missingRequiredArguments", "className": "Field", "name": field.name, "arguments": missing,
            });
            self.report(message, field.position, extensions);
        }
    }

    fn literal_fits(&self, ty: &TypeRef, value: &Literal) -> bool {
        match (ty, value) {
            (_, Literal::Variable(_)) => true,
            (TypeRef::NonNull(_), Literal::Null) => false,
            (TypeRef::NonNull(inner), value) => self.literal_fits(inner, value),
            (_, Literal::Null) => true,
            (TypeRef::List(inner), Literal::List(items)) => {
                items.iter().all(|item| self.literal_fits(inner, item))
            }
            (TypeRef::List(inner), single) => self.literal_fits(inner, single),
            (TypeRef::Named(name), value) => match (name.as_str(), value) {
                ("Int", Literal::Int(number)) => i32::try_from(*number).is_ok(),
                ("Float", Literal::Int(_) | Literal::Float(_)) | ("Boolean", Literal::Bool(_)) => true,
                ("ID", Literal::Int(_)) => true,
                (_, Literal::Text(_)) => {
                    self.is_scalar(name) && !["Int", "Float", "Boolean"].contains(&name.as_str())
                }
                (_, Literal::Enum(word)) => self.schema.get(name).is_some_and(|ty| ty.names.contains(word)),
                (_, Literal::Object(members)) => self.schema.get(name).is_some_and(|ty| {
                    let fits = |(member, value): &(String, Literal)| {
                        ty.fields.get(member).is_some_and(|declared| self.literal_fits(&declared.ty, value))
                    };
                    ty.kind == Kind::Input && members.iter().all(fits)
                }),
                _ => false,
            },
        }
    }

    fn is_scalar(&self, name: &str) -> bool {
        self.schema.get(name).is_none_or(|ty| ty.kind == Kind::Scalar)
    }

    fn note_variables(&mut self, value: &Literal, position: Position) {
        match value {
            Literal::Variable(name) => {
                let declared = self.operation.variables.iter().any(|variable| variable.name == *name);
                if !declared {
                    let title = self.operation.name.clone().unwrap_or_else(|| "anonymous query".into());
                    let message = format!("Variable ${name} is used by {title} but not declared");
                    self.report(
                        message,
                        position,
                        json!({"code": "variableNotDefined", "variableName": name}),
                    );
                }
                self.used.insert(name.clone());
            }
            Literal::List(items) => items.iter().for_each(|item| self.note_variables(item, position)),
            Literal::Object(members) => {
                members.iter().for_each(|(_, item)| self.note_variables(item, position))
            }
            _ => {}
        }
    }

    fn variables(&mut self) {
        let operation = self.operation;
        let title = operation.name.clone().unwrap_or_else(|| "anonymous query".into());
        for variable in &operation.variables {
            let name = &variable.name;
            if !self.used.contains(name) {
                let message = format!("Variable ${name} is declared by {title} but not used");
                self.report(
                    message,
                    variable.position,
                    json!({"code": "variableNotUsed", "variableName": name}),
                );
            }
            let base = variable.ty.base();
            if self.schema.get(base).is_none() {
                let message = format!("{base} isn't a defined input type (on ${name})");
                self.report(
                    message,
                    variable.position,
                    json!({"code": "variableRequiresValidType", "typeName": base}),
                );
            }
        }
    }
}

fn names(selections: &[Selection]) -> String {
    let name = |selection: &Selection| match selection {
        Selection::Field(field) => field.name.clone(),
        Selection::Spread { name, .. } => format!("...{name}"),
        Selection::Inline { .. } => "...".to_owned(),
    };
    selections.iter().map(|selection| format!("\"{}\"", name(selection))).collect::<Vec<_>>().join(", ")
}
