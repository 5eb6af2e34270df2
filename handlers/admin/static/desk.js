/* Keys, dialogs and copying on the secretariat's pages. Everything else works without it. */
"use strict";

for (const button of document.querySelectorAll("[data-opens]")) {
  button.addEventListener("click", () => document.getElementById(button.dataset.opens).showModal());
}
for (const button of document.querySelectorAll("[data-closes]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
const wrong = document.querySelector("dialog[data-open]");
wrong?.showModal();
wrong?.querySelector("[aria-invalid]")?.focus();

for (const form of document.querySelectorAll("dialog form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

for (const box of document.querySelectorAll(".item input")) {
  box.addEventListener("change", () => box.checked && box.closest(".item").querySelector("textarea").focus());
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("input, textarea, select")?.checkVisibility();
  if (typing || document.querySelector("dialog[open]")) return;
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!wanted) return;
  event.preventDefault();
  if (wanted.matches("input")) wanted.focus();
  else wanted.click();
});

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const said = document.querySelector("[data-copied]");
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
      said.textContent = "コピーしました";
    } catch {
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      said.textContent = "選択しました。コピーしてください";
    }
  });
}
