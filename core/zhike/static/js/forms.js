// Forms: one submission, nothing typed is lost, the keyboard suffices. Without this they still work.
const typing = (event) => event.isComposing || event.keyCode === 229;
const dirty = new Set();

function nextField(form, from) {
  return [...form.elements].find((e) =>
    !e.disabled && e.type !== "hidden" && e.tagName !== "FIELDSET" && e.offsetParent &&
    !(e.type === "radio" && e.name === from.name) &&
    from.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING);
}

document.addEventListener("keydown", (event) => {
  const saves = event.target === document.body ? document.querySelectorAll("[data-save]") : [];
  const form = event.target.form ?? event.target.closest("form") ?? (saves.length === 1 ? saves[0].form : null);
  if (event.key !== "Enter" || !form?.matches("[data-form]") || event.defaultPrevented) return;
  if (typing(event)) { event.preventDefault(); return; }
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-save]") ?? undefined);
  } else if (event.target.matches("input:not([type=submit], [type=button]), select")) {
    // Enter moves on; from the last field to the button, where a second Enter saves.
    const next = nextField(form, event.target);
    if (!next || event.target.type === "password") return;
    event.preventDefault();
    next.focus();
  }
});

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches(".zk-form") && form.method === "post") dirty.add(form);
  // Sent before and changed since: another act, so another key.
  const key = form?.dataset.was && form.elements.idempotency_key;
  if (key) key.value = [...crypto.getRandomValues(new Uint32Array(5))].map((n) => n.toString(16)).join("");
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-form], [data-bulk]") || event.defaultPrevented || event.submitter?.matches("[data-download]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  dirty.delete(form);
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
  // Disabled only after the browser has read the form: the pressed button's value must travel.
  setTimeout(() => form.querySelectorAll("button").forEach((b) => { b.disabled = true; }));
});

function release(form) {
  if (!form?.dataset?.sent) return;
  form.dataset.was = form.dataset.sent;
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
  form.querySelectorAll("button").forEach((b) => { b.disabled = false; });
}
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));
document.addEventListener("htmx:afterRequest", (event) => release(event.target.closest?.("form")));

addEventListener("beforeunload", (event) => {
  if ([...dirty].some((f) => f.isConnected && f.dataset.draftKept !== "1")) event.preventDefault();
});

document.querySelector("[data-focus]")?.focus();
document.querySelectorAll("[data-print]").forEach((b) => b.addEventListener("click", () => print()));
document.documentElement.classList.add("zk-js");
