// What happens to the queue while it is open: others' decisions, who else reads this comment, what came in. New comments
// wait behind a button, so that the list never moves under the hand.
const EVERY = 5000; // milliseconds
const STILL_THERE = 20000;
const SETTLED = 400; // a comment that is only passed by is not being read

const root = document.querySelector("[data-queue]");
if (root) {
  const fresh = root.querySelector("[data-new]");
  let reading, said, soon, counting;

  const shown = () => [...root.querySelectorAll("#queue > .case")].filter((item) => !["decided", "gone"].includes(item.dataset.state));

  const tell = async () => {
    said = Date.now();
    const body = new URLSearchParams({ comment: reading, csrf_token: root.dataset.token });
    await fetch(root.dataset.presence, { method: "POST", body }).catch(() => {});
  };

  const ask = async () => {
    if (document.hidden) return;
    if (reading && Date.now() - said > STILL_THERE) tell();
    const asked = new URLSearchParams({ since: root.dataset.newest, shown: shown().slice(-200).map((item) => item.dataset.id) });
    try {
      const answer = await fetch(`${root.dataset.pulse}?${asked}`, { headers: { Accept: "application/json" } });
      if (!answer.ok || answer.redirected) return;
      const told = await answer.json();
      fresh.hidden = !told.new;
      fresh.textContent = JSON.parse(root.dataset.words).new.replace("{number}", told.new);
      root.dispatchEvent(new CustomEvent("queue:told", { detail: told }));
    } catch {
      // no connection: the next time
    }
  };

  root.addEventListener("queue:reading", ({ detail }) => {
    reading = detail;
    clearTimeout(soon);
    soon = setTimeout(tell, SETTLED);
  });

  // How many are left is counted by the desk, and never here.
  root.addEventListener("queue:decided", () => {
    clearTimeout(counting);
    counting = setTimeout(ask, SETTLED);
  });

  fresh.addEventListener("click", async () => {
    const asked = new URLSearchParams({ order: root.dataset.order, since: root.dataset.newest });
    const answer = await fetch(`${location.pathname}?${asked}`);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    root.dataset.newest = page.querySelector("[data-queue]")?.dataset.newest ?? root.dataset.newest;
    fresh.hidden = true;
    root.dispatchEvent(new CustomEvent("queue:told", { detail: { page } }));
  });

  // queue.js may have said what is read before this module ran.
  reading = root.querySelector("#queue > .case:not([hidden])")?.dataset.id;
  if (reading) tell();
  setInterval(ask, EVERY);
  addEventListener("pageshow", (event) => event.persisted && ask());
}
