//! Charges in the columns of FOCUS; its own validator reads them in `e2e/sdk/python/test_focus.py`.

use std::sync::Arc;

use serde_json::json;
use tollgate::domain::usage::Usage;
use tollgate::ledger::SpendEvent;
use tollgate_openapi::spend::CallStatus;

use super::super::{call, write};
use super::{export, rows};
use crate::kit::TestApp;

#[tokio::test]
async fn charges_are_those_of_focus() {
    let app = TestApp::start().await;
    app.post(
        "/organization/new",
        json!({"organization_id": "acme", "organization_alias": "Acme", "cost_center": "4711"}),
    )
    .expect_status(200)
    .await;
    let booked = SpendEvent {
        organization_id: Some(Arc::from("acme")),
        tags: vec![Arc::from("prod")],
        ..call("a", "key1", "2026-11-20T10:00:00Z")
    };
    let refused = SpendEvent {
        spend_nano: 0,
        usage: Usage::default(),
        team_id: None,
        provider: None,
        user_id: None,
        end_user: None,
        status: CallStatus::Failure,
        ..call("b", "key1", "2026-11-21T10:00:00Z")
    };
    write(&app, &[booked, refused]).await;
    let answer = app.get("/spend/export?format=focus&start_date=2026-11-01").expect_status(200).await;
    assert!(answer.header("content-disposition").ends_with("\"tollgate-focus-1.2-2026-11-01-to-2026-11-21.csv\""));
    let charges = rows(answer.body());
    let expected = [
        ("BilledCost", ["0.015000000", "0.000000000"]),
        ("EffectiveCost", ["0.015000000", "0.000000000"]),
        ("BillingAccountId", ["acme", "tollgate"]),
        ("BillingAccountName", ["Acme", "Tollgate"]),
        ("BillingPeriodStart", ["2026-11-01T00:00:00Z"; 2]),
        ("BillingPeriodEnd", ["2026-12-01T00:00:00Z"; 2]),
        ("ChargePeriodStart", ["2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"]),
        ("ChargePeriodEnd", ["2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"]),
        ("ChargeDescription", ["1 request of gpt-4o"; 2]),
        ("ConsumedQuantity", ["15.0", "1.0"]),
        ("ConsumedUnit", ["Tokens", "Requests"]),
        ("ProviderName", ["OpenAI", "Tollgate"]),
        ("SkuId", ["openai/gpt-4o-2024-08-06", "gpt-4o-2024-08-06"]),
        ("SubAccountId", ["shop", ""]),
        ("SubAccountName", ["shop", ""]),
        (
            "Tags",
            [
                "{\"tollgate/user_id\":\"ada\",\"tollgate/end_user\":\"customer-7\",\"tollgate/cost_center\":\"4711\"}",
                "{}",
            ],
        ),
        ("x_FailedRequests", ["0", "1"]),
    ];
    for (column, values) in expected {
        let shown: Vec<&str> = charges.iter().map(|charge| charge[column].as_str()).collect();
        assert_eq!(shown, values, "{column}");
    }
    let tagged = export(&app, "format=focus&tag=prod").await;
    assert_eq!(tagged.len(), 1);
    assert_eq!(tagged[0]["Tags"], "{\"prod\":true,\"tollgate/user_id\":\"ada\",\"tollgate/cost_center\":\"4711\"}");
}
