// Opens native dialogs, gives the focus back, and closes menus by Escape or a click elsewhere.
const openers = new WeakMap();
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.open);
    openers.set(dialog, opener.closest("details.zk-menu")?.querySelector("summary") ?? opener);
    dialog.showModal();
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target.matches("dialog")) event.target.close(); // the backdrop
  for (const menu of document.querySelectorAll("details.zk-menu[open]")) {
    if (opener || !menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("close", (event) => openers.get(event.target)?.focus(), true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.zk-menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
