//! Pages or an export: the engine asks how much there is, chooses, and keeps its choice.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use sentia::{
    Connector, ConnectorInfo, Context, Error, ErrorKind, Evidence, Fetch, Mode, Outcome, Page, Pipeline,
    Record, Result, Route, RunReport, StreamInfo, Version, record::Document, report::Event,
};

use crate::database::{Database, on_both};

/// A vendor of parts, who counts them, lists them three a page, and exports them.
#[derive(Debug, Default)]
struct Shelf {
    parts: usize,
    /// What the vendor says when it is asked how many there are.
    counted: Option<u64>,
    /// Lists end behind so many parts, although more follow.
    listed: Option<usize>,
    /// The count is refused.
    refuses: bool,
    /// A job under way comes to nothing, for good.
    dead: bool,
    /// What was asked: `count`, or route and place.
    asked: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Parts(Arc<Mutex<Shelf>>);

impl Parts {
    fn of(parts: usize) -> Self {
        let counted = Some(parts as u64);
        Parts(Arc::new(Mutex::new(Shelf { parts, counted, ..Shelf::default() })))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().expect("one test")
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shelf().asked)
    }
}

fn record(at: usize) -> Record {
    let document = Document::new(format!("{{\"id\":\"{at}\"}}").into());
    Record::new(at.to_string().into(), Version::none(), document, vec![], vec![])
}

#[async_trait]
impl Connector for Parts {
    fn info(&self) -> ConnectorInfo {
        let parts = StreamInfo::new("parts").key(&["id"]).incremental("changed").exported_from(5);
        ConnectorInfo::new("shelf").stream(parts)
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        self.page(&request).map(|page| page.bounded_by(cx.clock().now()))
    }

    async fn size(&self, _: &Context, stream: &StreamInfo) -> Result<Option<u64>> {
        assert_eq!(stream.name, "parts");
        let mut shelf = self.shelf();
        shelf.asked.push("count".to_owned());
        if shelf.refuses {
            return Err(Error::new(ErrorKind::PermissionDenied, "no counting here"));
        }
        Ok(shelf.counted)
    }
}

impl Parts {
    fn page(&self, request: &Fetch<'_>) -> Result<Page> {
        let mut shelf = self.shelf();
        shelf.asked.push(format!("{} {}", request.route(), request.page().unwrap_or("-")));
        if request.since().is_some() {
            return Ok(Page::last(vec![]));
        }
        match (request.route(), request.page()) {
            (Route::Export, None) => Ok(Page::wait("job", std::time::Duration::from_millis(1))),
            (Route::Export, Some(_)) if shelf.dead => {
                Err(Error::new(ErrorKind::PermissionDenied, "the job was refused"))
            }
            (Route::Export, Some(_)) => Ok(Page::last((0..shelf.parts).map(record).collect::<Vec<_>>())
                .declared(Some(shelf.parts as u64))),
            (Route::Pages, page) => {
                let from: usize = page.map_or(0, |page| page.parse().expect("ours"));
                let end = shelf.listed.unwrap_or(shelf.parts).min(shelf.parts);
                let to = (from + 3).min(end);
                let records: Vec<_> = (from..to).map(record).collect();
                Ok(Page::chained(records, (to < end).then(|| to.to_string())))
            }
        }
    }
}

/// The route of the only certificate, which the report must agree with.
fn route(report: &RunReport) -> Route {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    let stream = &report.streams()[0];
    let proof = &stream.certificates[0];
    let evidence = if proof.route == Route::Export { Evidence::Counted } else { Evidence::Walked };
    assert_eq!((stream.route, proof.evidence), (proof.route, evidence));
    proof.route
}

async fn chosen(database: Database) {
    let store = database.store().await;
    for (at, (counted, refuses, forced, expected, first)) in [
        (Some(4), false, None, Route::Pages, "count"),
        (Some(5), false, None, Route::Export, "count"),
        (Some(6), false, None, Route::Export, "count"),
        (None, false, None, Route::Pages, "count"),
        (Some(6), true, None, Route::Pages, "count"),
        (Some(6), false, Some(Route::Pages), Route::Pages, "pages -"),
        (Some(0), false, Some(Route::Export), Route::Export, "export -"),
    ]
    .into_iter()
    .enumerate()
    {
        let parts = Parts::of(6);
        (parts.shelf().counted, parts.shelf().refuses) = (counted, refuses);
        let told = Arc::new(Mutex::new(Vec::new()));
        let listener = {
            let told = told.clone();
            move |event: &Event| {
                if let Event::Routed { route, records, .. } = event {
                    told.lock().expect("one test").push((*route, *records));
                }
            }
        };
        let pipeline = || Pipeline::new(parts.clone(), store.clone()).connection(format!("c{at}"));
        let full = match forced {
            Some(route) => pipeline().route(route),
            None => pipeline(),
        };
        let report = full.observe(listener).run().await.expect("runs");
        assert_eq!((route(&report), report.counts().inserted), (expected, 6), "{at}");
        assert_eq!(parts.asked()[0], first, "{at}");
        let asked = forced.is_none().then_some(counted).flatten().filter(|_| !refuses);
        assert_eq!(*told.lock().expect("one test"), [(expected, asked)], "{at}");
        // An increment is never exported, whatever the host wants.
        let report = pipeline().route(Route::Export).run().await.expect("runs");
        assert_eq!((route(&report), parts.asked()), (Route::Pages, vec!["pages -".to_owned()]));
    }
}

async fn kept(database: Database) {
    let (parts, store) = (Parts::of(6), database.store().await);
    let pipeline = || Pipeline::new(parts.clone(), store.clone());
    let stop = sentia::engine::CancellationToken::new();
    let cancel = stop.clone();
    let stopping = move |event: &Event| {
        if matches!(event, Event::Waiting { .. }) {
            cancel.cancel();
        }
    };
    let report = pipeline().cancel_on(stop).observe(stopping).run().await.expect("a report");
    assert_eq!((report.outcome(), report.streams()[0].route), (Outcome::Incomplete, Route::Export));
    parts.asked();
    // Fewer than the threshold by now: the window has its route, and nobody asks again.
    parts.shelf().counted = Some(1);
    assert_eq!(route(&pipeline().run().await.expect("runs")), Route::Export);
    assert_eq!(parts.asked(), ["export job"]);

    // A host that wants the other route begins the window anew.
    let full = || pipeline().mode(Mode::Full);
    let stop = sentia::engine::CancellationToken::new();
    let cancel = stop.clone();
    let stopping = move |event: &Event| {
        if matches!(event, Event::Waiting { .. }) {
            cancel.cancel();
        }
    };
    let report = full().route(Route::Export).cancel_on(stop).observe(stopping).run().await.expect("a report");
    assert_eq!(report.outcome(), Outcome::Incomplete);
    parts.asked();
    assert_eq!(route(&full().route(Route::Pages).run().await.expect("runs")), Route::Pages);
    assert_eq!(parts.asked()[0], "pages -");
}

async fn dead_jobs(database: Database) {
    let (parts, store) = (Parts::of(6), database.store().await);
    let pipeline = || Pipeline::new(parts.clone(), store.clone());
    parts.shelf().dead = true;
    let report = pipeline().run().await.expect("a report");
    let failure = report.streams()[0].failure.as_ref().expect("a reason");
    assert_eq!((report.outcome(), failure.code.as_str()), (Outcome::Incomplete, "permission_denied"));
    parts.asked();
    // The position names a job that came to nothing: the next run orders another, and fails as that one does.
    let report = pipeline().run().await.expect("a report");
    assert_eq!(report.outcome(), Outcome::Incomplete);
    assert_eq!(parts.asked(), ["export job", "export -", "export job"]);
    // The first thing a third run does is to ask after the dead job; the one it orders in its place is good.
    parts.shelf().dead = false;
    assert_eq!(route(&pipeline().run().await.expect("runs")), Route::Export);
}

async fn short_lists(database: Database) {
    let (parts, store) = (Parts::of(4), database.store().await);
    let pipeline = || Pipeline::new(parts.clone(), store.clone());
    parts.shelf().listed = Some(3);
    let report = pipeline().run().await.expect("a report");
    let failure = report.streams()[0].failure.as_ref().expect("a reason");
    assert!(failure.message.contains("counted 4 records, its list ended after 3"), "{failure:?}");
    assert_eq!(report.outcome(), Outcome::Incomplete);
    assert_eq!(
        parts.asked().iter().filter(|asked| *asked == "count").count(),
        4,
        "asked before each reading"
    );
    // A part that really went is not missed for long.
    parts.shelf().counted = Some(3);
    assert_eq!(route(&pipeline().run().await.expect("runs")), Route::Pages);
    assert_eq!(database.count("shelf_parts").await, 3);
}

on_both!(
    /// By size, by the host's wish, and by pages where the size cannot be had.
    the_route_is_chosen_by_size,
    super::chosen
);
on_both!(
    /// A restart goes on by the route it began with.
    the_route_survives_a_restart,
    super::kept
);
on_both!(
    /// A job that failed for good is not asked after for ever.
    a_dead_job_is_replaced_by_the_next_run,
    super::dead_jobs
);
on_both!(
    /// A list that ends before the vendor's own count is no proof.
    a_list_shorter_than_its_count_is_not_believed,
    super::short_lists
);
