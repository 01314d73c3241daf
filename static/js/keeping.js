// What is typed in a letter is kept at every pause: in this browser at once, on the server a second later. A closed
// window, a lost connection, an ended session, a restarted server lose nothing: whatever the server has not confirmed
// stands in localStorage, and is put back when the letter is opened again. Without this script the form is whole, and
// keeps what is saved.
const PAUSE = 1000, LONGEST = 10_000, HEARTBEAT = 15_000, RETRY = 4_000;
const OURS = ["csrf_token", "sitting", "seq", "base", "count"];

const form = document.querySelector("[data-writing]");
if (form) start(form);

function start(form) {
  const say = form.dataset;
  const kept = form.querySelector("[data-kept]"), state = form.querySelector("[data-state]");
  const company = document.querySelector("[data-company]");
  const sitting = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`.slice(0, 36);
  const field = (name) => form.elements.namedItem(name);
  const number = (name) => Number(field(name).value || 0);
  let letter = say.letter, typedUrl = say.typed;
  let seq = 0, sent = 0; // changes made here, and those that the server has
  let waiting, since = 0, sending = null, isOut = false, isTrouble = false;

  field("sitting").value = sitting;
  navigator.locks?.request(`letter ${sitting}`, () => new Promise(() => {})); // says that this window lives

  const fields = () => {
    const found = {};
    for (const [name, value] of new FormData(form)) {
      if (OURS.includes(name) || typeof value !== "string") continue;
      if (form.querySelector(`[name="${name}"]:is([type=checkbox]:not(#takes_comments), select[multiple])`))
        (found[name] ??= []).push(value);
      else found[name] = value;
    }
    return found;
  };

  const put = (values) => {
    for (const element of form.elements) {
      const { name } = element;
      if (!name || OURS.includes(name) || element.type === "submit" || element.type === "file") continue;
      const value = values[name];
      if (element.type === "checkbox")
        element.checked = element.id === "takes_comments" ? Boolean(value) && value !== "false"
          : (value ?? []).map(String).includes(element.value);
      else if (element.multiple)
        for (const option of element.options) option.selected = (value ?? []).map(String).includes(option.value);
      else if (element.value !== String(value ?? "")) {
        const { selectionStart, selectionEnd } = element;
        element.value = String(value ?? "");
        if (element === document.activeElement && selectionStart !== null)
          element.setSelectionRange?.(selectionStart, selectionEnd);
      }
    }
    form.dispatchEvent(new Event("put", { bubbles: true }));
  };

  // In this browser

  const key = () => (letter ? `letter ${say.person} ${letter}` : `letter ${say.person} new ${sitting}`);
  const note = () => {
    const record = { fields: fields(), base: number("base"), count: number("count"), sitting, seq, dirty: seq > sent };
    try {
      localStorage.setItem(key(), JSON.stringify(record));
    } catch {
      // the browser is full or forbids it: the server is asked at once
      since = 0;
    }
  };

  const read = (name) => {
    try {
      return JSON.parse(localStorage.getItem(name) ?? "null");
    } catch {
      return null;
    }
  };

  function takeBack() {
    if (letter) return takeBackFrom(key());
    // A new letter that never reached the server is taken over once its window is gone, which its lock tells.
    for (const name of Object.keys(localStorage).filter((one) => one.startsWith(`letter ${say.person} new `))) {
      const lock = `letter ${name.split(" ").at(-1)}`;
      if (name === key()) continue;
      if (navigator.locks) navigator.locks.request(lock, () => letter || takeBackFrom(name));
      else takeBackFrom(name);
    }
  }

  function takeBackFrom(name) {
    const record = read(name);
    if (!record?.dirty || (record.sitting === say.sitting && record.seq <= Number(say.seq))) return;
    if (seq > 0) return; // this window has words of its own by now
    if (JSON.stringify(record.fields) === JSON.stringify(fields())) return;
    put(record.fields);
    field("base").value = record.base;
    field("count").value = record.count;
    if (name !== key()) localStorage.removeItem(name);
    state.textContent = say.sayBack;
    changed();
  }

  // On the server

  function changed() {
    seq += 1;
    field("seq").value = seq;
    note();
    clearTimeout(waiting);
    since ||= Date.now();
    waiting = setTimeout(send, Math.max(0, Math.min(PAUSE, since + LONGEST - Date.now())));
  }

  function send() {
    clearTimeout(waiting);
    sending ??= tell(seq > sent).finally(() => (sending = null));
    return sending;
  }

  // Resolves to: is everything that was typed on the server.
  async function tell(withText) {
    if (!letter && !withText) return true; // nothing is begun before something is typed
    const mine = seq;
    const body = withText ? new URLSearchParams([...new FormData(form)].filter(([, v]) => typeof v === "string"))
      : new URLSearchParams(OURS.map((name) => [name, field(name).value]));
    if (withText) since = 0;
    let answer;
    try {
      answer = await ask(body);
    } catch {
      // no connection, or the server is away
    }
    if (!answer) {
      if (seq > sent) {
        if (isOut) offerSignIn();
        else state.textContent = say.sayAway;
        isTrouble = true;
        clearTimeout(waiting);
        waiting = setTimeout(send, RETRY);
      }
      return false;
    }
    if (isTrouble) state.textContent = "";
    isTrouble = false;
    hear(answer, withText, mine);
    return seq === sent;
  }

  async function ask(body) {
    const options = { headers: { Accept: "application/json" }, redirect: "error" };
    let answer = await fetch(typedUrl, { method: "POST", body, ...options });
    if (answer.status === 401 || answer.status === 403) {
      // The session ended, or a new one began: its token is another.
      const fresh = await fetch(typedUrl, options);
      isOut = fresh.status === 401;
      if (!fresh.ok) return null;
      const { token } = await fresh.json();
      for (const one of document.querySelectorAll("[name=csrf_token]")) one.value = token;
      body.set("csrf_token", token);
      answer = await fetch(typedUrl, { method: "POST", body, ...options });
    }
    return answer.ok ? answer.json() : null;
  }

  function hear(answer, withText, mine) {
    if (!letter) {
      localStorage.removeItem(key());
      letter = String(answer.letter);
      typedUrl = answer.edit.replace(/edit$/, "typed");
      form.action = answer.edit;
      history.replaceState(null, "", answer.edit);
      form.dispatchEvent(new CustomEvent("begun", { bubbles: true, detail: letter }));
    }
    if (withText) {
      sent = mine;
      field("count").value = answer.count;
      kept.textContent = say.sayKept.replace("{time}", answer.kept);
      note();
    } else if (answer.mine && seq === sent) {
      takeOver(answer.mine);
      state.textContent = say.sayMoved;
    }
    if (seq > sent) waiting = setTimeout(send, PAUSE);
    showCompany(answer);
  }

  function takeOver({ fields: values, base, count }) {
    put(values);
    field("base").value = base;
    field("count").value = count;
  }

  function showCompany({ company: others, saved }) {
    const lines = others.map(({ name, typed }) => [
      (typed ? say.sayTypes : say.sayOpen).replace("{name}", name).replace("{time}", typed),
    ]);
    if (saved) lines.push([say.saySaved.replace("{name}", saved.by).replace("{time}", saved.at), saved.show]);
    const told = JSON.stringify(lines);
    if (company.dataset.told === told) return; // a status that is written anew is read out anew
    company.dataset.told = told;
    company.replaceChildren(...lines.map(([text, address]) => {
      const line = document.createElement("p");
      line.textContent = `${text} `;
      if (address) line.append(link(address, say.sayShow));
      return line;
    }));
  }

  function offerSignIn() {
    if (state.querySelector("a")) return; // it is read out once
    const goal = letter ? location.pathname : "";
    state.textContent = `${say.sayOut} `;
    state.append(link(`${say.login}?goal=${encodeURIComponent(goal)}`, say.sayIn));
  }

  function link(address, text) {
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.target = "_blank";
    anchor.textContent = text;
    return anchor;
  }

  // When

  form.addEventListener("input", changed);
  form.addEventListener("change", ({ target }) => target.matches("select, [type=checkbox]") && changed());
  addEventListener("online", () => seq > sent && send());
  addEventListener("focus", () => send());
  addEventListener("visibilitychange", () => {
    if (seq > sent) note();
    send();
  });
  setInterval(() => !document.hidden && send(), HEARTBEAT);
  addEventListener("storage", ({ key: name, newValue }) => {
    // Another window of this browser has the same letter: this one follows, unless it has something to say itself.
    if (!letter || name !== key() || !newValue || seq > sent) return;
    const record = JSON.parse(newValue);
    if (record.sitting !== sitting) takeOver(record);
  });

  form.addEventListener("submit", async (event) => {
    if (event.submitter?.name === "preview" || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    const button = form.querySelector("[data-save]");
    button.disabled = true;
    if (sending) await sending;
    seq += 1; // so that what is saved counts as the newest, also when it was typed in another window
    field("seq").value = seq;
    note();
    if (await send()) form.submit();
    button.disabled = false;
  });

  takeBack();
  send();
}
