// Lets a finger turn from image to image, as the buttons do. Zooming and scrolling stay the
// browser's: nothing is turned while the page is zoomed, or where the picture itself scrolls.

let start;

document.addEventListener("touchstart", ({ target, touches }) => {
  const area = target.closest("[data-swipe]");
  const scrolls = target.closest(".stage")?.matches("[data-axis]");
  const alone = touches.length === 1 && visualViewport.scale === 1 && !scrolls;
  start = area && alone ? touches[0] : undefined;
});

document.addEventListener("touchend", ({ changedTouches: [end] }) => {
  if (!start) return;
  const [across, down] = [end.clientX - start.clientX, end.clientY - start.clientY];
  start = undefined;
  if (Math.abs(across) < 50 || Math.abs(across) < 2 * Math.abs(down)) return;
  const scope = document.querySelector("dialog[open]") ?? document;
  scope.querySelector(`.item-steps [rel=${across < 0 ? "next" : "prev"}]`)?.click();
});
