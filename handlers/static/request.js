/* What the request's page knows beyond any form: the field for その他, an end two hours after the beginning, the business's
   address for the place, and where an address lies on the map. Saving is form.js. */
"use strict";

(() => {
  const form = document.getElementById("form");
  const USUAL_HOURS = 2;
  const field = (key) => form.querySelector(`[data-field="${key}"]`);
  const changed = (input) => input.dispatchEvent(new Event("change", { bubbles: true }));

  function other() {
    const wanted = form.elements.topic.value === "その他";
    field("topic_other").hidden = !wanted;
    field("topic_other").querySelector(".optional")?.remove();
  }

  function ends(box) {
    const [, from, to] = box.querySelectorAll("input");
    from.addEventListener("change", () => {
      const [hour, minute] = from.value.split(":").map(Number);
      if (!from.value || to.value || hour + USUAL_HOURS > 23) return;
      to.value = `${String(hour + USUAL_HOURS).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
    });
  }

  function copying(button) {
    const from = form.elements.business_address;
    const to = form.elements.place;
    const show = () => (button.hidden = !from.value.trim() || to.value.trim() === from.value.trim());
    button.addEventListener("click", () => {
      to.value = from.value;
      changed(to);
      to.focus();
    });
    form.addEventListener("input", show);
    form.addEventListener("change", show);
    show();
  }

  function places(box) {
    const point = document.getElementById("point");
    const place = form.elements.place;
    const pinned = box.querySelector("[data-pinned]");
    const located = box.querySelector("[data-located]");
    const tell = () => (pinned.textContent = point.value ? pinned.dataset.yes : pinned.dataset.no);
    let asked = 0;

    async function locate(again) {
      if (!place.value.trim()) return;
      const turn = ++asked;
      try {
        const answer = await fetch(box.dataset.locate, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ address: place.value, again }),
        });
        const told = await answer.json();
        if (turn !== asked || !answer.ok) return;
        located.textContent = told.words;
        if (point.value === told.point) return;
        point.value = told.point;
        changed(point);
      } catch {
        located.textContent = "";
      }
    }

    point.addEventListener("change", tell);
    if (!box.dataset.locate) return;
    place.addEventListener("change", () => locate(false));
    const button = box.querySelector("[data-again]");
    button.hidden = false;
    button.addEventListener("click", () => locate(true));
  }

  form.elements.topic.addEventListener("change", other);
  other();
  form.querySelectorAll('[data-shape="slot"]').forEach(ends);
  copying(form.querySelector("[data-copy-address]"));
  places(field("point"));
})();
