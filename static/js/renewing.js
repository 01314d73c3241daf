// What moves renews itself, for as long as the page says that it moves. Without this script the whole page reloads.
const EVERY = 3000;
let part = document.querySelector("[data-renewing]");

async function renew() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = answer.ok && page.getElementById(part.id);
      if (fresh) {
        part.replaceWith(fresh);
        part = fresh;
        // What can be done now is another matter: the page says that once, when nothing moves any more.
        if (!part.hasAttribute("data-renewing")) return location.reload();
      }
    } catch {
      // No answer now; the next look will have one.
    }
  }
  setTimeout(renew, EVERY);
}

if (part) setTimeout(renew, EVERY);
