// A picture goes into the text by drop, by paste or from the toolbar. It is sent at once, and while the server makes it
// fit, what it shows is asked. Whatever goes wrong, it waits in its dialog. Without this script a field of the form does it.
const form = document.querySelector("[data-writing]");
const dialog = document.querySelector("#picture-dialog");
if (form && dialog) start();

function start() {
  const say = dialog.dataset;
  const [state, shown, words] = [".picture-state", "[data-shown]", "#picture-alt"].map((one) => dialog.querySelector(one));
  const [button, again] = ["[data-put]", "[data-again]"].map((one) => dialog.querySelector(one));
  const visited = new WeakSet();
  let sending = 0;

  form.querySelector("[data-by-hand]").remove();
  for (const area of form.querySelectorAll("textarea")) {
    area.addEventListener("focus", () => visited.add(area));
    area.addEventListener("picture", () => choose(area));
    area.addEventListener("paste", (event) => {
      const { files, types } = event.clipboardData;
      if (!files.length || types.includes("text/plain")) return; // a word processor sends a picture of its text, too
      event.preventDefault();
      putAll(area, files);
    });
    area.addEventListener("dragover", (event) => hasFiles(event) && area.classList.add("is-over"));
    for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => area.classList.remove("is-over"));
    area.addEventListener("drop", (event) => hasFiles(event) && putAll(area, event.dataTransfer.files));
  }
  // A file that is dropped beside the text must not take the page away.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => hasFiles(event) && event.preventDefault());

  function hasFiles({ dataTransfer }) {
    return dataTransfer?.types.includes("Files");
  }

  function choose(area) {
    const input = Object.assign(document.createElement("input"), { type: "file", multiple: true, accept: say.takes });
    input.addEventListener("change", () => putAll(area, input.files));
    input.click();
  }

  async function putAll(area, files) {
    if (dialog.open) return;
    // Asked before the dialog opens: behind it browsers forget where the cursor was. It goes to the end of a text in
    // which it never was.
    let place = visited.has(area) ? [area.selectionStart, area.selectionEnd] : [area.value.length, area.value.length];
    for (const file of [...files]) {
      const markdown = await ask(file);
      if (markdown) place = put(area, place, markdown);
    }
    area.focus();
  }

  // Resolves to the picture as a text has it, or to nothing.
  function ask(file) {
    words.value = dialog.returnValue = "";
    let address = null;
    const send = async () => {
      const mine = ++sending;
      begin();
      const answer = file.size > say.most ? { refused: say.sayHeavy } : await post(file);
      if (mine !== sending) return;
      address = answer.address;
      tell(answer);
    };
    again.onclick = send;
    dialog.showModal();
    words.focus();
    send();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        sending += 1;
        resolve(dialog.returnValue === "put" && address ? `![${escaped(words.value)}](${address})` : null);
      }, { once: true });
    });
  }

  function begin() {
    state.textContent = say.saySending;
    state.classList.remove("is-bad");
    shown.replaceChildren();
    button.disabled = true;
    button.hidden = false;
    again.hidden = true;
  }

  function tell({ address, width, height, refused, retry, signIn }) {
    state.textContent = address ? "" : `${refused ?? retry} `;
    state.classList.toggle("is-bad", !address);
    if (signIn) {
      const link = Object.assign(document.createElement("a"), { href: signIn, target: "_blank", textContent: say.sayIn });
      state.append(link);
    }
    if (address) shown.append(Object.assign(new Image(width, height), { src: address, alt: "" }));
    button.disabled = !address;
    button.hidden = !address;
    again.hidden = !retry;
  }

  async function post(file) {
    try {
      let answer = await once(file);
      if ([403, 413].includes(answer.status)) {
        // The session ended (a stranger's file is too large sooner), or a new one began, whose token is another.
        const fresh = await fetch(form.dataset.typed, { headers: { Accept: "application/json" } });
        if (fresh.ok) {
          const { token } = await fresh.json();
          for (const one of document.querySelectorAll("[name=csrf_token]")) one.value = token;
        }
        answer = fresh.ok ? await once(file) : fresh;
      }
      if (answer.status === 401) {
        const goal = form.dataset.letter ? location.pathname : "";
        return { retry: say.sayOut, signIn: `${form.dataset.login}?goal=${encodeURIComponent(goal)}` };
      }
      const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
      if (isJson) return await answer.json();
      return answer.status === 413 ? { refused: say.sayHeavy } : { retry: say.sayBroke };
    } catch {
      return { retry: say.sayAway };
    }
  }

  function once(file) {
    const body = new FormData();
    body.set("csrf_token", form.elements.csrf_token.value);
    body.set("picture", file);
    return fetch(say.picture, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error" });
  }

  // A paragraph of its own. Returns the place behind it.
  function put(area, [from, to], markdown) {
    const before = area.value.slice(0, from), after = area.value.slice(to);
    const gap = (lines) => "\n".repeat(2 - Math.min(2, lines));
    const above = before ? gap(before.match(/\n*$/)[0].length) : "";
    const below = after ? gap(after.match(/^\n*/)[0].length) : "";
    area.focus();
    area.setSelectionRange(from, to);
    area.dispatchEvent(new CustomEvent("insert", { detail: above + markdown + below }));
    return [area.selectionEnd, area.selectionEnd];
  }

  // As text/pictures.py does it.
  function escaped(text) {
    return text.trim().replace(/\s+/g, " ").replace(/[\\[\]*`<]/g, "\\$&");
  }
}
