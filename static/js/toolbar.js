// A small toolbar above every text, and its keys. What it puts in goes through the browser, so Ctrl+Z takes it back.
// Correspondence: select what was pasted, press once. Paragraphs that begin with "Name:" are told apart by themselves;
// for others the name is asked, and those that the letter has already are offered.
const form = document.querySelector("[data-writing]");
const dialog = document.querySelector("#speaker");
const SPEAKER = /^(?:\*\*)?([\p{L}][^\n:*]{0,60}):(?:\*\*)?[ \u00a0]+(?=\S)/u;
const NAMED = /^>[> ]*\*\*([^*\n]+?):?\*\*/gmu;
const KEYS = { KeyB: "strong", KeyI: "emphasis", KeyK: "link" };

const tools = {
  strong: (area) => around(area, "**"),
  emphasis: (area) => around(area, "*"),
  struck: (area) => around(area, "~~"),
  link: (area) => {
    const text = chosen(area);
    const isAddress = /^(https?:|\/)\S+$/.test(text);
    insert(area, isAddress ? `[](${text})` : `[${text}](https://)`);
    const at = area.selectionStart - (isAddress ? text.length + 3 : 1);
    area.setSelectionRange(at, at);
  },
  list: (area) => lines(area, (line) => (line.trim() ? `- ${line}` : line)),
  heading: (area) => lines(area, (line) => (line.trim() ? `## ${line.replace(/^#+ /, "")}` : line)),
  quote: correspondence,
  picture: (area) => area.dispatchEvent(new Event("picture")), // pictures.js asks which, and gives back the words
};

const chosen = (area) => area.value.slice(area.selectionStart, area.selectionEnd);

function insert(area, text) {
  area.focus();
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function around(area, mark) {
  const text = chosen(area), { selectionStart: start } = area;
  const is = text.length >= 2 * mark.length && text.startsWith(mark) && text.endsWith(mark);
  insert(area, is ? text.slice(mark.length, -mark.length) : mark + text + mark);
  if (!text) area.setSelectionRange(start + mark.length, start + mark.length);
}

// Whole lines are chosen first.
function widen(area) {
  const { value } = area;
  const start = value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  const end = value.indexOf("\n", Math.max(area.selectionEnd, start));
  area.setSelectionRange(start, end < 0 ? value.length : end);
}

function lines(area, change) {
  widen(area);
  insert(area, chosen(area).split("\n").map(change).join("\n"));
}

async function correspondence(area) {
  widen(area);
  const [from, to] = [area.selectionStart, area.selectionEnd];
  const paragraphs = chosen(area).split(/\n\s*\n/).map((one) => one.replace(/^>+ ?/gm, "").trim()).filter(Boolean);
  let first = "";
  if (!paragraphs.length || !SPEAKER.test(paragraphs[0])) {
    first = await askSpeaker(area);
    if (first === null) return;
  }
  area.focus();
  area.setSelectionRange(from, to);
  const said = [];
  for (const paragraph of paragraphs.length ? paragraphs : [""]) {
    const name = paragraph.match(SPEAKER);
    if (name) said.push([name[1].trim(), [paragraph.slice(name[0].length)]]);
    else if (said.length) said.at(-1)[1].push(paragraph);
    else said.push([first, [paragraph]]);
  }
  const quoted = said.map(([name, texts]) => {
    const [opening, ...rest] = texts;
    const whole = [name ? `**${name}:** ${opening}` : opening, ...rest].join("\n\n");
    return whole.split("\n").map((line) => `> ${line}`.trimEnd()).join("\n");
  });
  insert(area, quoted.join("\n\n"));
}

function askSpeaker(area) {
  const names = [...form.elements.question.value.matchAll(NAMED)].map((found) => found[1]);
  const asker = form.elements.asker.value.trim();
  const options = [...new Set([...names, ...(asker ? [asker] : [])])].map((name) => new Option(name, name));
  dialog.querySelector("datalist").replaceChildren(...options);
  const input = dialog.querySelector("input");
  input.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      area.focus();
      resolve(dialog.returnValue ? input.value.trim() : null);
    }, { once: true });
  });
}

function addToolbar(area) {
  const bar = document.createElement("div");
  bar.className = "toolbar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-controls", area.id);
  bar.setAttribute("aria-label", `${form.dataset.tools}: ${area.labels[0].textContent}`);
  bar.append(document.querySelector("#tools").content.cloneNode(true));
  const buttons = [...bar.querySelectorAll("button")];
  buttons.forEach((button, n) => (button.tabIndex = n ? -1 : 0)); // one stop; arrows go on
  bar.addEventListener("pointerdown", (event) => event.target.closest("button") && event.preventDefault());
  bar.addEventListener("click", (event) => tools[event.target.closest("button")?.dataset.tool]?.(area));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = buttons.indexOf(document.activeElement);
    const next = buttons[(at + step + buttons.length) % buttons.length];
    buttons.forEach((button) => (button.tabIndex = button === next ? 0 : -1));
    next.focus();
  });
  area.before(bar);
  area.addEventListener("insert", ({ detail }) => insert(area, detail));
  area.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const tool = event.shiftKey ? event.code === "Digit9" && "quote" : KEYS[event.code];
    if (!tool) return;
    event.preventDefault();
    tools[tool](area);
  });
}

if (form) {
  for (const area of form.querySelectorAll("textarea")) addToolbar(area);
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.code !== "KeyS" || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-save]"));
  });
}
