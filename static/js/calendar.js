// Letters move by drag. What is dropped is sent by the page's own form, to the address that its link leads to as well.
const form = document.querySelector("[data-drop-form]");
const hint = document.querySelector("[data-by-hand]");
if (hint && matchMedia("(pointer: fine)").matches) hint.hidden = false;
const taken = document.querySelector("[data-taken]");
let dragged = null;
document.addEventListener("dragstart", (event) => {
  const letter = event.target.closest?.("[data-letter]");
  if (!letter) return;
  dragged = letter.dataset.letter;
  taken.hidden = true;
  event.dataTransfer.setData("text/plain", letter.textContent.trim());
  event.dataTransfer.effectAllowed = "move";
});
document.addEventListener("dragend", () => (dragged = null));
for (const place of document.querySelectorAll(".place")) {
  const over = (event) => {
    if (!dragged) return;
    event.preventDefault();
    if (place.dataset.drop) place.classList.add("is-over");
  };
  place.addEventListener("dragenter", over);
  place.addEventListener("dragover", over);
  place.addEventListener("dragleave", (event) => place.contains(event.relatedTarget) || place.classList.remove("is-over"));
  place.addEventListener("drop", (event) => {
    if (!dragged) return;
    event.preventDefault();
    if (!place.dataset.drop) {
      if (place.querySelector(`[data-letter="${dragged}"]`)) return;
      place.append(taken);
      taken.hidden = false;
      return;
    }
    form.action = place.dataset.drop;
    form.elements.letter_id.value = dragged;
    form.submit();
  });
}
