//! A container, where a docker daemon answers.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Server;
use super::cluster::{NAME, SETTINGS};
use super::keeper::Keeper;
use crate::command::{Outcome, output, succeeds};

const IMAGE: &str = "postgres:18";
const START_LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn start() -> Outcome<Server> {
    if !succeeds("docker", &["info"]) {
        return Err("no docker daemon answers".to_owned());
    }
    let id = docker(&run_words())?;
    let keeper = Keeper::container(&id).map_err(|error| format!("cannot start sh: {error}"))?;
    await_ready(&id)?;
    let published = docker(&["port", &id, "5432/tcp"].map(str::to_owned))?;
    let address = published.lines().next().unwrap_or_default();
    let url = format!("postgres://{NAME}:{NAME}@{address}/{NAME}");
    Ok(Server { url, bin: None, user: None, _keeper: Some(keeper), _folder: None })
}

fn run_words() -> Vec<String> {
    let variables = [
        format!("POSTGRES_USER={NAME}"),
        format!("POSTGRES_PASSWORD={NAME}"),
        "POSTGRES_INITDB_ARGS=--encoding=UTF8 --locale=C".to_owned(),
    ];
    let mut words = ["run", "--rm", "--detach", "--publish", "127.0.0.1::5432"].map(str::to_owned).to_vec();
    words.extend(variables.into_iter().flat_map(|variable| ["--env".to_owned(), variable]));
    words.push(IMAGE.to_owned());
    words.extend(SETTINGS.iter().flat_map(|setting| ["-c".to_owned(), (*setting).to_owned()]));
    words
}

/// Asked over TCP: while it initializes, the image's server answers on its socket only.
fn await_ready(id: &str) -> Outcome {
    let begun = Instant::now();
    let question = ["exec", id, "pg_isready", "-h", "127.0.0.1", "-U", NAME, "-d", NAME].map(str::to_owned);
    while let Err(reason) = docker(&question) {
        if begun.elapsed() > START_LIMIT {
            return Err(reason);
        }
        sleep(Duration::from_millis(200));
    }
    Ok(())
}

fn docker(words: &[String]) -> Outcome<String> {
    output(Command::new("docker").args(words))
}
