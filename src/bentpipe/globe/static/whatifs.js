// What-ifs: started here, computed by the server, which tells how far it is; and runs that are still being written.

import * as api from "./api.js";
import { forgetData, runData } from "./stage.js";
import { set, state } from "./state.js";

export class WhatIfs {
  constructor(page) {
    this.page = page;
    this.job = null; // the one that was started last from this page
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
    api.listen((job) => this.heardJob(job), (run) => this.heardRun(run), (there) => {
      document.body.classList.toggle("away", !there);
    });
  }

  async heardJob(job) {
    const { page } = this;
    this.heard.set(job.id, job);
    if (job.id !== this.job && job.id !== state.other) return;
    page.breakPanel.progress(job);
    if (job.id !== this.job && job.state === "done") {
      this.result(job.id);
      return;
    }
    if (job.done > 0 && job.id === this.job) {
      // Shown once by itself; who then looks at something else is left there.
      if (this.shown !== job.id) {
        this.shown = job.id;
        page.list = await api.runs();
        page.range.clear();
        set({ other: job.id, show: "difference" });
        page.comparePanel.setRuns(page.list.runs, state.run, job.id);
      }
      api.forget(job.id);
      if (state.other === job.id) await page.refresh();
      this.result(job.id);
    }
  }

  async result(id) {
    const { page } = this;
    try {
      const [found, data] = await Promise.all([api.whatIfResult(id), runData(id)]);
      page.breakPanel.result(id, data.scene, found, (code) => page.places.goToRegion(page.scene.regions.findIndex((r) => r.code === code)));
      this.lastResult = found;
    } catch (error) {
      if (error.status !== 404) page.trouble(error);
    }
  }

  /** A run that is still being written has grown. */
  async heardRun({ id, complete }) {
    const { page } = this;
    if (id !== state.run && id !== state.other) return;
    if (complete && !page.scene.complete) {
      forgetData(id);
      api.forget(id);
      const data = await runData(id);
      if (id === state.run) {
        page.scene.complete = true;
        await page.useRun(data, page.unixS);
      }
      return;
    }
    api.course(id).then((course) => page.time.setCourse(course), () => {});
    page.refresh();
  }
}
