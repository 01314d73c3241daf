// Beside the text: the page as readers will have it, made by the server with what publishes it, and what to look at.
const PAUSE = 700;
const form = document.querySelector("[data-writing]");
const place = document.querySelector("[data-beside]");
if (form && place) {
  const frame = place.querySelector("iframe"), notes = place.querySelector("[data-look-at]");
  const button = form.querySelector("[data-side]");
  let waiting, asked = 0, lookUrl = form.dataset.look;

  const wide = matchMedia("(width >= 75rem)");
  const wanted = localStorage.getItem("side by side") ?? (wide.matches ? "on" : "off");
  button.hidden = false;
  show(wanted === "on" && wide.matches);
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    localStorage.setItem("side by side", on ? "on" : "off");
    show(on);
    if (on && !wide.matches) frame.scrollIntoView();
  });
  for (const kind of ["input", "change", "put"]) form.addEventListener(kind, later);
  form.addEventListener("begun", ({ detail }) => (lookUrl = lookUrl.replace(/look$/, `${detail}/look`)));

  function show(on) {
    button.setAttribute("aria-pressed", String(on));
    place.classList.toggle("is-beside", on);
    frame.hidden = !on;
    if (on) look();
  }

  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(look, PAUSE);
  }

  async function look() {
    const mine = ++asked;
    const fields = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
    const ask = async (url, more) => {
      const answer = await fetch(url, { method: "POST", body: new URLSearchParams([...fields, ...more]), redirect: "error" });
      return answer.ok ? answer.text() : null;
    };
    try {
      const [page, said] = await Promise.all([
        frame.hidden ? null : ask(form.action, [["preview", "1"]]),
        ask(lookUrl, []),
      ]);
      if (mine !== asked) return;
      if (page !== null) put(page);
      if (said !== null) tell(said);
    } catch {
      // no connection, or signed out: what stands there stands
    }
  }

  function tell(said) {
    const open = notes.querySelector("details")?.open;
    notes.innerHTML = said;
    if (open) notes.querySelector("details").open = true;
  }

  // The first page makes the frame; later ones change only what is in it, so it neither blinks nor jumps.
  function put(page) {
    const made = new DOMParser().parseFromString(page, "text/html");
    for (const script of made.querySelectorAll("script")) script.remove();
    const there = frame.contentDocument?.querySelector("main");
    if (there && made.querySelector("main") && frame.hasAttribute("srcdoc")) {
      there.replaceChildren(...made.querySelector("main").childNodes);
    } else {
      frame.srcdoc = `<!doctype html>${made.documentElement.outerHTML}`;
    }
  }
}
