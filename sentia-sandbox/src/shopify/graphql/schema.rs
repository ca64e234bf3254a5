//! Types and fields, read from SDL: the twin's own table, and in tests the published schema it is held against.

use std::collections::BTreeMap;

use super::ast::{Literal, TypeRef};
use super::lexer::{SyntaxError, Token};
use super::parser::Parser;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar,
    Enum,
    Object,
    Interface,
    Union,
    Input,
}

#[derive(Clone, Debug)]
pub(crate) struct TypeDefinition {
    pub(crate) kind: Kind,
    pub(crate) fields: BTreeMap<String, FieldDefinition>,
    /// Values of an enum, members of a union.
    pub(crate) names: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct FieldDefinition {
    pub(crate) ty: TypeRef,
    pub(crate) arguments: Vec<ArgumentDefinition>,
}

#[derive(Clone, Debug)]
pub(crate) struct ArgumentDefinition {
    pub(crate) name: String,
    pub(crate) ty: TypeRef,
    pub(crate) default: Option<Literal>,
}

impl FieldDefinition {
    pub(crate) fn argument(&self, name: &str) -> Option<&ArgumentDefinition> {
        self.arguments.iter().find(|argument| argument.name == name)
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    types: BTreeMap<String, TypeDefinition>,
}

impl Schema {
    pub(crate) fn parse(sdl: &str) -> Result<Self, SyntaxError> {
        let mut parser = Parser::new(sdl)?;
        let mut schema = Self::default();
        for scalar in ["Int", "Float", "String", "Boolean", "ID"] {
            let definition = TypeDefinition { kind: Kind::Scalar, fields: BTreeMap::new(), names: vec![] };
            schema.types.insert(scalar.to_owned(), definition);
        }
        while *parser.peek() != Token::End {
            schema.definition(&mut parser)?;
        }
        Ok(schema)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&TypeDefinition> {
        self.types.get(name)
    }

    pub(crate) fn field(&self, on: &str, name: &str) -> Option<&FieldDefinition> {
        self.types.get(on)?.fields.get(name)
    }

    #[cfg(test)]
    pub(crate) fn types(&self) -> impl Iterator<Item = (&String, &TypeDefinition)> {
        self.types.iter()
    }

    /// The same schema without a field that older versions do not have.
    pub(crate) fn without(mut self, on: &str, field: &str) -> Self {
        if let Some(definition) = self.types.get_mut(on) {
            definition.fields.remove(field);
        }
        self
    }

    /// True for scalars and enums.
    pub(crate) fn is_leaf(&self, name: &str) -> bool {
        self.types.get(name).is_none_or(|ty| matches!(ty.kind, Kind::Scalar | Kind::Enum))
    }

    fn definition(&mut self, parser: &mut Parser) -> Result<(), SyntaxError> {
        description(parser);
        let kind = match parser.name()?.as_str() {
            "schema" => {
                parser.directives()?;
                parser.expect('{')?;
                while !parser.eat('}') {
                    parser.advance();
                }
                return Ok(());
            }
            "directive" => return skip_directive(parser),
            "scalar" => Kind::Scalar,
            "enum" => Kind::Enum,
            "type" => Kind::Object,
            "interface" => Kind::Interface,
            "union" => Kind::Union,
            "input" => Kind::Input,
            _ => return Err(parser.unexpected()),
        };
        let name = parser.name()?;
        if parser.eat_word("implements") {
            while matches!(parser.peek(), Token::Name(_) | Token::Punctuation('&')) {
                parser.advance();
            }
        }
        parser.directives()?;
        let mut definition = TypeDefinition { kind, fields: BTreeMap::new(), names: vec![] };
        match kind {
            Kind::Scalar => {}
            Kind::Union => {
                parser.expect('=')?;
                while parser.eat('|') || definition.names.is_empty() {
                    definition.names.push(parser.name()?);
                }
            }
            Kind::Enum => {
                parser.expect('{')?;
                while !parser.eat('}') {
                    description(parser);
                    definition.names.push(parser.name()?);
                    parser.directives()?;
                }
            }
            Kind::Object | Kind::Interface | Kind::Input => definition.fields = fields(parser)?,
        }
        self.types.insert(name, definition);
        Ok(())
    }
}

fn description(parser: &mut Parser) {
    if matches!(parser.peek(), Token::Text(_)) {
        parser.advance();
    }
}

fn skip_directive(parser: &mut Parser) -> Result<(), SyntaxError> {
    parser.expect('@')?;
    parser.name()?;
    arguments(parser)?;
    parser.eat_word("repeatable");
    if !parser.eat_word("on") {
        return Err(parser.unexpected());
    }
    parser.eat('|');
    parser.name()?;
    while parser.eat('|') {
        parser.name()?;
    }
    Ok(())
}

fn fields(parser: &mut Parser) -> Result<BTreeMap<String, FieldDefinition>, SyntaxError> {
    let mut fields = BTreeMap::new();
    parser.expect('{')?;
    while !parser.eat('}') {
        description(parser);
        let name = parser.name()?;
        let arguments = arguments(parser)?;
        parser.expect(':')?;
        let ty = parser.type_ref()?;
        if parser.eat('=') {
            parser.literal()?;
        }
        parser.directives()?;
        fields.insert(name, FieldDefinition { ty, arguments });
    }
    Ok(fields)
}

fn arguments(parser: &mut Parser) -> Result<Vec<ArgumentDefinition>, SyntaxError> {
    let mut arguments = Vec::new();
    if parser.eat('(') {
        while !parser.eat(')') {
            description(parser);
            let name = parser.name()?;
            parser.expect(':')?;
            let ty = parser.type_ref()?;
            let default = if parser.eat('=') { Some(parser.literal()?) } else { None };
            parser.directives()?;
            arguments.push(ArgumentDefinition { name, ty, default });
        }
    }
    Ok(arguments)
}
