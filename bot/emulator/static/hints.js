/** One line above each phone: what to do next. */

import { codesFor, codesIn, codesOn } from "./scanner.js";

const INVITE = "専門家を招待";

const canInvite = (phone) => (phone.info.rich_menu?.areas ?? []).some(({ action }) =>
  [action.label, action.displayText, action.text].includes(INVITE));

function labels(value) {
  if (Array.isArray(value)) return value.flatMap(labels);
  if (!value || typeof value !== "object") return [];
  if (value.type === "button" && value.action?.label) return [value.action.label];
  return Object.values(value).flatMap(labels);
}

function quickHint(items) {
  const types = items.map((item) => item.action.type);
  if (types.some((type) => type === "camera" || type === "cameraRoll")) return "写真を送ります。見本の写真も選べます";
  if (types.includes("datetimepicker")) return "下のボタンで日付を選ぶか、文字で答えます";
  return "下に並ぶボタンから選びます。文字でも答えられます";
}

function needsCode(phone, inviter) {
  const [first] = codesFor(phone);
  if (first) return `「QRを読む」で電話${first.phone.mark}の招待コードを読み取ります`;
  return inviter ? `先に電話${inviter.mark}のメニュー「${INVITE}」で招待コードを出します` : null;
}

function answerHint(phone, one, phones, inviter) {
  const { message } = one;
  const items = message.quickReply?.items ?? [];
  const waiting = phones.find((other) => other !== phone && !canInvite(other) && codesOn(phone).some((code) =>
    codesFor(other).some((found) => found.code === code)) && !other.info.rich_menu?.areas?.some(({ action }) => action.label === "チェックイン"));
  if (codesOn(phone).length && canInvite(phone) && waiting) return `電話${waiting.mark}で「QRを読む」を押し、この招待コードを読み取ります`;
  if (codesIn(message).length && canInvite(phone)) return "招待コードを専門家に渡します。続きは「メニュー」から";
  if (/招待コード/.test(message.text ?? "") && !canInvite(phone)) {
    const hint = needsCode(phone, inviter);
    if (hint) return `${hint}（＋ の中）`.replace(/^(先に.*)（＋ の中）$/, "$1");
  }
  if (items.length) return quickHint(items);
  const [button] = labels(message.contents);
  if (button) return `カードの「${button}」などのボタンを押します`;
  if (/(ください|ですか？|でしょうか？)/.test(message.text ?? "")) return "下の欄に入力して送ります";
  return null;
}

/** The sentence for a phone among all phones. */
export function hintFor(phone, phones) {
  const { friend, blocked, rich_menu: menu } = phone.info;
  const inviter = phones.find((other) => other !== phone && canInvite(other));
  if (blocked) return "「ブロック解除」を押すと、またメッセージが届きます";
  if (!friend) return codesFor(phone).length ? needsCode(phone, inviter) : "「友だち追加」を押します";
  const last = phone.messages.at(-1);
  if (last?.from === "user") return "返事を待っています…";
  const hint = last && answerHint(phone, last, phones, inviter);
  if (hint) return hint;
  if (canInvite(phone)) return `メニューの「${INVITE}」を押すと招待コードが出ます`;
  return menu ? "「メニュー」から選びます" : "メッセージを送ります";
}
