/** Sheets: modal dialogs laid over the phone they belong to. */

import { el, icon } from "./dom.js";

let count = 0;

/** Opens a sheet over `phone` (an element) with a title; build(close) gives its content. */
export function openSheet(phone, title, build) {
  const id = `sheet-${++count}`;
  const dialog = el("dialog", { class: "sheet", "aria-labelledby": id });
  const close = () => dialog.close();
  const shut = el("button", { type: "button", class: "sheet-close", "aria-label": "閉じる", on: { click: close } }, icon("close"));
  const body = el("div", { class: "sheet-body" });
  dialog.append(el("div", { class: "sheet-head" }, el("h2", { id, text: title }), shut), body);
  body.append(...[build(close)].flat());
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  const place = () => settle(dialog, phone);
  dialog.addEventListener("close", () => { removeEventListener("resize", place); dialog.remove(); });
  addEventListener("resize", place);
  document.body.append(dialog);
  dialog.showModal();
  place();
  return dialog;
}

function settle(dialog, phone) {
  const box = phone.getBoundingClientRect();
  const left = Math.max(0, Math.min(box.left, innerWidth - box.width));
  Object.assign(dialog.style, {
    left: `${left}px`,
    width: `${box.width}px`,
    bottom: `${Math.max(0, innerHeight - box.bottom)}px`,
    maxHeight: `${Math.min(box.bottom, innerHeight) - Math.max(box.top, 0) - 40}px`,
  });
}

/** A list of choices: items are [icon name, label, run, note]; choosing closes the sheet first. */
export function openMenu(phone, title, items) {
  return openSheet(phone, title, (close) => items.map(([name, label, run, note]) =>
    el("button", { type: "button", class: "sheet-item", on: { click: () => { close(); run(); } } },
      icon(name), el("span", {}, label, note ? el("small", { text: note }) : null))));
}

/** A labelled input: {label, …attributes} → [label element, input element]. */
export function labelled(label, attributes) {
  const input = el("input", attributes);
  return [el("label", { class: "field" }, el("span", { text: label }), input), input];
}

/** The main button of a sheet. */
export const mainButton = (text, attributes = {}) => el("button", { type: "submit", class: "main", text, ...attributes });
