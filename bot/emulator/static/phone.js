/** One phone: its frame, its friend state, its talk. */

import { get, post, toast } from "./api.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { clock, el, icon } from "./dom.js";
import { RichMenu } from "./richmenu.js";
import { openScanner } from "./scanner.js";
import { labelled, mainButton, openMenu, openSheet } from "./sheet.js";

/** So many of the last messages are asked for again, to see what was unsent meanwhile. */
const LOOK_BACK = 40;

/** A phone on the page; changed(phone or null, id of a new phone) is called when something to show may have changed. */
export class Phone {
  constructor(info, official, changed) {
    Object.assign(this, { id: info.user_id, info, official, changed, messages: [], seen: null });
    this.path = `/phones/${encodeURIComponent(info.user_id)}`;
    this.menu = new RichMenu(this);
    this.composer = new Composer(this);
    this.chat = new Chat(this);
    this.build();
    this.update(info);
  }

  /** "①" of "① 新しい専門家", else the name. */
  get mark() {
    return /^[①-⑳]/.exec(this.info.caption ?? "")?.[0] ?? `「${this.info.name}」`;
  }

  build() {
    const id = `caption-${this.id}`;
    this.caption = el("h2", { id });
    this.hint = el("span");
    this.time = el("span", { text: clock(new Date()) });
    const status = el("div", { class: "status", "aria-hidden": "true" }, this.time, el("i", { class: "island" }), el("i", { class: "battery" }));
    const more = el("button", { type: "button", class: "round", "aria-label": "この電話の操作", on: { click: () => this.openMore() } }, icon("more"));
    const head = el("div", { class: "head" },
      el("span", { class: "avatar", "aria-hidden": "true", text: "119" }),
      el("div", { class: "head-name" }, el("strong", { text: this.official.name }), el("small", { text: "公式アカウント" })), more);
    this.friendScreen = el("div", { class: "friend" });
    this.talk = el("div", { class: "talk" },
      el("div", { class: "log-frame" }, this.chat.node, this.chat.newer), this.composer.node, this.menu.node);
    this.screen = el("div", { class: "screen" }, status, head, this.friendScreen, this.talk);
    this.node = el("section", { class: "phone", "aria-labelledby": id, "data-user": this.id },
      el("div", { class: "caption" }, this.caption,
        el("p", { class: "next" }, el("b", { text: "次にすること" }), this.hint)),
      el("div", { class: "frame" }, this.screen));
  }

  update(info) {
    this.info = info;
    this.caption.textContent = info.caption || info.name;
    const open = info.friend && !info.blocked;
    this.talk.hidden = !open;
    this.friendScreen.hidden = open;
    const kind = open ? "" : info.blocked ? "blocked" : "new";
    if (kind !== this.kind) this.friendScreen.replaceChildren(...(kind ? this.invite(kind) : []));
    this.kind = kind;
    this.menu.show(info.rich_menu);
    this.time.textContent = clock(new Date());
  }

  invite(kind) {
    const big = (text, run) => el("button", { type: "button", class: "main", text, on: { click: run } });
    const top = [el("span", { class: "avatar large", "aria-hidden": "true", text: "119" }),
      el("strong", { text: this.official.name }), el("small", { text: this.official.id })];
    if (kind === "blocked") {
      return [...top, el("p", { text: "このアカウントをブロックしています。メッセージは届きません。" }),
        big("ブロック解除", () => this.post("/unblock"))];
    }
    const scan = el("button", { type: "button", class: "second", on: { click: () => openScanner(this) } }, icon("qr"), "QRを読む");
    return [...top, el("p", { text: "専門家の登録・派遣の連絡を、このトークで行います。" }),
      big("友だち追加", () => this.post("/follow")), scan,
      el("p", { class: "fine", text: "招待のQRコードを受け取っているときは「QRを読む」" })];
  }

  /** POST below this phone's path, then looks what came of it. */
  async post(path, body = {}) {
    const answer = await post(this.path + path, body);
    if (answer) await this.changed(this);
    return answer;
  }

  say(text) {
    this.chat.toEnd();
    return this.post("/text", { text });
  }

  act(action, params = null) {
    this.chat.toEnd();
    return this.post("/action", { action, params });
  }

  async unsend(id) {
    if (await this.post("/unsend", { message_id: id })) this.refresh();
  }

  /** Makes the account a friend if it is not one. */
  async join() {
    if (this.info.blocked) await this.post("/unblock");
    else if (!this.info.friend) await this.post("/follow");
  }

  /** Asks the server for what is new in the talk. */
  async refresh() {
    const after = Math.max(0, (this.messages.at(-LOOK_BACK)?.seq ?? 0) - 1);
    const answer = await get(`${this.path}/messages?after=${after}`);
    if (!answer) return;
    const byId = new Map(this.messages.map((one) => [one.id, one]));
    for (const one of answer.messages) byId.set(one.id, one);
    this.messages = [...byId.values()].sort((a, b) => a.seq - b.seq);
    this.chat.show(this.messages);
    const last = this.messages.at(-1);
    this.composer.offer(last);
    this.chat.loading(answer.loading_until);
    this.seen ??= (last?.seq ?? 0) - (this.info.unread ?? 0);
  }

  /** How many messages came since the phone was last looked at. */
  unread() {
    return this.messages.filter((one) => one.from === "bot" && one.seq > (this.seen ?? 0)).length;
  }

  look() {
    this.seen = this.messages.at(-1)?.seq ?? this.seen;
  }

  openMore() {
    const { friend, blocked } = this.info;
    const items = [
      friend && !blocked && ["block", "ブロック", () => this.post("/block"), "メッセージが届かなくなります"],
      blocked && ["check", "ブロック解除", () => this.post("/unblock")],
      friend && ["again", "同じイベントをもう一度送る", () => this.redeliver(), "再送されても二重に動かないことを確かめます"],
      ["bolt", "通信エラーを起こす", () => this.fail(), "次の返信を1回だけ500エラーにします"],
      ["phone", "新しい電話", () => this.another(), "別の人としてもう1台増やします"],
    ];
    openMenu(this.screen, "この電話の操作", items.filter(Boolean));
  }

  async redeliver() {
    if (await this.post("/redeliver-last")) toast("最後のイベントをもう一度送りました。");
  }

  async fail() {
    if (await post("/faults", { path: "/v2/bot/message/reply", status: 500, times: 1 })) {
      toast("次の返信は1回だけ500エラーになります。");
    }
  }

  another() {
    openSheet(this.screen, "新しい電話", (close) => {
      const [label, input] = labelled("持ち主の名前", { type: "text", required: true, maxlength: "20", placeholder: "例：佐藤 花子" });
      const make = async (event) => {
        event.preventDefault();
        close();
        const made = await post("/phones", { name: input.value.trim() });
        if (made) this.changed(null, made.user_id);
      };
      return el("form", { class: "sheet-form", on: { submit: make } }, label, mainButton("電話を増やす"));
    });
  }
}
