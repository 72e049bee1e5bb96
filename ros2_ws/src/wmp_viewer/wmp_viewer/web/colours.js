// Colour maps and the colours of the theme.

// Anchors of matplotlib's maps; colour-blind-safe and monotone in brightness.
const VIRIDIS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];
const INFERNO = [[0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85], [227, 89, 51], [249, 140, 10], [249, 201, 50], [252, 255, 164]];

const table = (anchors) => Array.from({ length: 256 }, (_, i) => {
  const place = (i / 255) * (anchors.length - 1);
  const low = Math.min(Math.floor(place), anchors.length - 2);
  return anchors[low].map((value, k) => Math.round(value + (anchors[low + 1][k] - value) * (place - low)));
});

// Depth as in the replay report: near is bright. Index: 8-bit depth.
export const DEPTH = table(VIRIDIS).reverse();
// Error: bright is wrong. Index: 8-bit error.
export const ERROR = table(INFERNO);

export const gradient = (map) =>
  `linear-gradient(90deg, ${[0, 64, 128, 192, 255].map((i) => `rgb(${map[i].join(" ")})`).join(", ")})`;

export const themed = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// Applies the stored choice, else that of the system; `button` switches.
export function chooseTheme(button, onChange) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const apply = (theme) => {
    root.dataset.theme = theme;
    onChange();
  };
  button.addEventListener("click", () => apply(root.dataset.theme === "dark" ? "light" : "dark"));
  system.addEventListener("change", () => apply(system.matches ? "dark" : "light"));
  apply(system.matches ? "dark" : "light");
}
