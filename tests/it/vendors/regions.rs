//! The United Kingdom and the USA side by side.
