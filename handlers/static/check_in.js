/** GPSでチェックイン: one tap, the place, the record — now, or from this phone's keeping when the network is back. */

import { BrowserLink, KEPT, KEPT_HERE, Locator, Outbox, clockWords, post } from "./visit.js";

const TITLES = { new: "チェックインしました", in: "チェックイン済みです", out: "チェックアウト済みです" };

class CheckIn {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.outbox = new Outbox();
    this.locator = new Locator(this.one("[data-locator]"));
    this.browser = new BrowserLink(this.one("a[data-browser]"), this.words.browser);
    this.on("[data-start]", () => this.start());
    this.on("[data-resend]", () => this.again());
    this.on("[data-undo-ask]", () => this.sure(true));
    this.on("[data-undo-no]", () => this.sure(false));
    this.on("[data-undo-yes]", () => this.undo());
    root.addEventListener("located", ({ detail }) => detail !== "measuring" && this.browser.renew());
    this.state = JSON.parse(this.one("[data-state]").textContent);
    this.expireUndo();
    const waits = this.outbox.of(this.words.subject);
    if (waits && this.state.state === "before") this.kept(waits);
    this.again = this.outbox.watch((act, told) => this.told(act, told), { [this.words.subject]: this.words.record });
  }

  one(selector) {
    return this.root.querySelector(selector);
  }

  on(selector, act) {
    this.one(selector).addEventListener("click", act);
  }

  part(name) {
    for (const part of this.root.querySelectorAll("[data-part]")) part.hidden = part.dataset.part !== name;
    return this.one(`[data-part="${name}"]`);
  }

  /** A second tap while the first is being worked on does nothing. */
  async start() {
    if (this.busy) return;
    this.busy = true;
    this.blame("");
    this.undone("");
    this.one("[data-bar]").hidden = this.one("[data-intro]").hidden = true;
    const fix = await this.locator.find();
    this.one("[data-bar]").hidden = this.one("[data-intro]").hidden = false;
    if (fix) await this.record(fix);
    else this.one("[data-start]").focus();
    this.busy = false;
  }

  async record(fix) {
    const { subject, record, label } = this.words;
    const act = this.outbox.keep({ subject, url: record, label, body: fix });
    this.part("sending");
    this.told(act, await this.outbox.send(act, record));
  }

  told(act, { state, answer }) {
    if (act.subject !== this.words.subject) return;
    if (state === "sent") return this.recorded(answer, TITLES.new);
    if (state === "kept" || state === "closed") return this.kept(act, state === "closed" ? answer.error : "");
    if (answer.state && answer.state !== "before") return this.recorded(answer, TITLES[answer.state], answer.error);
    this.part("before");
    this.blame(answer.error || "記録できませんでした。LINEの「チェックイン」からやり直してください。");
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

  recorded(answer, title, error = "") {
    this.state = answer;
    const shown = this.part("in");
    this.one("[data-title]").textContent = title;
    this.fill(shown, answer);
    this.say(shown, error);
    this.one("[data-after]").hidden = answer.state === "out";
    this.sure(false);
    this.expireUndo();
    shown.focus();
  }

  fill(shown, { facts, note, hint }) {
    const rows = facts.map(([name, value, tone]) => {
      const row = document.createElement("div");
      row.append(Object.assign(document.createElement("dt"), { textContent: name }));
      row.append(Object.assign(document.createElement("dd"), { textContent: value, className: `tone-${tone}` }));
      return row;
    });
    this.one("[data-facts]").replaceChildren(...rows);
    this.one("[data-hint]").textContent = hint;
    for (const box of this.root.querySelectorAll("[data-note]")) {
      box.textContent = note;
      box.hidden = !note;
    }
  }

  say(shown, words) {
    const said = shown.querySelector("[data-said]");
    said.textContent = words;
    said.hidden = !words;
  }

  blame(words) {
    const error = this.one("[data-error]");
    error.textContent = words;
    error.hidden = !words;
    if (words) error.focus();
  }

  /** The way back is offered for as long as there is one. */
  expireUndo() {
    clearTimeout(this.ending);
    const left = this.state.undo?.left ?? 0;
    this.one("[data-undo-part]").hidden = left <= 0;
    if (left > 0) this.ending = setTimeout(() => (this.one("[data-undo-part]").hidden = true), left * 1000);
  }

  sure(asking) {
    this.one("[data-undo-sure]").hidden = !asking;
    this.one("[data-undo-ask]").hidden = asking;
    this.one("[data-undo-fault]").textContent = "";
    if (asking) this.one("[data-undo-no]").focus();
  }

  async undo() {
    if (this.busy) return;
    this.busy = true;
    const response = await post(this.words.undo, { seq: this.state.undo.seq });
    const answer = (await response?.json().catch(() => null)) ?? {};
    this.busy = false;
    if (!response?.ok) {
      this.one("[data-undo-fault]").textContent = answer.error || "取り消せませんでした。電波を確かめて、もう一度押してください。";
      return;
    }
    this.state = answer;
    this.fill(this.root, answer);
    this.sure(false);
    this.part("before");
    this.undone(answer.said);
  }

  undone(words) {
    const said = this.one("[data-undone]");
    said.textContent = words;
    said.hidden = !words;
    if (words) said.focus();
  }
}

const root = document.querySelector("[data-check-in]");
if (root) new CheckIn(root);
