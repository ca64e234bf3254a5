//! What Shopify refuses: dear queries and old tokens.

use sentia_core::ErrorKind;

use super::*;

fn too_dear(first: u64) -> Answer {
    answer(
        json!({"errors": [{"message": format!("Query cost is {first}, which exceeds the single query max cost limit"),
        "extensions": {"code": "MAX_COST_EXCEEDED", "cost": first, "maxCost": 1000}}]}),
    )
}

#[tokio::test]
async fn a_dear_query_halves_its_page_and_remembers() {
    let double = Double::new(|asked, _| match asked.first() {
        first if first > 13 => too_dear(first),
        _ => data(json!({"orders": connection([], Some("next"))})),
    });
    let shop = ready().build().expect("valid");
    drop(fetch(&shop, &double, "orders", None).await.expect("a smaller page"));
    drop(fetch(&shop, &double, "orders", None).await.expect("a page"));
    let sizes: Vec<u64> = double.seen().iter().map(Asked::first).collect();
    assert_eq!(sizes, [50, 25, 12, 12]);
}

#[tokio::test]
async fn halving_ends_at_five() {
    let double = Double::new(|asked, _| too_dear(asked.first()));
    let error = first(&double, "orders").await.expect_err("always too dear");
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Unsupported, false));
    let sizes: Vec<u64> = double.seen().iter().map(Asked::first).collect();
    assert_eq!(sizes, [50, 25, 12, 6, 5]);
}

#[tokio::test]
async fn the_cost_asked_for_is_learned() {
    let double = Double::new(|_, _| {
        let throttle = json!({"maximumAvailable": 2000.0, "currentlyAvailable": 1389, "restoreRate": 100.0});
        let cost = json!({"requestedQueryCost": 611, "actualQueryCost": 9, "throttleStatus": throttle});
        answer(json!({"data": {"orders": connection([], Some("next"))}, "extensions": {"cost": cost}}))
    });
    let shop = ready().build().expect("valid");
    drop(fetch(&shop, &double, "orders", None).await.expect("a page"));
    drop(fetch(&shop, &double, "orders", None).await.expect("a page"));
    assert_eq!(double.seen().iter().map(|asked| asked.cost).collect::<Vec<_>>(), [368.0, 611.0]);
}

fn minting() -> Double {
    Double::new(|asked, nth| {
        if asked.path == "/admin/oauth/access_token" {
            let granted =
                json!({"access_token": format!("minted-{nth}"), "scope": "read_orders", "expires_in": 86399});
            return answer(granted);
        }
        match asked.token.as_str() {
            "minted-0" => {
                (401, Vec::new(), json!({"errors": "[API] Invalid API key or access token"}).to_string())
            }
            _ => answer(json!({"data": {"orders": connection([], None)}})),
        }
    })
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_call_made_again() {
    let double = minting();
    let shop = Shopify::builder().shop("acme.myshopify.com").client_id("app").client_secret("app-secret");
    let page =
        fetch(&shop.build().expect("valid"), &double, "orders", None).await.expect("with the second token");
    assert!(text(&page).contains("scopes=read_orders\""), "as the token endpoint said: {page:?}");
    assert_eq!(codes(&page), ["last_60_days_only"]);
    let seen = double.seen();
    assert_eq!(seen.len(), 4, "token, refused call, token, call");
    assert_eq!(seen[0].raw, "grant_type=client_credentials&client_id=app&client_secret=app-secret");
    assert_eq!(seen[3].token, "minted-2");
}

#[tokio::test]
async fn a_fixed_token_that_is_refused_is_final_and_never_printed() {
    let double =
        Double::new(|_, _| (401, Vec::new(), json!({"errors": "[API] Invalid API key"}).to_string()));
    let error = first(&double, "orders").await.expect_err("refused");
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Unauthenticated, false));
    assert_eq!(double.seen().len(), 1);
    assert!(!format!("{error:?}").contains("ready-secret"));
}

/// A token of a day: used until a minute before its end, then one caller mints the next for all.
#[tokio::test]
async fn a_token_is_renewed_before_its_day_is_over() {
    let double = Double::new(|asked, nth| match asked.path.as_str() {
        "/admin/oauth/access_token" => answer(
            json!({"access_token": format!("minted-{nth}"), "scope": "read_orders", "expires_in": 86399}),
        ),
        _ => answer(json!({"data": {"orders": connection([], None)}})),
    });
    let shop = Shopify::builder().shop("acme.myshopify.com").client_id("app").client_secret("app-secret");
    let shop = Arc::new(shop.build().expect("valid"));
    let (cx, clock) = double.context_with_clock();
    let info = info(&shop, "orders");
    let (mut minted, mut tokens) = (Vec::new(), Vec::new());
    for seconds in [0, 86_338, 1, 86_338] {
        clock.advance(std::time::Duration::from_secs(seconds));
        let callers: Vec<_> = (0..20)
            .map(|_| {
                let (shop, cx, info) = (shop.clone(), cx.clone(), info.clone());
                tokio::spawn(async move { shop.fetch(&cx, Fetch::new(&info)).await.map(drop) })
            })
            .collect();
        for caller in callers {
            caller.await.expect("no panic").expect("no call is refused");
        }
        let seen = double.seen();
        minted.push(seen.iter().filter(|asked| asked.path.ends_with("access_token")).count());
        tokens.push(seen.last().expect("a call").token.clone());
    }
    assert_eq!(minted, [1, 1, 2, 2], "a day less a minute each");
    assert_eq!((&tokens[0], &tokens[2]), (&tokens[1], &tokens[3]));
    assert_ne!(tokens[1], tokens[2]);
}

#[tokio::test]
async fn fifty_callers_mint_one_new_token() {
    let double = minting();
    let shop = Shopify::builder().shop("acme.myshopify.com").client_id("app").client_secret("app-secret");
    let shop = Arc::new(shop.build().expect("valid"));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (shop, double) = (shop.clone(), double.clone());
            tokio::spawn(async move { fetch(&shop, &double, "orders", None).await })
        })
        .collect();
    for task in tasks {
        assert!(task.await.expect("no panic").is_ok());
    }
    let minted = double.seen().iter().filter(|asked| asked.path.ends_with("access_token")).count();
    assert_eq!(minted, 2);
}

#[tokio::test]
async fn an_answer_without_a_token_does_not_print_its_body() {
    let double = Double::new(|_, _| answer(json!({"acces_token": "half-a-secret"})));
    let shop = Shopify::builder().shop("acme.myshopify.com").client_id("app").client_secret("s");
    let error = fetch(&shop.build().expect("valid"), &double, "orders", None).await.expect_err("no token");
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert!(!format!("{error:?}").contains("half-a-secret"));
}
