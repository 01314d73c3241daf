// What is typed as a comment or a question stays in this browser until it has been taken; thanks.js forgets it then.
const form = document.querySelector("form[data-draft]");
if (form && !form.inert) {
  const { text } = form.elements;
  const key = `draft ${form.dataset.draft}`;
  try {
    if (!text.value) text.value = localStorage.getItem(key) ?? "";
    text.addEventListener("input", () => localStorage.setItem(key, text.value));
  } catch {
    // this browser keeps nothing
  }
}
