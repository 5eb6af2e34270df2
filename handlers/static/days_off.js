/* The calendar of days off: each tap is saved at once, one save after the other; the form's own button is the way back
   to sure ground when a save fails. A save tells what changed of what was last known, and brings the days of today. */
"use strict";

const PAUSE = 500;

function follow(form) {
  const boxes = [...form.querySelectorAll('[name="off"]')];
  const was = form.elements.was;
  const said = form.querySelector("[data-said]");
  let timer = 0;
  let saving = false;

  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const known = () => (was.value ? was.value.split(",") : []);
  const body = () => JSON.stringify({ was: known(), off: chosen() });
  const changed = () => chosen().join() !== known().join();
  const say = (words) => (said.textContent = words);

  async function save() {
    clearTimeout(timer);
    timer = 0;
    if (saving || !changed()) return;
    saving = true;
    const sent = new Set(chosen());
    say(form.dataset.saving);
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: body(),
        keepalive: true,
      });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.error);
      take(told.days, sent);
      say(told.said);
    } catch (error) {
      say(form.dataset.failed);
      saving = false;
      return;
    }
    saving = false;
    if (changed()) later();
  }

  /** The days as they are kept now; what was tapped since the save began stays as it was tapped. */
  function take(days, sent) {
    const held = new Set(days);
    for (const box of boxes) {
      if (box.checked === sent.has(box.value)) box.checked = held.has(box.value);
    }
    was.value = boxes.filter((box) => held.has(box.value)).map((box) => box.value).join();
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  }

  form.addEventListener("change", later);
  document.addEventListener("visibilitychange", () => document.hidden && changed() && save());
  window.addEventListener("pagehide", () => {
    if (changed()) navigator.sendBeacon(form.action, new Blob([body()], { type: "application/json" }));
  });
  form.addEventListener("submit", () => clearTimeout(timer));
}

document.querySelectorAll("[data-days]").forEach(follow);
