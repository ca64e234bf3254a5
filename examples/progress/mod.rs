//! What a person or a log sees while a pipeline runs: bars on a terminal, JSON lines elsewhere.

use std::{
    collections::HashMap,
    io::IsTerminal,
    sync::{Mutex, PoisonError},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use sentia::report::Event;
use serde_json::json;

/// A listener for [`Pipeline::observe`](sentia::Pipeline::observe).
pub(crate) fn listener(connection: &str) -> impl Fn(&Event) + Send + Sync + 'static {
    let bars = std::io::stderr().is_terminal().then(|| Bars::new(connection));
    let connection = connection.to_owned();
    move |event| match &bars {
        Some(bars) => bars.show(event),
        None => line(&connection, event),
    }
}

struct Bars {
    connection: String,
    all: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    fn new(connection: &str) -> Self {
        Bars { connection: connection.to_owned(), all: MultiProgress::new(), bars: Mutex::default() }
    }

    fn bar(&self, stream: &str) -> ProgressBar {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        bars.entry(stream.to_owned())
            .or_insert_with(|| {
                let template = "{prefix:<34} {bar:28} {pos:>8}/{len:<8} {per_sec:>12} {msg}";
                let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
                let bar = self.all.add(ProgressBar::no_length().with_style(style));
                bar.with_prefix(format!("{} {stream}", self.connection))
            })
            .clone()
    }

    fn show(&self, event: &Event) {
        match event {
            Event::Committed { stream, counts, declared, .. } => {
                let bar = self.bar(stream);
                bar.inc(counts.read);
                bar.set_length(declared.unwrap_or(bar.position()).max(bar.position()));
            }
            Event::Reread { stream, .. } => self.bar(stream).set_message("reading again"),
            Event::Waiting { stream, wait } => self.bar(stream).set_message(format!("waiting {wait:?}")),
            Event::Finished(report) => {
                let bar = self.bar(&report.name);
                bar.set_length(bar.position());
                bar.finish_with_message(report.outcome.to_string());
            }
            _ => {}
        }
    }
}

fn line(connection: &str, event: &Event) {
    let line = match event {
        Event::Committed { stream, counts, read, declared } => json!({
            "event": "committed", "connection": connection, "stream": stream,
            "read": read, "declared": declared, "counts": counts,
        }),
        Event::Reread { stream, reason } => {
            json!({ "event": "reread", "connection": connection, "stream": stream, "reason": reason })
        }
        Event::Waiting { stream, wait } => {
            json!({ "event": "waiting", "connection": connection, "stream": stream, "wait_ms": wait.as_millis() as u64 })
        }
        Event::Finished(report) => json!({
            "event": "finished", "connection": connection, "stream": report.name,
            "outcome": report.outcome, "counts": report.counts, "failure": report.failure,
        }),
        _ => return,
    };
    eprintln!("{line}");
}
