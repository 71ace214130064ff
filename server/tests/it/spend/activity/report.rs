//! The reports of one key, user, team or organization that everybody may ask for.

use serde_json::{Value, json};

use super::{RANGE, read, world};
use crate::kit::Client;

/// Spend, calls' input tokens and keys of a report.
fn told(report: &Value) -> (String, Vec<i64>) {
    let keys = report.as_array().unwrap();
    let spend = keys.iter().map(|key| key["total_cost"].as_f64().unwrap()).fold(0.0, |sum, cost| sum + cost);
    (format!("{spend:.3}"), keys.iter().map(|key| key["total_input_tokens"].as_i64().unwrap()).collect())
}

async fn of(client: &Client, path: &str) -> (String, Vec<i64>) {
    told(&client.get(&format!("{path}{RANGE}")).expect_status(200).await.value())
}

#[tokio::test]
async fn a_report_is_by_key_and_model() {
    let app = world().await;
    let listed = app.get("/key/list?key_alias=till").expect_status(200).await.value();
    let token = listed["keys"][0].as_str().unwrap();
    let report = read(&app, &format!("/team/spend/report?team_id=shop&{RANGE}")).await;
    let expected = json!([{"api_key": token, "total_cost": 0.03, "total_input_tokens": 30, "total_output_tokens": 15,
        "model_details": [{"model": "gpt-4o", "total_cost": 0.03, "total_input_tokens": 30, "total_output_tokens": 15}]}]);
    assert_eq!(report, expected);
    assert_eq!(read(&app, &format!("/key/spend/report?api_key={token}&{RANGE}")).await, expected);
    assert_eq!(read(&app, &format!("/user/spend/report?internal_user_id=ada&{RANGE}")).await, expected);
    let lab = read(&app, &format!("/organization/spend/report?organization_id=lab-org&{RANGE}")).await;
    assert_eq!(told(&lab), ("0.015".to_owned(), vec![10]));
    // The dearest key first.
    assert_eq!(of(&app, "/key/spend/report?").await, ("0.045".to_owned(), vec![30, 10]));
    assert_eq!(of(&app, "/user/spend/report?").await, ("0.045".to_owned(), vec![30, 10]));
    app.get("/key/spend/report?start_date=2026-13-45").expect_status(422).await;
}

#[tokio::test]
async fn an_organizations_report_names_the_teams() {
    let app = world().await;
    let key = crate::spend::call("z", "key-z", "2026-11-21T09:00:00Z");
    let calls = [
        tollgate::ledger::SpendEvent { organization_id: Some("lab-org".into()), ..key.clone() },
        tollgate::ledger::SpendEvent {
            organization_id: Some("lab-org".into()),
            team_id: Some("other".into()),
            request_id: "y".into(),
            ..key
        },
    ];
    crate::spend::write(&app, &calls).await;
    let report = read(&app, &format!("/organization/spend/report?organization_id=lab-org&{RANGE}")).await;
    let teams: Vec<_> = report[0]["model_details"].as_array().unwrap().iter().map(|part| &part["team_id"]).collect();
    assert_eq!((report[0]["total_cost"].as_f64(), teams), (Some(0.03), vec![&json!("other"), &json!("shop")]));
}

#[tokio::test]
async fn everybody_reports_on_what_is_theirs() {
    let app = world().await;
    let nothing = || (format!("{:.3}", 0.0), Vec::new());
    let bob = app.sign_in("bob", "bob").await;
    let own = ("0.015".to_owned(), vec![10]);
    assert_eq!(of(&bob, "/user/spend/report?").await, own);
    assert_eq!(of(&bob, "/key/spend/report?").await, own);
    for path in [
        "/user/spend/report?internal_user_id=ada&",
        "/team/spend/report?team_id=shop&",
        "/team/spend/report?",
        "/key/spend/report?api_key=none&",
    ] {
        assert_eq!(of(&bob, path).await, nothing(), "{path}");
    }
    let lead = app.sign_in("lead", "lead").await;
    assert_eq!(of(&lead, "/team/spend/report?").await, ("0.030".to_owned(), vec![30]));
    assert_eq!(of(&lead, "/organization/spend/report?").await, nothing());
    let key = app.bearer(&app.new_key(json!({})).await);
    for path in ["/key/spend/report", "/user/spend/report", "/team/spend/report", "/organization/spend/report"] {
        key.get(path).expect_status(403).await;
        app.nobody().get(path).expect_status(401).await;
    }
}
