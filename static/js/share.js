// The browser's own sheet where there is one, else the address is copied. Without this script the mail link remains.
for (const button of document.querySelectorAll("[data-share]")) {
  const { share: url, title, done } = button.dataset;
  const status = button.parentElement.querySelector("[data-share-status]");
  if (!navigator.share && !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      if (navigator.share) {
        await navigator.share({ title, url });
      } else {
        await navigator.clipboard.writeText(url);
        status.textContent = done;
      }
    } catch (refused) {
      if (refused.name !== "AbortError") status.textContent = url;
    }
  });
}
