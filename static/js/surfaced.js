// "Recently surfaced" counts, for this reader, what came since the last visit. Without this script, or at a first visit,
// the counts of the last days stand.
const HOUR = 60 * 60 * 1000;
const block = document.querySelector("[data-surfaced]");
try {
  if (block) count();
} catch {
  // this browser keeps nothing
}

function count() {
  const last = JSON.parse(localStorage.getItem("visits") ?? "null");
  const now = Date.now();
  // A visit lasts: pages read within an hour of each other count from the same moment.
  const since = !last ? null : now - last.seen > HOUR ? last.seen : last.since;
  localStorage.setItem("visits", JSON.stringify({ seen: now, since }));
  if (since !== null) {
    for (const count of block.querySelectorAll("[data-fresh]")) {
      const fresh = count.dataset.fresh.split(" ").filter((moment) => Number(moment) * 1000 > since).length;
      count.querySelector("[data-number]").textContent = fresh;
      count.hidden = fresh === 0;
    }
  }
}
