// A shared desk: F2 goes to the field of the next person and back to where the hand was; the page
// tells by itself when nobody acts any more.
let cameFrom = null;

document.addEventListener("keydown", (event) => {
  const who = document.querySelector("[data-desk-who]");
  if (event.key !== "F2" || !who || event.isComposing) return;
  event.preventDefault();
  if (!who.form.contains(document.activeElement)) cameFrom = document.activeElement;
  who.select();
});

// Enter leads from the number to the PIN; from the PIN it sends.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("[data-desk-who]")) return;
  event.preventDefault();
  event.target.form.elements.desk_pin.focus();
});

document.addEventListener("htmx:afterSettle", (event) => {
  const bar = document.getElementById("zk-desk");
  if (!bar || !event.target.closest?.("#zk-desk")) return;
  if (bar.querySelector("[role=alert]")) bar.querySelector("#zk-desk-pin").focus();
  else if (cameFrom?.isConnected) cameFrom.focus();
  watch();
});

let timer;
function watch() {
  clearTimeout(timer);
  const until = document.getElementById("zk-desk")?.dataset.deskUntil;
  if (!until) return;
  const left = new Date(until) - Date.now();
  timer = setTimeout(async () => {
    const answer = await fetch("/desk", { headers: { "HX-Request": "true" } });
    const bar = document.getElementById("zk-desk");
    if (!answer.ok || !bar || bar.contains(document.activeElement)) return;
    bar.outerHTML = await answer.text();
    globalThis.htmx?.process(document.getElementById("zk-desk"));
    watch();
  }, Math.max(left, 0) + 500);
}
watch();
