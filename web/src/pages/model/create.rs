//! A new deployment.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::model::ModelCreate;

use crate::api;
use crate::pages::model::draft::{Draft, Sent};
use crate::pages::model::form::{ModelFields, ModelForm};
use crate::ui::drawer::Drawer;
use crate::ui::toast::use_toasts;

#[component]
pub(crate) fn CreateModel(on_close: Callback<()>, on_created: Callback<String>) -> impl IntoView {
    let toasts = use_toasts();
    let form = ModelForm::new(Draft::new());
    let submit = Callback::new(move |Sent { name, mut params, info }: Sent| {
        params.retain(|_, value| !value.is_null());
        let body = ModelCreate { model_name: name, litellm_params: params, model_info: info };
        form.state.is_busy.set(true);
        spawn_local(async move {
            match api::model::create(&body).await {
                Ok(stored) => {
                    toasts.done(format!("Added {}.", stored.model_name));
                    on_created.try_run(stored.model_id);
                }
                Err(error) => form.fail(error),
            }
        });
    });
    view! {
        <Drawer title=Signal::stored("Add model".to_owned()) is_sticky=true is_form=true on_close=on_close>
            <ModelFields form=form action="Add model" saved=None on_submit=submit on_cancel=on_close />
        </Drawer>
    }
}
