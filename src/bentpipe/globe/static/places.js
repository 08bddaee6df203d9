// What is pointed at, clicked or typed: places, gateways, satellites.

import { change, changeUnit, degrees, number } from "./format.js";
import { cellAt } from "./geo.js";
import { placeFrom, set, state } from "./state.js";

const box = (id) => document.getElementById(id);

export class Places {
  constructor(page) {
    this.page = page;
    this.picked = null; // where the mark stands
    this.link = null; // and what serves it
    this.askedAt = "";
    this.naming = false;
  }

  /** What was clicked; sites, gateways and satellites are numbered as in the run that the pane shows. */
  pick(what, pane = this.page.a) {
    const { scene } = pane.data;
    if (what.site !== null && what.site !== undefined) return set({ place: { site: scene.sites[what.site].id }, tab: "place", folded: false });
    if (what.gateway !== null && what.gateway !== undefined) return this.showGateway(what.gateway, pane);
    if (what.satellite !== null && what.satellite !== undefined) return this.showSatellite(what.satellite, pane);
    return set({ place: { latitude_deg: what.latitude_deg, longitude_deg: what.longitude_deg }, tab: "place", folded: false });
  }

  showGateway(i, pane = this.page.a) {
    const { page } = this;
    const g = pane.data.scene.gateways[i], now = pane.numbers?.gateways[i];
    this.forget();
    set({ tab: "place", folded: false });
    page.placePanel.thing(g.name, `gateway ${g.id} · ${degrees(g.latitude_deg, g.longitude_deg)}`, [
      ["Leads to", g.pop], ["Antennas in use", now && `${now.in_use} of ${now.antennas}`],
      ["Traffic, down", now && now.down_mbit_s !== null ? `${number(now.down_mbit_s)} Mbit/s` : null],
      ["Traffic, up", now && now.up_mbit_s !== null ? `${number(now.up_mbit_s)} Mbit/s` : null],
    ], { text: "Switch it off…", work: () => {
      page.breakPanel.switchOff(g.id);
      set({ tab: "break", folded: false });
    } });
  }

  showSatellite(i, pane) {
    const { page } = this;
    const { scene } = pane.data, s = scene.satellites, { view } = pane;
    const [x, y, z] = view.position(i, page.unixS) ?? [NaN, NaN, NaN];
    const height = Math.hypot(x, y, z) / 1e3 - 6371;
    const sites = (pane.numbers?.sites ?? []).flatMap((v, n) => (v.satellite === i && v.served ? [scene.sites[n].name] : []));
    this.forget();
    set({ tab: "place", folded: false });
    page.placePanel.thing(s.names[i], `satellite, catalogue number ${s.catalog_numbers[i]}`, [
      ["State", ["out of service", "in service", "raising its orbit", "serves the territory now"][pane.states[i]]],
      ["Height", Number.isFinite(height) ? `about ${Math.round(height)} km` : null], ["Serves", sites.join(", ")],
    ]);
  }

  forget() {
    const { page } = this;
    this.picked = this.link = null;
    for (const pane of page.panes()) pane.view.setPicked(null);
    set({ place: null });
  }

  async ask() {
    const { page } = this;
    if (this.naming) return; // a point got the name of its cell: it is the same place
    if (!state.place) {
      this.picked = this.link = null;
      for (const pane of page.panes()) pane.view.setPicked(null);
      page.placePanel.invite();
      return;
    }
    const source = this.source();
    this.askedAt = `${state.slot} ${page.shownRun}`;
    const scene = page.otherData?.id === source ? page.otherData.scene : page.scene;
    const answer = await page.placePanel.show(source, scene, state.place, page.slotIn(scene, state.slot));
    if (!answer?.found) {
      if (answer) {
        this.picked = this.link = null;
        for (const pane of page.panes()) pane.view.setPicked(null);
      }
      return;
    }
    if (state.place?.latitude_deg !== undefined) {
      this.naming = true;
      set({ place: answer.kind === "site" ? { site: answer.id } : { cell: answer.id } });
      this.naming = false;
    }
    this.picked = { latitude_deg: answer.latitude_deg, longitude_deg: answer.longitude_deg };
    const e = answer.explanation ?? {};
    const satellite = scene.satellites.catalog_numbers.indexOf(e.catalog_number);
    const gateway = scene.gateways.findIndex((g) => g.id === e.gateway);
    this.link = satellite >= 0 && gateway >= 0 ? { ...this.picked, satellite, gateway, source } : null;
    for (const pane of page.panes()) {
      pane.view.setPicked(this.picked);
      page.light(pane);
    }
  }

  /** The run that answers: what is shown, but the run as it was where a what-if does not reach. */
  source() {
    const window = this.page.otherData?.scene.window;
    const outside = window && (state.slot < window[0] || state.slot >= window[1]);
    return outside ? state.run : this.page.shownRun;
  }

  goTo(text) {
    const { page } = this;
    if (!text) return;
    page.calm();
    const { sites, gateways, regions } = page.scene, wanted = text.toLowerCase();
    const named = (p) => p.name.toLowerCase() === wanted;
    const known = (p) => named(p) || (p.id ?? p.code ?? "").toLowerCase() === wanted;
    // By its whole name first; then by id or code; then by how its name begins.
    const rule = [named, known, (p) => p.name.toLowerCase().startsWith(wanted)]
      .find((fits) => [sites, gateways, regions].some((list) => list.some(fits))) ?? known;
    const region = regions.find(rule), site = rule === named && region ? undefined : sites.find(rule), gateway = gateways.findIndex(rule);
    const point = placeFrom(text);
    if (site) {
      page.fly(site, 1200);
      set({ place: { site: site.id }, tab: "place", folded: false });
    } else if (gateway >= 0) {
      page.fly(page.scene.gateways[gateway], 2500);
      this.showGateway(gateway);
    } else if (region) this.goToRegion(region);
    else if (point && point.latitude_deg !== undefined) {
      page.fly(point, 1200);
      set({ place: point, tab: "place", folded: false });
    } else if (/^[0-9a-f]{15}$/i.test(text)) set({ place: { cell: text.toLowerCase() }, tab: "place", folded: false });
    else page.trouble(new Error(`“${text}” is no site, region, gateway or cell of this run, and no latitude, longitude`));
  }

  goToRegion(r) {
    const { page } = this;
    if (r?.latitude_deg === undefined || r.latitude_deg === null) return;
    page.fly(r, Math.min(9000, Math.max(500, 190 * r.span_deg)));
  }

  hover(what, pane) {
    const { page } = this;
    const label = box("hover");
    const text = what ? this.hoverText(what, pane) : "";
    label.hidden = !text;
    if (!text) return;
    label.textContent = text;
    if (what.x !== undefined) {
      const area = pane.host.getBoundingClientRect(), stage = box("stage").getBoundingClientRect();
      const left = area.left - stage.left + what.x + 14;
      label.style.left = `${Math.min(left, stage.width - label.offsetWidth - 8)}px`;
      label.style.top = `${Math.max(6, area.top - stage.top + what.y - 30)}px`;
    }
  }

  hoverText(what, pane) {
    const { page } = this;
    const { scene } = pane.data;
    if (what.site !== null && what.site !== undefined) return scene.sites[what.site].name;
    if (what.gateway !== null && what.gateway !== undefined) return `Gateway ${scene.gateways[what.gateway].name}`;
    if (what.satellite !== null && what.satellite !== undefined) return scene.satellites.names[what.satellite];
    if (what.latitude_deg === null) return "";
    const cell = cellAt(scene.cells, pane.data.index, what.latitude_deg, what.longitude_deg);
    if (cell < 0 || !pane.values) return "";
    const variable = page.variable(scene), value = pane.values[cell];
    if (!Number.isFinite(value)) return "no value";
    const unit = variable.unit === "1" ? "" : ` ${variable.unit}`;
    if (state.show === "difference" && pane === page.a && variable.kind === "category") return value ? "another" : "the same";
    if (state.show === "difference" && pane === page.a && variable.kind === "ordered") return value ? (value > 0 ? "better" : "worse") : "no change";
    if (state.show === "difference" && pane === page.a && variable.kind === "flag") return value ? (value > 0 ? "now" : "no longer") : "no change";
    if (state.show === "difference" && pane === page.a) return `${change(value, number)}${value ? ` ${changeUnit(unit.trim())}` : ""}`;
    if (variable.kind !== "number") return (variable.categories ?? ["no", "yes"])[value] ?? String(value);
    return `${number(value)}${unit}`;
  }
}
