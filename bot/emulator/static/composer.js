/** The line at the foot of a phone: text, photos, the ＋ menu, and the quick replies above it. */

import { actionElement } from "./actions.js";
import { upload } from "./api.js";
import { el, icon } from "./dom.js";
import { openLocation } from "./location.js";
import { openPhotos } from "./photos.js";
import { openScanner } from "./scanner.js";
import { openMenu, openSheet } from "./sheet.js";

const STICKERS = [["1988", "了解です"], ["1989", "ありがとうございます"], ["1990", "OK!"]];

/** What a person writes and sends with. */
export class Composer {
  constructor(phone) {
    this.phone = phone;
    this.input = el("textarea", { rows: "1", "aria-label": "メッセージを入力", placeholder: "メッセージを入力" });
    this.input.addEventListener("input", () => this.grow());
    this.input.addEventListener("focus", () => phone.menu.open(false));
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    const round = (name, label, run) =>
      el("button", { type: "button", class: "round", "aria-label": label, on: { click: run } }, icon(name));
    const form = el("form", { class: "composer", on: { submit: (event) => { event.preventDefault(); this.send(); } } },
      round("plus", "ほかに送れるもの", () => this.more()),
      round("camera", "写真を送る", () => openPhotos(phone)),
      this.input,
      el("button", { type: "submit", class: "round send", "aria-label": "送信" }, icon("send")));
    this.quick = el("div", { class: "quick", role: "group", "aria-label": "返信の候補", hidden: true });
    this.node = el("div", { class: "foot" }, this.quick, form);
  }

  /** Puts words into the input field, ready to be sent. */
  fill(words) {
    this.input.value = words;
    this.grow();
    this.input.focus();
  }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, 104)}px`;
  }

  async send() {
    const text = this.input.value;
    if (!text.trim()) return;
    this.input.value = "";
    this.grow();
    const sent = await this.phone.say(text);
    if (!sent && !this.input.value) this.fill(text);
  }

  /** Shows the quick replies of the last message; they go once one of them is tapped. */
  offer(message) {
    const items = message?.from === "bot" && !message.unsent ? message.message.quickReply?.items ?? [] : [];
    const key = items.length && message.seq !== this.answered ? message.seq : null;
    if (key === this.offered) return;
    this.offered = key;
    this.quick.hidden = key === null;
    this.quick.replaceChildren(...(key === null ? [] : items.map((item) => this.choice(message.seq, item))));
    this.quick.scrollLeft = 0;
  }

  choice(seq, { action, imageUrl }) {
    const keeps = ["datetimepicker", "camera", "cameraRoll", "location", "uri"].includes(action.type);
    const button = actionElement(this.phone, action, "chip", () => {
      if (keeps) return;
      this.answered = seq;
      this.offered = null;
      this.quick.hidden = true;
      this.quick.replaceChildren();
      this.phone.chat.node.focus({ preventScroll: true });
    });
    if (imageUrl) button.append(el("img", { src: imageUrl, alt: "" }));
    button.append(action.label ?? "");
    return button;
  }

  more() {
    openMenu(this.phone.screen, "送るものを選ぶ", [
      ["photo", "写真", () => openPhotos(this.phone), "見本の写真もあります"],
      ["file", "ファイル", () => this.sendFile()],
      ["pin", "位置情報", () => openLocation(this.phone)],
      ["smile", "スタンプ", () => this.stickers()],
      ["qr", "QRを読む", () => openScanner(this.phone), "招待コードやリンクを読み取ります"],
    ]);
  }

  sendFile() {
    const input = el("input", { type: "file" });
    input.addEventListener("change", async () => {
      if (!input.files.length) return;
      await upload(`${this.phone.path}/file`, "file", [input.files[0]]);
      this.phone.refresh();
    });
    input.click();
  }

  stickers() {
    openSheet(this.phone.screen, "スタンプを送る", (close) => el("div", { class: "stamps" },
      STICKERS.map(([id, words]) => el("button", {
        type: "button", class: "stamp", "aria-label": `スタンプ「${words}」`,
        on: { click: () => { close(); this.phone.post("/sticker", { package_id: "789", sticker_id: id }); } },
      }, el("span", { text: words })))));
  }
}
