// Gives swapped-in tiles their pictures. A whole page names them in its <style>, but an answer
// for #results comes without one.

/** Reads a grid's data attributes into the custom properties that grid.css draws from. */
export function nameSheets(root) {
  for (const grid of root.querySelectorAll(".grid[data-cell-width]")) {
    grid.style.setProperty("--w", `${grid.dataset.cellWidth}px`);
    grid.style.setProperty("--h", `${grid.dataset.cellHeight}px`);
  }
  for (const tile of root.querySelectorAll(".tile[data-sheet]")) {
    tile.style.setProperty("--sheet", `url(${JSON.stringify(tile.dataset.sheet)})`);
    tile.style.setProperty("--cols", tile.dataset.columns);
  }
}
