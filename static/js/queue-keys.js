// Keys for the queue. A key presses the real button that is on the page, so a dead button is a dead key. WCAG 2.1.4: keys
// can be switched off and changed, and are silent in fields, with modifiers and on repeat.
const root = document.querySelector("[data-queue]");
const dialog = document.querySelector("[data-keys]");
if (root && dialog) {
  const box = dialog.querySelector("#keys-on");
  const fields = [...dialog.querySelectorAll("input.key")];
  const wrong = dialog.querySelector("#keys-wrong");
  const act = (field) => field.id.replace("key-", "");
  const kept = () => JSON.parse(localStorage.getItem("queue keys") ?? "{}");
  const keys = () => Object.fromEntries(fields.map((field) => [kept()[act(field)] ?? field.dataset.default, act(field)]));

  const write = () => {
    box.checked = localStorage.getItem("queue keys off") === null;
    for (const field of fields) field.value = kept()[act(field)] ?? field.dataset.default;
    for (const hint of root.querySelectorAll("kbd[data-key]")) {
      hint.textContent = dialog.querySelector(`#key-${hint.dataset.key}`).value;
      hint.hidden = !box.checked;
    }
  };

  // The button as it is on the page now; what is hidden or switched off is not pressed.
  const button = (name) => {
    const at = name === "undo" ? "[data-undo]" : `[data-act=${name}]`;
    const there = [...root.querySelectorAll(at)].find((one) => one.checkVisibility());
    return there && !there.disabled ? there : null;
  };

  // On a Cyrillic layout the key that has a p on it still is that key.
  const letter = (event) => (/^[ -~]$/.test(event.key) ? event.key : /^Key[A-Z]$/.test(event.code) ? event.code.at(-1) : event.key).toLowerCase();
  const isField = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || dialog.open || isField(event.target)) return;
    const key = letter(event);
    if (event.shiftKey && /^[a-zа-яё]$/i.test(key)) return;
    const name = keys()[key];
    if (!name || !box.checked) return;
    const there = button(name);
    if (!there) return;
    event.preventDefault();
    there.click();
  });

  root.querySelector("[data-help]").addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  box.addEventListener("change", () => {
    if (box.checked) localStorage.removeItem("queue keys off");
    else localStorage.setItem("queue keys off", "");
    write();
  });
  for (const field of fields) {
    field.addEventListener("focus", () => field.select());
    field.addEventListener("input", () => {
      const key = field.value.trim().toLowerCase();
      const taken = !key || (keys()[key] && keys()[key] !== act(field));
      wrong.textContent = key && taken ? wrong.dataset.taken : "";
      field.setAttribute("aria-invalid", String(Boolean(key && taken)));
      if (taken) return;
      localStorage.setItem("queue keys", JSON.stringify({ ...kept(), [act(field)]: key }));
      write();
    });
    field.addEventListener("blur", () => {
      field.removeAttribute("aria-invalid");
      wrong.textContent = "";
      write();
    });
  }
  dialog.querySelector("[data-reset]").addEventListener("click", () => {
    localStorage.removeItem("queue keys");
    wrong.textContent = "";
    write();
  });
  root.addEventListener("queue:grown", write);
  write();
}
