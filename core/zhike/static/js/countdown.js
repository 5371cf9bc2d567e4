// Keeps printed times going, once a second, only while the page is seen.
const SIZES = [86400, 3600, 60, 1];

function words(seconds, units) {
  let rest = Math.abs(seconds);
  const parts = [];
  SIZES.forEach((size, i) => {
    const n = Math.floor(rest / size);
    rest -= n * size;
    // As the server says it: no "5 h 0 min", but ticking seconds keep their zero.
    if (n || (parts.length && (i === 3 || parts.length > 1))) parts.push(units[i].replace("#", n));
    else if (parts.length) parts.push("");
  });
  return parts.slice(0, 2).filter(Boolean).join(" ") || units[3].replace("#", 0);
}

function tick() {
  if (document.hidden) return;
  for (const el of document.querySelectorAll("[data-due], [data-since]")) {
    const data = el.dataset, units = data.units.split("|"), at = Date.parse(el.dateTime);
    const due = "due" in data;
    const left = Math.trunc((due ? at - Date.now() : Date.now() - at) / 1000);
    const room = due ? left : data.limit ? Number(data.limit) - left : Infinity;
    const frame = due ? (left < 0 ? data.late : data.left) : "#";
    el.querySelector("[data-text]").textContent = frame.replace("#", words(left, units));
    el.classList.toggle("zk-tone-breach", room < 0);
    el.classList.toggle("zk-tone-attention", room >= 0 && room <= Number(data.soon));
    el.classList.toggle("zk-tone-idle", room > Number(data.soon ?? 0));
  }
}
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
