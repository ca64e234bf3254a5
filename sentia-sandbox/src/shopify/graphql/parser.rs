//! Reads GraphQL documents: operations, variables, arguments, aliases, fragments.

use super::ast::{
    Argument, Document, Field, Fragment, Literal, Operation, Selection, TypeRef, VariableDefinition,
};
use super::lexer::{Position, SyntaxError, Token, tokens};

/// Reads a query document. Directives are read and ignored.
pub(crate) fn parse(text: &str) -> Result<Document, SyntaxError> {
    let mut parser = Parser::new(text)?;
    let mut document = Document::default();
    while *parser.peek() != Token::End {
        parser.definition(&mut document)?;
    }
    if document.operations.is_empty() && document.fragments.is_empty() {
        return Err(parser.unexpected());
    }
    Ok(document)
}

/// A cursor over tokens, shared with the reader of SDL.
pub(crate) struct Parser {
    tokens: Vec<(Token, Position)>,
    at: usize,
}

impl Parser {
    pub(crate) fn new(text: &str) -> Result<Self, SyntaxError> {
        Ok(Self { tokens: tokens(text)?, at: 0 })
    }

    pub(crate) fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    pub(crate) fn position(&self) -> Position {
        self.tokens[self.at].1
    }

    pub(crate) fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        // The last token is the end mark, which is never stepped over.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    pub(crate) fn unexpected(&self) -> SyntaxError {
        let Position { line, column } = self.position();
        let message = match self.peek() {
            Token::End => format!("syntax error, unexpected end of file at [{line}, {column}]"),
            Token::Name(name) => {
                format!("syntax error, unexpected IDENTIFIER (\"{name}\") at [{line}, {column}]")
            }
            Token::Punctuation(c) => format!("syntax error, unexpected \"{c}\" at [{line}, {column}]"),
            other => format!("syntax error, unexpected {other:?} at [{line}, {column}]"),
        };
        SyntaxError { message, position: self.position() }
    }

    pub(crate) fn eat(&mut self, wanted: char) -> bool {
        let found = *self.peek() == Token::Punctuation(wanted);
        if found {
            self.advance();
        }
        found
    }

    pub(crate) fn expect(&mut self, wanted: char) -> Result<(), SyntaxError> {
        if self.eat(wanted) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(crate) fn name(&mut self) -> Result<String, SyntaxError> {
        match self.peek() {
            Token::Name(name) => {
                let name = name.clone();
                self.advance();
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    pub(crate) fn eat_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Token::Name(name) if name == wanted);
        if found {
            self.advance();
        }
        found
    }

    fn definition(&mut self, document: &mut Document) -> Result<(), SyntaxError> {
        if *self.peek() == Token::Punctuation('{') {
            let selections = self.selections()?;
            document.operations.push(Operation {
                kind: "query".into(),
                name: None,
                variables: vec![],
                selections,
            });
            return Ok(());
        }
        let position = self.position();
        match self.peek() {
            Token::Name(word) if word == "fragment" => {
                self.advance();
                let name = self.name()?;
                if !self.eat_word("on") {
                    return Err(self.unexpected());
                }
                let on = self.name()?;
                self.directives()?;
                let fragment = Fragment { on, selections: self.selections()?, position };
                document.fragments.insert(name, fragment);
            }
            Token::Name(word) if ["query", "mutation", "subscription"].contains(&word.as_str()) => {
                let kind = self.name()?;
                let name = if matches!(self.peek(), Token::Name(_)) { Some(self.name()?) } else { None };
                let variables = self.variable_definitions()?;
                self.directives()?;
                let selections = self.selections()?;
                document.operations.push(Operation { kind, name, variables, selections });
            }
            _ => return Err(self.unexpected()),
        }
        Ok(())
    }

    fn variable_definitions(&mut self) -> Result<Vec<VariableDefinition>, SyntaxError> {
        let mut variables = Vec::new();
        if self.eat('(') {
            while !self.eat(')') {
                let position = self.position();
                self.expect('$')?;
                let name = self.name()?;
                self.expect(':')?;
                let ty = self.type_ref()?;
                let default = if self.eat('=') { Some(self.literal()?) } else { None };
                self.directives()?;
                variables.push(VariableDefinition { name, ty, default, position });
            }
        }
        Ok(variables)
    }

    pub(crate) fn type_ref(&mut self) -> Result<TypeRef, SyntaxError> {
        let inner = if self.eat('[') {
            let inner = self.type_ref()?;
            self.expect(']')?;
            TypeRef::List(Box::new(inner))
        } else {
            TypeRef::Named(self.name()?)
        };
        Ok(if self.eat('!') { TypeRef::NonNull(Box::new(inner)) } else { inner })
    }

    /// Skips directives; gives nothing, as the twin only reads what has no bearing on its answers.
    pub(crate) fn directives(&mut self) -> Result<(), SyntaxError> {
        while self.eat('@') {
            self.name()?;
            self.arguments()?;
        }
        Ok(())
    }

    fn selections(&mut self) -> Result<Vec<Selection>, SyntaxError> {
        self.expect('{')?;
        let mut selections = Vec::new();
        while !self.eat('}') {
            selections.push(self.selection()?);
        }
        Ok(selections)
    }

    fn selection(&mut self) -> Result<Selection, SyntaxError> {
        let position = self.position();
        if *self.peek() == Token::Spread {
            self.advance();
            if matches!(self.peek(), Token::Name(word) if word != "on") {
                let name = self.name()?;
                self.directives()?;
                return Ok(Selection::Spread { name, position });
            }
            let on = if self.eat_word("on") { Some(self.name()?) } else { None };
            self.directives()?;
            return Ok(Selection::Inline { on, selections: self.selections()?, position });
        }
        let first = self.name()?;
        let (alias, name) = if self.eat(':') { (Some(first), self.name()?) } else { (None, first) };
        let arguments = self.arguments()?;
        self.directives()?;
        let selections = if *self.peek() == Token::Punctuation('{') { self.selections()? } else { vec![] };
        Ok(Selection::Field(Field { alias, name, arguments, selections, position }))
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, SyntaxError> {
        let mut arguments = Vec::new();
        if self.eat('(') {
            while !self.eat(')') {
                let position = self.position();
                let name = self.name()?;
                self.expect(':')?;
                arguments.push(Argument { name, value: self.literal()?, position });
            }
        }
        Ok(arguments)
    }

    pub(crate) fn literal(&mut self) -> Result<Literal, SyntaxError> {
        Ok(match self.peek().clone() {
            Token::Punctuation('$') => {
                self.advance();
                Literal::Variable(self.name()?)
            }
            Token::Punctuation('[') => {
                self.advance();
                let mut items = Vec::new();
                while !self.eat(']') {
                    items.push(self.literal()?);
                }
                Literal::List(items)
            }
            Token::Punctuation('{') => {
                self.advance();
                let mut members = Vec::new();
                while !self.eat('}') {
                    let name = self.name()?;
                    self.expect(':')?;
                    members.push((name, self.literal()?));
                }
                Literal::Object(members)
            }
            Token::Int(text) => {
                let value = text.parse().map_err(|_| self.unexpected())?;
                self.advance();
                Literal::Int(value)
            }
            Token::Float(text) => {
                self.advance();
                Literal::Float(text)
            }
            Token::Text(text) => {
                self.advance();
                Literal::Text(text)
            }
            Token::Name(word) => {
                self.advance();
                match word.as_str() {
                    "true" => Literal::Bool(true),
                    "false" => Literal::Bool(false),
                    "null" => Literal::Null,
                    _ => Literal::Enum(word),
                }
            }
            _ => return Err(self.unexpected()),
        })
    }
}
