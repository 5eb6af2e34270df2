/** What a LINE action object does when it is tapped. */

import { toast } from "./api.js";
import { el } from "./dom.js";
import { pickDate } from "./datepicker.js";
import { openLocation } from "./location.js";
import { openPhotos } from "./photos.js";

const PREFILL = /^https:\/\/line\.me\/R\/oaMessage\/[^/?]*\/?\?(.+)$/i;
const ADD_FRIEND = /^https:\/\/line\.me\/R\/ti\/p\//i;

/** The words an oaMessage link would put into the input field, or null for any other address. */
export function prefillOf(uri) {
  const found = PREFILL.exec(uri);
  if (!found) return null;
  try {
    return decodeURIComponent(found[1].replace(/\+/g, "%20"));
  } catch {
    return found[1];
  }
}

/** Follows an address as LINE would; true when it was handled here and no page is to be opened. */
export async function openInLine(phone, uri) {
  const words = prefillOf(uri);
  if (words !== null) {
    await phone.join();
    phone.composer.fill(words);
  } else if (ADD_FRIEND.test(uri)) {
    await phone.join();
  } else if (uri.startsWith("tel:")) {
    toast(`電話をかける番号です：${uri.slice(4)}`);
  } else if (!/^https?:/i.test(uri)) {
    toast("このリンクは実物のLINEでだけ開けます。");
  } else {
    return false;
  }
  return true;
}

const handledHere = (uri) => PREFILL.test(uri) || ADD_FRIEND.test(uri) || !/^https?:/i.test(uri);

/** For a link in a bubble: keeps LINE's own links inside the phone. */
export const linkHandler = (phone) => (uri, event) => {
  if (!handledHere(uri)) return;
  event.preventDefault();
  openInLine(phone, uri);
};

/** What a screen reader calls the action. */
export const nameOf = (action) =>
  action.label || action.displayText || action.text || action.uri || action.data || "ボタン";

/** A button — or a link, for a web address — that performs the action; then runs `after`. */
export function actionElement(phone, action, className, after = () => {}) {
  if (action.type === "uri" && !handledHere(action.uri)) {
    return el("a", { class: className, href: action.uri, target: "_blank", rel: "noopener", on: { click: after } });
  }
  return el("button", { type: "button", class: className, on: { click: () => { perform(phone, action); after(); } } });
}

/** Does what the action says, on behalf of this phone. */
export function perform(phone, action) {
  switch (action.type) {
    case "postback": return sendPostback(phone, action);
    case "message": return phone.act(action);
    case "richmenuswitch": return phone.act(action);
    case "uri": return openInLine(phone, action.uri).then((done) => done || open(action.uri, "_blank", "noopener"));
    case "datetimepicker": return pickDate(phone, action);
    case "camera":
    case "cameraRoll": return openPhotos(phone);
    case "location": return openLocation(phone);
    case "clipboard": return copy(action.clipboardText);
    default: return toast(`この操作（${action.type}）はこの画面にはありません。`, "error");
  }
}

function sendPostback(phone, action) {
  if (action.inputOption === "openKeyboard") phone.composer.fill(action.fillInText ?? "");
  if (action.inputOption === "closeRichMenu") phone.menu.open(false);
  if (action.inputOption === "openRichMenu") phone.menu.open(true);
  return phone.act(action);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("コピーしました。");
  } catch {
    toast(`コピーできませんでした：${text}`, "error");
  }
}
