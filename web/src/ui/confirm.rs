//! The one question before something is destroyed.

use leptos::prelude::*;

use crate::ui::drawer::{is_backdrop, use_modal};

#[component]
pub(crate) fn Confirm(
    /// The question; it names the thing.
    #[prop(into)]
    title: String,
    /// What follows from yes.
    #[prop(into)]
    text: String,
    /// The verb on the button.
    #[prop(into)]
    action: String,
    #[prop(into)] is_busy: Signal<bool>,
    on_confirm: Callback<()>,
    on_close: Callback<()>,
) -> impl IntoView {
    let node = use_modal();
    view! {
        <dialog
            node_ref=node
            class="confirm"
            role="alertdialog"
            aria-labelledby="confirm-title"
            aria-describedby="confirm-text"
            on:close=move |_| on_close.run(())
            on:click=move |event| if is_backdrop(&event) { on_close.run(()) }
        >
            <div class="confirm-frame">
                <h2 id="confirm-title">{title}</h2>
                <p id="confirm-text">{text}</p>
                <div class="actions">
                    <button class="button" type="button" autofocus on:click=move |_| on_close.run(())>
                        "Cancel"
                    </button>
                    <button
                        class="button button-danger"
                        type="button"
                        disabled=is_busy
                        on:click=move |_| on_confirm.run(())
                    >
                        {action}
                    </button>
                </div>
            </div>
        </dialog>
    }
}
