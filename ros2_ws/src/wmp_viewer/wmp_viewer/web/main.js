// Starts the page: chooses the source of items, keeps the cursor, and draws every animation frame.

import { chooseTheme } from "wmp/colours";
import { Controls } from "wmp/controls";
import { explainTerms } from "wmp/glossary";
import { History } from "wmp/history";
import { Images } from "wmp/images";
import { Readings } from "wmp/readings";
import { LAYERS, Scene } from "wmp/scene";
import { Connection, embeddedItems } from "wmp/source";
import { Timeline } from "wmp/timeline";

const FORMAT = 1;
const FRAME_TIME = 24; // ms; frames arrive every 40 ms
const SLOW_TIME = 60; // ms between two animation frames of a machine that cannot draw the scene in time
const COARSE_FRAME_TIME = 150; // ms
const IDLE_TIME = 400; // ms between two drawings of a picture that stands still
const byId = (id) => document.getElementById(id);

const walk = new History();
const view = { time: null, playing: true, atEnd: true, last: performance.now(), frameTime: FRAME_TIME };
let parts = null;
let connection = null;

function start(header) {
  if (header.format !== FORMAT) {
    notice("lost", "This page is out of date", "Reload it: the viewer speaks another format.");
    return;
  }
  byId("source").textContent = `${header.source} · ${header.bundle.name}`;
  document.title = `${header.source} – WMP cockpit`;
  parts = {
    scene: new Scene(byId("scene"), header),
    images: new Images(header),
    readings: new Readings(header),
    timeline: new Timeline(byId("timeline"), scrub),
    controls: header.live ? new Controls(header, (request) => connection.send(request)) : null,
  };
  buildLayers();
  byId("play").hidden = header.live;
  byId("rate").hidden = header.live;
  byId("play").addEventListener("click", togglePlay);
  byId("now").addEventListener("click", () => Object.assign(view, { atEnd: true, time: null }));
  if (!header.live) {
    byId("link").textContent = "recorded";
    document.body.classList.add("recorded");
    byId("tiles").scrollTo(0, 0);
    connection?.finish();
    document.addEventListener("keydown", (event) => {
      if (event.code === "Space" && !["BUTTON", "SELECT"].includes(event.target.tagName)) {
        event.preventDefault();
        togglePlay();
      }
    });
  }
}

function buildLayers() {
  for (const [name, text, on] of LAYERS) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-pressed", String(on));
    button.addEventListener("click", () => {
      parts.scene.layers[name] = !parts.scene.layers[name];
      button.setAttribute("aria-pressed", String(parts.scene.layers[name]));
      button.blur();
    });
    byId("layers").append(button);
  }
}

function onItems(items) {
  for (const item of Array.isArray(items) ? items : [items]) {
    const epoch = walk.epoch;
    if (item.kind === "header" && parts !== null) { // after a lost connection the server sends all again
      walk.clear();
      parts.controls?.onItem({ kind: "role", driver: false });
    }
    walk.add(item);
    if (item.kind === "header" && parts === null) start(item);
    if (item.kind === "terrain") showTerrain(item);
    if (item.kind === "answer") say(item.text, item.ok);
    parts?.controls?.onItem(item);
    if (walk.epoch !== epoch) Object.assign(view, { time: null, atEnd: true });
  }
}

function showTerrain(item) {
  parts.scene.terrain(item);
  const place = `${item.name.replaceAll("_", " ")}, difficulty ${item.difficulty}, seed ${item.seed}`;
  byId("source").textContent = `${walk.header.live ? "simulation" : walk.header.source} · ${place} · ${walk.header.bundle.name}`;
}

function onState(state) {
  const link = byId("link");
  link.dataset.state = state;
  if (state === "live") notice(null);
  if (walk.header && !walk.header.live) return;
  link.textContent = { live: "live", lost: "connection lost", refused: "refused", connecting: "connecting" }[state];
  if (state === "lost") notice("lost", "Connection lost", "What you see is old. The page reconnects by itself; a robot that this page drove stands still.");
  if (state === "refused") notice("lost", "No access", "Open the address that 'wmp view' printed: it holds the token that this page needs.");
}

function notice(level, title = "", text = "") {
  const box = byId("notice");
  box.hidden = level === null;
  box.dataset.level = level ?? "";
  box.querySelector("strong").textContent = title;
  box.querySelector("span").textContent = text;
}

// Shows the answer to a request for some seconds.
let answerTimer = 0;
function say(text, ok) {
  const box = byId("drive-line");
  box.hidden = false;
  box.innerHTML = "<span></span>";
  box.firstElementChild.textContent = text;
  box.firstElementChild.style.color = ok ? "" : "var(--fault)";
  clearTimeout(answerTimer);
  answerTimer = setTimeout(() => parts.controls?.showRole(), 5000);
}

function scrub(time) {
  const inside = Math.min(walk.end, Math.max(walk.start, time));
  Object.assign(view, { time: inside, atEnd: walk.header.live && walk.end - inside < 0.3 });
}

function togglePlay() {
  if (!view.playing && view.time >= walk.end - 0.01) view.time = walk.start;
  view.playing = !view.playing;
}

// Moves the cursor; returns its time.
function advance(now) {
  const elapsed = Math.min(0.25, (now - view.last) / 1000);
  view.last = now;
  if (walk.header.live) {
    if (view.atEnd || view.time === null || view.time < walk.start) return (view.time = walk.end);
    return view.time;
  }
  if (view.time === null) view.time = walk.start;
  if (view.playing) view.time += elapsed * Number(byId("rate").value);
  if (view.time >= walk.end) Object.assign(view, { time: walk.end, playing: false });
  return view.time;
}

function draw(now) {
  requestAnimationFrame(draw);
  measureSpeed(now);
  if (parts === null || !Number.isFinite(walk.end) || now - view.last < view.frameTime) return;
  const time = advance(now);
  if (time === view.shown && !parts.scene.hasMoved && now - view.rendered < IDLE_TIME) return;
  Object.assign(view, { shown: time, rendered: now });
  const frame = walk.at("frame", time) ?? walk.lists.frame[0];
  const images = newest(walk.at("images", time), time);
  parts.scene.draw(frame, images, walk, time);
  parts.images.show(images);
  if (now - (view.drawn ?? 0) > 90) { // tiles change ten times a second: readable, and cheap
    view.drawn = now;
    parts.readings.draw(frame, images, walk, time);
    parts.timeline.draw(walk, time);
    legend(frame);
    clock(time);
  }
}

// Draws coarsely and rarely from then on where animation frames come late.
function measureSpeed(now) {
  const interval = Math.min(200, now - (view.animated ?? now));
  view.animated = now;
  view.interval = 0.95 * (view.interval ?? 16) + 0.05 * interval;
  if (view.interval < SLOW_TIME || !parts || parts.scene.isCoarse || document.hidden) return;
  parts.scene.coarsen();
  view.frameTime = COARSE_FRAME_TIME;
}

// Images of a walk that has ended say nothing about now.
function newest(item, time) {
  return item && time - item.t < 0.6 ? item : null;
}

function legend(frame) {
  const speed = (value) => (value ? `<b>${Math.hypot(value[0], value[1]).toFixed(2)} m/s</b>` : "–");
  const actual = frame.velocity ?? frame.believed;
  const rows = [
    `<li><i style="background:var(--asked)"></i>commanded ${speed(frame.command)}</li>`,
    `<li><i style="background:var(--actual)"></i>${frame.velocity ? "actual" : "estimated"} ${speed(actual)}</li>`,
  ];
  if (frame.feet) rows.push("<li><i style=\"background:var(--model)\"></i>foot force</li>");
  if (frame.base_is === "estimate") rows.push("<li>place: integrated from the estimated velocity, drifts</li>");
  const html = rows.join("");
  if (byId("legend").dataset.html !== html) byId("legend").dataset.html = byId("legend").innerHTML = html;
}

function clock(time) {
  const live = walk.header.live;
  const behind = walk.end - time;
  byId("clock").innerHTML = live
    ? `${(behind < 0.3 ? 0 : -behind).toFixed(1)} s<small> / live</small>`
    : `${(time - walk.start).toFixed(1)} s<small> / ${(walk.end - walk.start).toFixed(1)} s</small>`;
  byId("now").hidden = !live || view.atEnd;
  byId("play").textContent = view.playing ? "❚❚" : "▶";
  byId("play").setAttribute("aria-label", view.playing ? "Pause" : "Play");
}

window.cockpit = { walk, view, parts: () => parts }; // for tests and curious people
chooseTheme(byId("theme"), () => parts?.scene.recolour());
explainTerms(byId("tip"));
const items = await embeddedItems();
if (items !== null) {
  onItems(items);
} else {
  notice("wait", "Connecting", "");
  connection = new Connection(onItems, onState);
}
requestAnimationFrame(draw);
