// The browser's own sheet where there is one, else the address is copied. Without this script the mail link remains.
for (const button of document.querySelectorAll("[data-share]")) {
  const { share: url, title, copy, done } = button.dataset;
  const status = button.parentElement.querySelector("[data-share-status]");
  if (!navigator.share && !navigator.clipboard) continue;
  if (!navigator.share) button.textContent = copy; // a button says what it does
  button.hidden = false;
  button.addEventListener("click", async () => {
    status.textContent = "";
    try {
      if (navigator.share) {
        await navigator.share({ title, url });
      } else {
        await navigator.clipboard.writeText(url);
        status.textContent = done;
      }
    } catch (refused) {
      // Who closes the sheet has changed their mind; else the address is there to be taken by hand.
      if (refused.name !== "AbortError") status.textContent = url;
    }
  });
}
