// The comment has been taken: its draft is no longer needed.
localStorage.removeItem(`draft ${document.querySelector("[data-taken]").dataset.taken}`);
