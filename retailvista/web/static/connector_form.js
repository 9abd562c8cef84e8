// The form of a connector: kinds found while typing, fields of the chosen login, the list of
// [variables], the table of advanced settings, and asking before changes are lost. Without this
// script each of them is a button that answers with the same page once more.
"use strict";

document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-narrow-cards]");
  if (!field) return;
  const wanted = field.value.trim().toLowerCase().split(/\s+/);
  let shown = 0;
  document.querySelectorAll(`#${field.dataset.narrowCards} [data-words]`).forEach((card) => {
    const words = card.dataset.words.toLowerCase();
    card.hidden = !wanted.every((part) => words.includes(part));
    shown += card.hidden ? 0 : 1;
  });
  document.getElementById(`${field.dataset.narrowCards}-none`).hidden = shown > 0;
});

document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("form");
  if (!form) return;
  modes(form);
  advanced(form);
  variables(form);
  discard(form);
});

function modes(form) {
  const chosen = form.querySelector("[data-mode-of]");
  if (!chosen) return;
  const show = () => form.querySelectorAll("[data-modes]").forEach((part) => {
    part.hidden = !part.dataset.modes.split(" ").includes(chosen.value);
  });
  chosen.addEventListener("change", show);
  show();
}

function advanced(form) {
  const box = document.getElementById("advanced");
  const opens = form.querySelector("[data-opens]");
  if (!box || !opens) return;
  opens.addEventListener("change", () => { box.hidden = !opens.checked; });
  const lock = (row, on) => {
    row.querySelectorAll("input").forEach((input) => { input.readOnly = on; });
    row.querySelector('[data-row="submit"]').hidden = on;
    row.querySelector('[data-row="edit"]').hidden = !on;
  };
  const rows = box.querySelector("tbody");
  const more = document.getElementById("advanced-more");
  if (!more) return;
  rows.querySelectorAll("tr").forEach((row) => lock(row, row.querySelector("input").value !== ""));
  more.addEventListener("click", (event) => {
    event.preventDefault();
    rows.append(document.getElementById("advanced-row").content.cloneNode(true));
    lock(rows.lastElementChild, false);
    rows.lastElementChild.querySelector("input").focus();
  });
  const clear = document.getElementById("advanced-clear");
  clear.addEventListener("click", (event) => {
    event.preventDefault();
    if (!rows.children.length || !window.confirm(clear.dataset.question)) return;
    rows.replaceChildren();
    form.dataset.dirty = "yes";
  });
  rows.addEventListener("click", (event) => {
    const button = event.target.closest("[data-row]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("tr");
    if (button.dataset.row === "drop") row.remove();
    else lock(row, button.dataset.row === "submit");
    form.dataset.dirty = "yes";
  });
}

function variables(form) {
  const source = document.getElementById("variables");
  const known = source ? JSON.parse(source.textContent) : [];
  let list = null;
  const close = () => { list?.remove(); list = null; };
  const open = (input) => {
    close();
    list = document.createElement("div");
    list.className = "rv-variables";
    list.setAttribute("role", "listbox");
    for (const [name, level, value] of known) {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "option");
      const said = document.createElement("span");
      said.textContent = value;
      said.title = level;
      button.append(`[${name}]`, said);
      button.addEventListener("click", () => {
        const at = input.selectionStart ?? input.value.length;
        const before = input.value.slice(0, at).replace(/\[[\w.]*$/, "");
        input.value = `${before}[${name}]${input.value.slice(at).replace(/^\]/, "")}`;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        close();
        input.focus();
      });
      list.append(button);
    }
    input.parentElement.append(list);
  };
  form.addEventListener("input", (event) => {
    const input = event.target.closest("[data-variables]");
    if (!input || input.readOnly) return;
    const typed = input.value.slice(0, input.selectionStart ?? input.value.length);
    const begun = typed.match(/\[([\w.]*)$/);
    if (!begun) { close(); return; }
    open(input);
    for (const button of list.children) {
      button.hidden = !button.textContent.slice(1).startsWith(begun[1].toLowerCase());
    }
  });
  form.addEventListener("click", (event) => {
    const icon = event.target.closest("[data-variables-of]");
    if (icon) { list ? close() : open(document.getElementById(icon.dataset.variablesOf)); return; }
    if (!event.target.closest(".rv-variables")) close();
  });
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
}

function discard(form) {
  const button = document.getElementById("discard");
  if (!button) return;
  form.addEventListener("input", () => { form.dataset.dirty = "yes"; });
  form.addEventListener("change", (event) => {
    if (!event.target.closest("[data-opens]")) form.dataset.dirty = "yes";
  });
  button.addEventListener("click", (event) => {
    event.preventDefault();
    if (form.dataset.dirty !== "yes" || window.confirm(form.dataset.discard)) {
      window.location.assign(button.dataset.list);
    }
  });
}
