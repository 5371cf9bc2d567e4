// Lists: the row opens where one clicks, arrows move between rows, the bulk bar counts.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || event.target.closest("a, button, input, select, label, summary")) return;
  if (String(getSelection())) return; // somebody is copying text
  const link = row.querySelector(".zk-rowlink");
  if (event.ctrlKey || event.metaKey) open(link.href, "_blank", "noopener");
  else link.click();
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const here = event.target.closest?.("[data-rows] .zk-rowlink");
  if (!step || !here) return;
  const links = [...here.closest("[data-rows]").querySelectorAll(".zk-rowlink")];
  links[links.indexOf(here) + step]?.focus();
  event.preventDefault();
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
