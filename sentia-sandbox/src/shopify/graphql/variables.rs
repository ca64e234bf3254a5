//! Values of variables and arguments.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ast::{Argument, Literal, Operation, TypeRef};
use super::error::GraphqlError;
use super::schema::{FieldDefinition, Kind, Schema};

/// The variables of one call, defaults filled in.
pub(crate) type Variables = BTreeMap<String, Value>;

/// Checks what was sent against what the operation declares.
pub(crate) fn coerce(
    schema: &Schema,
    operation: &Operation,
    sent: &Map<String, Value>,
) -> Result<Variables, Vec<GraphqlError>> {
    let mut variables = Variables::new();
    let mut errors = Vec::new();
    for declared in &operation.variables {
        let given = sent.get(&declared.name);
        let value = match (given, &declared.default) {
            (Some(value), _) => value.clone(),
            (None, Some(default)) => {
                variables.insert(declared.name.clone(), to_json(default, &Variables::new()));
                continue;
            }
            (None, None) if !declared.ty.required() => continue,
            (None, None) => Value::Null,
        };
        match problem(schema, &declared.ty, &value) {
            None => {
                variables.insert(declared.name.clone(), value);
            }
            Some(explanation) => {
                let message =
                    format!("Variable ${} of type {} was provided invalid value", declared.name, declared.ty);
                let problems = json!([{"path": [], "explanation": explanation}]);
                let extensions = json!({"code": "INVALID_VARIABLE", "value": value, "problems": problems});
                errors.push(GraphqlError::new(message).at(declared.position).extensions(extensions));
            }
        }
    }
    if errors.is_empty() { Ok(variables) } else { Err(errors) }
}

/// Why a value does not fit a type, if it does not.
fn problem(schema: &Schema, ty: &TypeRef, value: &Value) -> Option<String> {
    match ty {
        TypeRef::NonNull(_) if value.is_null() => Some("Expected value to not be null".into()),
        TypeRef::NonNull(inner) => problem(schema, inner, value),
        _ if value.is_null() => None,
        TypeRef::List(inner) => match value {
            Value::Array(items) => items.iter().find_map(|item| problem(schema, inner, item)),
            single => problem(schema, inner, single),
        },
        TypeRef::Named(name) => scalar_problem(schema, name, value),
    }
}

fn scalar_problem(schema: &Schema, name: &str, value: &Value) -> Option<String> {
    let fits = match name {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "ID" => {
            let Some(id) = value.as_str() else {
                return Some(format!("Could not coerce value {value} to ID"));
            };
            return (!id.starts_with("gid://shopify/")).then(|| format!("Invalid global id '{id}'"));
        }
        _ => match schema.get(name).map(|ty| ty.kind) {
            Some(Kind::Enum) => {
                let names = schema.get(name).map(|ty| ty.names.as_slice()).unwrap_or_default();
                let known = value.as_str().is_some_and(|word| names.iter().any(|name| name == word));
                return (!known).then(|| format!("Expected {value} to be one of: {}", names.join(", ")));
            }
            Some(Kind::Input) => {
                let Some(members) = value.as_object() else {
                    return Some(format!("Expected {value} to be a key-value object."));
                };
                return members.iter().find_map(|(member, value)| match schema.field(name, member) {
                    Some(declared) => problem(schema, &declared.ty, value),
                    None => Some(format!("Field is not defined on {name}")),
                });
            }
            _ => value.is_string(),
        },
    };
    (!fits).then(|| format!("Could not coerce value {value} to {name}"))
}

/// A literal as a value, variables filled in.
pub(crate) fn to_json(literal: &Literal, variables: &Variables) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Int(value) => json!(value),
        Literal::Float(text) => text.parse::<f64>().map_or(Value::Null, |value| json!(value)),
        Literal::Text(text) | Literal::Enum(text) => json!(text),
        Literal::Bool(value) => json!(value),
        Literal::Variable(name) => variables.get(name).cloned().unwrap_or(Value::Null),
        Literal::List(items) => items.iter().map(|item| to_json(item, variables)).collect(),
        Literal::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), to_json(value, variables))).collect(),
        ),
    }
}

/// The arguments of one field, defaults filled in.
pub(crate) fn arguments(
    definition: Option<&FieldDefinition>,
    given: &[Argument],
    variables: &Variables,
) -> Map<String, Value> {
    let mut arguments = Map::new();
    for declared in definition.map(|definition| definition.arguments.as_slice()).unwrap_or_default() {
        if let Some(default) = &declared.default {
            arguments.insert(declared.name.clone(), to_json(default, variables));
        }
    }
    for argument in given {
        // A variable that was not sent counts as an argument that was not given.
        if matches!(&argument.value, Literal::Variable(name) if !variables.contains_key(name)) {
            continue;
        }
        arguments.insert(argument.name.clone(), to_json(&argument.value, variables));
    }
    arguments
}
