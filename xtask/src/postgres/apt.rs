//! The distribution's own server, where we may install it.

use std::process::Command;

use super::account;
use crate::command::{Outcome, output, succeeds};

pub(crate) fn install() -> Outcome {
    if !succeeds("apt-get", &["--version"]) {
        return Err("there is no apt-get".to_owned());
    }
    if !account::is_root() {
        return Err("only root may install it".to_owned());
    }
    println!("installing the distribution's PostgreSQL");
    output(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends", "postgresql"]);
    output(install.env("DEBIAN_FRONTEND", "noninteractive")).map(drop)
}
