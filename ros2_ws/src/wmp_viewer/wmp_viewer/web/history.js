// The items of a walk in order of time, and a cursor: a recorded walk whole, a live one for KEPT seconds.

const KEPT = 60; // s
const BY_TIME = ["frame", "images", "mode", "event", "fault"];

export class History {
  constructor() {
    this.header = null;
    this.terrain = null;
    this.nodes = new Map();
    this.clear();
  }

  clear() {
    this.lists = Object.fromEntries(BY_TIME.map((kind) => [kind, []]));
    this.statuses = [];
    this.epoch = (this.epoch ?? 0) + 1; // changes when everything before is void
  }

  add(item) {
    if (item.kind === "header") {
      this.header = item;
      return;
    }
    if (item.kind === "terrain") {
      this.terrain = item;
      return;
    }
    if (item.kind === "status") {
      this.statuses.push(item);
      return;
    }
    const list = this.lists[item.kind];
    if (!list) return;
    if (item.kind === "frame" && this.end - item.t > 1) this.clear(); // the simulation has started again
    if (item.t === null) item.t = Number.isFinite(this.end) ? this.end : -Infinity;
    if (item.kind === "mode" && this.lists.mode.at(-1)?.mode === item.mode) return;
    this.lists[item.kind].push(item);
    // A page that opens late has missed the change to the present mode.
    if (item.kind === "frame" && item.mode) this.add({ kind: "mode", t: item.t, mode: item.mode });
    if (item.kind === "frame" && this.header?.live) this.forget(item.t - KEPT);
  }

  // Drops what is older than `time`, but the newest mode before it.
  forget(time) {
    for (const [kind, list] of Object.entries(this.lists)) {
      const first = after(list, time) - (kind === "mode" || kind === "fault" ? 1 : 0);
      if (first > 200 || (first > 0 && kind !== "frame")) list.splice(0, first);
    }
    if (this.statuses.length > 600) this.statuses.splice(0, 300);
  }

  get start() { return this.lists.frame[0]?.t ?? NaN; }
  get end() { return this.lists.frame.at(-1)?.t ?? NaN; }

  // The newest item of `kind` not later than `time`.
  at(kind, time) {
    const list = this.lists[kind];
    return list[after(list, time + 1e-6) - 1] ?? null;
  }

  // Items of `kind` between two times.
  between(kind, from, to) {
    const list = this.lists[kind];
    return list.slice(after(list, from), after(list, to + 1e-6));
  }

  // node -> its newest status at `time`.
  statusAt(time) {
    const nodes = new Map();
    for (const status of this.statuses) {
      if (status.t === null || status.t <= time + 1e-6) nodes.set(status.node, status);
    }
    return nodes;
  }

  // [from, to, mode] of every stretch of one mode.
  stretches() {
    const modes = this.lists.mode;
    return modes.map((item, i) => [Math.max(item.t, this.start), modes[i + 1]?.t ?? this.end, item.mode]);
  }

  // [from, to, fault] of injected faults; `to` is the end of the data while one lasts.
  faults() {
    const found = [];
    for (const item of this.lists.fault) {
      if (item.begins) found.push([item.t, Infinity, item.fault]);
      else {
        const open = found.findLast((each) => each[2] === item.fault && each[1] === Infinity);
        if (open) open[1] = item.t;
      }
    }
    return found.map(([from, to, fault]) => [from, Math.min(to, this.end), fault]);
  }
}

// Index of the first item later than `time`.
function after(list, time) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].t <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
