// Loads what makes the page at hand smoother, and nothing else. Every page works without it.

const additions = [
  ["#results", "./swaps.js"],
  ["#results", "./refresh.js"],
  ["#results", "./prefetch.js"],
  ["[data-copy], #results", "./copy.js"],
  ["[aria-keyshortcuts], #results", "./keys.js"],
  ["[data-values]", "./readout.js"],
  ["[data-slices]", "./slices.js"],
  ["[data-answering]", "./reading.js"],
];

for (const [selector, module] of additions) {
  if (document.querySelector(selector)) import(module);
}
