/** LINE's date and time picker, with the browser's own input. */

import { el } from "./dom.js";
import { labelled, mainButton, openSheet } from "./sheet.js";

const INPUT = { date: "date", time: "time", datetime: "datetime-local" };
const NAME = { date: "日付", time: "時刻", datetime: "日付と時刻" };

/** LINE also allows a "t" in lower case between date and time. */
const native = (value) => value?.replace("t", "T");

/** Asks for the value a datetimepicker action wants, then sends the postback with its params. */
export function pickDate(phone, action) {
  const mode = action.mode in INPUT ? action.mode : "date";
  openSheet(phone.screen, action.label || "選んでください", (close) => {
    const [label, input] = labelled(NAME[mode], {
      type: INPUT[mode], required: true,
      value: native(action.initial), min: native(action.min), max: native(action.max),
    });
    const send = (event) => {
      event.preventDefault();
      close();
      phone.act(action, { [mode]: input.value.slice(0, mode === "datetime" ? 16 : undefined) });
    };
    return el("form", { class: "sheet-form", on: { submit: send } }, label, mainButton("決定"));
  });
}
