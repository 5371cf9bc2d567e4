// Messages: harmless ones leave after ten seconds (the time an undo is offered), never while they
// are being read; errors and warnings stay until closed.
const region = document.getElementById("zk-toasts");
const STAY = 10_000;

function dress(toast) {
  const close = Object.assign(document.createElement("button"),
    { type: "button", className: "zk-iconbtn", ariaLabel: region.dataset.close });
  close.append(Object.assign(document.createElement("i"), { className: "bi bi-x-lg" }));
  close.addEventListener("click", () => toast.remove());
  toast.append(close);
  if (["breach", "attention"].includes(toast.dataset.toast)) return;
  let timer;
  const hold = () => clearTimeout(timer);
  const go = () => { hold(); timer = setTimeout(() => toast.remove(), STAY); };
  go();
  for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, hold);
  for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, go);
}

export function toast({ text, tone = "done", undo = "" }) {
  const box = document.createElement("div");
  box.className = `zk-toast zk-tone-${tone}`;
  box.dataset.toast = tone;
  box.append(Object.assign(document.createElement("p"), { textContent: text }));
  if (undo) {
    const button = Object.assign(document.createElement("button"), { formAction: undo,
      className: "btn btn-sm btn-outline-primary", textContent: region.dataset.undo });
    button.setAttribute("form", "zk-post");
    box.append(button);
  }
  region.append(box);
  dress(box);
}

if (region) {
  region.querySelectorAll("[data-toast]").forEach(dress);
  document.addEventListener("zk:toast", (event) => toast(event.detail));
}
