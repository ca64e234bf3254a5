//! Who may read the books: custom connections, rotating tokens, scopes and organisations.

use std::time::Duration;

use secrecy::ExposeSecret;
use sentia::{
    ErrorKind, Mode, Outcome, Pipeline, RunReport, Store,
    connectors::{Xero, xero::XeroBuilder},
    key_store::KeyName,
    report::Failure,
    security::Vault,
};
use sentia_sandbox::{XeroGrace, XeroMissingScope, XeroScopes, XeroSwitches, XeroTwin, universe::XeroStream};

use super::{Scene, everything, unpaced};
use crate::{
    database::{Database, Kind},
    truth::{Vanished, books_are_true, impatient, vault},
};

struct Desk {
    scene: Scene,
    database: Database,
    store: Store,
    vault: Vault,
}

impl Desk {
    async fn new() -> Self {
        let (scene, database) = (Scene::new(62).await, Database::fresh(Kind::Sqlite).await.expect("a file"));
        scene.sandbox.xero().set_pacing(sentia_sandbox::Pacing::Lifted);
        let store = database.store().await;
        Desk { vault: vault(&store), scene, database, store }
    }

    fn twin(&self) -> &XeroTwin {
        self.scene.sandbox.xero()
    }

    fn consented(&self, token: &str) -> XeroBuilder {
        unpaced(self.twin()).refresh_token(token)
    }

    fn pipeline(&self, builder: XeroBuilder) -> Pipeline {
        let books = Pipeline::new(builder.build().expect("valid settings"), self.store.clone());
        let books = books.connection("xero").transport(impatient()).vault(self.vault.clone());
        books.clock(self.scene.clock.clone())
    }

    async fn run(&self, builder: XeroBuilder) -> sentia::Result<RunReport> {
        self.pipeline(builder).run().await
    }

    async fn reads(&self, builder: XeroBuilder) -> RunReport {
        let report = self.run(builder).await.expect("runs");
        assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
        report
    }

    async fn refused(&self, builder: XeroBuilder) -> sentia::Error {
        self.run(builder).await.expect_err("refused")
    }

    async fn kept(&self) -> String {
        let name = KeyName {
            tenant: "default".to_owned(),
            connection: "xero".to_owned(),
            name: "refresh_token".to_owned(),
        };
        let (token, _) = self.vault.get(&name).await.expect("opens").expect("kept");
        token.expose_secret().to_owned()
    }

    fn grants(&self) -> usize {
        let requests = self.twin().requests();
        requests.iter().filter(|request| request.path.ends_with("/token") && request.status == 200).count()
    }
}

fn failure<'r>(report: &'r RunReport, stream: &str) -> &'r Failure {
    let found = report.streams().iter().find(|known| known.name == stream).expect("a stream");
    found.failure.as_ref().unwrap_or_else(|| panic!("{stream} was read: {report:#?}"))
}

/// A custom connection has one organisation, no refresh token, and needs no consent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_custom_connection_finds_its_organisation() {
    let desk = Desk::new().await;
    let report = desk.reads(everything(&desk.scene.sandbox)).await;
    let scope = report.streams()[0].certificates[0].read_scope.clone().expect("a scope");
    assert!(scope.contains(&format!("tenant {}", desk.twin().tenant_id())), "{scope}");
    books_are_true(&desk.database, &desk.scene.sandbox, Vanished::NeverSeen).await;
    // Half an hour later the token is over; the next is asked for before the old one is refused.
    desk.scene.later(1);
    let _ = desk.reads(everything(&desk.scene.sandbox)).await;
    assert!(desk.twin().requests().iter().all(|request| request.status != 401));

    let error = desk.refused(unpaced(desk.twin()).client_secret("not-the-secret")).await;
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
    // Xero refuses all for one and does not say which: all that were asked for are named.
    let error = desk.refused(unpaced(desk.twin()).scopes(["accounting.everything"])).await;
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error:?}");
    assert!(error.to_string().contains("scopes: accounting.everything"), "{error}");
}

/// Apps of each generation read everything by the names they may use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_and_granular_scopes_open_the_same_streams() {
    let classic = [
        "accounting.transactions.read",
        "accounting.contacts.read",
        "accounting.settings.read",
        "accounting.reports.read",
    ];
    for (scopes, asked) in [(XeroScopes::GranularOnly, &[][..]), (XeroScopes::ClassicOnly, &classic)] {
        let desk = Desk::new().await;
        desk.twin().set_switches(XeroSwitches { scopes, ..desk.twin().switches() });
        let _ = desk.reads(everything(&desk.scene.sandbox).scopes(asked.iter().copied())).await;
        books_are_true(&desk.database, &desk.scene.sandbox, Vanished::NeverSeen).await;
    }
}

/// A token without a scope: the streams that need it name it, in both forms of the refusal, and the others are read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_scope_is_named_and_stops_its_streams_alone() {
    for missing_scope in [XeroMissingScope::Forbidden, XeroMissingScope::Unauthorized] {
        let desk = Desk::new().await;
        let twin = desk.twin();
        twin.set_switches(XeroSwitches { missing_scope, ..twin.switches() });
        let token = twin.access_token("accounting.settings.read accounting.contacts.read");
        let books = Xero::builder().access_token(token).tenant_id(twin.tenant_id()).base_url(twin.base_url());
        let report = desk.run(books.pacing(sentia::transport::Pacing::Off)).await.expect("a report");
        for (stream, scope) in [
            ("invoices", "accounting.invoices.read"),
            ("payments", "accounting.payments.read"),
            ("bank_transfers", "accounting.banktransactions.read"),
            ("manual_journals", "accounting.manualjournals.read"),
            ("report_trial_balance", "accounting.reports.trialbalance.read"),
        ] {
            let failure = failure(&report, stream);
            assert_eq!(failure.code, ErrorKind::PermissionDenied.code(), "{failure:#?}");
            assert!(failure.message.contains(&format!("scopes: {scope}")), "{failure:#?}");
        }
        let contacts = report.streams().iter().find(|stream| stream.name == "contacts").expect("a stream");
        assert_eq!(contacts.outcome, Outcome::Complete);
    }
}

/// An organisation that is not connected is named; one that is another company's deletes nothing of the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_organisation_is_named_and_deletes_nothing() {
    let desk = Desk::new().await;
    let _ = desk.reads(everything(&desk.scene.sandbox)).await;
    let stranger = "00000000-0000-4000-8000-000000000001";
    let error = desk.pipeline(unpaced(desk.twin()).tenant_id(stranger)).streams(["invoices"]).run().await;
    let told = match error {
        Err(error) => (error.kind().code().to_owned(), error.to_string()),
        Ok(report) => {
            let failure = failure(&report, "invoices");
            (failure.code.clone(), failure.message.clone())
        }
    };
    assert_eq!(told.0, ErrorKind::PermissionDenied.code());
    assert!(told.1.contains(&format!("tenant: {stranger}")) && !told.1.contains("scopes:"), "{}", told.1);

    let other = desk.twin().add_tenant("Somebody Else Ltd");
    let error = desk.refused(unpaced(desk.twin())).await;
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "several: {error:?}");
    assert!(error.to_string().contains(&format!("{other} (Somebody Else Ltd)")), "{error}");

    let wrong = desk.pipeline(unpaced(desk.twin()).tenant_id(&other));
    let _ = wrong.mode(Mode::Full).run().await;
    let deleted = desk.database.count("xero_items WHERE deleted IS NOT NULL").await;
    let contacts = desk.database.count("xero_contacts WHERE deleted IS NULL").await;
    assert_eq!((deleted, contacts), (0, desk.twin().truth(XeroStream::Contacts).len() as u64));
}

/// A refresh token rotates at each use; both ways in which a vendor may answer a repeated one are fine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_rotation_is_made_good_within_its_grace_and_told_after_it() {
    for grace in [XeroGrace::FreshPair, XeroGrace::SamePair] {
        let desk = Desk::new().await;
        desk.twin().set_switches(XeroSwitches { grace, ..desk.twin().switches() });
        let first = desk.twin().refresh_token().to_owned();
        let _ = desk.reads(desk.consented(&first)).await;
        let second = desk.kept().await;
        assert_ne!(second, first, "it rotated");

        // Somebody uses the token and dies before the new one is kept.
        use_up(&desk, &second).await;
        desk.scene.clock.0.advance(Duration::from_secs(29 * 60));
        let _ = desk.reads(desk.consented(&first)).await;
        let third = desk.kept().await;
        assert_ne!(third, second, "{grace:?}");

        use_up(&desk, &third).await;
        desk.scene.clock.0.advance(Duration::from_secs(31 * 60));
        let error = desk.refused(desk.consented(&first)).await;
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
        assert!(error.message().contains("reconnect"), "{error}");
        assert_eq!(desk.kept().await, third, "a refused refresh writes nothing");

        let _ = desk.reads(desk.consented(&desk.twin().consent())).await;
        assert_ne!(desk.kept().await, third, "reconnected");
    }
}

async fn use_up(desk: &Desk, token: &str) {
    let twin = desk.twin();
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    #[allow(clippy::disallowed_methods, reason = "another process, not ours")]
    let call = reqwest::Client::new().post(twin.token_url()).form(&form);
    let answer = call.basic_auth(twin.client_id(), Some(twin.client_secret())).send().await.expect("answers");
    assert_eq!(answer.status().as_u16(), 200);
}

/// Access tokens that end in the middle of a read are renewed once; a consent that is taken back or was not used for
/// sixty days is told as such.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_and_revoked_tokens_are_told_apart() {
    let desk = Desk::new().await;
    let token = desk.twin().refresh_token().to_owned();
    let twin = desk.twin().clone();
    desk.twin().on_request(6, move |_| twin.expire_access_tokens());
    let _ = desk.reads(desk.consented(&token)).await;
    assert_eq!(desk.grants(), 2, "one for the read, one in its middle");

    desk.scene.later(24 * 59);
    let _ = desk.reads(desk.consented(&token)).await;
    desk.scene.later(24 * 61);
    let error = desk.refused(desk.consented(&token)).await;
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "unused for sixty days: {error:?}");

    let fresh = desk.twin().consent();
    let _ = desk.reads(desk.consented(&fresh)).await;
    desk.twin().revoke_refresh_tokens();
    desk.twin().expire_access_tokens();
    let error = desk.refused(desk.consented(&fresh)).await;
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "taken back: {error:?}");

    // The user lets the app in again, and then takes the organisation away: another thing, with another remedy.
    let again = desk.twin().consent();
    let _ = desk.reads(desk.consented(&again)).await;
    desk.twin().disconnect();
    let named = unpaced(desk.twin()).refresh_token(again).tenant_id(desk.twin().tenant_id());
    let told = match desk.run(named).await {
        Err(error) => error.to_string(),
        Ok(report) => failure(&report, "organisations").message.clone(),
    };
    assert!(told.contains("no longer connected") && told.contains(desk.twin().tenant_id()), "{told}");
}
