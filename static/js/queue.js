// Keys for the queue. A key presses the real button of the card, so a dead button is a dead key. WCAG 2.1.4: keys can be
// switched off, and are silent in fields, with modifiers and on repeat.
const cards = [...document.querySelectorAll("#queue article")];
const help = document.querySelector("[data-keys]");
if (cards.length && help) {
  const box = help.querySelector("#keys-on");
  help.hidden = false;
  box.checked = localStorage.getItem("keys") !== "off";
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
  const current = () => cards.findIndex((card) => card.contains(document.activeElement));
  const go = (to) => cards[Math.min(Math.max(to, 0), cards.length - 1)].focus();
  const press = (verdict) => cards[Math.max(current(), 0)].querySelector(`button[value=${verdict}]`)?.click();
  const keys = {
    j: () => go(current() + 1),
    k: () => go(current() - 1),
    p: () => current() >= 0 && press("published"),
    d: () => current() >= 0 && press("declined"),
    "?": () => (help.open = !help.open),
  };
  document.addEventListener("keydown", (event) => {
    if (!box.checked || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    keys[event.key]?.();
  });
  if (document.querySelector(".flash")) go(0); // after a decision: on with the next one
}
