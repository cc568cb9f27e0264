// Shows other slices of a volume while its sliders move, and keeps the address true. Without it the
// form's button asks for the page with the slices chosen.

export const form = document.querySelector("[data-slices]");
const changed = {};
const all = (selector) => document.querySelectorAll(selector);
let later;

export const stages = [...form.querySelectorAll(".stage")];
export const slider = (axis) => form.elements[axis];

/** Moves to these places along their axes; then the form says "moved". */
export function move(places, aloud = false) {
  for (const [axis, place] of Object.entries(places)) {
    slider(axis).value = place;
    changed[axis] = slider(axis).value;
  }
  stages.forEach(draw);
  carry();
  form.dispatchEvent(new CustomEvent("moved", { detail: aloud }));
}

async function draw(stage) {
  const { axis, across, down, columns } = stage.dataset;
  const place = +slider(axis).value;
  const { style } = stage.querySelector(".slice");
  style.setProperty("--cx", slider(across).value);
  style.setProperty("--cy", slider(down).value);
  if (columns) {
    style.setProperty("--col", place % columns);
    style.setProperty("--row", Math.floor(place / columns));
  } else {
    const src = withQuery(stage.dataset.src, { slice: place });
    if (src === stage.dataset.src) return;
    stage.dataset.src = src;
    const next = Object.assign(new Image(), { src });
    await next.decode().catch(() => {});
    // Only the last slice asked for is shown, together with its number.
    if (src !== stage.dataset.src) return;
    style.setProperty("--sheet", `url(${JSON.stringify(src)})`);
  }
  stage.parentElement.querySelector("output").value = place;
}

export function withQuery(address, given) {
  const url = new URL(address, location.href);
  for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value);
  return url.pathname + url.search;
}

/** What else on the page carries the chosen slices: the address, the links, what is downloaded. */
function carry() {
  for (const a of all("[data-keeps-slices], .item-steps a")) a.href = withQuery(a.href, changed);
  for (const { dataset } of all("[data-copy]")) dataset.copy = withQuery(dataset.copy, changed);
  for (const a of all("[data-slice-of]")) {
    a.href = withQuery(a.href, { slice: slider(a.dataset.sliceOf).value });
  }
  // Once things are at rest: browsers refuse to change an address many times a second.
  clearTimeout(later);
  later = setTimeout(() => {
    history.replaceState(history.state, "", withQuery(location.href, changed));
  }, 200);
}

form.addEventListener("input", ({ target }) => {
  if (target.type === "range") move({ [target.name]: target.value });
});
