// The four depth pictures.

import { DEPTH, ERROR, gradient } from "wmp/colours";

const LARGEST_ERROR = 0.5; // m, shown in the brightest colour

export const levels = (text) => (text === null ? null : Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));

export class Images {
  constructor(header) {
    this.camera = header.camera;
    this.shown = null;
    for (const name of ["sees", "believes", "foresaw", "error"]) {
      const canvas = document.getElementById(name);
      canvas.width = this.camera.width;
      canvas.height = this.camera.height;
      this[name] = canvas.getContext("2d");
    }
    document.querySelector("#depth-scale").innerHTML = `<b>0</b><i></i><b>${this.camera.far} m away</b>`;
    document.querySelector("#depth-scale i").style.background = gradient(DEPTH);
    document.querySelector(".scale.wrong i").style.background = gradient(ERROR);
  }

  // Draws an `images` item; `null` clears.
  show(item) {
    if (item === this.shown) return;
    this.shown = item;
    const [seen, believed, foreseen] = ["sees", "believes", "foresaw"].map((name) => levels(item?.[name] ?? null));
    this.paint(this.sees, seen, DEPTH, item ? "no image" : "");
    this.paint(this.believes, believed, DEPTH, "");
    this.paint(this.foresaw, foreseen, DEPTH, "");
    this.paint(this.error, seen && foreseen && this.difference(seen, foreseen), ERROR, "");
    const state = document.getElementById("images-state");
    state.textContent = !item ? "shown while walking" : item.source === "prior" ? "blind: the model predicts" : item.age === null ? "" : `${Math.round(item.age * 1000)} ms old`;
    state.className = item?.source === "prior" ? "blind" : "soft";
  }

  difference(seen, foreseen) {
    const scale = this.camera.far / LARGEST_ERROR;
    return seen.map((value, i) => Math.min(255, Math.abs(value - foreseen[i]) * scale));
  }

  paint(context, values, map, text) {
    const { width, height } = context.canvas;
    context.clearRect(0, 0, width, height);
    if (values === null) {
      context.canvas.parentElement.dataset.empty = text;
      return;
    }
    delete context.canvas.parentElement.dataset.empty;
    const image = context.createImageData(width, height);
    for (let i = 0; i < values.length; i += 1) {
      const colour = map[values[i]];
      image.data.set([colour[0], colour[1], colour[2], 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }
}
