//! Listing keys.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::json;
use tollgate::ledger::SpendEvent;
use tollgate::ledger::writer::write_batch;
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
    generate(&app, json!({"key_alias": "both", "duration": "1s", "blocked": true})).await;
    generate(&app, json!({"key_alias": "fresh", "duration": "1h", "user_id": "ada"})).await;
    app.advance(Duration::from_secs(1));
    for (query, total) in [("", 5), ("status=active", 2), ("status=expired", 2), ("status=active&user_id=ada", 1)] {
        assert_eq!(list(&app, query).await.total_count, total, "{query}");
    }
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

/// Hashes of all keys, page after page, each asked for as `next` says.
async fn walk(app: &TestApp, query: &str, size: usize, next: impl Fn(&KeyPage) -> Option<String>) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut from = String::new();
    let mut pages = 0;
    loop {
        let page = list(app, &format!("{query}&size={size}{from}")).await;
        pages += 1;
        assert_eq!(page.current_page, pages, "{query}");
        let next = next(&page);
        tokens.extend(page.keys.into_iter().map(|key| match key {
            KeyListItem::Token(token) => token,
            KeyListItem::Full(key) => panic!("{key:?} is whole"),
        }));
        let Some(next) = next else { return tokens };
        from = format!("&{next}");
    }
}

/// Keys of several days, some alike in all that keys are sorted by, some without it, some with spend.
async fn make_various(app: &TestApp, count: usize) {
    let mut calls = Vec::new();
    for n in 0..count {
        let mut body = json!({"metadata": {"n": n}});
        if n % 4 != 1 {
            body["key_alias"] = json!(format!("alias {}", n * 7 % count));
        }
        if n % 3 != 0 {
            body["max_budget"] = json!(n % 3 * 10);
        }
        if n % 5 == 0 {
            body["duration"] = json!(format!("{}h", 100 + n % 2));
        }
        let token = generate(app, body).await.view.token;
        if n % 4 < 2 {
            let spend_nano = i64::try_from(n % 2 * 500).unwrap();
            calls.push(SpendEvent { spend_nano, ..crate::spend::call(&token, &token, "2026-11-21T10:00:00Z") });
        }
        if n % 3 == 2 {
            app.advance(Duration::from_secs(6 * 3600));
        }
    }
    write_batch(&app.app.db, &calls).await.unwrap();
}

#[tokio::test]
async fn every_order_is_the_same_by_page_and_by_cursor() {
    let app = TestApp::start().await;
    make_various(&app, 23).await;
    for sort in ["created_at", "updated_at", "key_alias", "max_budget", "expires", "spend"] {
        for order in ["asc", "desc"] {
            for filter in ["", "&status=active"] {
                let query = format!("sort_by={sort}&sort_order={order}{filter}");
                let all = walk(&app, &query, 100, |_| None).await;
                assert_eq!(all.len(), 23, "{query}");
                let by_cursor = |page: &KeyPage| page.next_cursor.as_ref().map(|cursor| format!("cursor={cursor}"));
                assert_eq!(walk(&app, &query, 3, by_cursor).await, all, "{query} by cursor");
                let by_number = |page: &KeyPage| {
                    (page.current_page < page.total_pages).then(|| format!("page={}", page.current_page + 1))
                };
                assert_eq!(walk(&app, &query, 3, by_number).await, all, "{query} by page");
            }
        }
    }
}

#[tokio::test]
async fn keys_that_come_and_go_do_not_move_what_follows_a_cursor() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for _ in 0..6 {
        made.push(generate(&app, json!({})).await.view.token);
        app.advance(Duration::from_secs(1));
    }
    let first = list(&app, "size=2").await;
    assert_eq!((first.total_count, first.total_pages, first.current_page), (6, 3, 1));
    // The page's last key goes, and one comes before it.
    app.post("/key/delete", json!({"keys": [made[4]]})).expect_status(200).await;
    generate(&app, json!({})).await;
    generate(&app, json!({})).await;
    let second = list(&app, &format!("size=2&cursor={}", first.next_cursor.unwrap())).await;
    let expected = [made[3].clone(), made[2].clone()].map(KeyListItem::Token);
    assert_eq!((second.keys.as_slice(), second.current_page), (expected.as_slice(), 2));
    assert_eq!(list(&app, "size=2").await.total_count, 7, "a list without a cursor counts anew");
    let last = list(&app, &format!("size=2&cursor={}", second.next_cursor.unwrap())).await;
    assert_eq!((last.keys.len(), last.next_cursor), (2, None));
}

#[tokio::test]
async fn a_cursor_is_good_for_its_order_only() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        generate(&app, json!({})).await;
    }
    let cursor = list(&app, "size=2").await.next_cursor.unwrap();
    for query in [format!("sort_by=expires&cursor={cursor}"), "cursor=abc".to_owned()] {
        let refused = app.get(&format!("/key/list?{query}")).expect_status(422).await.value();
        assert_eq!(refused["detail"][0]["loc"], json!(["query", "cursor"]), "{query}");
    }
    app.get(&format!("/user/list?cursor={cursor}")).expect_status(422).await;
}

#[tokio::test]
async fn keys_are_counted_as_they_come_and_go() {
    let app = TestApp::start().await;
    let first = generate(&app, json!({})).await.view.token;
    app.advance(Duration::from_secs(100_000));
    let second = generate(&app, json!({})).await.view.token;
    assert_eq!(list(&app, "").await.total_count, 2);
    app.post("/key/delete", json!({"keys": [first]})).expect_status(200).await;
    let page = list(&app, "").await;
    assert_eq!((page.total_count, page.keys), (1, vec![KeyListItem::Token(second.clone())]));
    // What is not committed does not count: the alias is taken.
    generate(&app, json!({"key_alias": "taken"})).await;
    app.post("/key/generate", json!({"key_alias": "taken"})).expect_status(400).await;
    assert_eq!(list(&app, "").await.total_count, 2);
    assert_eq!(list(&app, "sort_order=asc&page=2&size=1").await.keys.len(), 1);
    // Where a page does not tell the total, it is read off these counts.
    app.app.db.execute_unprepared("UPDATE key_counts SET keys = keys + 40 WHERE span = 'day'").await.unwrap();
    assert_eq!(list(&app, "size=1").await.total_count, 82, "keys of two days");
}
