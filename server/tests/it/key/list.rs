//! Listing keys.

use std::time::Duration;

use serde_json::json;
use tollgate_openapi::key::{KeyListItem, KeyPage};

use super::generate;
use crate::kit::TestApp;

async fn list(app: &TestApp, query: &str) -> KeyPage {
    app.get(&format!("/key/list?{query}")).expect_status(200).await.json()
}

/// Aliases of a list of whole keys.
async fn aliases(app: &TestApp, query: &str) -> Vec<String> {
    let page = list(app, &format!("return_full_object=true&size=100&{query}")).await;
    let alias = |item: KeyListItem| match item {
        KeyListItem::Full(key) => key.key_alias.unwrap_or_default(),
        KeyListItem::Token(token) => panic!("{token} is not whole"),
    };
    page.keys.into_iter().map(alias).collect()
}

#[tokio::test]
async fn pages_cover_every_key_once() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for n in 0..7 {
        made.push(generate(&app, json!({"key_alias": n.to_string()})).await.view.token);
        // Some are made at the same instant: their order must hold all the same.
        if n % 3 == 2 {
            app.advance(Duration::from_secs(1));
        }
    }
    let mut seen = Vec::new();
    for page in 1..=3 {
        let page = list(&app, &format!("page={page}&size=3")).await;
        assert_eq!((page.total_count, page.total_pages), (7, 3));
        seen.extend(page.keys.into_iter().map(|key| match key {
            KeyListItem::Token(token) => token,
            KeyListItem::Full(key) => panic!("{key:?} is whole"),
        }));
    }
    assert_eq!(seen.first(), made.last());
    seen.sort();
    made.sort();
    assert_eq!(seen, made);
    assert!(list(&app, "page=4&size=3").await.keys.is_empty());
    assert_eq!(list(&app, "").await.keys.len(), 7);
}

#[tokio::test]
async fn search_finds_parts_in_any_case() {
    let app = TestApp::start().await;
    let made = generate(&app, json!({"key_alias": "Checkout-Prod", "user_id": "ada"})).await;
    generate(&app, json!({"key_alias": "search", "team_id": "Platform"})).await;
    generate(&app, json!({"key_alias": "100%_sure"})).await;
    assert_eq!(aliases(&app, "search=CHECKOUT").await, ["Checkout-Prod"]);
    assert_eq!(aliases(&app, "search=platf").await, ["search"]);
    assert_eq!(aliases(&app, "search=ADA").await, ["Checkout-Prod"]);
    let tail = &made.key[made.key.len() - 4..];
    assert_eq!(aliases(&app, &format!("search={tail}")).await, ["Checkout-Prod"]);
    assert_eq!(aliases(&app, &format!("search={}", made.key)).await, ["Checkout-Prod"]);
    // Signs that mean something in SQL mean nothing here.
    assert_eq!(aliases(&app, "search=%25_").await, ["100%_sure"]);
    assert!(aliases(&app, "search=_____").await.is_empty());
    assert!(aliases(&app, "search=%27%20OR%201=1--").await.is_empty());
    assert!(aliases(&app, "search=%5C").await.is_empty());
}

#[tokio::test]
async fn letters_beyond_ascii_are_found_as_they_are_written() {
    let app = TestApp::start().await;
    generate(&app, json!({"key_alias": "École Supérieure"})).await;
    assert_eq!(aliases(&app, "search=%C3%89cole%20S").await, ["École Supérieure"]);
    assert_eq!(aliases(&app, "search=%C3%A9rieure").await, ["École Supérieure"]);
}

#[tokio::test]
async fn filters_are_exact() {
    let app = TestApp::start().await;
    let made =
        generate(&app, json!({"key_alias": "a", "user_id": "ada", "team_id": "t", "organization_id": "o"})).await;
    generate(&app, json!({"key_alias": "ab", "user_id": "ada2"})).await;
    for query in [
        "user_id=ada".to_owned(),
        "team_id=t".to_owned(),
        "organization_id=o".to_owned(),
        "key_alias=a".to_owned(),
        format!("key_hash={}", made.view.token),
        format!("key_hash={}", made.key),
    ] {
        assert_eq!(aliases(&app, &query).await, ["a"], "{query}");
    }
    assert!(aliases(&app, "user_id=ada&team_id=x").await.is_empty());
}

#[tokio::test]
async fn states() {
    let app = TestApp::start().await;
    generate(&app, json!({"key_alias": "for ever"})).await;
    generate(&app, json!({"key_alias": "short", "duration": "1h"})).await;
    generate(&app, json!({"key_alias": "blocked", "blocked": true})).await;
    app.advance(Duration::from_secs(3600));
    assert_eq!(aliases(&app, "status=active").await, ["for ever"]);
    assert_eq!(aliases(&app, "status=expired").await, ["short"]);
    assert_eq!(aliases(&app, "status=blocked").await, ["blocked"]);
    assert_eq!(aliases(&app, "status=revoked").await, ["blocked"]);
}

#[tokio::test]
async fn orders() {
    let app = TestApp::start().await;
    for (alias, max_budget) in [("b", json!(2)), ("c", json!(null)), ("a", json!(10))] {
        let body = if max_budget.is_null() {
            json!({"key_alias": alias})
        } else {
            json!({"key_alias": alias, "max_budget": max_budget})
        };
        generate(&app, body).await;
        app.advance(Duration::from_secs(1));
    }
    assert_eq!(aliases(&app, "sort_by=key_alias&sort_order=asc").await, ["a", "b", "c"]);
    assert_eq!(aliases(&app, "sort_by=created_at&sort_order=asc").await, ["b", "c", "a"]);
    assert_eq!(aliases(&app, "").await, ["a", "c", "b"]);
    // What has no value comes last either way.
    assert_eq!(aliases(&app, "sort_by=max_budget&sort_order=asc").await, ["b", "a", "c"]);
    assert_eq!(aliases(&app, "sort_by=max_budget&sort_order=desc").await, ["a", "b", "c"]);
}
