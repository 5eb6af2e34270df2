"use strict";
/* Keeps what is typed: shortly after the typing stops, when a field is left, and when the page is put away.
   Without this script the form works all the same, by its buttons. */

const form = document.getElementById("form");
const PAUSE = 800;
const RETRY_FIRST = 2000;
const RETRY_MOST = 30000;

const json = { "Content-Type": "application/json" };

function keeper() {
  const say = document.getElementById("words").dataset;
  const line = document.getElementById("saved");
  const notes = document.getElementById("elsewhere");
  const dirty = new Set();
  let timer = 0;
  let busy = false;
  let failed = false;
  let over = false;
  let retry = RETRY_FIRST;
  let typing = "";

  const field = (key) => form.querySelector(`[data-field="${key}"]`);
  const mark = (key) => form.elements[`mark_${key}`];

  function status(words, bad = false) {
    line.textContent = words;
    line.classList.toggle("bad", bad);
  }

  function schedule(wait) {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  }

  function body(keys) {
    const marks = {};
    for (const input of form.querySelectorAll('input[name^="mark_"]')) marks[input.name.slice(5)] = input.value;
    return JSON.stringify({ changed: Object.fromEntries(keys.map((key) => [key, valueOf(field(key))])), marks });
  }

  function edited(event) {
    const box = event.target.closest("[data-field]");
    if (!box) return;
    dirty.add(box.dataset.field);
    typing = event.type === "input" ? box.dataset.field : "";
    if (box.dataset.field === "bank") emptyBranch();
    if (over) return;
    if (!failed) status(say.waiting);
    schedule(event.type === "change" ? 0 : failed ? retry : PAUSE);
  }

  function emptyBranch() {
    const branch = form.elements.branch;
    if (!branch || !branch.value) return;
    branch.value = "";
    dirty.add("branch");
  }

  async function save() {
    clearTimeout(timer);
    if (over || busy) return busy && schedule(PAUSE);
    const keys = [...dirty];
    const sent = new Map(keys.map((key) => [key, JSON.stringify(valueOf(field(key)))]));
    busy = true;
    if (keys.length && !failed) status(say.saving);
    let answer;
    try {
      const text = body(keys);
      const options = { method: "POST", headers: json, body: text, keepalive: text.length < 60000 };
      answer = await fetch(form.dataset.save, options);
    } catch {
      answer = null;
    }
    busy = false;
    if (!answer || answer.status >= 500 || answer.status === 429) return later();
    if (!answer.ok) return stop(answer);
    const kept = await answer.json().catch(() => null);
    if (!kept) return later();
    failed = false;
    retry = RETRY_FIRST;
    for (const key of keys) if (JSON.stringify(valueOf(field(key))) === sent.get(key)) dirty.delete(key);
    take(kept, sent);
    if (keys.length) status(`${say.saved} ${kept.at}`);
    if (dirty.size) schedule(PAUSE);
  }

  function later() {
    if (!dirty.size) return;
    failed = true;
    status(say.unsaved, true);
    schedule(retry);
    retry = Math.min(retry * 2, RETRY_MOST);
  }

  async function stop(answer) {
    over = true;
    const told = await answer.json().catch(() => ({}));
    status(told.error || say.gone, true);
  }

  function take(kept, sent) {
    for (const [key, value] of Object.entries(kept.marks)) if (mark(key)) mark(key).value = value;
    for (const [key, progress] of Object.entries(kept.sections)) count(key, progress);
    for (const shown of form.querySelectorAll("[data-held]")) held(shown, kept.papers[shown.dataset.held]);
    for (const [key, one] of Object.entries(kept.kept)) settle(field(key), one, sent.get(key));
    const changed = kept.elsewhere.filter((one) => !one.lost && !dirty.has(one.key));
    const lost = kept.elsewhere.filter((one) => one.lost);
    for (const one of [...(kept.filled ?? []), ...changed]) put(field(one.key), one.value);
    if (changed.length) note(say.changed + changed.map((one) => one.name).join("、"));
    for (const one of lost) note(`${say.lost}${one.name}「${one.words || say.empty}」`);
  }

  function count(key, progress) {
    const shown = document.querySelector(`[data-part="${key}"]`);
    if (!shown) return;
    const [done, total] = progress.split("/");
    shown.textContent = progress;
    shown.classList.toggle("all", done === total);
  }

  function held(shown, here) {
    shown.textContent = here ? say.here : say.missing;
    shown.classList.toggle("good", here);
  }

  /* What the server made of an answer goes into the field, unless somebody is still typing there. */
  function settle(box, one, sent) {
    const writing = typing === box.dataset.field && box.contains(document.activeElement);
    if (writing || JSON.stringify(valueOf(box)) !== sent) return;
    if (!one.fault) put(box, one.value);
    complain(box, one.fault, one.choices);
  }

  function note(words) {
    notes.hidden = false;
    notes.textContent = notes.textContent ? `${notes.textContent}\n${words}` : words;
  }

  function putAway() {
    if (!dirty.size || over) return;
    const text = body([...dirty]);
    if (navigator.sendBeacon) navigator.sendBeacon(form.dataset.save, new Blob([text], { type: json["Content-Type"] }));
  }

  form.addEventListener("input", edited);
  form.addEventListener("change", edited);
  form.addEventListener("focusout", () => dirty.size && !failed && schedule(0));
  form.addEventListener("uploaded", () => schedule(0));
  form.addEventListener("submit", (event) => {
    over = navigator.onLine && !failed;
    if (over) return setTimeout(() => { over = !event.defaultPrevented; });
    event.preventDefault();
    status(say.unsaved, true);
    schedule(0);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") schedule(0);
    else if (dirty.size) putAway();
  });
  window.addEventListener("pagehide", putAway);
  window.addEventListener("pageshow", (event) => {
    over = false;
    if (event.persisted) schedule(0);
  });
  window.addEventListener("online", () => schedule(0));
  window.addEventListener("beforeunload", (event) => {
    if (failed && dirty.size && !over) event.preventDefault();
  });
}

function valueOf(box) {
  if (box.dataset.shape === "checks") {
    const words = [...box.querySelectorAll("input:checked")].map((input) => input.value);
    const other = box.querySelector('input:not([type="checkbox"])');
    return other && other.value.trim() ? [...words, other.value] : words;
  }
  if (box.dataset.shape === "radio") return box.querySelector("input:checked")?.value ?? "";
  const parts = [...box.querySelectorAll("input, select, textarea")].map((control) => control.value);
  if (box.dataset.shape === "slot") return parts.some(Boolean) ? `${parts[0]}T${parts[1]}-${parts[2]}` : "";
  return box.dataset.shape === "hours" && parts.some(Boolean) ? parts.join("-") : parts[0] ?? "";
}

function put(box, value) {
  const shape = box.dataset.shape;
  if (shape === "checks" || shape === "radio") {
    const words = [value].flat();
    const boxes = [...box.querySelectorAll("input[type=checkbox], input[type=radio]")];
    for (const input of boxes) input.checked = words.includes(input.value);
    const other = shape === "checks" && box.querySelector('input:not([type="checkbox"])');
    if (other) other.value = words.filter((word) => !boxes.some((input) => input.value === word)).join("、");
    return;
  }
  const controls = [...box.querySelectorAll("input, select, textarea")];
  const parts = shape === "hours" ? value.split("-") : shape === "slot" ? slotParts(value) : [value];
  controls.forEach((control, at) => {
    const text = parts[at] ?? "";
    if (control.value !== text) control.value = text;
  });
  counted(box);
}

function slotParts(value) {
  const [day, clock = ""] = value.split("T");
  return [day, ...clock.split("-")];
}

function complain(box, words, choices) {
  const place = box.querySelector("[data-fault]");
  const controls = box.matches("fieldset[aria-describedby]") ? [box] : box.querySelectorAll("[aria-describedby]");
  for (const control of controls) {
    if (words) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }
  place.replaceChildren();
  if (!words) return;
  const said = document.createElement("span");
  said.textContent = words;
  place.append(said);
  for (const choice of choices) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.pick = choice.value;
    button.textContent = choice.label;
    place.append(" ", button);
  }
}

function counted(box) {
  const shown = box.querySelector("[data-count]");
  const text = box.querySelector("textarea");
  if (!shown || !text) return;
  const length = [...text.value].length;
  shown.textContent = `${length} / ${text.dataset.most}文字`;
  shown.classList.toggle("over", length > Number(text.dataset.most));
}

/* Banks and branches: what fits is offered under the field while a part of the name is typed. */
function searchable(box) {
  const say = document.getElementById("words").dataset;
  const input = box.querySelector("input");
  const key = box.dataset.field;
  const list = document.createElement("ul");
  let timer = 0;
  let asked = 0;
  list.className = "found";
  list.hidden = true;
  list.setAttribute("aria-label", `${box.querySelector("label").textContent}の候補`);
  input.after(list);

  async function look() {
    const words = input.value.trim();
    if (!words) return close();
    const turn = ++asked;
    const body = JSON.stringify({ field: key, words, bank: form.elements.bank?.value ?? "" });
    try {
      const answer = await fetch(form.dataset.find, { method: "POST", headers: json, body });
      if (turn !== asked || !answer.ok) return;
      show(await answer.json());
    } catch {
      close();
    }
  }

  function show(hits) {
    if (document.activeElement !== input || hits.found.includes(input.value)) return close();
    list.replaceChildren(...hits.found.map(item));
    if (!hits.found.length || hits.more) list.append(line(hits.found.length ? say.more : say.none));
    list.hidden = false;
    box.scrollIntoView({ block: "start" });
  }

  function item(words) {
    const holder = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.addEventListener("click", () => choose(words));
    holder.append(button);
    return holder;
  }

  function line(words) {
    const holder = document.createElement("li");
    const said = document.createElement("p");
    said.textContent = words;
    said.setAttribute("role", "status");
    holder.append(said);
    return holder;
  }

  function choose(words) {
    input.value = words;
    close();
    input.focus();
    input.dispatchEvent(new Event("change", { bubbles: true }));
    complain(box, "", []);
  }

  function close() {
    asked += 1;
    clearTimeout(timer);
    list.hidden = true;
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 250);
  });
  box.addEventListener("keydown", (event) => {
    const buttons = [...list.querySelectorAll("button")];
    if (list.hidden || !buttons.length) return;
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Escape") { close(); input.focus(); }
    else if (event.key === "ArrowDown") buttons[Math.min(at + 1, buttons.length - 1)].focus();
    else if (event.key === "ArrowUp") (at > 0 ? buttons[at - 1] : input).focus();
    else return;
    event.preventDefault();
  });
  /* Pressing leaves the focus where it is: leaving the field would save it, and what that shows would move the list away
     before the button is let go. */
  list.addEventListener("mousedown", (event) => event.preventDefault());
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) close(); });
}

function pickable() {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-pick]");
    if (!button) return;
    event.preventDefault();
    const box = button.closest("[data-field]");
    put(box, button.dataset.pick);
    complain(box, "", []);
    const control = box.querySelector("input, select, textarea");
    control.focus();
    control.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

function copyable(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    source.select();
    try {
      await navigator.clipboard.writeText(source.value);
    } catch {
      document.execCommand("copy");
    }
    document.getElementById("copied").textContent = "コピーしました。";
  });
}

if (form) {
  if (form.dataset.save) keeper();
  for (const box of form.querySelectorAll('[data-shape="search"]')) searchable(box);
  for (const box of form.querySelectorAll('[data-shape="long"]')) box.addEventListener("input", () => counted(box));
  pickable();
  document.getElementById("faults")?.focus();
}
for (const button of document.querySelectorAll("[data-copy]")) copyable(button);
