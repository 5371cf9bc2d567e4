// Keys: Ctrl+K goes anywhere, / searches, ? overview, g and a letter goes to a page, and what a page
// declares by data-hotkey. Single keys never act while something is typed or composed, and can be
// switched off.
let goUntil = 0;
const search = () => document.querySelector("[data-key='/']");
const busy = (el) => el.isContentEditable || el.matches("input:not([type=checkbox]), textarea, select");
const declared = () => [...document.querySelectorAll("[data-hotkey]")].filter((el) => el.checkVisibility());

function anywhere() {
  const palette = document.getElementById("zk-palette");
  if (palette?.open) palette.close();
  else if (palette && !document.querySelector("dialog[open]")) palette.showModal();
  else search()?.select();
}

function overview() {
  const dialog = document.getElementById("zk-keys"), own = dialog?.querySelector("[data-keys-own]");
  if (!dialog) return;
  own?.replaceChildren(...declared().map((el) => {
    const line = document.createElement("div"), key = document.createElement("dt"), what = document.createElement("dd");
    key.append(Object.assign(document.createElement("kbd"), { textContent: el.dataset.hotkey }));
    what.textContent = el.ariaLabel || el.dataset.hotkeyWords || el.textContent.trim();
    line.append(key, what);
    return line;
  }));
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open=zk-keys]")) { document.getElementById("zk-keys").close(); overview(); }
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    anywhere();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || busy(event.target) ||
    document.body.dataset.keys === "off" || document.querySelector("dialog[open]")) return;
  if (performance.now() < goUntil) {
    goUntil = 0;
    const link = [...document.querySelectorAll("[data-go]")].find((a) => a.dataset.go === event.key);
    link?.click();
  } else if (event.key === "g") {
    goUntil = performance.now() + 1500;
  } else if (event.key === "/" && search()) {
    event.preventDefault();
    search().focus();
  } else if (event.key === "?") {
    overview();
  } else {
    const own = declared().find((el) => el.dataset.hotkey === event.key);
    if (own) { event.preventDefault(); own.click(); }
  }
});
