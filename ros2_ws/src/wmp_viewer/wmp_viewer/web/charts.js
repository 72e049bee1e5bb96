// Small charts of the last seconds.

import { themed } from "wmp/colours";

export const SPAN = 10; // s

// Sizes a canvas to its place on the screen; returns its context in CSS pixels.
export function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "11px system-ui, sans-serif";
  return [context, width, height];
}

// Lines over the SPAN seconds before `time`.
//   lines: [{ points: [[t, value or null]], colour, dashed, steps }]; lower, upper: range that is always shown;
//   limit: value of a dashed line, or null; unit: of the labels.
export function strip(canvas, time, { lines, lower, upper, limit = null, unit }) {
  const [context, width, height] = prepare(canvas);
  if (width < 10) return;
  const values = lines.flatMap((line) => line.points.map((point) => point[1])).filter((value) => value !== null);
  const top = niceAbove(Math.max(upper, ...values));
  const lowest = Math.min(lower, ...values);
  const bottom = lowest < -0.1 * top ? -niceAbove(-lowest) : 0;
  const left = 34;
  const x = (t) => left + ((t - time + SPAN) / SPAN) * (width - left - 2);
  const y = (value) => 7 + ((top - value) / (top - bottom)) * (height - 22);
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const value of bottom < 0 ? [bottom, 0, top] : [0, top / 2, top]) {
    context.strokeStyle = themed("rule");
    context.lineWidth = 1;
    line(context, [[left, y(value)], [width, y(value)]]);
    context.fillStyle = themed("soft");
    context.fillText(String(Math.round(value * 100) / 100), left - 6, y(value));
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillText(`${SPAN} s ago`, left, height - 2);
  context.textAlign = "right";
  context.fillText(`now, ${unit}`, width, height - 2);
  if (limit !== null && limit <= top) {
    context.strokeStyle = themed("limit");
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    line(context, [[left, y(limit)], [width, y(limit)]]);
    context.setLineDash([]);
  }
  context.save();
  context.beginPath();
  context.rect(left, 0, width - left, height - 13);
  context.clip();
  for (const { points, colour, dashed, marks } of lines) {
    context.strokeStyle = themed(colour);
    context.fillStyle = themed(colour);
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.setLineDash(dashed ? [6, 3] : []);
    for (const part of parts(points)) {
      line(context, part.map(([t, value]) => [x(t), y(value)]));
      if (marks) for (const [t, value] of part) context.fillRect(x(t) - 1.5, y(value) - 1.5, 3, 3);
    }
  }
  context.restore();
}

function line(context, points) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

// Stretches without a missing value.
function parts(points) {
  const found = [[]];
  for (const point of points) {
    if (point[1] === null) found.push([]);
    else found.at(-1).push(point);
  }
  return found.filter((part) => part.length);
}

function niceAbove(value) {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}
