//! Who sees whose spend.

use serde_json::json;
use tollgate_openapi::spend::{SpendLogView, SpendLogsDay};

use super::{call, ids, write, write_some};
use crate::kit::TestApp;

#[tokio::test]
async fn a_virtual_key_sees_its_own_calls_and_nothing_else() {
    let app = TestApp::start().await;
    let made = app.post("/key/generate", json!({"user_id": "ada"})).expect_status(200).await.value();
    let (key, token) = (made["key"].as_str().unwrap(), made["token"].as_str().unwrap());
    write_some(&app).await;
    write(&app, &[call("own", token, "2026-11-21T09:00:00Z")]).await;

    let own = app.bearer(key);
    for query in ["", "?user_id=ada", &format!("?api_key={token}"), &format!("?api_key={key}")] {
        let calls: Vec<SpendLogView> = own.get(&format!("/spend/logs{query}")).expect_status(200).await.json();
        assert_eq!(ids(&calls), ["own"], "{query}");
    }
    let range = "/spend/logs?start_date=2026-11-20&end_date=2026-11-21";
    let days: Vec<SpendLogsDay> = own.get(range).expect_status(200).await.json();
    assert_eq!(days.iter().flat_map(|day| day.keys.keys()).collect::<Vec<_>>(), [token]);
    let calls: Vec<SpendLogView> = own.get("/spend/logs?request_id=a").expect_status(200).await.json();
    assert!(calls.is_empty());

    for path in [
        "/spend/logs?api_key=key1",
        "/spend/logs/v2",
        "/spend/overview",
        "/global/spend",
        "/global/spend/logs",
        "/global/spend/keys",
        "/global/spend/models",
        "/global/activity",
    ] {
        own.get(path).expect_status(403).await;
        app.nobody().get(path).expect_status(401).await;
    }
}
