// Lists: the row opens where one clicks, arrows or j and k move between rows, x chooses one, shift
// chooses up to there, the bulk bar counts.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || event.target.closest("a, button, input, select, label, summary")) return;
  if (String(getSelection())) return; // somebody is copying text
  const link = row.querySelector(".zk-rowlink");
  if (event.ctrlKey || event.metaKey) open(link.href, "_blank", "noopener");
  else link.click();
});

const typing = (el) => el.isContentEditable || el.matches("input:not([type=checkbox]), textarea, select");
let lastPick = null;

function pickTo(pick, range) {
  const picks = [...pick.form.querySelectorAll("[data-pick]")];
  const from = picks.indexOf(lastPick), to = picks.indexOf(pick);
  if (range && from >= 0) {
    picks.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((p) => { p.checked = pick.checked; });
  }
  lastPick = pick;
  recount(pick.form);
}
document.addEventListener("click", (event) => {
  const pick = event.target.closest?.("[data-pick]");
  if (pick) pickTo(pick, event.shiftKey);
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const { key } = event, single = !typing(event.target) && document.body.dataset.keys !== "off" && !document.querySelector("dialog[open]");
  const row = event.target.closest?.("[data-rows] tr");
  const step = { ArrowDown: 1, ArrowUp: -1, ...(single && { j: 1, k: -1 }) }[key];
  if (step && (row || key === "j" || key === "k")) {
    const table = row?.closest("[data-rows]") ?? document.querySelector("[data-rows]");
    const links = [...(table?.querySelectorAll(".zk-rowlink") ?? [])];
    const here = row ? links.indexOf(row.querySelector(".zk-rowlink")) : (step > 0 ? -1 : links.length);
    if (!links.length || typing(event.target)) return;
    links[Math.min(Math.max(here + step, 0), links.length - 1)].focus();
    event.preventDefault();
  } else if (single && row && key.toLowerCase() === "x") {
    const pick = row.querySelector("[data-pick]");
    if (!pick) return;
    pick.checked = event.shiftKey || !pick.checked;
    pickTo(pick, event.shiftKey);
    event.preventDefault();
  }
});

function recount(form) {
  const picks = [...form.querySelectorAll("[data-pick]")], all = form.querySelector("[data-bulk-all]");
  const chosen = picks.filter((p) => p.checked).length;
  form.querySelector("[data-bulk-count]").textContent = all?.checked ? all.dataset.bulkAll : chosen;
  form.querySelector("[data-bulk-bar]").classList.toggle("is-open", chosen > 0);
  const head = form.querySelector("[data-pick-all]");
  head.checked = chosen === picks.length;
  head.indeterminate = chosen > 0 && chosen < picks.length;
}
document.addEventListener("change", (event) => {
  const { target } = event, form = target.closest("[data-bulk]");
  if (target.matches("[data-pick-all]")) {
    form.querySelectorAll("[data-pick]").forEach((p) => { p.checked = target.checked; });
  }
  if (form) recount(form);
});
addEventListener("pageshow", () => document.querySelectorAll("[data-bulk]").forEach(recount));
