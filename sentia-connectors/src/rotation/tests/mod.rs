//! Many tasks, many processes, callers who leave, databases that fail.

mod crash;
mod scene;

use std::{
    future::Future,
    pin::pin,
    task::{Context as Waking, Poll, Waker},
};

use secrecy::ExposeSecret;
use sentia_core::ErrorKind;

use self::scene::{Grace, Scene};

/// Lets every task of this thread that can go on do so.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Eight processes with 25 tasks each: the vendor is asked once, and once more after it refused that token.
#[tokio::test]
async fn one_refresh_serves_every_task_of_every_process() {
    let scene = Scene::new(Grace::None).await;
    let fleet: Vec<_> = (0..8).map(|_| scene.start()).collect();
    let callers = || fleet.iter().flat_map(|process| (0..25).map(move |_| process));
    let first = futures::future::join_all(callers().map(|process| process.token())).await;
    let first: Vec<_> = first.into_iter().map(|token| token.expect("granted")).collect();
    assert_eq!(scene.vendor.calls(), 1);
    assert!(first.iter().all(|token| token == "access-1"), "{first:?}");

    let second =
        callers().map(|process| async { process.tokens.renew(&process.cx, &"access-1".into()).await });
    for token in futures::future::join_all(second).await {
        assert_eq!(token.expect("renewed").secret.expose_secret(), "access-2");
    }
    assert_eq!(scene.vendor.calls(), 2);
}

/// A process that starts later takes what the others have, and asks nobody.
#[tokio::test]
async fn a_process_that_starts_later_needs_no_refresh() {
    let scene = Scene::new(Grace::None).await;
    assert_eq!(scene.start().token().await.expect("granted"), "access-1");
    assert_eq!(scene.start().token().await.expect("published"), "access-1");
    scene.age();
    assert_eq!(scene.start().token().await.expect("renewed"), "access-2");
    // After a new consent the old access token may be another account's.
    scene.consent().await;
    assert_eq!(scene.start().token().await.expect("granted"), "access-3");
    assert_eq!(scene.vendor.calls(), 3);
}

/// Dropped after any number of polls: the vendor revokes at once, and still no token is lost.
#[tokio::test]
async fn a_caller_may_leave_at_every_await() {
    for polls in 0.. {
        let scene = Scene::new(Grace::None).await;
        let (process, other) = (scene.start(), scene.start());
        let mut is_done = false;
        {
            let mut call = pin!(process.token());
            for _ in 0..polls {
                is_done = call.as_mut().poll(&mut Waking::from_waker(Waker::noop())).is_ready();
                if is_done {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(process.token().await.expect("a fresh call works"), "access-1", "{polls}");
        assert_eq!(other.token().await.expect("and that of another process"), "access-1", "{polls}");
        assert_eq!(scene.vendor.calls(), 1, "{polls}");
        if is_done {
            assert!(polls > 8, "every step is an await: {polls}");
            return;
        }
    }
}

/// The new token cannot be stored: it is held, nobody sends the old one, and the next call stores it.
#[tokio::test]
async fn a_token_that_cannot_be_stored_is_held() {
    let scene = Scene::new(Grace::None).await;
    let (process, other) = (scene.start(), scene.start());
    process.fate.fail_saves(5);
    let error = process.token().await.expect_err("four saves failed");
    assert_eq!(error.kind(), ErrorKind::Store);
    let mut waiting = pin!(other.token());
    for _ in 0..20 {
        let polled = waiting.as_mut().poll(&mut Waking::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending), "the lease stands");
        tokio::task::yield_now().await;
    }
    assert_eq!(process.token().await.expect("the fifth fails, the sixth does not"), "access-1");
    assert_eq!(waiting.await.expect("published"), "access-1");
    assert_eq!(scene.vendor.calls(), 1);
}

/// The vendor was mistaken: a day later it is asked once more, and nobody has to log in.
#[tokio::test]
async fn a_death_is_doubted_once_a_day() {
    let scene = Scene::new(Grace::None).await;
    let (one, two) = (scene.start(), scene.start());
    scene.vendor.mistake(true);
    drop(one.token().await.expect_err("refused"));
    for day in 1..3 {
        drop(two.token().await.expect_err("dead"));
        assert_eq!((scene.vendor.calls(), scene.told()), (day, 1));
        scene.days_pass(1);
    }
    let error = one.token().await.expect_err("the vendor still does not know it");
    assert!(error.context_value("dead_since").is_some());
    scene.days_pass(1);
    scene.vendor.mistake(false);
    assert_eq!(two.token().await.expect("the same token"), "access-1");
    assert_eq!((scene.vendor.calls(), scene.told()), (4, 1));
}

/// A refused app is no dead connection: the next call asks again.
#[tokio::test]
async fn only_a_spent_token_is_a_death() {
    let scene = Scene::new(Grace::None).await;
    let process = scene.start();
    scene.vendor.refuse_app(true);
    for calls in 1..3 {
        let error = process.token().await.expect_err("the app is refused");
        assert_eq!((error.kind(), error.context_value("dead_since")), (ErrorKind::Unauthenticated, None));
        assert_eq!(scene.vendor.calls(), calls);
    }
    scene.vendor.refuse_app(false);
    assert_eq!(process.token().await.expect("granted"), "access-1");
}

/// Told once, by the vendor's own refusal; refused here by whoever asks until there is another consent.
#[tokio::test]
async fn a_dead_connection_is_told_once_and_costs_no_call() {
    let scene = Scene::new(Grace::None).await;
    let (one, two) = (scene.start(), scene.start());
    scene.vendor.forget_all();
    let (first, second) = futures::future::join(one.token(), two.token()).await;
    let dead = |error: &sentia_core::Error| error.context_value("dead_since").is_some();
    let errors = [first.expect_err("refused"), second.expect_err("refused")];
    assert_eq!(errors.iter().filter(|error| dead(error)).count(), 1, "{errors:#?}");
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert_eq!(error.context_value("connection"), Some("tenant/books"), "{error:?}");
    }
    for process in [&one, &two, &scene.start()] {
        assert!(dead(&process.token().await.expect_err("still dead")));
    }
    assert_eq!((scene.vendor.calls(), scene.told()), (1, 1));
    scene.consent().await;
    assert_eq!(two.token().await.expect("a new consent"), "access-1");
    assert_eq!(one.token().await.expect("published"), "access-1");
    settle().await;
    assert_eq!((scene.vendor.calls(), scene.told()), (2, 1));
}
