/** Reading an invitation: the QR codes the other phones show, or a code or link typed in. */

import { openInLine, prefillOf } from "./actions.js";
import { toast } from "./api.js";
import { el, icon } from "./dom.js";
import { labelled, openSheet } from "./sheet.js";

const CODE = /(?<![0-9A-Z-])([0-9A-Z]{4}-[0-9A-Z]{4})(?![0-9A-Z-])/g;
const others = new Set();

/** Tells the scanner of a phone whose codes it may read. */
export const register = (phone) => others.add(phone);

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function strings(value) {
  if (typeof value === "string") return [value];
  if (value && typeof value === "object") return Object.values(value).flatMap(strings);
  return [];
}

/** A code that a sentence names as an example is nobody's invitation. */
const EXAMPLE = /（例：[^）]*）/g;

/** The invitation codes in a message, in the order in which they appear. */
export function codesIn(message) {
  const found = strings(message).flatMap((text) => [...decoded(text).replace(EXAMPLE, "").matchAll(CODE)].map((hit) => hit[1]));
  return [...new Set(found)].filter((code) => /[A-Z]/.test(code));
}

/** The codes the official account showed on this phone, the newest first. */
export function codesOn(phone) {
  const shown = phone.messages.filter((one) => one.from === "bot" && !one.unsent);
  return [...new Set(shown.reverse().flatMap((one) => codesIn(one.message)))];
}

/** Codes on the other phones: [{phone, code}], and none that somebody has sent already, for each is used once. */
export function codesFor(phone) {
  const said = [...others].flatMap((other) => other.messages.filter((one) => one.from === "user"));
  const sent = said.flatMap((one) => codesIn(one.message));
  return [...others].filter((other) => other !== phone).flatMap((other) => codesOn(other).map((code) => ({ phone: other, code })))
    .filter(({ code }) => !sent.includes(code));
}

async function read(phone, words) {
  const text = words.trim();
  if (prefillOf(text) !== null) return openInLine(phone, text);
  const code = codesIn({ text: text.normalize("NFKC").toUpperCase() })[0];
  await phone.join();
  if (code) phone.composer.fill(`招待コード ${code}`);
  else if (/^https?:/i.test(text)) open(text, "_blank", "noopener");
  else toast("招待コードの形（例：K7QX-3M9T）ではありません。確かめてもう一度読み取ってください。", "error");
}

/** Opens the reader: adds the account as a friend if needed, then puts the code into the input field. */
export function openScanner(phone) {
  openSheet(phone.screen, "QRを読む", (close) => {
    const take = (words) => { close(); read(phone, words); };
    const found = codesFor(phone).slice(0, 6);
    const buttons = found.map(({ phone: other, code }) =>
      el("button", { type: "button", class: "sheet-item", on: { click: () => take(code) } }, icon("qr"),
        el("span", {}, `電話${other.mark}の招待コード ${code} を読み取る`)));
    const [label, input] = labelled("招待コードまたはリンク", { type: "text", required: true, autocomplete: "off", placeholder: "例：K7QX-3M9T" });
    const typed = el("form", { class: "sheet-form", on: { submit: (event) => { event.preventDefault(); take(input.value); } } },
      label, el("button", { type: "submit", class: "second", text: "読み取る" }));
    const none = el("p", { class: "sheet-note",
      text: "ほかの電話に招待コードはまだ出ていません。支援機関の担当者の電話で、メニューの「専門家を招待」を押すと出ます。" });
    return [el("h3", { text: "ほかの電話に出ているQR" }), ...(found.length ? buttons : [none]), el("h3", { text: "自分で入力する" }), typed];
  });
}
