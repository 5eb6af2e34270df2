/** チェックアウト: name, signature, place and time in one act — now, or from this phone's keeping when the network is back. */

import { BrowserLink, KEPT, KEPT_HERE, Locator, Outbox, clockWords } from "./visit.js";

const NO_NAME = "お名前を入力してください（例：田中 一郎）。";
const NO_INK = "枠の中に、指で名前を書いてください。";
const TOO_SMALL = "署名が小さすぎます。「書き直す」を押して、枠いっぱいに名前を書いてください。";
const NO_PLACE = "現在地を記録していません。署名はこの画面に残っています。位置なしで記録すると証跡はBになり、事務局が確認します。";
const WIDEST = 900;
const LONG_ENOUGH = 100;
const SPREAD = 50;

/** A sheet to draw on with a finger, a stylus or a mouse. Strokes are kept as points, so a turned phone redraws them. */
class Pad {
  constructor(canvas) {
    this.canvas = canvas;
    this.strokes = [];
    this.active = null;
    const on = (name, act) => canvas.addEventListener(name, act);
    on("pointerdown", (event) => this.begin(event));
    on("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => this.end(event));
    new ResizeObserver(() => this.fit()).observe(canvas);
    this.fit();
  }

  fit() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width) return;
    const sharp = Math.min(2, devicePixelRatio || 1, WIDEST / width);
    this.canvas.width = Math.round(width * sharp);
    this.canvas.height = Math.round(height * sharp);
    this.scale = this.canvas.width;
    this.redraw();
  }

  /** Points are shares of the width, so that they fit any size of the sheet. */
  point({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.width];
  }

  begin(event) {
    if (this.active !== null || (event.pointerType === "mouse" && event.button !== 0)) return;
    event.preventDefault();
    this.active = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.point(event)]);
    this.redraw();
  }

  move(event) {
    if (event.pointerId !== this.active) return;
    const between = event.getCoalescedEvents?.() ?? [];
    for (const one of between.length ? between : [event]) this.strokes.at(-1).push(this.point(one));
    this.redraw();
  }

  end(event) {
    if (event.pointerId !== this.active) return;
    this.active = null;
    this.canvas.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
  }

  clear() {
    this.strokes = [];
    this.active = null;
    this.redraw();
  }

  redraw() {
    const pen = this.canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    pen.strokeStyle = pen.fillStyle = "#111";
    pen.lineWidth = Math.max(2, this.scale / 130);
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of this.strokes) {
      pen.beginPath();
      stroke.forEach(([x, y], at) => pen[at ? "lineTo" : "moveTo"](x * this.scale, y * this.scale));
      if (stroke.length === 1) pen.lineTo(stroke[0][0] * this.scale + 0.1, stroke[0][1] * this.scale);
      pen.stroke();
    }
  }

  /** "" when it can be a signature, otherwise what is wrong with it. */
  fault() {
    if (!this.strokes.length) return NO_INK;
    const width = this.canvas.getBoundingClientRect().width;
    const points = this.strokes.flat();
    const spread = (axis) => (Math.max(...points.map((p) => p[axis])) - Math.min(...points.map((p) => p[axis]))) * width;
    const length = this.strokes.reduce((sum, stroke) => sum + lengthOf(stroke), 0) * width;
    return length < LONG_ENOUGH || Math.max(spread(0), spread(1)) < SPREAD ? TOO_SMALL : "";
  }

  picture() {
    return this.canvas.toDataURL("image/png");
  }
}

function lengthOf(stroke) {
  return stroke.slice(1).reduce((sum, [x, y], at) => sum + Math.hypot(x - stroke[at][0], y - stroke[at][1]), 0);
}

class CheckOut {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.browser = new BrowserLink(this.one("a[data-browser]"), this.words.browser);
    this.outbox = new Outbox();
    this.locator = new Locator(this.one("[data-locator]"));
    this.pad = new Pad(this.one("[data-pad]"));
    this.state = JSON.parse(this.one("[data-state]").textContent);
    this.on("[data-start]", "click", () => this.start());
    this.on("[data-placeless]", "click", () => this.start(true));
    this.on("[data-place-again]", "click", () => this.start());
    this.on("[data-clear]", "click", () => this.clear());
    this.on("[data-later]", "click", () => this.signing(false));
    this.on("[data-sign]", "click", () => this.signing(true));
    this.on("[data-resend]", "click", () => this.again());
    this.on("[data-sheet]", "submit", (event) => event.preventDefault());
    this.on("[data-pad]", "drawn", () => this.blame("signature", ""));
    for (const id of ["name", "minutes"]) this.on(`#${id}`, "input", () => this.blame(id, ""));
    root.addEventListener("located", ({ detail }) => detail !== "measuring" && this.browser.renew());
    this.tick();
    setInterval(() => this.tick(), 10_000);
    const waits = this.outbox.of(this.words.subject);
    if (waits && this.state.state === "before") this.kept(waits);
    this.again = this.outbox.watch((act, told) => this.told(act, told), { [this.words.subject]: this.words.record });
  }

  one(selector) {
    return this.root.querySelector(selector);
  }

  on(selector, name, act) {
    this.one(selector).addEventListener(name, act);
  }

  part(name) {
    for (const part of this.root.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== name;
    return this.one(`[data-part="${name}"]`);
  }

  /** The time so far, as the business sees it while it signs. */
  tick() {
    this.one("[data-now]").textContent = `${clockWords(Date.now())}（いま）`;
  }

  get later() {
    return this.one("[data-signing]").hidden;
  }

  signing(wanted) {
    this.one("[data-signing]").hidden = !wanted;
    this.one("[data-unsigned]").hidden = wanted;
    this.one("[data-start]").textContent = wanted ? "署名してチェックアウト" : "署名なしでチェックアウト";
    this.blame("name", "");
    this.blame("signature", "");
    this.summary("");
    if (wanted) this.pad.fit();
    (wanted ? this.one("#name") : this.one("[data-sign]")).focus();
  }

  clear() {
    this.pad.clear();
    this.blame("signature", "");
  }

  /** What is wrong with a field, at the field; the first one is told on top too. */
  blame(id, words) {
    this.one(`#${id}-fault`).textContent = words;
    const frame = id === "signature" ? this.one("[data-pad-frame]") : this.one(`#${id}`);
    if (id === "signature") frame.toggleAttribute("data-invalid", Boolean(words));
    else if (words) frame.setAttribute("aria-invalid", "true");
    else frame.removeAttribute("aria-invalid");
  }

  summary(words, id = "") {
    const box = this.one("[data-error]");
    const link = this.one("[data-error-link]");
    link.textContent = words;
    if (id) link.setAttribute("href", `#${id}`);
    else link.removeAttribute("href");
    box.hidden = !words;
    this.one("[data-no-place]").hidden = words !== NO_PLACE;
    if (words) box.focus();
    if (words) box.scrollIntoView({ block: "start" });
  }

  /** Whether the sheet can be sent; otherwise what is missing is said. */
  sound() {
    const minutes = Number(this.one("#minutes").value.normalize("NFKC").trim() || NaN);
    const right = Number.isInteger(minutes) && minutes >= 0 && minutes <= 720;
    const faults = [["minutes", right ? "" : "対象外時間は、0から720までの分で入力してください。"]];
    if (!this.later) {
      faults.push(["name", this.one("#name").value.trim() ? "" : NO_NAME]);
      faults.push(["signature", this.pad.fault()]);
    }
    for (const [id, words] of faults) this.blame(id, words);
    const first = faults.find(([, words]) => words);
    this.summary(first?.[1] ?? "", first?.[0]);
    return !first;
  }

  sheet() {
    const minutes = this.one("#minutes").value.normalize("NFKC").trim();
    if (this.later) return { minutes, later: true };
    return { minutes, name: this.one("#name").value, signature: this.pad.picture() };
  }

  /** A second tap while the first is being worked on does nothing. */
  async start(placeless = false) {
    if (this.busy || !this.sound()) return;
    this.busy = true;
    this.one("[data-sheet]").hidden = this.one("[data-bar]").hidden = !placeless;
    const fix = placeless ? {} : await this.locator.find();
    this.one("[data-sheet]").hidden = this.one("[data-bar]").hidden = false;
    this.pad.fit();
    if (fix) await this.record(fix);
    else this.summary(NO_PLACE);
    this.busy = false;
  }

  async record(fix) {
    const { subject, record, label } = this.words;
    const act = this.outbox.keep({ subject, url: record, label, body: { ...fix, ...this.sheet() } });
    this.part("sending");
    this.told(act, await this.outbox.send(act, record));
  }

  told(act, { state, answer }) {
    if (act.subject !== this.words.subject) return;
    if (state === "sent") return this.recorded(answer);
    if (state === "kept" || state === "closed") return this.kept(act, state === "closed" ? answer.error : "");
    if (answer.state === "out") return this.recorded(answer, answer.error);
    this.part("before");
    this.pad.fit();
    const words = answer.error || "記録できませんでした。LINEの「チェックアウト」からやり直してください。";
    if (answer.field) this.blame(answer.field, words);
    this.summary(words, answer.field);
  }

  kept(act, error = "") {
    const shown = this.part("kept");
    this.one("[data-kept-at]").textContent = clockWords(act.at);
    this.one("[data-kept-words]").textContent = this.outbox.lasts ? KEPT : KEPT_HERE;
    const note = this.one("[data-kept-note]");
    note.hidden = !error;
    note.textContent = error;
    if (this.shownKept !== act.nonce) shown.focus();
    this.shownKept = act.nonce;
  }

  recorded(answer, error = "") {
    this.state = answer;
    const shown = this.part("out");
    this.one("[data-title]").textContent = answer.title;
    const said = this.one("[data-said]");
    said.textContent = error;
    said.hidden = !error;
    const made = (name, words, className = "") => Object.assign(document.createElement(name), { textContent: words, className });
    const rows = answer.facts.map(([name, value, tone]) => {
      const row = document.createElement("div");
      row.append(made("dt", name), made("dd", value, `tone-${tone}`));
      return row;
    });
    this.one("[data-facts]").replaceChildren(...rows);
    this.one("[data-notes]").replaceChildren(...answer.notes.map((words) => made("li", words)));
    this.one("[data-qr]").hidden = !answer.qr;
    if (answer.qr) this.one("[data-qr-image]").src = answer.qr;
    shown.focus();
    scrollTo(0, 0);
  }
}

const root = document.querySelector("[data-check-out]");
if (root) new CheckOut(root);
