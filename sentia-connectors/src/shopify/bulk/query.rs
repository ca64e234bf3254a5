//! The query of a bulk operation, made of the one that reads pages: one source, so that both select the same.
//!
//! Shopify's rules for the text: connections are written `edges { node { ... } }` and need no page size; no connection may
//! stand within a list. So page information, cursors and sizes are left out, and of an object or list that holds a
//! connection only its id stays; [`Gaps`](super::Gaps) brings the rest.

use crate::shopify::query::Query;

/// Arguments that page a list.
const PAGING: [&str; 4] = ["first", "after", "query", "sortKey"];

/// The text to hand to `bulkOperationRunQuery` for the list that `query` reads.
pub(in crate::shopify) fn bulk_text(query: &Query) -> String {
    let (_, body) = query.text.split_once('{').unwrap_or_default();
    let fields = selection(&mut tokens(body).into_iter());
    let list = fields.iter().find(|field| query.path.first() == Some(&field.name));
    let mut text = "{ ".to_owned();
    if let Some(list) = list {
        write(list, Depth::Root, &mut text);
    }
    text + "}"
}

/// A field with its arguments as they stand, and what is selected of it.
#[derive(Debug)]
struct Field<'q> {
    name: &'q str,
    arguments: Vec<&'q str>,
    selection: Vec<Field<'q>>,
}

impl<'q> Field<'q> {
    fn child(&self, name: &str) -> Option<&Field<'q>> {
        self.selection.iter().find(|field| field.name == name)
    }

    /// What is selected of a connection's nodes; none where this is no connection.
    fn node(&self) -> Option<&[Field<'q>]> {
        Some(&self.child("edges")?.child("node")?.selection)
    }

    fn holds_a_connection(&self) -> bool {
        self.selection.iter().any(|field| field.node().is_some() || field.holds_a_connection())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Root,
    Within,
}

fn write(field: &Field<'_>, depth: Depth, text: &mut String) {
    text.push_str(field.name);
    let kept = |argument: &&&str| !PAGING.iter().any(|paging| argument.starts_with(paging));
    let arguments: Vec<&str> = field.arguments.iter().filter(kept).copied().collect();
    if !arguments.is_empty() {
        text.push_str(&format!("({})", arguments.join(", ")));
    }
    text.push(' ');
    if let Some(node) = field.node() {
        text.push_str("{ edges { node { ");
        node.iter().for_each(|field| write(field, Depth::Within, text));
        text.push_str("} } } ");
    } else if depth == Depth::Within && field.holds_a_connection() {
        text.push_str("{ id } ");
    } else if !field.selection.is_empty() {
        text.push_str("{ ");
        field.selection.iter().for_each(|field| write(field, Depth::Within, text));
        text.push_str("} ");
    }
}

/// Names, braces, and what stands between parentheses.
fn tokens(mut text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    loop {
        text = text.trim_start();
        let length = match text.as_bytes().first() {
            None => return tokens,
            Some(b'{' | b'}') => 1,
            Some(b'(') => text.find(')').map_or(text.len(), |end| end + 1),
            Some(_) => text.find(|c: char| c.is_whitespace() || "{}(".contains(c)).unwrap_or(text.len()),
        };
        let (token, rest) = text.split_at(length);
        tokens.push(token);
        text = rest;
    }
}

/// The fields up to the brace that closes them.
fn selection<'q>(tokens: &mut impl Iterator<Item = &'q str>) -> Vec<Field<'q>> {
    let mut fields: Vec<Field<'q>> = Vec::new();
    while let Some(token) = tokens.next() {
        match (token, fields.last_mut()) {
            ("}", _) => break,
            ("{", Some(field)) => field.selection = selection(tokens),
            (token, Some(field)) if token.starts_with('(') => field.arguments = arguments(token),
            (name, _) => fields.push(Field { name, arguments: Vec::new(), selection: Vec::new() }),
        }
    }
    fields
}

/// The arguments of `(a: 1, b: ["x", "y"])`.
fn arguments(text: &str) -> Vec<&str> {
    let inner = text.trim_start_matches('(').trim_end_matches(')');
    let (mut depth, mut begins, mut found) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                found.push(inner[begins..at].trim());
                begins = at + 1;
            }
            _ => {}
        }
    }
    found.push(inner[begins..].trim());
    found.retain(|argument| !argument.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shopify::streams::EXPORTS;

    fn connections(field: &Field<'_>, within: usize, deepest: &mut usize) -> usize {
        let own = usize::from(field.node().is_some());
        *deepest = (*deepest).max(within + own);
        let children = field.node().unwrap_or(&field.selection);
        own + children.iter().map(|child| connections(child, within + own, deepest)).sum::<usize>()
    }

    #[test]
    fn every_export_keeps_the_rules() {
        for export in EXPORTS {
            let text = bulk_text(export.list.query);
            let parsed = selection(&mut tokens(text.trim_start().trim_start_matches('{')).into_iter());
            let [root] = parsed.as_slice() else { panic!("one list: {text}") };
            let mut deepest = 0;
            assert!((1..=5).contains(&connections(root, 0, &mut deepest)), "{text}");
            // A child's parent must be a record: deeper ones are not assembled.
            assert!(deepest <= 2, "{text}");
            assert!(!text.contains("pageInfo") && !text.contains("cursor") && !text.contains('$'), "{text}");
            let node = root.node().expect("a connection");
            assert!(node.iter().any(|field| field.name == "id"), "{text}");
            let nested: Vec<_> = node.iter().filter(|field| field.node().is_some()).collect();
            let names: Vec<_> = nested.iter().map(|field| field.name).collect();
            let declared: Vec<_> = export.children.iter().map(|child| child.member).collect();
            assert_eq!(names, declared, "every nested connection is assembled, and nothing else");
            assert!(nested.iter().all(|field| field.node().expect("one")[0].name == "id"));
        }
    }

    #[test]
    fn what_a_bulk_operation_cannot_give_is_what_the_gaps_are() {
        for export in EXPORTS {
            let page = selection(
                &mut tokens(export.list.query.text.split_once('{').expect("a query").1).into_iter(),
            );
            let root = page.iter().find(|field| field.name == export.list.query.path[0]).expect("the list");
            let node = root.node().expect("a connection");
            let cut = node.iter().filter(|field| field.node().is_none() && field.holds_a_connection());
            let cut: Vec<_> = cut.map(|field| field.name).collect();
            assert_eq!(cut, export.gaps.map_or(Vec::new(), |gaps| gaps.members.to_vec()));
        }
    }

    #[test]
    fn the_query_of_orders() {
        let text = bulk_text(&crate::shopify::query::ORDERS);
        assert!(text.starts_with("{ orders { edges { node { id legacyResourceId name "), "{text}");
        assert!(text.contains("lineItems { edges { node { id sku "), "{text}");
        assert!(text.contains("} } } refunds { id } fulfillments { id } transactions { id kind "), "{text}");
        assert!(text.ends_with("amountSet { shopMoney { amount currencyCode } } } } } } }"), "{text}");
    }

    #[test]
    fn arguments_that_do_not_page_stay() {
        let query = Query {
            name: "x",
            text: r#"query X($first: Int!) { levels(first: $first, includeInactive: true) { edges { node { id quantities(names: ["a", "b"]) { name } } } } }"#,
            path: &["levels"],
            points: 1.0,
        };
        let expected = r#"{ levels(includeInactive: true) { edges { node { id quantities(names: ["a", "b"]) { name } } } } }"#;
        assert_eq!(bulk_text(&query), expected);
    }
}
