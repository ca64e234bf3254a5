//! Xero's faults, by a custom connection and by a refresh token that rotates.

use std::sync::Arc;

use secrecy::SecretString;
use sentia::{
    Pipeline, Store,
    connectors::xero::XeroBuilder,
    security::{MasterKey, MasterKeyset, Vault},
};
use sentia_sandbox::{Endpoint, FaultPlan, XeroFault, XeroTwin};

use super::{Strike, Subject, some_on, strike, table};
use crate::{
    database::{Database, Kind},
    truth::Vanished,
    vendors::{Scene, xero},
};

fn twin(scene: &Scene) -> &XeroTwin {
    scene.sandbox.xero()
}

/// Xero writes `{}` for "no value", so a total of that form is read as none; the rule that every invoice has a total
/// holds such a document back.
fn pipeline(builder: XeroBuilder, store: &Store) -> Pipeline {
    xero::organisation(builder, store).rule("invoices", sentia::rules::required("total")).page_size(10)
}

fn has_struck(scene: &Scene, fault: XeroFault) -> bool {
    let name = Some(format!("{fault:?}"));
    twin(scene).requests().iter().any(|request| request.fault == name)
}

macro_rules! subject {
    ($name:ident, $strikes:expr, $faults:expr, $table:literal, $pipeline:expr) => {
        #[derive(Clone, Copy)]
        struct $name;

        impl Subject for $name {
            type Fault = XeroFault;
            const FAULTS: &'static [XeroFault] = $faults;
            const TABLE: &'static str = $table;
            const STRIKES: &'static [Strike] = $strikes;

            fn pipeline(scene: &Scene, store: &Store, fault: XeroFault) -> Pipeline {
                ($pipeline)(scene, store, fault)
            }

            fn inject(scene: &Scene, fault: XeroFault, plan: FaultPlan) {
                twin(scene).inject(fault, plan);
            }

            fn clear(scene: &Scene) {
                twin(scene).clear_faults();
                scene.later(1);
            }

            fn has_struck(scene: &Scene, fault: XeroFault) -> bool {
                has_struck(scene, fault)
            }

            fn change(scene: &Scene) {
                scene.later(1);
                scene.sandbox.evolve();
                scene.later(1);
            }

            async fn is_true(scene: Arc<Scene>, database: Arc<Database>, _: XeroFault) {
                // Lists without a filter are read whole by every increment, and swept.
                let seen = database.count("xero_items").await > truth_of_items(&scene);
                let vanished = if seen { Vanished::Marked } else { Vanished::NeverSeen };
                xero::organisation_is_true(&database, &scene.sandbox, vanished).await;
            }

            fn mention(fault: XeroFault) -> Option<&'static str> {
                use XeroFault::{ClockSkew, EmptyTenantList, JournalsGate, ReportsBroken, UnknownRowType};
                let is_elsewhere = matches!(
                    fault,
                    ClockSkew | EmptyTenantList | JournalsGate | ReportsBroken | UnknownRowType
                );
                (fault.endpoint() == Endpoint::Data && !is_elsewhere).then_some("/Invoices")
            }

            fn for_ever(fault: XeroFault) -> FaultPlan {
                let is_from_the_start = matches!(fault, XeroFault::ClockSkew | XeroFault::EmptyTenantList);
                match fault.endpoint() {
                    Endpoint::Data if !is_from_the_start => FaultPlan::always().after(1),
                    _ => FaultPlan::always(),
                }
            }
        }
    };
}

fn truth_of_items(scene: &Scene) -> u64 {
    scene.sandbox.look(|universe| universe.books.items.len() as u64)
}

subject!(
    Organisation,
    &[Strike::Once, Strike::ForEver, Strike::InAnIncrement],
    &XeroFault::ALL,
    "xero.txt",
    |scene: &Scene, store: &Store, fault: XeroFault| {
        let builder = xero::everything(&scene.sandbox);
        // Who names no organisation asks which there are.
        match fault {
            XeroFault::EmptyTenantList => pipeline(builder, store),
            _ => pipeline(builder.tenant_id(twin(scene).tenant_id()), store),
        }
    }
);

subject!(
    Consented,
    &[Strike::Once, Strike::ForEver],
    &[
        XeroFault::InvalidGrant,
        XeroFault::LostTokenResponse,
        XeroFault::TokenUnavailable,
        XeroFault::RefreshTokenReused,
        XeroFault::InvalidScope,
    ],
    "xero_consented.txt",
    |scene: &Scene, store: &Store, fault: XeroFault| {
        let twin = twin(scene);
        // A token that the vendor said to be dead, or whose answers were lost for longer than its grace, is replaced by its
        // user.
        let is_deadly = matches!(
            fault,
            XeroFault::InvalidGrant | XeroFault::LostTokenResponse | XeroFault::RefreshTokenReused
        );
        let is_dead = is_deadly && has_struck(scene, fault);
        let token = if is_dead { twin.consent() } else { twin.refresh_token().to_owned() };
        let key: SecretString = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into();
        let master = MasterKeyset::new(MasterKey::from_base64("test", &key).expect("32 bytes"), Vec::new());
        pipeline(xero::everything(&scene.sandbox).refresh_token(token), store)
            .vault(Vault::new(store.clone(), master))
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_has_its_end() {
    table::<Organisation>().await;
}

/// The token endpoint's faults where the refresh token rotates: a lost answer is covered by the vendor's grace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_a_rotating_token_has_its_end() {
    table::<Consented>().await;
}

/// One fault of each end ends alike on PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_faults_on_postgres() {
    use XeroFault::{DayLimit, DroppedRow, InvalidGrant, NullKey, PageRepeated, TruncatedBody, WrongType};
    let some = [TruncatedBody, DayLimit, PageRepeated, DroppedRow, NullKey, WrongType, InvalidGrant];
    some_on::<Organisation>(Kind::Postgres, &some).await;
}

/// Whatever stopped a read between two pages, the next run goes on behind the last one that was committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_read_goes_on_behind_its_last_page() {
    use XeroFault::{
        DayLimit, HtmlNotFound, OrganisationOffline, PageRepeated, TenantDisconnected, TruncatedBody,
    };
    for fault in
        [OrganisationOffline, HtmlNotFound, DayLimit, PageRepeated, TenantDisconnected, TruncatedBody]
    {
        let scene = Arc::new(Scene::new(57).await);
        let database = Arc::new(Database::fresh(Kind::Sqlite).await.expect("a file"));
        let store = database.store().await;
        strike::arm::<Organisation>(&scene, fault, Organisation::for_ever(fault));
        let stopped = strike::run::<Organisation>(&scene, &store, fault, sentia::Mode::Incremental).await;
        assert!(stopped.starts_with("incomplete: "), "{fault:?}: {stopped}");
        Organisation::clear(&scene);
        twin(&scene).clear_requests();
        let resumed = strike::run::<Organisation>(&scene, &store, fault, sentia::Mode::Incremental).await;
        assert_eq!(resumed, "complete", "{fault:?}");
        let requests = twin(&scene).requests();
        let mut pages = requests.iter().filter(|request| request.path.ends_with("/Invoices")).peekable();
        let later = pages.peek().is_some() && pages.all(|request| !request.query.contains("page=1&"));
        assert!(later, "{fault:?}: it reads what is left and no more");
        Organisation::is_true(scene.clone(), database.clone(), fault).await;
    }
}
