/** The rich menu: its drawn image, real buttons over its areas, and the bar that opens it. */

import { actionElement, nameOf } from "./actions.js";
import { el, icon } from "./dom.js";

/** The menu at the foot of one phone. After an area was tapped it closes, so that the answer can be seen. */
export class RichMenu {
  constructor(phone) {
    this.phone = phone;
    this.key = null;
    this.label = el("span");
    this.bar = el("button", { type: "button", class: "menu-bar", "aria-expanded": "false", on: { click: () => this.open(!this.isOpen) } },
      this.label, icon("up"));
    this.panel = el("div", { class: "menu-panel", hidden: true });
    this.node = el("div", { class: "menu", hidden: true }, this.bar, this.panel);
  }

  /** Shows the menu the server names; null hides it. */
  show(menu) {
    const key = JSON.stringify(menu);
    if (key === this.key) return;
    const before = this.id;
    Object.assign(this, { key, id: menu?.id });
    this.node.hidden = !menu;
    if (!menu) return;
    this.label.textContent = menu.chat_bar_text || "メニュー";
    this.panel.replaceChildren(...this.draw(menu));
    if (before !== menu.id) this.open(menu.selected !== false || this.isOpen);
  }

  draw(menu) {
    const { width, height } = menu.size;
    const share = (value, whole) => `${(100 * value) / whole}%`;
    this.panel.style.aspectRatio = `${width} / ${height}`;
    const areas = (menu.areas ?? []).map(({ bounds, action }) => {
      const area = actionElement(this.phone, action, "area", () => this.tapped(action));
      area.setAttribute("aria-label", nameOf(action));
      Object.assign(area.style, {
        left: share(bounds.x, width), top: share(bounds.y, height),
        width: share(bounds.width, width), height: share(bounds.height, height),
      });
      return area;
    });
    return [el("img", { src: menu.image_url, alt: "" }), ...areas];
  }

  tapped(action) {
    if (!["richmenuswitch", "uri"].includes(action.type) && action.inputOption !== "openRichMenu") this.open(false);
  }

  open(on) {
    this.isOpen = on;
    this.panel.hidden = !on;
    this.bar.setAttribute("aria-expanded", String(on));
    this.node.classList.toggle("is-open", on);
  }
}
