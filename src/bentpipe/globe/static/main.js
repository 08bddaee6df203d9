// The page: puts the parts together, keeps one clock, asks the server for what is looked at.

import * as api from "./api.js";
import { BreakPanel } from "./breakpanel.js";
import { ComparePanel } from "./comparepanel.js";
import { fillAbout, openExport, openHelp, openLayers } from "./dialogs.js";
import { element, fill, instant } from "./format.js";
import { changedOrNot, differenceRange, drawLegend, drawThreshold, fillVariables } from "./legend.js";
import { bindKeys } from "./keys.js";
import { savePicture } from "./picture.js";
import { PlacePanel } from "./placepanel.js";
import { RegionsPanel } from "./regionspanel.js";
import { colourRule, fleetOf, Pane, runData, siteLinks, sunAt } from "./stage.js";
import { address, fromAddress, on, set, setGrid, state } from "./state.js";
import { TimeBar } from "./timebar.js";
import { cellAt } from "./geo.js";
import { Places } from "./places.js";
import { GONE, WhatIfs } from "./whatifs.js";

const box = (id) => document.getElementById(id);
const SETTLE_MS = 150; // a seek's first frame waits so long for the cells at most
const MODES = [["run", "As it was"], ["other", "With the changes"], ["difference", "Difference"], ["both", "Side by side"]];

// In place of a variable, where a run has no cells.
const NO_CELLS = { name: "sites", label: "Sites", unit: "", kind: "flag", low: 0, high: 1, palette: "categories", categories: null,
  more_is_better: null, meaning: "", static: true };

class Page {
  async start() {
    this.unixS = 0;
    this.playing = false;
    this.places = new Places(this);
    this.whatIfs = new WhatIfs(this);
    this.range = new Map(); // half width of the scale of changes, by variable
    const given = fromAddress(location.hash);
    this.list = await api.runs();
    this.version = this.list.version;
    const runs = this.list.runs;
    if (!runs.length) throw new Error("the server has no run");
    const run = runs.some((r) => r.id === given.run && r.kind === "run") ? given.run : runs.find((r) => r.kind === "run").id;
    const fits = (r) => r.id === given.other && r.id !== run && (r.kind === "run" || r.of === run);
    const other = runs.some(fits) ? given.other : null;
    Object.assign(state, given, { run, other, show: other ? given.show ?? "difference" : "run" });
    this.applyTheme();
    const handlers = {
      onPick: (what, pane) => this.places.pick(what, pane),
      onHover: (what, pane) => this.places.hover(what, pane),
      onCamera: (pane) => this.cameraMoved(pane),
    };
    this.a = new Pane(box("pane-a"), handlers);
    this.b = new Pane(box("pane-b"), handlers);
    this.time = new TimeBar({ seek: (slot) => this.seek(slot), toggle: () => this.play(!this.playing), onSpeed: (speed) => set({ speed }) });
    this.panels();
    this.listeners();
    const [data, world] = await Promise.all([runData(run), api.worldOutlines()]);
    this.world = world;
    await this.makeViews();
    await this.useRun(data, given.unix_s);
    bindKeys(this);
    this.whatIfs.hear();
    if (this.otherData?.scene.kind === "what-if") this.whatIfs.result(state.other);
    if (!other && given.other?.startsWith("what-if-")) this.gone();
    requestAnimationFrame((now) => this.frame(now));
    document.documentElement.dataset.ready = "yes";
  }

  panels() {
    this.placePanel = new PlacePanel(box("panel-place"));
    this.breakPanel = new BreakPanel(box("panel-break"), {
      onEdits: (edits) => set({ edits }),
      onLength: (length_s) => set({ length_s }),
      onStart: () => this.whatIfs.start(),
      onStop: (id) => api.stopWhatIf(id).catch((error) => this.breakPanel.say(error.message)),
      getTime: () => this.time.time(state.slot),
    });
    this.regionsPanel = new RegionsPanel(box("panel-regions"), {
      onRegion: (region) => this.places.goToRegion(region),
      csvAddress: (slot) => api.exportAddress(this.tabled ?? state.run, "regions.csv", { slot }),
    });
    this.comparePanel = new ComparePanel(box("panel-compare"), { onOther: (id) => this.compareWith(id) });
    for (const tab of document.querySelectorAll("[role=tab]")) {
      tab.onclick = () => set({ tab: tab.id.slice(4), folded: false });
      tab.onkeydown = (event) => this.moveTab(event);
    }
    box("fold").onclick = () => set({ folded: !state.folded });
    box("view-kind").onclick = () => set({ view: state.view === "globe" ? "map" : "globe" });
    box("layers-open").onclick = () => this.openLayers();
    box("export-open").onclick = () => this.openExport();
    box("help-open").onclick = openHelp;
    box("search").onsubmit = (event) => {
      event.preventDefault();
      this.places.goTo(box("search-text").value.trim());
    };
    fill(box("modes"), ...MODES.map(([show, text]) =>
      element("button", { type: "button", "data-show": show, "aria-pressed": "false", onclick: () => set({ show }) }, text)));
  }

  listeners() {
    on("slot", () => {
      this.time.setSlot(state.slot);
      this.breakPanel.setTime();
      this.refresh();
    });
    on("variable threshold", () => this.refresh());
    on("variable", () => {
      if (state.threshold !== null) set({ threshold: null });
      box("variable").value = state.variable;
    });
    on("show other", () => {
      this.arrange().then(() => this.refresh()).catch((error) => this.trouble(error));
    });
    on("view", () => this.makeViews().then(() => this.refresh()).catch((error) => this.trouble(error)));
    on("layers", () => {
      this.applyLayers();
      this.refresh();
    });
    on("theme", () => {
      this.applyTheme();
      for (const pane of [this.a, this.b]) pane.view?.setTheme(this.theme);
      this.time.draw();
      this.placePanel.seriesOf = "";
      this.refresh();
    });
    on("tab folded", () => this.showTab());
    on("place", () => this.places.ask());
    on("speed", () => this.time.setSpeed(state.speed));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      if (state.theme === "auto") { set({ theme: "dark" }); set({ theme: "auto" }); }
    });
    // The page replaces its own address without an event: this one was typed or followed.
    addEventListener("hashchange", () => location.reload());
    document.querySelector(".skip").onclick = (event) => {
      event.preventDefault();
      set({ folded: false });
      box("panel").focus();
    };
    new ResizeObserver(() => {
      for (const pane of [this.a, this.b]) if (pane.shown) pane.view?.resize();
    }).observe(box("panes"));
  }

  get theme() {
    if (state.theme !== "auto") return state.theme;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }

  applyTheme() {
    document.documentElement.dataset.theme = this.theme;
  }

  /** Both panes of the kind that is asked for; the second only where it is shown. */
  async makeViews() {
    const why = await this.a.ensure(state.view, this.theme, this.world);
    if (this.b.shown) await this.b.ensure(state.view, this.theme, this.world);
    box("notice").hidden = !why;
    box("notice").textContent = why;
    if (!this.a.view) return;
    const real = this.a.view.kind;
    box("view-kind").textContent = real === "globe" ? "Flat map" : "Globe";
    box("view-kind").disabled = Boolean(why);
    for (const pane of this.panes()) {
      if (state.camera) pane.view.camera = state.camera;
      pane.view.setPicked(this.places.picked ?? null);
    }
    this.applyLayers();
  }

  panes() {
    return [this.a, this.b].filter((pane) => pane.ready);
  }

  async useRun(data, unixS) {
    const scene = data.scene, { start, stop, slot_s, unix_s } = scene.grid;
    setGrid(scene.grid);
    this.scene = scene;
    const names = scene.variables.map((v) => v.name);
    if (!names.includes(state.variable)) state.variable = scene.default_variable;
    const wanted = unixS === undefined ? (scene.marks[0]?.slot ?? start) : start + Math.floor((unixS - unix_s) / slot_s);
    const slot = Math.min(stop - 1, Math.max(start, wanted));
    state.camera ??= { latitude_deg: scene.cells.latitude_deg, longitude_deg: scene.cells.longitude_deg,
      distance_km: Math.min(22_000, Math.max(900, scene.cells.span_deg * 130)) };
    state.slot = slot;
    this.time.setRun(scene);
    this.unixS = this.time.time(slot);
    this.a.setData(data);
    for (const pane of this.panes()) pane.view.camera = state.camera;
    fillVariables(scene, state.variable, (variable) => set({ variable }));
    fillAbout(box("panel-about"), scene, this.version);
    this.breakPanel.setRun(scene, null, state.edits, state.length_s);
    this.regionsPanel.setRun(scene);
    this.comparePanel.setRuns(this.list.runs, state.run, state.other);
    fill(box("search-places"), ...[...scene.sites, ...scene.regions, ...scene.gateways]
      .map((p) => element("option", { value: p.name })));
    api.course(data.base).then((course) => this.time.setCourse(course), (error) => this.trouble(error));
    this.time.setSpeed(state.speed);
    this.time.setSlot(slot);
    await this.arrange();
    this.head();
    this.showTab();
    await this.refresh();
    fleetOf(data).then((fleet) => {
      this.breakPanel.setRun(scene, fleet, state.edits, state.length_s);
      this.note(fleet.note);
    }, (error) => this.trouble(error));
  }

  /** What a user should know of what is computed anew: told once, and kept under About. */
  note(text) {
    const notes = box("notes");
    if (!text || !notes || [...notes.children].some((line) => line.textContent === text)) return;
    notes.append(element("li", {}, text));
    this.trouble(new Error(text));
  }

  head() {
    const other = this.otherData?.scene;
    document.title = `${this.scene.title} – bentpipe`;
    box("title").textContent = this.scene.title;
    const tag = (text, kind = "") => element("span", { class: `tag ${kind}`, title: text }, text);
    fill(box("badges"), tag("simulated; not live status"),
      ...(this.scene.complete ? [] : [tag("still being written", "assumed")]),
      ...(this.scene.hypothetical ? [tag("in part hypothetical", "hypothetical")] : []),
      ...(other?.kind === "what-if" ? [tag(`hypothetical: ${(other.edits_text ?? []).join("; ")}`, "hypothetical")] : []));
  }

  /** Show what `show` and `other` ask for: one pane or two, with their data; of two at once, the later. */
  async arrange() {
    const mine = (this.arranging = (this.arranging ?? 0) + 1), { run, other, show } = state;
    if (!other && show !== "run") return set({ show: "run" });
    let data = null;
    try {
      data = other ? await runData(other) : null;
    } catch (error) {
      if (mine !== this.arranging) return undefined;
      this.trouble(error);
      return set({ other: null, show: "run" });
    }
    const own = show === "other" && data?.scene.kind === "run" ? data : await runData(run);
    if (mine !== this.arranging) return undefined;
    const both = show === "both" && data;
    this.otherData = data;
    this.b.section.hidden = !both;
    box("stage").classList.toggle("two", Boolean(both));
    this.a.setData(own);
    if (both) {
      this.b.setData(data);
      await this.b.ensure(this.a.wanted, this.theme, this.world);
      if (mine !== this.arranging) return undefined;
      if (this.a.view) this.b.view.camera = this.a.view.camera;
      this.b.view.resize();
    }
    this.a.view?.resize();
    this.applyLayers();
    this.arranged = `${show} ${other}`;
    const modes = box("modes");
    modes.hidden = !state.other;
    const hypothetical = this.otherData?.scene.kind === "what-if";
    for (const button of modes.children) {
      button.setAttribute("aria-pressed", String(button.dataset.show === state.show));
      if (button.dataset.show === "run") button.textContent = hypothetical ? "As it was" : "A";
      if (button.dataset.show === "other") button.textContent = hypothetical ? "With the changes" : "B";
    }
    this.moved = true; // a pane may be new: it has no time yet
    this.paneTitles();
    this.time.setWindow(this.otherData?.scene.window ?? null);
    this.head();
    return undefined;
  }

  paneTitles() {
    const other = this.otherData?.scene;
    const hypo = other?.kind === "what-if" ? "hypothetical: " : "";
    const texts = other ? { run: "As it was", other: hypo + "with the changes", difference: `${hypo}difference, with the changes − as it was`, both: "As it was" } : {};
    const named = (scene) => (scene.title === this.scene.title && scene.title === other?.title ? scene.id : scene.title);
    if (other?.kind === "run") {
      Object.assign(texts, { run: `A: ${named(this.scene)}`, other: `B: ${named(other)}`, difference: "Difference, B − A", both: `A: ${named(this.scene)}` });
    }
    this.a.title.textContent = texts[state.show] ?? "";
    this.a.title.classList.toggle("hypo", Boolean(hypo) && ["other", "difference"].includes(state.show));
    this.b.title.textContent = other ? (hypo ? "hypothetical: with the changes" : `B: ${named(other)}`) : "";
    this.b.title.classList.toggle("hypo", Boolean(hypo));
  }

  get shownRun() {
    return state.other && state.show !== "run" ? state.other : state.run;
  }

  variable(scene = this.scene) {
    return scene.variables.find((v) => v.name === state.variable) ?? scene.variables[0] ?? NO_CELLS;
  }

  /** Number that a run's slots have at the moment of a slot of this run. */
  slotIn(scene, slot) {
    const { start, unix_s, slot_s } = scene.grid;
    return start + Math.floor((this.time.time(slot) - unix_s) / slot_s + 1e-6);
  }

  /** Bring all that depends on the slot up to date; while one is on its way, only the latest wish is kept. */
  async refresh() {
    if (!this.scene) return;
    if (this.refreshing) {
      this.again = true;
      return this.refreshing;
    }
    this.refreshing = (async () => {
      do {
        this.again = false;
        try {
          await this.update(state.slot);
        } catch (error) {
          this.trouble(error);
        }
      } while (this.again);
      this.refreshing = null;
    })();
    return this.refreshing;
  }

  async update(slot) {
    const { run, other, show } = state, { otherData } = this;
    if (this.arranged !== `${show} ${other}` || !this.a.ready) return; // all this is called again when it is
    const variable = this.variable(), cells = variable !== NO_CELLS, there = otherData ? this.slotIn(otherData.scene, slot) : slot;
    const two = this.b.ready;
    let refused = "";
    const values = (id, at) => (cells ? api.cellValues(id, variable.name, at) : null);
    const beyond = otherData && (there < otherData.scene.grid.start || there >= otherData.scene.grid.stop);
    const one = show !== "difference" ? (show === "other" ? !beyond && values(other, there) : values(run, slot))
      : cells && !beyond && api.difference(other, run, variable.name, there).catch((error) => {
        if (error.status !== 409) throw error;
        refused = error.message; // other cells, other slots: nothing to subtract
        return null;
      });
    const [found, valuesB, numbersA, numbersB] = await Promise.all([one || null, two && !beyond ? values(other, there) : null,
      api.slotNumbers(run, slot), other && !beyond ? api.slotNumbers(other, there) : null]);
    if (this.arranged !== `${show} ${other}` || state.show !== show || state.other !== other || !this.a.ready) return;
    const ofOther = Boolean(numbersB) && (show === "other" || show === "difference");
    const plain = show === "run" || show === "both";
    // Where a what-if has nothing the run is as it was; another run is not.
    const shown = ofOther ? numbersB : plain || otherData.scene.kind === "what-if" ? numbersA : null;
    const scene = ofOther ? otherData.scene : this.scene;
    const kinds = show === "difference" && variable.kind === "category";
    const { variable: painted, values: valuesA } = kinds ? changedOrNot(variable, found) : { variable, values: found };
    const diverging = show === "difference" && !kinds ? this.diverging(variable, valuesA) : null;
    this.painted = painted;
    const rule = colourRule(painted, { diverging, threshold: state.threshold, theme: this.theme });
    this.a.paint(valuesA, rule);
    if (two) this.b.paint(valuesB, colourRule(variable, { threshold: state.threshold, theme: this.theme }));
    this.legend(painted, diverging, valuesA === null, refused);
    this.light(this.a, shown, ofOther ? there : slot, ofOther ? other : run);
    if (two) this.light(this.b, numbersB, there, other);
    this.tabled = ofOther ? other : run;
    this.time.setNumbers(shown, scene);
    this.tables = {
      regions: () => this.regionsPanel.setNumbers(shown, scene, ofOther ? there : slot, instant(this.time.time(slot))),
      compare: () => this.comparePanel.setNumbers(this.scene, numbersA, otherData?.scene ?? null, numbersB),
    };
    this.tables[state.tab]?.(); // the others when they are looked at
    if (!this.playing && state.place && this.places.askedAt !== `${slot} ${this.shownRun}`) this.places.ask();
    this.say(shown);
    this.drawn = slot;
  }

  diverging(variable, values) {
    const wide = differenceRange(values ?? [], this.range.get(variable.name) ?? null) || 1;
    this.range.set(variable.name, wide);
    return wide;
  }

  legend(variable, diverging, missing, refused) {
    if (variable === NO_CELLS) {
      this.legendShown = "";
      fill(box("legend"), element("p", { class: "meaning" }, "This run has sites, and no cells to colour."));
      box("threshold-box").hidden = true;
      return;
    }
    const other = state.show === "run" ? null : this.otherData?.scene;
    const lacks = other && !other.variables.some((v) => v.name === variable.name);
    const absent = lacks ? "The other run has no such values."
      : other?.kind === "what-if" ? "This slot is not computed here: move the time into the marked window." : "This slot is not there.";
    const note = missing ? refused || absent : other?.kind === "what-if" ? `Hypothetical: ${(other.edits_text ?? []).join("; ")}` : "";
    // A new legend over the canvas costs as much as a new picture in it: not once a slot.
    const key = JSON.stringify([variable, diverging, state.threshold, this.theme, note, missing]);
    if (key === this.legendShown) return;
    this.legendShown = key;
    drawLegend(variable, { diverging, threshold: state.threshold, theme: this.theme, note, missing });
    drawThreshold(variable, state.threshold, diverging, (threshold) => set({ threshold }));
  }

  /** Satellites' states and links of a pane, which shows a slot of a run; those of now where none is given. */
  async light(pane, numbers = pane.numbers, slot = pane.slot, id = pane.id) {
    Object.assign(pane, { numbers, slot, id });
    if (numbers) pane.view.setSitePositions(numbers.sites.map((s) => [s.latitude_deg, s.longitude_deg]));
    await pane.light(numbers?.serving ?? [], state.layers.serving);
    let links = null;
    const fast = this.playing && state.speed > 300;
    if (numbers && (state.layers.feeder || state.layers.lasers) && !fast) {
      links = await api.links(id, slot).catch(() => null); // the map goes on without them
    }
    if (pane.numbers !== numbers || pane.id !== id || !pane.view) return;
    this.note(links?.note);
    const { link } = this.places;
    pane.view.setLinks({
      feeder: Int32Array.from(links?.feeder ?? []),
      lasers: Int32Array.from(links?.lasers ?? []),
      sites: numbers ? siteLinks(numbers) : [],
      picked: link?.source === id ? link : null,
    });
  }

  /** A what-if that was to be shown is not on the server any more. */
  gone() {
    this.trouble(new Error(GONE));
    this.breakPanel.say(GONE);
  }

  say(numbers) {
    if (this.playing || !numbers) return;
    box("status").textContent = `${instant(this.time.time(state.slot))}: ${box("now").textContent}`;
  }

  trouble(error) {
    const notice = box("notice");
    notice.hidden = false;
    notice.textContent = error.message;
    clearTimeout(this.noticeEnds);
    this.noticeEnds = setTimeout(() => this.calm(), 12_000);
  }

  /** Take back what went wrong: something else was asked for. */
  calm() {
    clearTimeout(this.noticeEnds);
    box("notice").hidden = !this.a.why;
    box("notice").textContent = this.a.why ?? "";
  }

  seek(slot) {
    const { start, stop } = this.scene.grid;
    const at = Math.min(stop - 1, Math.max(start, Math.round(slot)));
    this.unixS = this.time.time(at);
    if (!this.refreshing) this.soughtAt = performance.now();
    set({ slot: at });
    this.moved = true;
  }

  play(playing) {
    if (playing && state.slot >= this.scene.grid.stop - 1) this.seek(this.scene.grid.start);
    this.playing = playing;
    this.last = undefined;
    this.time.setPlaying(playing);
    if (!playing) this.refresh();
  }

  frame(now) {
    requestAnimationFrame((next) => this.frame(next)); // first: nothing that goes wrong may stop it
    const { start, stop, slot_s, unix_s } = this.scene.grid;
    if (this.playing) {
      const passed = Math.min(0.25, (now - (this.last ?? now)) / 1000);
      this.unixS = Math.min(this.unixS + passed * state.speed, unix_s + (stop - start) * slot_s - 0.001);
      const slot = start + Math.floor((this.unixS - unix_s) / slot_s);
      if (slot !== state.slot) set({ slot });
      if (this.unixS >= unix_s + (stop - start) * slot_s - 0.002) this.play(false);
    }
    this.last = now;
    if (this.playing || this.moved || this.shownAt !== this.unixS) {
      this.moved = false;
      this.shownAt = this.unixS;
      for (const pane of this.panes()) {
        pane.view.setTime(this.unixS);
        pane.view.setSun(sunAt(pane.data.scene, this.unixS));
      }
    }
    const stride = this.playing && state.speed > 120 ? Math.min(8, 2 ** Math.ceil(Math.log2(state.speed / 120))) : 1;
    // What a slot brings comes piece by piece; without this each piece would be drawn, the first with the cells of before.
    const waits = !this.playing && this.refreshing && now - this.soughtAt < SETTLE_MS;
    for (const pane of this.panes()) {
      pane.follow(this.unixS, stride).catch((error) => {
        pane.frames = "";
        if (!this.toldFrames) this.trouble(error);
        this.toldFrames = true;
      });
      if (!waits) pane.view.frame();
    }
  }

  cameraMoved(pane) {
    const camera = pane.view.camera;
    for (const other of this.panes()) if (other !== pane) other.view.camera = camera;
    set({ camera });
  }

  fly({ latitude_deg, longitude_deg }, distance_km) {
    const camera = { latitude_deg, longitude_deg, distance_km };
    for (const pane of this.panes()) pane.view.camera = camera;
    set({ camera });
  }

  moveCamera(east, north, zoom) {
    const { latitude_deg, longitude_deg, distance_km } = this.a.view.camera, step = Math.min(20, distance_km / 600);
    this.fly({ latitude_deg: Math.min(89, Math.max(-89, latitude_deg + north * step)),
      longitude_deg: ((longitude_deg + east * step + 540) % 360) - 180 }, Math.min(60_000, Math.max(150, distance_km * zoom)));
  }

  applyLayers() {
    const l = state.layers;
    for (const pane of this.panes()) pane.view.setLayers({ ...l, satellites: l.satellites || l.serving });
  }

  openLayers() {
    openLayers(state, this.scene, {
      onLayer: (name, shown) => set({ layers: { ...state.layers, [name]: shown } }),
      onTheme: (theme) => set({ theme }),
    });
  }

  openExport() {
    openExport({ state, scene: this.scene, other: this.otherData?.scene, serving: this.a.numbers?.serving ?? [], onPicture: () => this.picture() });
  }

  picture() {
    const other = state.show === "run" ? null : this.otherData?.scene;
    const hypothetical = Boolean(other?.hypothetical || this.scene.hypothetical);
    return savePicture({ panes: this.panes(), scene: this.scene, variable: this.painted ?? this.variable(), theme: this.theme,
      when: instant(this.time.time(state.slot)), show: state.show, other: this.otherData?.scene ?? null, hypothetical,
      diverging: state.show === "difference" && this.variable().kind !== "category" ? this.range.get(state.variable) : null, threshold: state.threshold,
      now: box("now").textContent }).catch((error) => this.trouble(error));
  }

  showTab() {
    this.tables?.[state.tab]?.();
    for (const tab of document.querySelectorAll("[role=tab]")) {
      const chosen = tab.id === `tab-${state.tab}`;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      box(tab.getAttribute("aria-controls")).hidden = !chosen || state.folded;
    }
    document.body.classList.toggle("folded", state.folded);
    document.body.dataset.tab = state.tab;
    const fold = box("fold");
    fold.setAttribute("aria-expanded", String(!state.folded));
    fold.setAttribute("aria-label", state.folded ? "Unfold the panel" : "Fold the panel");
  }

  moveTab(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...document.querySelectorAll("[role=tab]")];
    const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
    event.preventDefault();
    event.stopPropagation();
  }

  compareWith(id) {
    this.range.clear();
    if (id) this.comparePanel.busy();
    set({ other: id, show: id ? "both" : "run" });
    if (id && this.list.runs.find((r) => r.id === id)?.kind === "what-if") this.whatIfs.result(id);
  }
}

const page = new Page();
window.bentpipe = { page, state, set, address, cellAt: (lat, lon) => cellAt(page.scene.cells, page.a.data.index, lat, lon) };
page.start().catch((error) => {
  box("title").textContent = "Cannot show the run";
  box("notice").hidden = false;
  box("notice").textContent = error.message;
  console.error(error);
});
