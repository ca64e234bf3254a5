//! The books as the tests of runs and secrets read them. Their faults stand in `vendors/faults/xero.txt`.

use sentia::{Pipeline, connectors::Xero, transport};
use sentia_sandbox::{Endpoint, FaultPlan, XeroFault};

use super::{Scene, Target, policy};
use crate::truth::{Vanished, books_are_true};

/// By a custom connection.
pub(super) struct Books;

/// By a refresh token that rotates and lives in the vault.
pub(super) struct Rotating;

fn builder(scene: &Scene) -> sentia::connectors::xero::XeroBuilder {
    let twin = scene.sandbox.xero();
    Xero::builder()
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .tenant_id(twin.tenant_id())
        .base_url(twin.base_url())
        .pacing(transport::Pacing::Off)
}

fn pipeline(scene: &Scene, xero: Xero) -> Pipeline {
    Pipeline::new(xero, scene.store.clone())
        .connection("xero")
        .page_size(10)
        .transport(policy())
        .clock(scene.clock.clone())
        .vault(scene.vault.clone())
}

macro_rules! target {
    ($name:ty, |$scene:ident| $xero:expr) => {
        impl Target for $name {
            type Fault = XeroFault;
            const CONNECTION: &'static str = "xero";
            const STREAM: &'static str = "invoices";
            const MENTION: &'static str = "/Invoices";

            fn pipeline($scene: &Scene) -> Pipeline {
                pipeline($scene, $xero.build().expect("valid settings"))
            }

            fn inject(scene: &Scene, fault: XeroFault, plan: FaultPlan) {
                scene.sandbox.xero().inject(fault, plan);
            }

            fn clear(scene: &Scene) {
                scene.sandbox.xero().clear_faults();
            }

            fn endpoint(fault: XeroFault) -> Endpoint {
                fault.endpoint()
            }

            fn has_struck(scene: &Scene, fault: XeroFault) -> bool {
                let name = Some(format!("{fault:?}"));
                scene.sandbox.xero().requests().iter().any(|request| request.fault == name)
            }

            fn forget(scene: &Scene) {
                scene.sandbox.xero().clear_requests();
            }

            fn read_later_pages_only(scene: &Scene) -> bool {
                let requests = scene.sandbox.xero().requests();
                let mut pages =
                    requests.iter().filter(|request| request.path.ends_with("/Invoices")).peekable();
                pages.peek().is_some() && pages.all(|request| !request.query.contains("page=1&"))
            }

            async fn is_true(scene: &Scene, vanished: Vanished) {
                // An increment of the books reads their lists without a filter whole, and sweeps them.
                let vanished = if vanished == Vanished::NotYetKnown { Vanished::Marked } else { vanished };
                books_are_true(&scene.database, &scene.sandbox, vanished).await;
            }
        }
    };
}

target!(Books, |scene| builder(scene));
target!(Rotating, |scene| builder(scene).refresh_token(scene.sandbox.xero().refresh_token()));
