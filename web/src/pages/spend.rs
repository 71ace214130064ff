//! Spend: this month against its budget and the last one, what it will have cost, where it goes, and months to close.

mod breakdown;
mod month_to_date;
mod months;
mod tiles;

use leptos::prelude::*;
use tollgate_openapi::spend::{ForecastQuery, SpendExportQuery, SpendForecast};

use crate::api;
use crate::pages::spend::breakdown::Breakdown;
use crate::pages::spend::month_to_date::MonthToDate;
use crate::pages::spend::months::Months;
pub(crate) use crate::pages::spend::months::name as month_name;
use crate::pages::spend::tiles::Tiles;
use crate::pages::usage::ExportMenu;
use crate::ui::load::{Load, skeleton};
use crate::ui::page::Page;

#[component]
pub(crate) fn SpendPage() -> impl IntoView {
    let load = Load::<SpendForecast>::new(|| api::spend::forecast(ForecastQuery::default()));
    let ready = move || {
        view! {
            <Tiles load=load />
            <MonthToDate load=load />
            <Breakdown month=load.map(|forecast| Some(forecast.month)) />
            <Months />
        }
        .into_any()
    };
    let export = Signal::derive(move || SpendExportQuery {
        start_date: load.data.with(|data| data.as_ref().map(|forecast| forecast.month.first_day())),
        end_date: load.data.with(|data| data.as_ref().map(|forecast| forecast.today)),
        ..SpendExportQuery::default()
    });
    let actions = move || view! { <ExportMenu query=export has_activity=true /> }.into_any();
    view! {
        <Page title="Spend" lead="Of the calls that you may see. Days and months are counted in UTC." actions=actions>
            {load.show(skeleton, ready)}
        </Page>
    }
    .into_any()
}
