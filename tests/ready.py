"""When a page in a browser is whole, its scripts too."""

# Not by silence on the network: that takes half a second each time. htmx is no module.
READY = """async () => {
  const main = document.querySelector("script[src*='/main.js']");
  if (!main || matchMedia("(scripting: none)").matches) return;
  await (await import(main.src)).ready;
  while (document.querySelector("meta[name=htmx-src]") && !window.htmx) {
    await new Promise(requestAnimationFrame);
  }
}"""
