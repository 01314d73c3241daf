// Everything here is a comfort: without it the form is whole.
const form = document.querySelector("#add");
if (form && !form.inert) {
  const { name, text, email } = form.elements;
  try {
    rememberPerson(form, name, email);
  } catch {
    // this browser keeps nothing
  }
  showPreview(form, text);
  offerQuotes(form, text);
}

function rememberPerson(form, name, email) {
  const box = form.querySelector("#remember");
  const known = JSON.parse(localStorage.getItem("person") ?? "null");
  box.closest("[data-remember]").hidden = false;
  if (known) {
    box.checked = true;
    name.value ||= known.name;
    email.value ||= known.email;
  }
  const keep = () => {
    if (box.checked) localStorage.setItem("person", JSON.stringify({ name: name.value, email: email.value }));
    else localStorage.removeItem("person");
  };
  box.addEventListener("change", () => box.checked || keep());
  form.addEventListener("submit", keep);
}

// The server renders it, with the function that renders what is stored.
function showPreview(form, text) {
  const place = form.querySelector("[data-preview]");
  let waiting, asked = 0;
  const ask = async () => {
    const mine = ++asked;
    if (!text.value.trim()) return void (place.hidden = true);
    try {
      const body = new URLSearchParams({ text: text.value });
      const answer = await fetch(`${form.dataset.draft}comments/preview`, { method: "POST", body });
      if (!answer.ok || mine !== asked) return;
      place.lastElementChild.innerHTML = await answer.text();
      place.hidden = false;
    } catch {
      // no connection: no preview
    }
  };
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 400);
  });
  if (text.value) ask();
}

// Select a passage of the letter or of a comment, press "Quote", and it stands in the form behind `>`.
function offerQuotes(form, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quote-button";
  button.textContent = form.dataset.quote;
  button.hidden = true;
  document.body.append(button);
  const chosen = () => {
    const selection = document.getSelection();
    if (selection.isCollapsed) return "";
    const node = selection.getRangeAt(0).commonAncestorContainer;
    const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
    return element.closest(".letter, .remark-text") && !form.contains(element) ? selection.toString().trim() : "";
  };
  document.addEventListener("selectionchange", () => {
    button.hidden = !chosen();
    if (button.hidden) return;
    const { bottom, left } = document.getSelection().getRangeAt(0).getBoundingClientRect();
    button.style.top = `${bottom + scrollY + 8}px`;
    const most = document.documentElement.clientWidth - button.offsetWidth - 8;
    button.style.left = `${Math.max(8, Math.min(left + scrollX, most))}px`;
  });
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("click", () => {
    const paragraphs = chosen().replace(/[\u00a0\u202f]/g, " ").split(/\n+/);
    const quote = paragraphs.map((line) => `> ${line}`).join("\n>\n");
    text.value = `${text.value.trimEnd()}${text.value.trim() ? "\n\n" : ""}${quote}\n\n`;
    text.dispatchEvent(new Event("input", { bubbles: true }));
    button.hidden = true;
    document.getSelection().removeAllRanges();
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  });
}
