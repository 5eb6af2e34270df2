/* Keys, dialogs and copying on the secretariat's pages. Everything else works without it. */
"use strict";

for (const button of document.querySelectorAll("[data-opens]")) {
  button.addEventListener("click", (event) => {
    const { form } = button;
    if (form && button.dataset.needs && !form.querySelector(button.dataset.needs)) return;
    event.preventDefault();
    if (!form || form.reportValidity()) document.getElementById(button.dataset.opens).showModal();
  });
}
for (const button of document.querySelectorAll("[data-closes]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
const wrong = document.querySelector("dialog[data-open]");
wrong?.showModal();
wrong?.querySelector("[aria-invalid]")?.focus();

for (const form of document.querySelectorAll("dialog form, form:has(dialog)")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

for (const form of document.querySelectorAll("form[data-checks]")) {
  form.addEventListener("input", () => {
    const last = document.getElementById(form.dataset.checks);
    if (last) last.hidden = true; // it confirms what was checked, not what is being typed
  });
}

for (const box of document.querySelectorAll(".item input")) {
  box.addEventListener("change", () => box.checked && box.closest(".item").querySelector("textarea").focus());
}

for (const form of document.querySelectorAll("form[data-choose]")) {
  const boxes = [...form.querySelectorAll(`[name="${form.dataset.choose || "application"}"]`)];
  const [all, every] = ["[data-all]", '[name="every"]'].map((found) => form.querySelector(found));
  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen === boxes.length;
    all.indeterminate = chosen > 0 && !all.checked;
    for (const said of form.querySelectorAll("[data-chosen]")) said.textContent = every?.checked ? every.value : chosen;
  };
  all.closest("[hidden]").hidden = false;
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of boxes) box.checked = all.checked;
    count();
  });
  window.addEventListener("pageshow", count);
}

const POLL_MS = 2000;
async function follow() {
  const shown = document.querySelector("[data-poll]");
  if (!shown) return;
  try {
    const answer = await fetch(location.href);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(shown.id);
    if (answer.ok && !fresh) location.reload();
    if (fresh) {
      shown.replaceChildren(...fresh.childNodes);
      shown.toggleAttribute("data-poll", fresh.hasAttribute("data-poll"));
    }
  } catch {
    /* no connection: asked again */
  }
  setTimeout(follow, POLL_MS);
}
setTimeout(follow, POLL_MS);

const PRESENCE_MS = 15000;
const present = document.querySelector("[data-presence]");
async function beHere() {
  if (document.visibilityState === "visible") {
    try {
      const body = new URLSearchParams({ csrf_token: document.querySelector('[name="csrf_token"]').value });
      const answer = await fetch(present.dataset.presence, { method: "POST", body, redirect: "manual" });
      if (!answer.ok) return; // logged out, or no longer ours to see
      const words = await answer.text();
      if (present.textContent !== words) present.textContent = words;
      present.hidden = !words;
    } catch {
      /* no connection: asked again */
    }
  }
  setTimeout(beHere, PRESENCE_MS);
}
if (present) setTimeout(beHere, PRESENCE_MS);

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
