// The tiles: mode, last event, surprise, speed, torques, health.

import { SPAN, strip } from "wmp/charts";
import { themed } from "wmp/colours";
import { MODES } from "wmp/glossary";

const byId = (id) => document.getElementById(id);
const LEGS = { FL: "Front left", FR: "Front right", RL: "Rear left", RR: "Rear right" };
const PARTS = { hip: "hip", thigh: "thigh", calf: "calf" };
const HIGH = 0.9; // share of the torque limit that counts as high
const RECENT_EVENT = 12; // s

// Stage -> node, key of its 99th percentile, and the time that it may take [ms].
const STAGES = [
  ["Control cycle", "policy_node", "control", 2],
  ["Policy step", "policy_node", "policy", 20],
  ["World model, next state", "world_model_node", "advance", 20],
  ["World model, image", "world_model_node", "observe", 100],
];

export class Readings {
  constructor(header) {
    this.header = header;
    this.buildTorques();
  }

  draw(frame, images, history, time) {
    this.mode(frame, history, time);
    this.surprise(images, history, time);
    if (!frame) return;
    this.speed(frame, history, time);
    this.torques(frame);
    this.health(history, time);
  }

  mode(frame, history, time) {
    const newest = history.at("mode", time);
    const mode = newest?.mode ?? frame?.mode ?? "";
    const [name, help] = MODES[mode] ?? ["Waiting", "No state of the controller yet."];
    setText("mode", name);
    setText("mode-help", help);
    byId("mode").style.setProperty("--mode", themed(`m-${mode}`) || themed("soft"));
    byId("mode").dataset.mode = mode;
    const events = history.between("event", time - RECENT_EVENT, time).filter((event) => !/^\w+ -> \w+$/.test(event.text));
    const event = events.at(-1);
    byId("last-event").hidden = !event;
    if (event) {
      setText("last-event", `${(time - event.t).toFixed(1)} s ago: ${event.text}`);
      byId("last-event").className = event.mode === "FAULT" ? "event bad" : "event";
    }
  }

  surprise(images, history, time) {
    const limit = this.header.surprise_limit;
    const points = history.between("images", time - SPAN, time).map((item) => [item.t, item.surprise]);
    const value = images?.surprise ?? null;
    setReading("surprise", value !== null ? value.toFixed(1) : images ? "no image" : "–", limit ? `of ${limit.toFixed(1)} nats` : "nats");
    strip(byId("surprise-chart"), time, { lines: [{ points, colour: "model", marks: true }], lower: 0, upper: limit ? limit * 1.15 : 20, limit, unit: "nats" });
  }

  speed(frame, history, time) {
    const frames = history.between("frame", time - SPAN, time);
    const actual = (each) => each.velocity ?? each.believed;
    const value = actual(frame);
    setReading("speed", value ? value[0].toFixed(2) : "–", frame.command ? `of ${frame.command[0].toFixed(2)} m/s` : "m/s");
    strip(byId("speed-chart"), time, {
      lines: [
        { points: frames.map((each) => [each.t, each.command?.[0] ?? null]), colour: "asked", dashed: true },
        { points: frames.map((each) => [each.t, actual(each)?.[0] ?? null]), colour: "actual" },
      ],
      lower: 0, upper: 0.8, unit: "m/s",
    });
  }

  buildTorques() {
    const legs = new Map();
    this.header.joints.forEach((name, i) => {
      const [leg, part] = name.split("_");
      if (!legs.has(leg)) legs.set(leg, []);
      legs.get(leg).push([PARTS[part] ?? part, i]);
    });
    byId("torques").innerHTML = [...legs].map(([leg, joints]) => `<div class="leg"><b>${LEGS[leg] ?? leg}</b>${
      joints.map(([part, i]) => `<div class="joint" data-joint="${i}"><span>${part}</span><i></i></div>`).join("")}</div>`).join("");
    this.bars = [...document.querySelectorAll(".joint")].map((bar) => [bar, Number(bar.dataset.joint)]);
  }

  torques(frame) {
    let highest = 0;
    for (const [bar, joint] of this.bars) {
      const share = Math.min(1, Math.abs(frame.torque[joint]) / this.header.torque_limit[joint]);
      bar.style.setProperty("--share", share.toFixed(3));
      bar.classList.toggle("high", share > HIGH);
      highest = Math.max(highest, share);
    }
    setReading("torque", `${Math.round(100 * highest)} %`, "highest");
  }

  health(history, time) {
    const nodes = history.statusAt(time);
    const late = nodes.get("policy_node")?.values.latents_late;
    setReading("health", late ?? "–", late === "1" ? "late latent" : "late latents");
    fill(byId("nodes"), [...nodes.values()].sort((a, b) => a.node.localeCompare(b.node)).map(({ node, ok, text }) => {
      const item = document.createElement("li");
      item.className = ok ? "" : "bad";
      item.append(part("dot", ok ? "●" : "▲"), part("", node.replaceAll("_node", "").replaceAll("_", " ")), part("", text));
      item.title = `${node}: ${text}`;
      return item;
    }));
    fill(byId("timing").tBodies[0], STAGES.flatMap(([name, node, key, limit]) => {
      const values = nodes.get(node)?.values ?? {};
      if (!(`${key}_p50_ms` in values)) return [];
      const row = document.createElement("tr");
      const number = (text) => Number(text).toFixed(2);
      for (const text of [name, number(values[`${key}_p50_ms`]), `99 %: ${number(values[`${key}_p99_ms`])}`, `of ${limit} ms`]) {
        row.insertCell().textContent = text;
      }
      return [row];
    }));
  }
}

function part(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}

// Replaces the children only if their text differs, so that hover and selection survive.
function fill(parent, children) {
  const key = children.map((child) => child.className + child.textContent).join("|");
  if (parent.dataset.key === key) return;
  parent.dataset.key = key;
  parent.replaceChildren(...children);
}

function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function setReading(id, value, unit) {
  const output = byId(id);
  if (!output.firstElementChild) output.innerHTML = "<b></b> <span></span>";
  if (output.firstElementChild.textContent !== value) output.firstElementChild.textContent = value;
  if (output.lastElementChild.textContent !== unit) output.lastElementChild.textContent = unit;
}
