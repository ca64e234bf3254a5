//! What a person sees while a pipeline runs: a bar for each stream, on a terminal only.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use sentia::report::Event;

/// A listener for [`Pipeline::observe`](sentia::Pipeline::observe).
pub(crate) fn bars(connection: &str) -> impl Fn(&Event) + Send + Sync + 'static {
    let bars = Bars::new(connection);
    move |event| bars.show(event)
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
                let style =
                    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
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
