// Lets a picture answer to the pointer and, once it has focus, to the arrow keys. Tab leaves it; so
// does Escape.

const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** Calls point(row, column, pressed), step(rows, columns) and leave() as they happen. */
export function attend(stage, name, { point, step, leave }) {
  const { width, height } = stage.dataset;
  const picture = stage.querySelector(".picture");
  Object.assign(stage, { tabIndex: 0, role: "application", ariaLabel: name });
  stage.dataset.reading = "";

  const follow = ({ clientX, clientY, buttons }) => {
    const box = picture.getBoundingClientRect();
    const column = Math.floor(((clientX - box.left) / box.width) * width);
    const row = Math.floor(((clientY - box.top) / box.height) * height);
    if (row >= 0 && column >= 0 && row < height && column < width) point(row, column, buttons & 1);
  };
  stage.addEventListener("pointermove", follow);
  stage.addEventListener("pointerdown", follow);
  stage.addEventListener("pointerleave", leave);
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stage.blur();
    else if (steps[event.key]) step(...steps[event.key]);
    else return;
    event.preventDefault();
    stage
      .querySelector(".cursor, .crosshair")
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}
