// Type-ahead after the ARIA 1.2 combobox pattern. Suggestions come from the server as JSON; digits
// and pinyin are its business. Without this the text itself is sent and the server looks it up.
let count = 0;

function attach(input) {
  if (input.dataset.ready) return;
  input.dataset.ready = "1";
  const hidden = document.getElementById(input.dataset.comboboxValue || "");
  const list = Object.assign(document.createElement("ul"), {
    id: `zk-options-${++count}`, className: "zk-options", role: "listbox", hidden: true,
    ariaLabel: input.labels?.[0]?.textContent.trim() ?? "" });
  input.parentElement.classList.add("zk-combo");
  input.after(list);
  Object.assign(input, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false" });
  input.setAttribute("aria-controls", list.id);

  let items = [], at = -1, timer = 0, asked = 0;
  const close = () => {
    list.hidden = true; at = -1;
    input.ariaExpanded = "false";
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (index) => {
    at = (index + items.length) % items.length;
    [...list.children].forEach((li, i) => { li.ariaSelected = String(i === at); });
    list.children[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[at].id);
  };
  const choose = (item) => {
    close();
    if (item.url) { location.assign(item.url); return; }
    input.value = item.label;
    if (hidden) hidden.value = item.value;
    input.dispatchEvent(new CustomEvent("zk:chosen", { bubbles: true, detail: item }));
  };
  const show = () => {
    const span = (textContent, className = "") =>
      Object.assign(document.createElement("span"), { textContent, className });
    list.replaceChildren(...items.map((item, i) => {
      const li = Object.assign(document.createElement("li"),
        { id: `${list.id}-${i}`, role: "option", ariaSelected: "false" });
      li.append(span(item.label), item.note ? span(item.note, "zk-quiet") : "");
      li.addEventListener("mousedown", (event) => { event.preventDefault(); choose(item); });
      return li;
    }));
    list.hidden = !items.length;
    input.ariaExpanded = String(!list.hidden);
    at = -1;
  };
  const ask = async () => {
    const text = input.value.trim(), mine = ++asked;
    if (!text) { items = []; show(); return; }
    const url = new URL(input.dataset.combobox, location.href);
    url.searchParams.set("q", text);
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (mine !== asked || !answer.ok) return;
      items = (await answer.json()).items ?? [];
      if (document.activeElement === input) show();
    } catch { close(); } // a lost line: what was typed stays and is sent as it is
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(ask, 200); };
  input.addEventListener("input", (event) => {
    if (hidden) hidden.value = "";
    if (!event.isComposing) later();
  });
  input.addEventListener("compositionend", later);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "ArrowDown" && list.hidden) { ask(); event.preventDefault(); return; }
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at < 0 ? items.length - 1 : at - 1);
    else if (event.key === "Enter" && at >= 0) choose(items[at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
}

const scan = (root) => root.querySelectorAll("[data-combobox]").forEach(attach);
scan(document);
document.addEventListener("htmx:load", (event) => scan(event.target));
