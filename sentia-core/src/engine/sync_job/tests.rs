//! What a run's report means for its job.

use super::*;
use crate::{Status, cursor::Mode};

/// A report over streams, each with the error that it failed by.
fn report(streams: &[Option<Error>]) -> RunReport {
    let stream = |(at, error): (usize, &Option<Error>)| {
        let mut stream = StreamReport::new(&format!("s{at}"));
        if let Some(error) = error {
            stream.fail(error);
        }
        stream
    };
    RunReport {
        run: uuid::Uuid::nil(),
        tenant: "acme".into(),
        connection: "shop".into(),
        vendor: "shopify".into(),
        mode: Mode::Incremental,
        background: None,
        started: DateTime::UNIX_EPOCH,
        finished: None,
        streams: streams.iter().enumerate().map(stream).collect(),
    }
}

fn failed(kind: ErrorKind) -> Option<Error> {
    Some(Error::new(kind, "so it is"))
}

#[test]
fn a_run_that_proved_everything_is_done() {
    assert_eq!(judge(&report(&[None, None])).expect("done"), Outcome::Done);
}

#[test]
fn what_fails_for_good_beside_what_works_does_not_fail_the_job() {
    let denied = failed(ErrorKind::PermissionDenied);
    assert_eq!(judge(&report(&[None, denied])).expect("done"), Outcome::Done);
}

#[test]
fn a_connection_of_which_nothing_works_fails_for_good() {
    let report = report(&[failed(ErrorKind::Unauthenticated), failed(ErrorKind::Unauthenticated)]);
    let error = judge(&report).expect_err("dead");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Status::Permanent));
    assert!(error.message().starts_with("2 of 2 streams are open: s0: unauthenticated"), "{error}");
}

#[test]
fn what_may_pass_is_tried_again_and_the_longest_wait_is_kept() {
    let error =
        judge(&report(&[None, failed(ErrorKind::Timeout), failed(ErrorKind::NotFound)])).expect_err("again");
    assert_eq!((error.kind(), error.is_temporary(), error.wait()), (ErrorKind::Timeout, true, None));
    let waits = [30, 90].map(|seconds| {
        failed(ErrorKind::QuotaExhausted).map(|error| error.retry_after(Duration::from_secs(seconds)))
    });
    let error = judge(&report(&waits)).expect_err("later");
    assert_eq!((error.kind(), error.wait()), (ErrorKind::QuotaExhausted, Some(Duration::from_secs(90))));
    let one_waits = [waits[0].as_ref().map(|_| Error::new(ErrorKind::Timeout, "x")), None];
    assert_eq!(
        judge(&report(&one_waits)).expect_err("again").wait(),
        None,
        "one that does not say is tried sooner"
    );
}
