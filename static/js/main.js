// Loads what makes the page at hand smoother, and nothing else. Every page works without it, so it
// waits until all that is seen is there.

const additions = [
  ["#results", "./swaps.js"],
  ["#results", "./refresh.js"],
  ["#results", "./prefetch.js"],
  ["[data-copy], #results", "./copy.js"],
  ["[aria-keyshortcuts], #results", "./keys.js"],
  ["img.picture", "./readout.js"],
  ["[data-slices]", "./crosshair.js"],
  ["[data-play]", "./cine.js"],
  ["[data-answering]", "./reading.js"],
  ["[data-choosing]", "./choosing.js"],
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
else window.addEventListener("load", begin);
