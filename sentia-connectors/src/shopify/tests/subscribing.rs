//! Webhook subscriptions: what is missing is made, what is stale is ended, and asking again changes nothing.

use sentia_core::{ErrorKind, transport::Repeat};

use super::{super::NewSubscriptions, *};

const URI: &str = "https://ops.example/hooks";

#[derive(Default)]
struct Desk {
    standing: Vec<(u64, String, String, Value)>,
    next: u64,
}

impl Desk {
    fn row((id, topic, uri, filter): &(u64, String, String, Value)) -> Value {
        let gid = format!("gid://shopify/WebhookSubscription/{id}");
        json!({"id": gid, "topic": topic, "uri": uri, "format": "JSON", "filter": filter})
    }

    fn add(&mut self, topic: &str, uri: &str, filter: Value) -> Value {
        self.next += 1;
        self.standing.push((self.next, topic.to_owned(), uri.to_owned(), filter));
        Desk::row(&self.standing[self.standing.len() - 1])
    }

    fn answer(&mut self, asked: &Asked) -> Answer {
        let refused = |message: &str| json!([{"field": ["webhookSubscription"], "message": message}]);
        if asked.raw.contains("SentiaWebhookSubscriptions") {
            let rows: Vec<Value> = self.standing.iter().map(Desk::row).collect();
            return answer(json!({"data": {"webhookSubscriptions": connection(rows, None)}}));
        }
        if asked.raw.contains("SentiaWebhookSubscriptionDelete") {
            let id = asked.variable("id").as_str().expect("an id").to_owned();
            let before = self.standing.len();
            self.standing.retain(|row| Desk::row(row)["id"] != id.as_str());
            let errors = if before == self.standing.len() { refused("does not exist") } else { json!([]) };
            return answer(
                json!({"data": {"webhookSubscriptionDelete": {"deletedWebhookSubscriptionId": id, "userErrors": errors}}}),
            );
        }
        let (topic, uri) =
            (asked.variable("topic").as_str().expect("a topic"), &asked.variable("subscription")["uri"]);
        let payload = if topic.starts_with("CUSTOMERS") {
            json!({"webhookSubscription": null, "userErrors": refused("You do not have permission")})
        } else {
            json!({"webhookSubscription": self.add(topic, uri.as_str().expect("a uri"), Value::Null), "userErrors": []})
        };
        answer(json!({"data": {"webhookSubscriptionCreate": payload}}))
    }
}

fn desk() -> (Double, Arc<Mutex<Desk>>) {
    let desk = Arc::new(Mutex::new(Desk::default()));
    let behind = desk.clone();
    (Double::new(move |asked, _| behind.lock().expect("not poisoned").answer(asked)), desk)
}

fn wanted() -> NewSubscriptions {
    NewSubscriptions::new(URI).topics(["orders/create", "products/update", "customers/update"])
}

fn topics(subscriptions: &[super::super::Subscription]) -> Vec<&str> {
    subscriptions.iter().map(|subscription| &*subscription.topic).collect()
}

#[tokio::test]
async fn what_is_missing_is_made_what_is_stale_ended_and_others_left_alone() {
    let (double, desk) = desk();
    {
        let mut desk = desk.lock().expect("not poisoned");
        desk.add("ORDERS_CREATE", "https://other.example/hooks", Value::Null);
        desk.add("ORDERS_DELETE", URI, Value::Null);
        desk.add("PRODUCTS_UPDATE", URI, json!("id:7"));
    }
    let (shop, cx) = (ready().build().expect("valid"), double.context());
    let first = shop.subscribe(&cx, &wanted()).await.expect("it works");
    assert_eq!(topics(&first.made), ["ORDERS_CREATE", "PRODUCTS_UPDATE"]);
    assert_eq!(topics(&first.ended), ["ORDERS_DELETE", "PRODUCTS_UPDATE"], "not wanted; filtered");
    assert_eq!((first.kept.len(), first.refused[0].topic.as_str()), (0, "customers/update"));
    assert!(first.refused[0].reason.contains("permission"));
    assert!(desk.lock().expect("not poisoned").standing.iter().any(|(_, _, uri, _)| uri.contains("other")));

    let again = shop.subscribe(&cx, &wanted()).await.expect("it works");
    assert_eq!(
        (topics(&again.kept), again.made.len(), again.ended.len()),
        (vec!["ORDERS_CREATE", "PRODUCTS_UPDATE"], 0, 0)
    );

    // Shopify ended one after eight failures.
    desk.lock()
        .expect("not poisoned")
        .standing
        .retain(|(_, topic, uri, _)| topic != "ORDERS_CREATE" || uri != URI);
    let third = shop.subscribe(&cx, &wanted()).await.expect("it works");
    assert_eq!((topics(&third.made), topics(&third.kept)), (vec!["ORDERS_CREATE"], vec!["PRODUCTS_UPDATE"]));
}

#[tokio::test]
async fn a_mutation_is_sent_once_and_a_list_may_be_repeated() {
    let (double, _) = desk();
    let _ = ready().build().expect("valid").subscribe(&double.context(), &wanted()).await.expect("it works");
    for asked in double.seen() {
        let once = asked.raw.contains("mutation");
        assert_eq!(asked.repeat == Repeat::Once, once, "{}", asked.raw);
    }
}

#[tokio::test]
async fn somebody_else_made_it_meanwhile() {
    let lists = Mutex::new(0);
    let double = Double::new(move |asked, _| {
        if asked.raw.contains("SentiaWebhookSubscriptionCreate") {
            let taken = json!([{"field": null, "message": "Address for this topic has already been taken"}]);
            let payload = json!({"webhookSubscription": null, "userErrors": taken});
            return answer(json!({"data": {"webhookSubscriptionCreate": payload}}));
        }
        let mut lists = lists.lock().expect("not poisoned");
        *lists += 1;
        let row = json!({"id": "gid://shopify/WebhookSubscription/1", "topic": "ORDERS_CREATE", "uri": URI, "format": "JSON"});
        let rows = if *lists == 1 { vec![] } else { vec![row] };
        answer(json!({"data": {"webhookSubscriptions": connection(rows, None)}}))
    });
    let wanted = NewSubscriptions::new(URI).topics(["orders/create"]);
    let outcome =
        ready().build().expect("valid").subscribe(&double.context(), &wanted).await.expect("it works");
    assert_eq!((topics(&outcome.kept), outcome.refused.len()), (vec!["ORDERS_CREATE"], 0));
}

#[tokio::test]
async fn mistakes_are_found_before_the_call() {
    let double = Double::new(|_, _| panic!("no call is made"));
    for (wanted, setting) in [
        (NewSubscriptions::new("http://ops.example"), "uri"),
        (NewSubscriptions::new(URI).topics(Vec::<String>::new()), "topics"),
        (NewSubscriptions::new(URI).topics(["customers/redact"]), "topics"),
    ] {
        let error =
            ready().build().expect("valid").subscribe(&double.context(), &wanted).await.expect_err("refused");
        assert_eq!((error.kind(), error.context_value("setting")), (ErrorKind::ConfigInvalid, Some(setting)));
    }
}

#[tokio::test]
async fn a_list_without_an_end_is_an_error() {
    let double = Double::new(|_, before| {
        answer(json!({"data": {"webhookSubscriptions": connection([], Some(&before.to_string()))}}))
    });
    let error = ready().build().expect("valid").subscriptions(&double.context()).await.expect_err("endless");
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
}
