// What is typed into a form with data-draft stays in this tab: it is there again after a reload and
// offered after anything else, until it is saved or given up. Secrets and files are never kept.
const PREFIX = "zk-draft:", FRESH = 12 * 3600 * 1000, who = document.body.dataset.who ?? "";
const ticks = (field) => ["radio", "checkbox"].includes(field.type);
const kept = (form) => [...form.elements].filter((f) => f.name && f.tagName !== "BUTTON" &&
  !["password", "file"].includes(f.type) && !["csrf_token", "idempotency_key"].includes(f.name));

const typed = (form) => kept(form).reduce((fields, f) => {
  (fields[f.name] ??= []).push(...(ticks(f) && !f.checked ? [] : [f.value]));
  return fields;
}, {});

function fill(form, fields) {
  for (const f of kept(form)) {
    const values = fields[f.name] ?? [], was = ticks(f) ? f.checked : f.value;
    if (ticks(f)) f.checked = values.includes(f.value);
    else f.value = values[0] ?? "";
    if ((ticks(f) ? f.checked : f.value) !== was) f.closest("details")?.setAttribute("open", "");
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}
function keep(form) {
  const key = `${PREFIX}${location.pathname}${location.search}#${form.id}`, shown = typed(form);
  const drop = () => sessionStorage.removeItem(key);
  const save = (sent) => {
    try {
      sessionStorage[key] = JSON.stringify({ who, sent, at: Date.now(), fields: typed(form) });
      form.dataset.draftKept = "1";
    } catch { form.dataset.draftKept = "0"; } // no room: leaving the page asks first
  };
  const draft = JSON.parse(sessionStorage[key] ?? "null");
  for (const name of ["input", "change", "zk:chosen"]) form.addEventListener(name, () => save(false));
  form.addEventListener("submit", () => save(true));
  form.querySelector(".zk-formacts a")?.addEventListener("click", drop);
  if (!draft || form.querySelector(".zk-errors") || JSON.stringify(draft.fields) === JSON.stringify(shown)) return;

  const bar = Object.assign(document.createElement("p"), { className: "zk-draft", role: "status" });
  const offer = (words, label, act) => {
    bar.append(words, " ", Object.assign(document.createElement("button"), { type: "button", textContent: label,
      className: "btn btn-sm btn-outline-primary", onclick() { bar.remove(); act(); } }));
  };
  const { draftBack, draftOffer, draftRestore, draftDrop } = form.dataset;
  const again = performance.getEntriesByType("navigation")[0]?.type !== "navigate" && !draft.sent;
  if (again) fill(form, draft.fields);
  else offer(draftOffer, draftRestore, () => fill(form, draft.fields));
  offer(again ? draftBack : "", draftDrop, () => { fill(form, shown); drop(); });
  form.prepend(bar);
}

try {
  for (const key of Object.keys(sessionStorage).filter((one) => one.startsWith(PREFIX))) {
    const { who: writer, at, sent } = JSON.parse(sessionStorage[key]);
    const old = Date.now() - at > FRESH || (sent && document.querySelector("[data-toast=done]"));
    if (old || (who && writer !== who)) sessionStorage.removeItem(key);
  }
  document.querySelectorAll("form[data-draft]").forEach(keep);
} catch { /* a browser that keeps nothing: the page works without */ }
