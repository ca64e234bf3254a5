//! Tokens of GraphQL documents and of SDL.

/// Line and column, both from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Int(String),
    Float(String),
    Text(String),
    Punctuation(char),
    Spread,
    End,
}

/// A document that is not GraphQL; the message is graphql-ruby's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) position: Position,
}

pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, Position)>, SyntaxError> {
    let mut lexer = Lexer { rest: text, position: Position { line: 1, column: 1 } };
    let mut tokens = Vec::new();
    loop {
        let (token, position) = lexer.next()?;
        let ended = token == Token::End;
        tokens.push((token, position));
        if ended {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    rest: &'t str,
    position: Position,
}

impl<'t> Lexer<'t> {
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        for c in taken.chars() {
            if c == '\n' {
                self.position = Position { line: self.position.line + 1, column: 1 };
            } else {
                self.position.column += 1;
            }
        }
        taken
    }

    fn skip_ignored(&mut self) {
        loop {
            let trimmed = self.rest.trim_start_matches([' ', '\t', '\n', '\r', ',', '\u{feff}']);
            self.take(self.rest.len() - trimmed.len());
            if !self.rest.starts_with('#') {
                return;
            }
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.take(end);
        }
    }

    fn next(&mut self) -> Result<(Token, Position), SyntaxError> {
        self.skip_ignored();
        let position = self.position;
        let Some(first) = self.rest.chars().next() else { return Ok((Token::End, position)) };
        let token = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                let end = self
                    .rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(self.rest.len());
                Token::Name(self.take(end).to_owned())
            }
            '0'..='9' | '-' => self.number(),
            '"' => self.text()?,
            '.' if self.rest.starts_with("...") => {
                self.take(3);
                Token::Spread
            }
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '=' | '!' | '$' | '@' | '|' | '&' => {
                self.take(1);
                Token::Punctuation(first)
            }
            other => {
                return Err(SyntaxError {
                    message: format!(
                        "syntax error, unexpected invalid token (\"{other}\") at [{}, {}]",
                        position.line, position.column
                    ),
                    position,
                });
            }
        };
        Ok((token, position))
    }

    fn number(&mut self) -> Token {
        let part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let text = self.take(end).to_owned();
        if text.contains(['.', 'e', 'E']) { Token::Float(text) } else { Token::Int(text) }
    }

    fn text(&mut self) -> Result<Token, SyntaxError> {
        let position = self.position;
        let unterminated = || SyntaxError {
            message: format!(
                "syntax error, unexpected end of file at [{}, {}]",
                position.line, position.column
            ),
            position,
        };
        if self.rest.starts_with("\"\"\"") {
            let mut from = 3;
            let end = loop {
                let found = from + self.rest[from..].find("\"\"\"").ok_or_else(unterminated)?;
                if !self.rest[..found].ends_with('\\') {
                    break found;
                }
                from = found + 3;
            };
            let text = self.take(end + 3);
            return Ok(Token::Text(text[3..text.len() - 3].trim().to_owned()));
        }
        let mut escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let quoted = self.take(at + 1);
                    return serde_json::from_str(quoted).map(Token::Text).map_err(|_| unterminated());
                }
                _ => {}
            }
        }
        Err(unterminated())
    }
}
