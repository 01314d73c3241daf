// One comment at a time. A press is held here for five seconds, in which it can be undone; then it is sent, and nothing
// can undo it. Leaving the page sends what is held. Without this script the page is a list with a form per comment.
const root = document.querySelector("[data-queue]");
if (root) new (class Queue {
  words = JSON.parse(root.dataset.words);
  stage = root.querySelector("#queue");
  strip = root.querySelector("[data-strip]");
  said = root.querySelector("[data-said]");
  undoButton = root.querySelector("[data-undo]");
  held = []; // [{ item, verdict, timer }], the latest press last
  loading = false;

  constructor() {
    root.classList.add("is-live");
    root.querySelector("[data-steps]").hidden = false;
    this.strip.hidden = false;
    this.cases().forEach((item) => this.adopt(item));
    root.addEventListener("submit", (event) => this.pressed(event));
    root.addEventListener("click", (event) => this.clicked(event));
    root.addEventListener("queue:told", (event) => this.told(event.detail));
    addEventListener("pagehide", () => this.sendAll(true));
    addEventListener("visibilitychange", () => document.hidden && this.sendAll(false));
    this.show(this.item(location.hash.replace("#comment-", "")) ?? this.waiting()[0]);
  }

  cases = () => [...this.stage.children];
  item = (id) => this.cases().find((item) => item.dataset.id === String(id));
  row = (item) => root.querySelector(`.rail a[href="#comment-${item.dataset.id}"]`);
  waiting = () => this.cases().filter((item) => !item.dataset.state);
  inTurn = () => this.waiting().find((item) => this.cases().indexOf(item) > this.cases().indexOf(this.current));

  adopt(item) {
    item.hidden = true;
  }

  // What is shown

  show(item, focus = true) {
    root.querySelector("[data-end]").hidden = Boolean(item);
    for (const other of [this.current, item].filter(Boolean)) other.hidden = other !== item;
    if (this.current) this.row(this.current).removeAttribute("aria-current");
    if (!item) return this.showLetter(null);
    this.current = item;
    this.row(item).setAttribute("aria-current", "true");
    this.reveal(this.row(item));
    this.showLetter(item.dataset.letter);
    if (focus) this.bring(item.querySelector("article"));
    root.dispatchEvent(new CustomEvent("queue:reading", { detail: item.dataset.id }));
    if (this.waiting().length < 6) this.load();
  }

  // The page moves only when the comment does not begin below the strip, or begins too far down.
  bring(article) {
    article.focus({ preventScroll: true });
    const { top } = article.getBoundingClientRect();
    if (top < this.strip.offsetHeight || top > innerHeight / 2) article.scrollIntoView({ block: "start" });
  }

  // Inside the list only: the page itself stays where it is.
  reveal(row) {
    const list = row.closest("ol");
    const top = row.offsetTop - list.offsetTop;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + row.offsetHeight - list.clientHeight;
  }

  showLetter(id) {
    for (const letter of root.querySelectorAll(".letter-beside")) letter.hidden = letter.id !== id;
  }

  step(by) {
    const all = this.cases();
    const to = all[all.indexOf(this.current) + by];
    if (to) this.show(to);
  }

  // The next one that waits; at the end those before it, and then what was skipped comes round again.
  onward() {
    const skipped = this.cases().filter((item) => item.dataset.state === "skipped");
    let next = this.inTurn() ?? this.waiting()[0];
    if (!next && !root.dataset.more && skipped.length) {
      skipped.forEach((item) => this.mark(item, "", ""));
      next = skipped[0];
    }
    this.show(next);
  }

  say(text, undo = false) {
    this.said.textContent = text;
    this.undoButton.hidden = !undo;
    this.strip.classList.toggle("is-counting", undo);
  }

  mark(item, state, words) {
    item.dataset.state = state;
    const row = this.row(item);
    row.dataset.state = state;
    row.querySelector("[data-state]").textContent = words;
    for (const button of item.querySelectorAll("form button")) button.disabled = !["", "skipped", "maybe"].includes(state);
  }

  // What is pressed

  pressed(event) {
    const item = event.target.closest(".case");
    const button = event.submitter;
    if (!item || !button) return;
    event.preventDefault();
    if (button.name === "verdict") this.hold(item, button.value);
    else this.putOff(item, button);
  }

  clicked(event) {
    const act = event.target.closest("[data-act], [data-undo], .rail a");
    if (!act || act.closest("form")) return;
    if (act.matches("[data-undo]")) this.undo();
    else if (act.dataset.act === "next") this.step(1);
    else if (act.dataset.act === "previous") this.step(-1);
    else if (act.matches(".rail a")) {
      event.preventDefault();
      this.show(this.item(act.hash.replace("#comment-", "")));
    }
  }

  hold(item, verdict) {
    this.mark(item, "held", `${this.words.held[verdict]} …`);
    const held = { item, verdict };
    held.timer = setTimeout(() => this.send(held), Number(root.dataset.hold));
    this.held.push(held);
    this.sayHeld();
    this.onward();
  }

  sayHeld() {
    const last = this.held.findLast((held) => held.timer);
    if (!last) return this.say("");
    const opening = this.row(last.item).querySelector(".rail-words").textContent;
    this.say(`${this.words.held[last.verdict]}: ${opening}`, true);
  }

  undo() {
    const held = this.held.findLast((one) => one.timer);
    if (!held) return;
    clearTimeout(held.timer);
    this.held.splice(this.held.indexOf(held), 1);
    this.mark(held.item, "", "");
    this.sayHeld();
    if (!this.held.length) this.say(this.words.undone);
    this.show(held.item);
  }

  // What is sent

  body(held) {
    const body = new URLSearchParams(new FormData(held.item.querySelector("form")));
    body.set("verdict", held.verdict);
    return body;
  }

  async send(held) {
    clearTimeout(held.timer);
    held.timer = null;
    this.mark(held.item, "sent", `${this.words.held[held.verdict]} …`);
    const answer = await this.post(held.item.querySelector("form").action, this.body(held));
    if (answer.again) {
      // The same verdict sent twice is one decision, so it is safe to try until there is an answer.
      this.mark(held.item, "unsent", answer.again);
      this.say(answer.again);
      held.timer = null;
      setTimeout(() => this.send(held), Number(root.dataset.hold));
      return;
    }
    this.held.splice(this.held.indexOf(held), 1);
    if (answer.said?.verdict) {
      this.settle(held.item, answer.said);
      root.dispatchEvent(new CustomEvent("queue:decided"));
      if (answer.status === 409) this.say(`${this.sentence(answer.said)} ${this.words.before}`);
      else this.sayHeld();
    } else if (answer.status === 404) {
      this.mark(held.item, "gone", this.words.gone);
    } else {
      this.mark(held.item, "", "");
      this.say(answer.said?.refused ?? this.words.refused);
    }
  }

  // {status, said}, or {again: why it is to be sent once more}.
  async post(address, body) {
    try {
      const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, keepalive: true });
      const json = answer.headers.get("Content-Type")?.startsWith("application/json");
      if (answer.redirected || [401, 403].includes(answer.status)) return { again: this.words.signed_out };
      if (answer.status >= 500 || answer.status === 429) return { again: this.words.unsent };
      return { status: answer.status, said: json ? await answer.json() : null };
    } catch {
      return { again: this.words.unsent };
    }
  }

  sendAll(leaving) {
    for (const held of [...this.held]) {
      if (!held.timer && held.item.dataset.state === "sent") continue; // on its way
      if (!leaving) this.send(held);
      else if (navigator.sendBeacon(held.item.querySelector("form").action, this.body(held))) {
        clearTimeout(held.timer);
        held.timer = null;
        this.mark(held.item, "sent", `${this.words.held[held.verdict]} …`); // should the page come back: it is asked after
      }
    }
  }

  async putOff(item, button) {
    const body = new URLSearchParams(new FormData(button.form));
    body.set(button.name, button.value);
    const back = button.value === "none";
    this.mark(item, back ? "skipped" : button.value, back ? button.textContent.trim() : this.words[button.value]);
    this.onward();
    const { again, said } = await this.post(button.getAttribute("formaction"), body);
    if (again) this.say(again);
    else if (said) this.count(said);
  }

  // What is known of it afterwards

  sentence = ({ verdict, by, mine, at }) => `${this.words.done[verdict]}: ${mine ? this.words.you : by}, ${at}.`;

  settle(item, decision) {
    const { verdict, by, mine, name } = decision;
    if (item.dataset.state === "decided") return;
    this.mark(item, "decided", `${this.words.done[verdict]}: ${mine ? this.words.you : by}`);
    item.classList.add("is-decided");
    const line = item.querySelector("[data-verdict]");
    line.textContent = `${this.sentence(decision)} ${this.words.final}`;
    line.hidden = false;
    item.querySelector("[data-reader]").hidden = true;
    const hidden = item.querySelector("[data-name]");
    if (hidden) hidden.textContent = name;
  }

  count({ left, maybe }) {
    if (left) document.querySelector("[data-left]").textContent = left;
    const pile = document.querySelector("[data-maybe]");
    if (maybe !== undefined && pile) pile.textContent = maybe || "";
  }

  // The pulse (queue-pulse.js) knows what others did, and what came in.
  told({ decided, gone, readers, page, ...counts }) {
    this.count(counts);
    for (const item of this.cases()) {
      const { id, state } = item.dataset;
      const decision = decided?.[id];
      if (decision && state !== "decided") {
        const mine = this.held.find((held) => held.item === item);
        if (mine) this.held.splice(this.held.indexOf(mine), 1), clearTimeout(mine.timer);
        this.settle(item, decision);
        if (mine || item === this.current) this.say(`${this.sentence(decision)} ${decision.mine ? "" : this.words.before}`);
      }
      if (gone?.includes(Number(id)) && state !== "gone") this.mark(item, "gone", this.words.gone);
      if (readers && state !== "decided") {
        const line = item.querySelector("[data-reader]");
        line.textContent = readers[id] ? this.words.reading.replace("{name}", readers[id]) : "";
        line.hidden = !readers[id];
      }
    }
    if (page) this.add(page, root.dataset.order === "newest");
  }

  // More of the queue, before it is needed

  async load() {
    if (this.loading || !root.dataset.more) return;
    this.loading = true;
    try {
      const answer = await fetch(root.dataset.more);
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const more = page.querySelector("[data-queue]")?.dataset.more;
      this.add(page, false);
      if (more) root.dataset.more = more;
      else delete root.dataset.more;
      if (!root.querySelector("[data-end]").hidden) this.onward();
    } catch {
      // no connection: it is tried again with the next step
    } finally {
      this.loading = false;
    }
  }

  // What stands keeps its place; what is new goes behind it, or before it when the newest come first.
  add(page, before) {
    const place = before ? "prepend" : "append";
    const rail = root.querySelector(".rail ol");
    const known = new Set(this.cases().map((item) => item.dataset.id));
    const items = [...page.querySelectorAll("#queue > .case")].filter((item) => !known.has(item.dataset.id));
    const rows = items.map((item) => page.querySelector(`.rail a[href="#comment-${item.dataset.id}"]`).parentElement);
    const from = rail.scrollHeight;
    items.forEach((item) => this.adopt(item));
    this.stage[place](...items);
    rail[place](...rows);
    if (before) rail.scrollTop += rail.scrollHeight - from;
    for (const letter of page.querySelectorAll(".letter-beside")) {
      letter.hidden = true;
      if (!document.getElementById(letter.id)) root.querySelector(".letters-beside").append(letter);
    }
    root.dispatchEvent(new CustomEvent("queue:grown"));
    if (!root.querySelector("[data-end]").hidden && items.length) this.show(items[0]);
  }
})();
