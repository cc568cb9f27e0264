// Asks again for a page that is still being prepared. Nobody is interrupted: it waits while the page
// is out of sight or the focus is among the results.

const second = 1000;
let timer;

function plan() {
  clearTimeout(timer);
  const results = document.querySelector("[data-refresh]");
  if (!results) return;
  timer = setTimeout(() => askAgain(results), Number(results.dataset.refresh) * second);
}

function askAgain(results) {
  const { address, keepsFocus } = results.dataset;
  const busy = keepsFocus === undefined && results.contains(document.activeElement);
  if (document.hidden || busy) return plan();
  if (!address || !window.htmx) return location.reload();
  window.htmx.ajax("GET", address, { target: "#results", swap: "outerHTML settle:0" }).then(plan);
}

document.addEventListener("htmx:after:swap", plan);
plan();
