// The time line: modes as a band, faults, surprise and events along the time; click or drag to scrub.

import { prepare } from "wmp/charts";
import { themed } from "wmp/colours";
import { MODES } from "wmp/glossary";

const LIVE_SPAN = 30; // s
const EDGE = 8; // px at both ends

export class Timeline {
  constructor(canvas, onScrub) {
    this.canvas = canvas;
    const scrub = (event) => onScrub(this.timeAt(event.offsetX));
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      scrub(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) scrub(event);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.1, ArrowRight: 0.1, PageDown: -2, PageUp: 2 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      onScrub(this.time + step);
    });
  }

  timeAt(x) {
    const share = (x - EDGE) / (this.canvas.clientWidth - 2 * EDGE);
    return this.from + Math.min(1, Math.max(0, share)) * (this.to - this.from);
  }

  draw(history, time) {
    const live = history.header.live;
    this.time = time;
    this.to = history.end;
    this.from = live ? this.to - LIVE_SPAN : history.start;
    const [context, width, height] = prepare(this.canvas);
    if (!Number.isFinite(this.to)) return;
    const x = (t) => EDGE + ((t - this.from) / Math.max(this.to - this.from, 1e-6)) * (width - 2 * EDGE);
    const small = height < 56;
    const band = { y: small ? 16 : 24, height: small ? 12 : 16 };
    this.drawModes(context, history, x, band);
    this.drawFaults(context, history, x, band);
    this.drawEvents(context, history, x, band);
    this.drawTicks(context, x, band.y + band.height, height, history.start);
    context.fillStyle = themed("text");
    context.fillRect(x(time) - 1, 2, 2, height - (small ? 4 : 16));
    context.beginPath();
    context.arc(x(time), band.y + band.height / 2, 7, 0, 7);
    context.fill();
    context.fillStyle = themed("card");
    context.beginPath();
    context.arc(x(time), band.y + band.height / 2, 3, 0, 7);
    context.fill();
    this.canvas.setAttribute("aria-valuemax", (this.to - this.from).toFixed(1));
    this.canvas.setAttribute("aria-valuenow", (time - this.from).toFixed(1));
  }

  drawModes(context, history, x, band) {
    context.save();
    context.beginPath();
    context.roundRect(x(this.from), band.y, x(this.to) - x(this.from), band.height, 5);
    context.clip();
    context.textBaseline = "middle";
    context.textAlign = "center";
    for (const [from, to, mode] of history.stretches()) {
      if (to < this.from) continue;
      const left = x(Math.max(from, this.from));
      const right = x(Math.min(to, this.to));
      context.fillStyle = themed(`m-${mode}`);
      context.fillRect(left, band.y, right - left, band.height);
      const name = MODES[mode]?.[0] ?? mode;
      context.fillStyle = "#fff";
      if (right - left > context.measureText(name).width + 10) {
        context.fillText(name, (left + right) / 2, band.y + band.height / 2 + 0.5);
      }
    }
    context.restore();
  }

  drawFaults(context, history, x, band) {
    context.strokeStyle = themed("fault");
    context.fillStyle = themed("fault");
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    for (const [from, to, fault] of history.faults()) {
      if (to < this.from) continue;
      const left = x(Math.max(from, this.from));
      const right = x(Math.min(to, this.to));
      context.fillRect(left, band.y - 5, Math.max(right - left, 2), 3);
      context.fillText(fault.replaceAll("_", " "), left, band.y - 9);
    }
  }

  drawEvents(context, history, x, band) {
    for (const { t, mode, text } of history.between("event", this.from, this.to)) {
      if (/^\w+ -> \w+$/.test(text)) continue; // the band shows modes
      context.fillStyle = themed(mode === "FAULT" ? "fault" : "warn");
      context.beginPath();
      context.moveTo(x(t), band.y - 1);
      context.lineTo(x(t) - 5, band.y - 10);
      context.lineTo(x(t) + 5, band.y - 10);
      context.fill();
    }
  }

  drawTicks(context, x, top, height, zero) {
    const span = this.to - this.from;
    const step = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((each) => (each / span) * this.canvas.clientWidth > 64) ?? 1200;
    context.fillStyle = themed("soft");
    context.textBaseline = "alphabetic";
    context.textAlign = "center";
    const first = Math.ceil((this.from - zero) / step) * step;
    for (let t = first; t <= this.to - zero; t += step) {
      const place = x(zero + t);
      context.fillRect(place - 0.5, top + 2, 1, 4);
      if (place > 16 && place < this.canvas.clientWidth - 20) context.fillText(`${t} s`, place, height - 2);
    }
  }
}
