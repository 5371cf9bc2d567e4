// Keys: / and Ctrl+K search, ? overview, g and a letter goes to a page. Single keys never act while
// something is typed or composed, and can be switched off.
let goUntil = 0;
const search = () => document.querySelector("[data-key='/']");
const busy = (el) => el.isContentEditable || el.matches("input, textarea, select");

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && search()) {
    event.preventDefault();
    search().select();
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
    document.getElementById("zk-keys")?.showModal();
  }
});
