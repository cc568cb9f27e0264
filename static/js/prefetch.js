// Fetches the next page's pictures while nothing else is going on, so that they are there at once.
// Their addresses never change their content, so the browser keeps them. Never on a connection that
// is metered, slow, or set to save data.

const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 200));
const fetched = new Set();

function mayFetch() {
  const { connection } = navigator;
  if (!connection) return true;
  const { saveData, effectiveType = "4g", type } = connection;
  return !saveData && effectiveType === "4g" && type !== "cellular";
}

function fetchNext() {
  const { prefetch } = document.getElementById("results")?.dataset ?? {};
  if (!prefetch || !mayFetch()) return;
  idle(() => {
    for (const address of prefetch.split(" ").filter((each) => !fetched.has(each))) {
      fetched.add(address);
      new Image().src = address;
    }
  });
}

document.addEventListener("htmx:after:swap", fetchNext);
if (document.readyState === "complete") fetchNext();
else window.addEventListener("load", fetchNext);
