/** The talk: bubbles, day marks, read marks, the loading dots. */

import { linkHandler } from "./actions.js";
import { clock, day, el, icon, linkify } from "./dom.js";
import { flex } from "./flex.js";
import { openMenu } from "./sheet.js";

const STICKERS = { 1988: "了解です", 1989: "ありがとう\nございます", 1990: "OK!" };
const NEAR = 80;

/** The scrolling list of one phone's messages. */
export class Chat {
  constructor(phone) {
    this.phone = phone;
    this.rows = new Map();
    this.sticks = true;
    this.top = 0;
    this.list = el("div", { class: "rows", role: "log", "aria-live": "polite", "aria-label": "トーク" });
    this.empty = el("p", { class: "quiet", text: "まだメッセージはありません。下のメニューや入力欄を使うと、ここに返事が届きます。" });
    this.dots = el("div", { class: "row bot loading", hidden: true, role: "img", "aria-label": "入力中" },
      el("span", { class: "avatar", "aria-hidden": "true", text: "119" }),
      el("div", { class: "bubble dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")));
    this.node = el("div", { class: "log", tabindex: "0" }, this.empty, this.list, this.dots);
    this.newer = el("button", { type: "button", class: "newer", hidden: true, on: { click: () => this.toEnd() } },
      "新しいメッセージ", icon("down"));
    this.node.addEventListener("scroll", () => this.scrolled(), { passive: true });
    const sizes = new ResizeObserver(() => this.sticks && this.toEnd());
    sizes.observe(this.node);
    sizes.observe(this.list);
  }

  /** Only a person's own scrolling up lets go of the end: a picture that loads later must not. */
  scrolled() {
    const near = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < NEAR;
    if (near) this.sticks = true;
    else if (this.node.scrollTop < this.top) this.sticks = false;
    this.top = this.node.scrollTop;
    if (this.sticks) this.newer.hidden = true;
  }

  toEnd() {
    this.sticks = true;
    this.newer.hidden = true;
    this.node.scrollTop = this.node.scrollHeight;
  }

  /** Shows the messages (all of them, oldest first); draws only those that are new or changed. */
  show(messages) {
    const readUpTo = messages.findLast((one) => one.from === "bot")?.seq ?? 0;
    this.empty.hidden = messages.length > 0;
    let added = false;
    let last = null;
    messages.forEach((one, i) => {
      const key = `${one.unsent}${JSON.stringify(one.message)}`;
      let row = this.rows.get(one.id);
      if (row?.key !== key) {
        const node = this.row(one);
        if (row) row.node.replaceWith(node);
        added ||= !row;
        if (!row && one.from === "user") this.sticks = true;
        row = { key, node };
        this.rows.set(one.id, row);
        this.insert(node, last, one, messages[i - 1]);
      }
      row.node.classList.toggle("read", one.from === "user" && one.seq < readUpTo);
      row.node.classList.toggle("follows", messages[i - 1]?.from === one.from);
      last = row.node;
    });
    if (added && this.sticks) requestAnimationFrame(() => this.toEnd());
    else if (added) this.newer.hidden = false;
  }

  insert(node, last, one, before) {
    if (node.isConnected) return;
    const at = new Date(one.at);
    if (!before || day(new Date(before.at)) !== day(at)) {
      const mark = el("p", { class: "day", text: day(at) });
      last ? last.after(mark) : this.list.prepend(mark);
      last = mark;
    }
    last.after(node);
  }

  /** Shows the three dots until the time given (ISO) or nothing when null. */
  loading(until) {
    clearTimeout(this.timer);
    const left = until ? new Date(until) - Date.now() : 0;
    this.dots.hidden = left <= 0;
    if (left <= 0) return;
    this.timer = setTimeout(() => { this.dots.hidden = true; }, left);
    if (this.sticks) this.toEnd();
  }

  row(one) {
    if (one.unsent) {
      const who = one.from === "user" ? "メッセージの送信を取り消しました" : "メッセージが取り消されました";
      return el("p", { class: "notice", "data-message": one.id, text: who });
    }
    const mine = one.from === "user";
    const at = new Date(one.at);
    const meta = el("div", { class: "meta" },
      mine ? el("span", { class: "seen", text: "既読" }) : null,
      el("time", { datetime: at.toISOString(), text: clock(at) }));
    const row = el("div", { class: `row ${mine ? "me" : "bot"} ${one.message.type}`, "data-message": one.id },
      mine ? null : el("span", { class: "avatar", "aria-hidden": "true", text: "119" }),
      el("span", { class: "sr", text: mine ? "自分：" : "公式アカウント：" }),
      this.content(one), meta);
    if (mine) this.unsendable(row, meta, one);
    return row;
  }

  content(one) {
    const message = one.message;
    const draw = { text: plain, image: picture, flex: card, sticker, location: place }[message.type] ?? other;
    return draw(this.phone, message, one);
  }

  unsendable(row, meta, one) {
    const ask = () => openMenu(this.phone.screen, "このメッセージ", [
      ["undo", "送信取消", () => this.phone.unsend(one.id), "相手の画面からも消えます"],
    ]);
    meta.prepend(el("button", { type: "button", class: "own", "aria-label": "このメッセージの操作", on: { click: ask } }, icon("more")));
    row.addEventListener("contextmenu", (event) => { event.preventDefault(); ask(); });
  }
}

function plain(phone, message) {
  return el("div", { class: "bubble" }, linkify(message.text ?? "", linkHandler(phone)));
}

function picture(_phone, message, one) {
  const own = one.from === "user";
  const full = own ? `/phones/api/content/${encodeURIComponent(one.id)}` : message.originalContentUrl;
  const alt = own ? "送った写真" : "受け取った画像";
  const image = el("img", { src: own ? full : message.previewImageUrl ?? full, alt });
  image.addEventListener("error", () => image.replaceWith(el("span", { class: "broken", text: "表示できない写真です" })));
  return el("a", { class: "picture", href: full, target: "_blank", rel: "noopener" }, image);
}

function card(phone, message) {
  const node = el("div", { class: "card", role: "group", "aria-label": message.altText ?? "カード" });
  try {
    node.append(flex(phone, message.contents));
  } catch {
    node.append(el("div", { class: "bubble", text: message.altText ?? "" }));
  }
  return node;
}

function sticker(_phone, message) {
  return el("div", { class: "stamp" }, el("span", { text: STICKERS[message.stickerId] ?? "スタンプ" }));
}

function place(_phone, message) {
  const map = el("div", { class: "map", "aria-hidden": "true" }, icon("pin"));
  return el("div", { class: "bubble place" }, map,
    el("strong", { text: message.title || "位置情報" }), el("span", { text: message.address ?? "" }),
    el("small", { text: `${Number(message.latitude).toFixed(4)}, ${Number(message.longitude).toFixed(4)}` }));
}

function other(_phone, message) {
  if (message.type === "file") {
    return el("div", { class: "bubble document" }, icon("file"), el("span", { text: message.fileName ?? "ファイル" }));
  }
  const names = { audio: "ボイスメッセージ", video: "動画", template: message.altText, imagemap: message.altText };
  return el("div", { class: "bubble", text: names[message.type] ?? message.altText ?? `（${message.type}）` });
}
