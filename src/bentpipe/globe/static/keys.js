// The keyboard: everything that the mouse does.

import { set, state } from "./state.js";
import { openHelp } from "./dialogs.js";

const TABS = { a: "place", b: "break", r: "regions", c: "compare" };

/** Listen to keys; those of fields and dialogs are left alone. */
export function bindKeys(page) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target;
    const typing = target.closest("input:not([type=range]):not([type=checkbox]), select, textarea, [contenteditable]");
    if (typing) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const onMap = target.closest(".host");
    const onButton = target.closest("button, a, summary, [type=checkbox]");
    const done = (onMap && mapKey(event.key, page)) || pageKey(event.key, page, onButton, target.closest("[type=range]"));
    if (done) event.preventDefault();
  });
}

function mapKey(key, page) {
  const moves = { ArrowLeft: [-1, 0, 1], ArrowRight: [1, 0, 1], ArrowUp: [0, 1, 1], ArrowDown: [0, -1, 1],
    "+": [0, 0, 1 / 1.25], "=": [0, 0, 1 / 1.25], "-": [0, 0, 1.25] };
  if (moves[key]) page.moveCamera(...moves[key]);
  else if (key === "Enter") {
    const { latitude_deg, longitude_deg } = page.a.view.camera;
    page.places.pick({ latitude_deg, longitude_deg, satellite: null, gateway: null, site: null });
  } else return false;
  return true;
}

function pageKey(key, page, onButton, onRange) {
  const slots = Math.max(1, Math.round(600 / page.scene.grid.slot_s)), { start, stop } = page.scene.grid;
  if (key === " ") {
    if (onButton) return false;
    page.play(!page.playing);
  } else if (key === ",") page.seek(state.slot - 1);
  else if (key === ".") page.seek(state.slot + 1);
  else if (key === "<") page.seek(state.slot - slots);
  else if (key === ">") page.seek(state.slot + slots);
  else if (key === "Home" && !onRange) page.seek(start);
  else if (key === "End" && !onRange) page.seek(stop - 1);
  else if (key === "g") set({ view: state.view === "globe" ? "map" : "globe" });
  else if (TABS[key]) {
    set({ tab: TABS[key], folded: false });
    document.getElementById(`tab-${TABS[key]}`).focus();
  } else if (key === "d") {
    const modes = ["run", "other", "difference", "both"];
    if (state.other) set({ show: modes[(modes.indexOf(state.show) + 1) % modes.length] });
  } else if (key === "p") set({ folded: !state.folded });
  else if (key === "l") page.openLayers();
  else if (key === "e") page.openExport();
  else if (key === "?") openHelp();
  else if (key === "/") document.getElementById("search-text").focus();
  else if (key === "Escape" && state.place) page.places.forget();
  else return false;
  return true;
}
