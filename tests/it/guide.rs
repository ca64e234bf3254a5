//! docs/writing-a-connector.md shows the example's own code.

use std::path::Path;

/// Lines without their indentation and without empty ones.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

#[test]
fn every_piece_of_code_is_the_examples() {
    let guide = read("docs/writing-a-connector.md");
    let files = ["custom_connector.rs", "parcels/mod.rs", "parcels/tests.rs"];
    let sources = files.map(|file| read(&format!("examples/{file}")));
    let pieces: Vec<&str> =
        guide.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(pieces.len() > 10, "{}", pieces.len());
    for piece in pieces {
        let wanted = lines(piece);
        let is_there =
            sources.iter().any(|source| lines(source).windows(wanted.len()).any(|at| at == wanted));
        assert!(is_there, "no longer in the example:\n{piece}");
    }
}
