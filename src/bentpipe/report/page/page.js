"use strict";
// Tooltips that follow the pointer (the page reads without them: every mark carries a title) and sortable tables.
(() => {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const words = new WeakMap();
  const titled = (node) => {
    for (let at = node; at && at.nodeType === 1 && at.localName !== "svg"; at = at.parentNode) {
      const title = [...at.children].find((child) => child.localName === "title");
      if (title) {
        words.set(at, title.textContent);
        at.setAttribute("aria-label", title.textContent);
        title.remove();
      }
      if (words.has(at)) return words.get(at);
    }
    return "";
  };
  const show = (event) => {
    const inside = event.target.closest && event.target.closest("svg");
    const text = inside ? titled(event.target) : "";
    tip.hidden = !text;
    if (!text) return;
    if (tip.textContent !== text) tip.textContent = text;
    const wide = tip.offsetWidth, tall = tip.offsetHeight;
    const x = Math.min(Math.max(event.clientX - wide / 2, 8), innerWidth - wide - 8);
    const above = event.clientY - tall - 16;
    tip.style.left = `${x}px`;
    tip.style.top = `${above > 8 ? above : event.clientY + 20}px`;
  };
  addEventListener("pointermove", show, { passive: true });
  addEventListener("pointerdown", show, { passive: true });
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

  for (const table of document.querySelectorAll("table.sortable")) {
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const value = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
        const compare = (a, b) => {
          const x = value(a), y = value(b);
          return x !== "" && y !== "" && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y);
        };
        const body = table.tBodies[0];
        body.append(...[...body.rows].sort((a, b) => (up ? compare(a, b) : compare(b, a))));
      });
    });
  }
})();
