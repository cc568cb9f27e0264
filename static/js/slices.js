// Shows other slices of a volume while its sliders move, and keeps the address true. Without it the
// form's button asks for the page with the slices chosen.

const form = document.querySelector("[data-slices]");
const changed = {};
// Browsers refuse to change the address more than a few times a second.
const pause = 200;
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
    const src = withParameters(stage.dataset.src, { slice: place });
    if (src === stage.dataset.src) return;
    stage.dataset.src = src;
    await Object.assign(new Image(), { src })
      .decode()
      .catch(() => {});
    // Only the last slice asked for is shown, together with its number.
    if (src !== stage.dataset.src) return;
    style.setProperty("--sheet", `url(${JSON.stringify(src)})`);
  }
  stage.parentElement.querySelector("output").value = place;
}

export function withParameters(address, given) {
  const url = new URL(address, location.href);
  for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value);
  return url.pathname + url.search;
}

/** What else on the page carries the chosen slices: the address, the links, what is downloaded. */
function carry() {
  for (const link of document.querySelectorAll("[data-keeps-slices], .item-steps a")) {
    link.href = withParameters(link.href, changed);
  }
  for (const link of document.querySelectorAll("[data-slice-of]")) {
    link.href = withParameters(link.href, { slice: slider(link.dataset.sliceOf).value });
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.dataset.copy = withParameters(button.dataset.copy, changed);
  }
  clearTimeout(later);
  later = setTimeout(() => {
    history.replaceState(history.state, "", withParameters(location.href, changed));
  }, pause);
}

form.addEventListener("input", ({ target }) => {
  if (target.type === "range") move({ [target.name]: target.value });
});
