// What was sent has been taken: its draft is no longer needed.
try {
  localStorage.removeItem(`draft ${document.querySelector("[data-taken]").dataset.taken}`);
} catch {
  // this browser keeps nothing
}
