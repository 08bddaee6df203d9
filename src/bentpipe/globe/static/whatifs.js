// What-ifs: started here, computed by the server, which tells how far it is; and runs that are still being written.

import * as api from "./api.js";
import { forgetData, runData } from "./stage.js";
import { set, state } from "./state.js";

export const GONE = "The server no longer has this what-if. What was switched off is still chosen: Show what happens computes it again.";

export class WhatIfs {
  constructor(page) {
    this.page = page;
    this.job = null; // the one that was started last from this page
    this.adopted = null; // the one that was shown by itself, when its first slots were there
    this.heardBefore = false;
    this.heard = new Map(); // the last that was told of each: it may come before the answer to what started it
  }

  async start() {
    const { page } = this;
    const { start, stop, slot_s } = page.scene.grid;
    if (!Object.keys(state.edits).length) return page.breakPanel.say("Choose something to switch off first.");
    const from = Math.max(start, state.slot), to = Math.min(stop, from + Math.max(1, Math.round(state.length_s / slot_s)));
    if (this.sending) return undefined;
    this.sending = true;
    page.breakPanel.say("Asking the server; after its start it takes a minute until it can answer.", "busy");
    try {
      const { id } = await api.startWhatIf({ run: state.run, from_slot: from, to_slot: to, edits: state.edits });
      this.job = id;
      page.breakPanel.say("");
      await this.heardJob(this.heard.get(id) ?? { id, state: "queued", done: 0, total: to - from });
    } catch (error) {
      page.breakPanel.say(error.message);
    } finally {
      this.sending = false;
    }
    return undefined;
  }

  hear() {
    const { page } = this;
    api.listen((job) => this.heardJob(job).catch((error) => page.trouble(error)),
      (run) => this.heardRun(run).catch((error) => page.trouble(error)), (there) => {
        document.body.classList.toggle("away", !there);
        if (there && this.heardBefore) this.cameBack().catch((error) => page.trouble(error));
        this.heardBefore ||= there;
      });
  }

  get busy() {
    return ["queued", "preparing", "simulating"].includes(this.heard.get(this.job)?.state);
  }

  async heardJob(job) {
    const { page } = this;
    if (job.state === "forgotten") return this.forgotten(job.id);
    this.heard.set(job.id, job);
    const mine = job.id === this.job;
    if (!mine && job.id !== state.other) return undefined;
    if (mine || !this.busy) page.breakPanel.progress(job); // of two, the one that was begun last
    if (!job.done) return undefined;
    if (mine && this.adopted !== job.id) {
      this.adopted = job.id; // once: whoever then looks at something else is left there
      page.list = await api.runs();
      page.range.clear();
      set({ other: job.id, show: "difference" });
      page.comparePanel.setRuns(page.list.runs, state.run, job.id);
    }
    if (state.other === job.id) {
      api.forget(job.id);
      page.placePanel.seriesOf = ""; // it goes further now
      if (job.state === "done") page.places.askedAt = "";
      await page.refresh();
    }
    if (mine || !this.busy) await this.result(job.id);
    return undefined;
  }

  /** The server has let go of a what-if: to make room, or because it was started anew. */
  forgotten(id) {
    const { page } = this;
    this.heard.delete(id);
    api.forget(id);
    forgetData(id);
    if (this.job === id) this.job = null;
    page.list.runs = page.list.runs.filter((r) => r.id !== id);
    if (state.other === id) {
      set({ other: null, show: "run" });
      page.gone();
    }
    page.comparePanel.setRuns(page.list.runs, state.run, state.other);
    page.breakPanel.forgotten(id);
  }

  /** The server answers again: perhaps another, which has none of the what-ifs. */
  async cameBack() {
    const { page } = this;
    page.list = await api.runs();
    const there = new Set(page.list.runs.map((r) => r.id));
    for (const id of new Set([...this.heard.keys(), state.other])) if (id && !there.has(id)) this.forgotten(id);
    if (!there.has(state.run)) page.trouble(new Error("The server shows other runs now: load the page anew."));
    else await page.refresh();
  }

  async result(id) {
    const { page } = this;
    try {
      const [found, data] = await Promise.all([api.whatIfResult(id), runData(id)]);
      if (!found.slots || (this.busy && id !== this.job)) return; // nothing yet, or another was begun meanwhile
      page.breakPanel.result(id, data.scene, found, (code) => page.places.goToRegion(page.scene.regions.find((r) => r.code === code)));
    } catch (error) {
      if (error.status !== 404) page.trouble(error);
    }
  }

  /** A run that is still being written has grown. */
  async heardRun({ id, complete }) {
    const { page } = this;
    if (id !== state.run && id !== state.other) return;
    const before = await runData(id);
    if (complete && !before.scene.complete) {
      forgetData(id);
      api.forget(id);
      const data = await runData(id);
      if (id === state.run) await page.useRun(data, page.unixS);
      else await page.arrange();
      return;
    }
    if (id === state.run) api.course(id).then((course) => page.time.setCourse(course), () => {});
    page.placePanel.seriesOf = "";
    await page.refresh();
  }
}
