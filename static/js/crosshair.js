// Moves the crosshair of a volume by pointer, wheel and keys, and says which voxel it is on.

import { announce, say } from "./live.js";
import { load } from "./npy.js";
import { form, move, slider, stages, withQuery } from "./slices.js";
import { attend } from "./stage.js";

const output = document.querySelector("[data-readout]");
const { voxels } = form.dataset;
const pages = { PageUp: -1, PageDown: 1 };
const notch = 40; // pixels that a wheel turns for a slice
let latest;

const crosshair = () => ({ z: slider("z").value, y: slider("y").value, x: slider("x").value });

/** Says where a voxel is, and its value: from the whole volume, or, of a large one, from a slice. */
async function tell({ z, y, x }, aloud) {
  if (!output) return;
  const place = `z ${z}, y ${y}, x ${x}`;
  latest = place;
  const found = voxels
    ? load(voxels).then((array) => array.at(+z, +y)[x])
    : load(withQuery(stages[0].dataset.values, { slice: z })).then((array) => array.at(+y, +x));
  const value = await found.catch(() => say("the value could not be read"));
  if (latest !== place) return;
  output.textContent = `${place}: ${value}`;
  if (aloud) announce(output.textContent);
}

function prepare(stage) {
  const { axis, across, down } = stage.dataset;
  const after = (along, by) => ({ [along]: +slider(along).value + by });
  const name = say(
    "Plane along {axis}: arrow keys move the crosshair, Page Up and Page Down the slice",
    { axis },
  );
  attend(stage, name, {
    point(row, column, pressed) {
      const places = { [down]: row, [across]: column };
      if (pressed) move(places);
      else tell({ ...crosshair(), ...places });
    },
    leave: () => tell(crosshair()),
    step: (rows, columns) => move(rows ? after(down, rows) : after(across, columns), true),
  });
  stage.addEventListener("keydown", (event) => {
    if (!pages[event.key]) return;
    event.preventDefault();
    move(after(axis, pages[event.key]), true);
  });

  let turned = 0;
  const turn = (event) => {
    const by = Math.sign(event.deltaY);
    const [place] = Object.values(after(axis, by));
    // At either end the page scrolls on.
    if (event.ctrlKey || !by || place < 0 || place > slider(axis).max) return;
    event.preventDefault();
    turned += event.deltaMode ? by * notch : event.deltaY;
    if (Math.abs(turned) < notch) return;
    turned = 0;
    move({ [axis]: place });
  };
  stage.addEventListener("wheel", turn, { passive: false });
}

stages.forEach(prepare);
form.addEventListener("moved", ({ detail }) => tell(crosshair(), detail));
// So that moving asks the server for nothing.
if (voxels) load(voxels).catch(() => {});
