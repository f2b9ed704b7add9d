// Owns what is half-written: kept in this tab until it is sent, so that a reload, a slip or a dead battery loses nothing.
"use strict";

(() => {
  const me = document.body.dataset.me;
  const fields = () => document.querySelectorAll("[data-draft]");
  const key = (field) => `draft:${me}:${field.dataset.draft}`;
  const keep = (field) => {
    if (field.value.trim()) sessionStorage.setItem(key(field), field.value);
    else sessionStorage.removeItem(key(field));
  };
  // What the server has put in counts; where it has put nothing, what was left here comes back.
  const restore = () => {
    for (const field of fields()) {
      const kept = sessionStorage.getItem(key(field));
      if (field.value || kept === null) { keep(field); continue; }
      field.value = kept;
      field.closest("details")?.setAttribute("open", "");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      const note = document.createElement("small");
      note.className = "kept";
      note.setAttribute("role", "status");
      note.textContent = field.dataset.kept;
      field.after(note);
    }
  };

  document.addEventListener("input", (event) => { if (event.target.matches("[data-draft]")) keep(event.target); });
  // htmx draws a form anew when it is done: an empty one was sent. What is put in place by us is not to be restored.
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.elt.id === "main" || event.target.id === "main") { restore(); return; }
    for (const field of event.target.querySelectorAll("[data-draft]")) keep(field);
  });
  let isSent = false;
  document.addEventListener("submit", (event) => {
    const mine = event.target.querySelectorAll("[data-draft]");
    isSent = mine.length > 0;
    setTimeout(() => { isSent = false; }, 1000);
    if (!isSent || event.target.hasAttribute("hx-post") || event.submitter?.hasAttribute("hx-post")) return;
    for (const field of mine) sessionStorage.removeItem(key(field)); // it comes back in the page if it cannot be sent
  });
  addEventListener("beforeunload", (event) => {
    if (!isSent && [...fields()].some((field) => field.value.trim())) event.preventDefault();
  });
  restore();
})();
