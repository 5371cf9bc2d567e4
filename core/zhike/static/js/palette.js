// The command palette: Ctrl+K, type, arrows, Enter. Lines come from the server, which knows the rights;
// where one was lately stays in this tab and goes with it.
const dialog = document.getElementById("zk-palette");
const RECENT = "zk-recent", MOST = 8, who = document.body.dataset.who ?? "";

function recent() {
  try {
    const kept = JSON.parse(sessionStorage[RECENT] ?? "null");
    return kept?.who === who ? kept.items : [];
  } catch { return []; }
}
function remember() {
  const label = document.querySelector("main h1")?.textContent.trim(), url = location.pathname + location.search;
  if (!label || !who || location.pathname === "/search") return;
  const items = [{ label, url }, ...recent().filter((one) => one.url !== url)].slice(0, MOST + 1);
  try { sessionStorage[RECENT] = JSON.stringify({ who, items }); } catch { /* no room: nothing is kept */ }
}

if (dialog) {
  const input = dialog.querySelector("input"), box = dialog.querySelector("[data-palette-lines]"), none = dialog.querySelector("[data-palette-none]");
  let at = -1, timer = 0, asked = 0;
  const lines = () => [...box.querySelectorAll("[role=option]")];
  const make = (tag, props = {}, ...inside) => {
    const el = Object.assign(document.createElement(tag), props);
    el.append(...inside);
    return el;
  };
  const mark = (index) => {
    const all = lines();
    if (!all.length) { at = -1; input.removeAttribute("aria-activedescendant"); return; }
    at = (index + all.length) % all.length;
    all.forEach((line, i) => { line.ariaSelected = String(i === at); });
    all[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", all[at].id);
  };
  const show = (groups) => {
    let n = 0;
    box.replaceChildren(...groups.map(({ title, items }, g) => {
      const head = make("p", { id: `zk-palette-g${g}`, className: "zk-palette__head", textContent: title });
      const group = make("div", { role: "group" }, head, ...items.map((item) => make("a",
        { href: item.url, id: `zk-palette-${n++}`, className: "zk-palette__line", role: "option", tabIndex: -1, ariaSelected: "false" },
        make("i", { className: `bi bi-${item.icon || "dot"}`, ariaHidden: "true" }),
        make("span", { textContent: item.label }), make("span", { className: "zk-quiet", textContent: item.note ?? "" }))));
      group.setAttribute("aria-labelledby", head.id);
      return group;
    }));
    none.hidden = n > 0;
    mark(0);
  };
  const ask = async () => {
    const text = input.value.trim(), mine = ++asked;
    const url = new URL(dialog.dataset.palette, location.href);
    url.searchParams.set("q", text);
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (mine !== asked || !answer.ok) return;
      const { groups } = await answer.json();
      const here = location.pathname + location.search;
      const items = text ? [] : recent().filter((one) => one.url !== here).slice(0, MOST).map((one) => ({ ...one, icon: "clock-history" }));
      show(items.length ? [{ title: dialog.dataset.recent, items }, ...groups] : groups);
    } catch { /* a lost line: Enter still sends what was typed to the search page */ }
  };
  const later = () => { clearTimeout(timer); timer = setTimeout(ask, 120); };
  input.addEventListener("input", (event) => { if (!event.isComposing) later(); });
  input.addEventListener("compositionend", later);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const line = lines()[at];
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at < 0 ? -1 : at - 1);
    else if (event.key === "Enter" && line) {
      if (event.ctrlKey || event.metaKey) open(line.href, "_blank", "noopener");
      else location.assign(line.href);
    } else return;
    event.preventDefault();
  });
  new MutationObserver(() => {
    if (!dialog.open) return;
    input.value = "";
    box.replaceChildren();
    none.hidden = true;
    ask();
  }).observe(dialog, { attributeFilter: ["open"] });
}
remember();
