//! How windows are judged, and what a full read leaves behind.

use super::*;

fn window(paging: Paging, declared: Option<u64>) -> Window {
    let open = Window::open(Uuid::nil(), Mode::Full, None, DateTime::UNIX_EPOCH, 1);
    Window { paging, declared, ..open }
}

fn tally(distinct: u64, repeated: u64, keyless: u64) -> Tally {
    Tally { distinct, repeated, keyless, ..Tally::default() }
}

#[test]
fn counts_and_walks_are_told_apart() {
    assert_eq!(judge(&window(Paging::Numbered, Some(3)), &tally(3, 0, 0)), Ok(Evidence::Counted));
    assert_eq!(judge(&window(Paging::Numbered, Some(3)), &tally(2, 0, 1)), Ok(Evidence::Counted));
    assert_eq!(judge(&window(Paging::Chained, None), &tally(3, 2, 0)), Ok(Evidence::Walked));
}

#[test]
fn a_list_that_ends_before_the_vendors_own_count_is_not_believed() {
    let counted = |counted| Window { counted: Some(counted), ..window(Paging::Chained, None) };
    assert!(judge(&counted(5), &tally(3, 0, 1)).is_err_and(|reason| reason.contains("counted 5")));
    assert_eq!(judge(&counted(4), &tally(3, 0, 1)), Ok(Evidence::Walked));
    assert_eq!(judge(&counted(2), &tally(3, 0, 0)), Ok(Evidence::Walked), "more came meanwhile");
    let declared = Window { declared: Some(3), ..counted(5) };
    assert_eq!(
        judge(&declared, &tally(3, 0, 0)),
        Ok(Evidence::Counted),
        "a count of this very window is better"
    );
}

#[test]
fn shifted_ground_is_never_green() {
    assert!(judge(&window(Paging::Numbered, Some(3)), &tally(3, 1, 0)).is_err());
    assert!(judge(&window(Paging::Numbered, Some(4)), &tally(3, 0, 0)).is_err());
    assert!(judge(&window(Paging::Numbered, None), &tally(3, 1, 0)).is_err());
    let moved = Window { count_moved: true, ..window(Paging::Numbered, Some(3)) };
    assert!(judge(&moved, &tally(3, 0, 0)).is_err());
}

fn batch(full: FullRead) -> Batch {
    let stream = StreamId {
        tenant: "t".to_owned(),
        connection: "c".to_owned(),
        stream: "s".to_owned(),
        partition: String::new(),
    };
    Batch {
        stream,
        table: crate::StreamTable::new(
            "vendor",
            std::sync::Arc::new(crate::StreamInfo::new("s").key(&["id"])),
        ),
        run: Uuid::nil(),
        epoch: 1,
        checkpoint: crate::Checkpoint { full: Some(full), ..crate::Checkpoint::default() },
        slot: Slot::Front,
        records: Vec::new(),
        rejected: Vec::new(),
        fetched: DateTime::UNIX_EPOCH,
        closing: None,
        lease: None,
    }
}

fn full_read_under(scope: &str) -> FullRead {
    FullRead { at: DateTime::UNIX_EPOCH, read_scope: Some(scope.to_owned()), calls: 7 }
}

#[test]
fn what_is_hidden_is_never_swept_not_even_when_confirmed() {
    let hidden = Window {
        read_scope: Some("a".to_owned()),
        findings: vec![Finding::hides("short", "the list is short")],
        ..window(Paging::Chained, None)
    };
    let told = Window { findings: vec![Finding::notice("old", "an old version")], ..hidden.clone() };
    for policy in [SweepPolicy::default(), SweepPolicy::confirmed()] {
        let closing = Closing { max_attempts: 2, overlap: chrono::Duration::zero(), sweep: Some(policy) };
        let sweep = |window| sweep_due(&batch(full_read_under("a")), window, &closing, &tally(3, 0, 0));
        assert!(matches!(sweep(&hidden), Sweep::Refused { reason } if reason.contains("hides")));
        assert_eq!(sweep(&told), Sweep::Done { deleted: 0 });
    }
}

#[test]
fn an_increment_under_another_scope_says_so() {
    let increment = Window {
        mode: Mode::Incremental,
        read_scope: Some("a".to_owned()),
        findings: vec![Finding::notice("old", "an old version")],
        ..window(Paging::Chained, None)
    };
    let codes = |scope: &str, window: &Window| -> Vec<String> {
        findings(&batch(full_read_under(scope)), window).into_iter().map(|finding| finding.code).collect()
    };
    assert_eq!(codes("a", &increment), ["old"]);
    assert_eq!(codes("b", &increment), ["old", "read_scope_changed"]);
    assert_eq!(codes("b", &Window { mode: Mode::Full, ..increment }), ["old"]);
}

#[test]
fn a_sweep_is_held_only_beyond_both_bounds() {
    let policy = SweepPolicy::default();
    assert!(policy.allows(100, 100) && policy.allows(500, 10_000));
    assert!(!policy.allows(101, 1_000));
    assert!(SweepPolicy::confirmed().allows(1_000, 1_000));
}

#[test]
fn the_set_digest_ignores_order_and_sees_every_member() {
    let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
    let of = |entries: &[(&str, i64, Digest)]| {
        let mut set = SetDigest::default();
        entries.iter().for_each(|(key, version, digest)| set.add(key, *version, digest));
        set
    };
    assert_eq!(of(&[("x", 1, a), ("y", 2, b)]), of(&[("y", 2, b), ("x", 1, a)]));
    assert_ne!(of(&[("x", 1, a)]), of(&[("x", 2, a)]));
    assert_ne!(of(&[("x", 1, a)]), of(&[("x", 1, b)]));
}
