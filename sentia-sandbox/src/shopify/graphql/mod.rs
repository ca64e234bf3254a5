//! A small GraphQL engine: enough of the language to answer a sync client, with the wording of graphql-ruby.
//!
//! It knows nothing of shops: the schema comes from SDL, the values from a resolver.

pub(crate) mod ast;
pub(crate) mod cost;
pub(crate) mod error;
pub(crate) mod lexer;
pub(crate) mod parser;
pub(crate) mod schema;
pub(crate) mod validate;
pub(crate) mod variables;
