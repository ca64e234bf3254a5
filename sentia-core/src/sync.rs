//! The locks of what is model-checked: quota, breakers, and the stores they are checked over.
//!
//! `cargo xtask model` compiles the crate with `--cfg shuttle`. Every lock, atomic and task is then the model checker's, which
//! tries their interleavings one after another (docs/decisions/0017). Any other build gets the standard library's.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
#[cfg(not(shuttle))]
pub(crate) use tokio_util::task::AbortOnDropHandle;

#[cfg(shuttle)]
pub(crate) use self::task::AbortOnDropHandle;

#[cfg(shuttle)]
mod task {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use tokio::task::{JoinError, JoinHandle};

    /// The model checker's tasks have no such handle of their own.
    #[derive(Debug)]
    pub(crate) struct AbortOnDropHandle<T>(JoinHandle<T>);

    impl<T> AbortOnDropHandle<T> {
        pub(crate) fn new(handle: JoinHandle<T>) -> Self {
            AbortOnDropHandle(handle)
        }
    }

    impl<T> Future for AbortOnDropHandle<T> {
        type Output = Result<T, JoinError>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            Pin::new(&mut self.0).poll(cx)
        }
    }

    impl<T> Drop for AbortOnDropHandle<T> {
        fn drop(&mut self) {
            self.0.abort();
        }
    }
}
