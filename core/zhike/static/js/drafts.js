// Typed text goes to the server every three seconds and can be brought back; secrets never do.
const skip = (name) => ["csrf_token", "idempotency_key"].includes(name);

function typed(form) {
  const data = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    const field = form.elements[name];
    if (typeof value === "string" && !skip(name) && field?.type !== "password") data.append(name, value);
  }
  return data;
}

function fill(form, fields) {
  for (const [name, values] of Object.entries(fields)) {
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (["radio", "checkbox"].includes(field.type)) field.checked = values.includes(field.value);
      else if (field.type !== "file" && !skip(name)) field.value = values[0] ?? "";
    }
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

async function keep(form) {
  const { draftUrl: url, draftRestore, draftDrop, draftSaved } = form.dataset;
  const headers = { "X-CSRFToken": document.body.dataset.csrf };
  // Not followed: a sign-in page would look like success.
  const send = (method, body) => fetch(url, { method, body, headers, redirect: "manual" });
  const bar = Object.assign(document.createElement("p"), { className: "zk-draft", role: "status", hidden: true });
  form.prepend(bar);
  const show = (...parts) => { bar.replaceChildren(...parts); bar.hidden = false; };
  let last = typed(form).toString();
  form.addEventListener("input", () => { form.dataset.draftKept = "0"; });
  setInterval(async () => {
    const now = typed(form), text = now.toString();
    if (text === last || form.dataset.sent) return;
    try {
      const answer = await send("PUT", now);
      if (!answer.ok) return;
      last = text;
      form.dataset.draftKept = "1";
      show(draftSaved);
    } catch { /* a lost line: the next round tries again, the text is still in the page */ }
  }, 3000);

  const answer = await send("GET");
  if (answer.status !== 200 || form.querySelector(".zk-errors")) return;
  const draft = await answer.json();
  const button = (label, act) => {
    const b = Object.assign(document.createElement("button"),
      { type: "button", className: "btn btn-sm btn-outline-primary", textContent: label });
    b.addEventListener("click", () => { bar.hidden = true; act(); });
    return b;
  };
  show(draft.text, " ", button(draftRestore, () => fill(form, draft.fields)), " ",
    button(draftDrop, () => send("DELETE")));
}
document.querySelectorAll("form[data-draft-url]").forEach(keep);
