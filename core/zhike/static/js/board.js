// Live boards: htmx asks every two seconds; this says when answers stay away, rests while the page is
// hidden, backs off while the line is down, and obeys the pause button (WCAG 2.2.2).
const part = (name) => document.querySelector(`[data-live-${name}]`);
const stamp = (zone) => new Date().toLocaleString("sv-SE", { timeZone: zone }); // 2026-11-21 14:05:09
let paused = false, failures = 0, quietUntil = 0;
function show() {
  const off = failures > 1;
  part("off").hidden = !off;
  if (part("on")) part("on").hidden = off || paused;
  if (part("paused")) part("paused").hidden = off || !paused;
  document.getElementById("board")?.classList.toggle("is-stale", off);
}

if (document.querySelector("[data-live]")) {
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.target.matches("[data-board]")) return;
    if (document.hidden || paused || Date.now() < quietUntil) event.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.elt.matches("[data-board]")) return;
    failures = event.detail.successful ? 0 : failures + 1;
    if (!failures) part("time").textContent = stamp(part("time").dataset.zone);
    else quietUntil = Date.now() + Math.min(2000 * 2 ** failures, 30_000) - 2500;
    show();
  });
  document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
    if (!target.matches("[data-board]") || !detail.shouldSwap) return;
    detail.shouldSwap = detail.serverResponse.includes("data-board");
    if (!detail.shouldSwap) location.reload(); // signed out: the whole page says so, not the board
  });
  part("pause")?.addEventListener("click", (event) => {
    paused = !paused;
    event.currentTarget.setAttribute("aria-pressed", String(paused));
    show();
  });
}
