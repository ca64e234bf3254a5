//! Errors in the form and words of graphql-ruby.

use serde_json::{Value, json};

use super::lexer::Position;

/// One entry of `errors`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GraphqlError {
    pub(crate) message: String,
    pub(crate) positions: Vec<Position>,
    pub(crate) path: Vec<Value>,
    pub(crate) extensions: Option<Value>,
}

impl GraphqlError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), positions: vec![], path: vec![], extensions: None }
    }

    pub(crate) fn at(mut self, position: Position) -> Self {
        self.positions.push(position);
        self
    }

    pub(crate) fn path(self, path: &[String]) -> Self {
        Self { path: path.iter().map(|step| json!(step)).collect(), ..self }
    }

    pub(crate) fn extensions(self, extensions: Value) -> Self {
        Self { extensions: Some(extensions), ..self }
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({"message": self.message});
        if !self.positions.is_empty() {
            let positions = self.positions.iter();
            json["locations"] = positions.map(|at| json!({"line": at.line, "column": at.column})).collect();
        }
        if !self.path.is_empty() {
            json["path"] = Value::Array(self.path.clone());
        }
        if let Some(extensions) = &self.extensions {
            json["extensions"] = extensions.clone();
        }
        json
    }
}
