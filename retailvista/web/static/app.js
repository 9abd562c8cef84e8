// Small behaviour of every page: copying, asking before, choosing all, the token for htmx.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await copy(button.dataset.copy, button.closest(".input-group")?.querySelector("input"));
  const before = button.title;
  button.title = button.dataset.copied;
  button.classList.add("btn-success", "text-white");
  setTimeout(() => {
    button.title = before;
    button.classList.remove("btn-success", "text-white");
  }, 1500);
});

// navigator.clipboard exists on https and localhost only; selecting is the way everywhere else.
async function copy(text, input) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text).catch(() => input?.select());
  } else if (input) {
    input.select();
    document.execCommand("copy");
  }
}

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-choose-all]");
  if (all) {
    document.querySelectorAll(`input[name="${all.dataset.chooseAll}"]`).forEach((box) => {
      box.checked = all.checked;
    });
  }
  if (event.target.closest("[data-send-on-change]")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-window]")) window.close();
  if (event.target.closest("[data-print]")) window.print();
});

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  if (token) event.detail.headers["X-CSRF-Token"] = token.content;
});

// A search field that narrows a table on the page while somebody types; ticks stay.
document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-narrow]");
  if (!field) return;
  const wanted = field.value.trim().toLowerCase();
  document.querySelectorAll(`#${field.dataset.narrow} tbody tr`).forEach((row) => {
    const name = row.querySelector("label") || row;
    row.hidden = !name.textContent.toLowerCase().includes(wanted);
  });
});
