// Loads what makes the page at hand smoother, and nothing else. Every page works without it, so it
// waits until all that is seen is there.
const additions = {
  swaps: "#results",
  grid: ".grid",
  look: "[data-over]",
  keys: "[data-over]",
  picture: "img.picture",
  slices: "[data-slices]",
  cine: "[data-play]",
  reading: "[data-answering]",
};

function begin() {
  for (const [name, selector] of Object.entries(additions)) {
    if (document.querySelector(selector)) import(`./${name}.js`);
  }
  const src = document.querySelector("meta[name=htmx-src]")?.content;
  if (src) document.head.append(Object.assign(document.createElement("script"), { src }));
}
if (document.readyState === "complete") begin();
else addEventListener("load", begin);
