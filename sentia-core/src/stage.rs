//! Stages at which a kill test may end the process; nothing without the feature of the tests.

/// Passes the stage of this name.
pub(crate) fn pass(stage: &str) {
    #[cfg(any(test, feature = "testing"))]
    crate::testing::crash::point(stage);
    #[cfg(not(any(test, feature = "testing")))]
    let _ = stage;
}
