// Loads what makes the page at hand smoother, and nothing else. Every page works without it, so it
// waits until all that is seen is there.

const additions = [
  ["#results", "./swaps.js"],
  [".grid", "./grid.js"],
  ["[data-over]", "./look.js"],
  ["[data-copy], [data-copy-text], #results", "./copy.js"],
  ["[aria-keyshortcuts]", "./keys.js"],
  ["[data-swipe], .grid", "./swipe.js"],
  ["img.picture", "./readout.js"],
  ["[data-slices]", "./crosshair.js"],
  ["[data-play]", "./cine.js"],
  ["[data-answering]", "./reading.js"],
  ["[data-choosing]", "./choosing.js"],
  ["#live", "./live.js"],
];

function begin() {
  for (const [selector, module] of additions) {
    if (document.querySelector(selector)) import(module);
  }
  const htmx = document.querySelector('meta[name="htmx-src"]');
  if (htmx)
    document.head.append(Object.assign(document.createElement("script"), { src: htmx.content }));
}

if (document.readyState === "complete") begin();
else addEventListener("load", begin);
