/* The photo viewer: fit, zoom (buttons, wheel, pinch), turn by 90°, drag, keys. Works on every [data-viewer] of a page. */
"use strict";

const ZOOM = 1.3;
const MOST = 8;
const STEP = 60;

class Photo {
  constructor(panel, changed) {
    this.stage = panel.querySelector(".stage");
    this.image = panel.querySelector("img");
    this.changed = changed;
    this.zoom = 1;
    this.turns = 0;
    this.x = this.y = 0;
    this.fingers = new Map();
    this.listen();
  }

  listen() {
    const { stage, image } = this;
    image.addEventListener("load", () => this.draw());
    image.addEventListener("dragstart", (event) => event.preventDefault());
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.press(event));
    stage.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      stage.addEventListener(end, (event) => this.release(event));
    }
    stage.addEventListener("dblclick", (event) => this.scaleAt(this.zoom > 1 ? 1 / this.zoom : 2.5, this.spot(event)));
    new ResizeObserver(() => this.draw()).observe(stage);
  }

  show() {
    if (this.image.dataset.src) {
      this.image.src = this.image.dataset.src;
      delete this.image.dataset.src;
    }
    this.draw();
  }

  get size() {
    const { naturalWidth, naturalHeight } = this.image;
    const width = naturalWidth || Number(this.image.getAttribute("width"));
    const height = naturalHeight || Number(this.image.getAttribute("height"));
    return this.turns % 2 ? { width: height, height: width } : { width, height };
  }

  get fitting() {
    const { width, height } = this.size;
    return Math.min(this.stage.clientWidth / width, this.stage.clientHeight / height, 4) || 1;
  }

  draw() {
    if (!this.stage.clientWidth) return;
    const scale = this.fitting * this.zoom;
    const { width, height } = this.size;
    this.x = inside(this.x, this.stage.clientWidth - width * scale);
    this.y = inside(this.y, this.stage.clientHeight - height * scale);
    const [plainWidth, plainHeight] = this.turns % 2 ? [height, width] : [width, height];
    const shift = [[0, 0], [plainHeight, 0], [plainWidth, plainHeight], [0, plainWidth]][this.turns];
    this.image.style.width = `${plainWidth}px`;
    this.image.style.height = `${plainHeight}px`;
    this.image.style.transform =
      `translate(${this.x}px, ${this.y}px) scale(${scale}) translate(${shift[0]}px, ${shift[1]}px) rotate(${this.turns * 90}deg)`;
    this.stage.toggleAttribute("data-zoomed", this.zoom > 1.01);
    this.changed(this.zoom);
  }

  scaleAt(factor, at = { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 }) {
    const before = this.zoom;
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), MOST);
    const ratio = this.zoom / before;
    this.x = at.x - (at.x - this.x) * ratio;
    this.y = at.y - (at.y - this.y) * ratio;
    this.draw();
  }

  fit() {
    this.zoom = 1;
    this.draw();
  }

  turn(quarters) {
    this.turns = (this.turns + quarters + 4) % 4;
    this.fit();
  }

  move(x, y) {
    this.x += x;
    this.y += y;
    this.draw();
  }

  spot(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  wheel(event) {
    event.preventDefault();
    this.scaleAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), this.spot(event));
  }

  press(event) {
    if (event.button) return;
    this.fingers.set(event.pointerId, this.spot(event));
    if (this.zoom > 1.01 || this.fingers.size > 1) this.stage.setPointerCapture(event.pointerId);
    this.stage.toggleAttribute("data-held", true);
  }

  drag(event) {
    const from = this.fingers.get(event.pointerId);
    if (!from) return;
    const to = this.spot(event);
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, to);
    if (other) {
      this.scaleAt(distance(to, other) / Math.max(distance(from, other), 1), { x: (to.x + other.x) / 2, y: (to.y + other.y) / 2 });
    } else if (this.zoom > 1.01) {
      this.move(to.x - from.x, to.y - from.y);
    }
  }

  release(event) {
    this.fingers.delete(event.pointerId);
    this.stage.toggleAttribute("data-held", this.fingers.size > 0);
  }
}

function inside(place, room) {
  return room >= 0 ? room / 2 : Math.min(Math.max(place, room), 0);
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function open(root) {
  const tabs = [...root.querySelectorAll("[role=tab]")];
  const panels = [...root.querySelectorAll("[role=tabpanel]")];
  const scale = root.querySelector("[data-scale]");
  const photos = panels.map((panel, place) => new Photo(panel, (zoom) => place === at && (scale.value = `${Math.round(zoom * 100)}%`)));
  let at = 0;

  function choose(place, focus) {
    at = (place + tabs.length) % tabs.length;
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === at));
      tab.tabIndex = i === at ? 0 : -1;
      panels[i].hidden = i !== at;
    });
    photos[at].show();
    tabs[at].scrollIntoView({ block: "nearest", inline: "nearest" });
    if (focus) tabs[at].focus();
  }

  const acts = {
    bigger: () => photos[at].scaleAt(ZOOM),
    smaller: () => photos[at].scaleAt(1 / ZOOM),
    fit: () => photos[at].fit(),
    left: () => photos[at].turn(-1),
    right: () => photos[at].turn(1),
    next: () => choose(at + 1),
    previous: () => choose(at - 1),
  };
  const keys = { "+": "bigger", ";": "bigger", "=": "bigger", "-": "smaller", "0": "fit", "[": "left", "]": "right", ".": "next", ",": "previous" };
  const arrows = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };

  tabs.forEach((tab, place) => {
    tab.removeAttribute("target");
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      choose(place);
    });
    tab.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight") choose(at + 1, true);
      else if (event.key === "ArrowLeft") choose(at - 1, true);
      else if (event.key === " ") choose(place);
      else return;
      event.preventDefault();
    });
  });
  root.querySelectorAll("[data-do]").forEach((button) => button.addEventListener("click", () => acts[button.dataset.do]()));
  panels.forEach((panel) => panel.querySelector(".stage").addEventListener("keydown", (event) => {
    const way = arrows[event.key];
    if (!way || photos[at].zoom <= 1.01) return;
    event.preventDefault();
    photos[at].move(...way);
  }));
  document.addEventListener("keydown", (event) => {
    const busy = event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog");
    if (busy || !keys[event.key]) return;
    event.preventDefault();
    acts[keys[event.key]]();
  });
  document.querySelectorAll("[data-shows]").forEach((link) => link.addEventListener("click", () => {
    const place = panels.findIndex((panel) => panel.dataset.kind === link.dataset.shows);
    if (place >= 0) choose(place);
  }));
  root.dataset.ready = "";
  choose(0);
}

document.querySelectorAll("[data-viewer]").forEach(open);
