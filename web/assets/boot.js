// Starts the console, and outlives it: when the wasm cannot start or panics, its own event handlers cannot be trusted
// any more, so the "reload" bar is shown from here.
import init from "asset:tollgate.js";

const bar = document.getElementById("crash");
const text = document.getElementById("crash-text");

function showCrash(message) {
  document.getElementById("boot")?.remove();
  text.textContent = message;
  bar.hidden = false;
}

document.getElementById("crash-reload").addEventListener("click", (event) => {
  event.stopImmediatePropagation();
  location.reload();
});
window.addEventListener("tollgate-panic", () => {
  showCrash("The console stopped working. Nothing you saved is lost.");
});

init({ module_or_path: "asset:tollgate.wasm" }).catch((error) => {
  console.error(error);
  showCrash("The console could not be loaded.");
});
