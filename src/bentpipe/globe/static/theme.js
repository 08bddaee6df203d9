// Colours of the house for what the views draw; the page's own are in style.css.

export const THEMES = {
  light: {
    page: "#faf9f6", ink: "#1b1d20", accent: "#0b5c9e", sea: "#eaeff1", land: "#faf8f3", line: "#b9b6ad",
    border: "#8d8b84", region: "#a9a79f", night: "#5a6b80", nightStrength: 0.3, halo: "#9fb9cf", haloStrength: 0.55,
    gateway: "#b45f06", serving: "#00795a", feeder: "#b45f06", laser: "#55708a", satellite: "#5b6570",
    raising: "#4b86c2", out: "#b0aca4", site: "#1b1d20", halfway: "#ffffff", picked: "#0b5c9e", limb: 0.1,
  },
  dark: {
    page: "#121417", ink: "#e9e7e2", accent: "#6db5f2", sea: "#16191c", land: "#23282d", line: "#3a3f45",
    border: "#6a7078", region: "#4b5158", night: "#050608", nightStrength: 0.55, halo: "#5d8fbf", haloStrength: 0.42,
    gateway: "#f0a94e", serving: "#3fc7a0", feeder: "#f0a94e", laser: "#7fa6cc", satellite: "#aab4bf",
    raising: "#6db5f2", out: "#4a5057", site: "#e9e7e2", halfway: "#121417", picked: "#6db5f2", limb: 0.22,
  },
};

/** "#rrggbb" as three numbers of 0 to 1. */
export function rgb(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
}

/** "#rrggbb" with an opacity, for a canvas. */
export function css(hex, alpha) {
  return `rgba(${rgb(hex).map((v) => Math.round(v * 255)).join(",")},${alpha})`;
}
