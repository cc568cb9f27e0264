// Moves through a volume while the slider moves, and keeps the address true. Without it the form's
// button asks for the page with the slices chosen.

const wanted = new WeakMap();

function withParameter(address, name, value) {
  const url = new URL(address, location.href);
  url.searchParams.set(name, value);
  return url.pathname + url.search;
}

/** What else on the page carries the chosen slices: the address, the links, what is downloaded. */
function carry(name, value) {
  history.replaceState(history.state, "", withParameter(location.href, name, value));
  for (const link of document.querySelectorAll("[data-keeps-slices], .item-steps a")) {
    link.href = withParameter(link.href, name, value);
  }
  for (const link of document.querySelectorAll(`[data-slice-of="${name}"]`)) {
    link.href = withParameter(link.href, "slice", value);
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.dataset.copy = withParameter(button.dataset.copy, name, value);
  }
}

async function move(slider) {
  const { value } = slider;
  const plane = slider.closest(".plane");
  const stage = plane.querySelector(".stage");
  const picture = stage.querySelector("img");
  const next = new Image();
  next.src = withParameter(picture.src, "slice", value);
  wanted.set(slider, value);
  try {
    await next.decode();
  } catch {
    return;
  }
  // Only the last slice asked for is shown, together with its number.
  if (wanted.get(slider) !== value) return;
  picture.src = next.src;
  plane.querySelector("output").value = value;
  stage.dataset.values = withParameter(stage.dataset.values, "slice", value);
}

document.querySelector("[data-slices]").addEventListener("input", ({ target }) => {
  if (target.type === "range") move(target);
});

document.querySelector("[data-slices]").addEventListener("change", ({ target }) => {
  if (target.type === "range") carry(target.name, target.value);
});
