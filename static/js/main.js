// Loads what makes a page smoother once all that is seen is there. Every page works without it.
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
const anew = document.querySelector("[data-anew]"); // out of date when Back brings it as it was left
addEventListener("pageshow", ({ persisted }) => persisted && anew && location.reload());
async function begin() {
  const wanted = Object.keys(additions).filter((each) => document.querySelector(additions[each]));
  const src = document.querySelector("meta[name=htmx-src]")?.content;
  if (src) document.head.append(Object.assign(document.createElement("script"), { src }));
  await Promise.all(wanted.map((each) => import(`./${each}.js`)));
}
/** Kept when all of them are at work. */
export const ready = new Promise((whole) => addEventListener("load", whole)).then(begin);
