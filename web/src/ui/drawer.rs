//! A panel beside the page, and a dialog above it. Both are the browser's own `<dialog>`: it keeps the focus inside,
//! closes on Esc and makes the rest inert.

use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;

use crate::browser;
use crate::ui::icon::{Icon, icon};

/// Opens the dialog once it is in the page, and gives the focus back when it goes.
pub(crate) fn use_modal() -> NodeRef<html::Dialog> {
    let node = NodeRef::<html::Dialog>::new();
    let before = StoredValue::new_local(browser::focused());
    Effect::new(move |_| {
        if let Some(dialog) = node.get()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    on_cleanup(move || {
        if let Some(Some(element)) = before.try_get_value() {
            let _ = element.focus();
        }
    });
    node
}

/// Puts the focus on the drawer's title: what had it was replaced.
pub(crate) fn focus_title() {
    browser::focus("#drawer-title");
}

/// Did the click hit the backdrop? Then its target is the listening dialog itself and nothing inside of it.
pub(crate) fn is_backdrop(event: &MouseEvent) -> bool {
    event.target().is_some() && event.target() == event.current_target()
}

#[component]
pub(crate) fn Drawer(
    #[prop(into)] title: Signal<String>,
    /// A click beside it does not close it: it holds what somebody typed.
    #[prop(into, default = Signal::stored(false))]
    is_sticky: Signal<bool>,
    /// What is inside takes the focus itself: a form. Otherwise the title has it, so that it is read first and no
    /// button seems chosen.
    #[prop(optional)]
    is_form: bool,
    /// It holds tables.
    #[prop(optional)]
    is_wide: bool,
    on_close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let node = use_modal();
    let on_click = move |event: MouseEvent| {
        if !is_sticky.get_untracked() && is_backdrop(&event) {
            on_close.run(());
        }
    };
    view! {
        <dialog
            node_ref=node
            class="drawer"
            class:drawer-wide=is_wide
            aria-labelledby="drawer-title"
            on:close=move |_| on_close.run(())
            on:click=on_click
        >
            <div class="drawer-frame">
                <header class="drawer-header">
                    <h2 id="drawer-title" tabindex="-1" autofocus=!is_form>{title}</h2>
                    <button
                        class="icon-button"
                        type="button"
                        aria-label="Close"
                        on:click=move |_| on_close.run(())
                    >
                        {icon(Icon::Close)}
                    </button>
                </header>
                {children()}
            </div>
        </dialog>
    }
}
