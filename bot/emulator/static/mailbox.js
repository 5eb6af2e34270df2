/** The mailbox: what the service sent by mail, in a drawer beside the phones. */

import { get } from "./api.js";
import { clock, day, el, icon, linkify, linkTo } from "./dom.js";

const READ = "chusho119-mails-read";

function readIds() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(READ) ?? "[]"));
  } catch {
    return new Set();
  }
}

/** The drawer, its button and the dot on it. */
export class Mailbox {
  constructor() {
    this.mails = [];
    this.read = readIds();
    this.shown = null;
    this.button = document.getElementById("mail-button");
    this.dot = document.getElementById("mail-dot");
    this.list = el("div", { class: "mail-list" });
    this.pane = el("article", { class: "mail-pane", tabindex: "-1", "aria-live": "polite" });
    const close = el("button", { type: "button", class: "sheet-close", "aria-label": "閉じる", on: { click: () => this.dialog.close() } }, icon("close"));
    this.dialog = el("dialog", { class: "drawer", "aria-labelledby": "mail-title" },
      el("div", { class: "sheet-head" }, el("h2", { id: "mail-title", text: "メール" }),
        el("p", { class: "sheet-note", text: "この環境から送られたメールは、外に出ずここに届きます。" }), close),
      el("div", { class: "mail-body" }, this.list, this.pane));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    document.body.append(this.dialog);
    this.button.addEventListener("click", () => this.open());
  }

  open() {
    this.dialog.showModal();
    this.refresh();
  }

  /** Asks for the mails; the newest comes first. */
  async refresh() {
    const answer = await get("/mails");
    if (!answer) return;
    this.mails = [...answer.mails].sort((a, b) => new Date(b.at) - new Date(a.at));
    this.dot.hidden = !this.mails.some((mail) => !this.read.has(mail.id));
    const key = JSON.stringify([this.mails.map((mail) => mail.id), [...this.read], this.shown]);
    if (key === this.key) return;
    this.key = key;
    this.draw();
  }

  draw() {
    if (!this.mails.length) {
      this.list.replaceChildren(el("div", { class: "empty" }, icon("mail"), el("strong", { text: "メールはまだありません" }),
        el("p", { text: "事業者への署名のお願いや、事務局への知らせなど、LINEを使わない人に宛てたものがここに届きます。" })));
    } else {
      this.list.replaceChildren(...this.mails.map((mail) => this.item(mail)));
    }
    this.dialog.classList.toggle("reading", this.shown !== null);
    if (this.shown === null) {
      this.pane.replaceChildren(this.mails.length ? el("p", { class: "empty", text: "左の一覧からメールを選んでください。" }) : "");
    }
  }

  item(mail) {
    const at = new Date(mail.at);
    const unread = !this.read.has(mail.id);
    return el("button", {
      type: "button", class: `mail ${unread ? "unread" : ""}`, "aria-current": String(mail.id === this.shown),
      on: { click: () => this.show(mail.id) },
    },
    el("span", { class: "mail-top" }, el("span", { text: mail.to }), el("time", { datetime: mail.at, text: `${day(at)} ${clock(at)}` })),
    el("strong", {}, unread ? el("span", { class: "sr", text: "未読：" }) : null, mail.subject),
    el("span", { class: "mail-preview", text: mail.preview }));
  }

  async show(id) {
    const mail = await get(`/mails/${encodeURIComponent(id)}`, false);
    if (!mail) return;
    this.shown = id;
    this.read.add(id);
    sessionStorage.setItem(READ, JSON.stringify([...this.read]));
    const at = new Date(mail.at);
    const back = el("button", { type: "button", class: "back", on: { click: () => this.back() } }, icon("back"), "一覧へもどる");
    const links = [...new Set(mail.links ?? [])];
    this.pane.replaceChildren(back, el("h3", { text: mail.subject }),
      el("p", { class: "mail-to", text: `宛先：${mail.to}　${day(at)} ${clock(at)}` }),
      el("div", { class: "mail-text" }, linkify(mail.text ?? "")),
      links.length ? el("div", { class: "mail-links" }, el("h4", { text: "このメールのリンク" }),
        links.map((url) => linkTo(url, url))) : "");
    this.pane.focus({ preventScroll: true });
    this.key = null;
    this.refresh();
  }

  back() {
    this.shown = null;
    this.key = null;
    this.refresh();
  }
}
