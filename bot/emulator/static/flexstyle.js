/** The properties of Flex components as CSS. Whatever is not well-formed is ignored, as LINE would refuse it. */

const SPACE = { none: "0", xs: "2px", sm: "4px", md: "8px", lg: "12px", xl: "16px", xxl: "20px" };
const RADIUS = { none: "0", xs: "2px", sm: "4px", md: "8px", lg: "12px", xl: "16px", xxl: "24px" };
const BORDER = { none: "0", light: ".5px", normal: "1px", "semi-bold": "2px", medium: "3px", bold: "4px" };
/** Smaller than on a real phone's scale nothing is drawn: below 14 px text is hard to read here. */
const TEXT = { xxs: 14, xs: 14, sm: 14, md: 15, lg: 18, xl: 21, xxl: 26, "3xl": 32, "4xl": 40, "5xl": 46 };
const IMAGE = { xxs: 40, xs: 60, sm: 80, md: 100, lg: 120, xl: 140, xxl: 160, "3xl": 180, "4xl": 200, "5xl": 220 };
const LENGTH = /^-?\d+(\.\d+)?(px|%)$/;
const COLOUR = /^#([0-9a-f]{6}|[0-9a-f]{8})$/i;

const known = (table, name) => (Object.hasOwn(table, name) ? table[name] : undefined);

/** A keyword or "12px" / "50%" as a CSS length, else undefined. */
export const space = (value) => known(SPACE, value) ?? (LENGTH.test(value ?? "") ? value : undefined);
const radius = (value) => known(RADIUS, value) ?? (LENGTH.test(value ?? "") ? value : undefined);
const border = (value) => known(BORDER, value) ?? (LENGTH.test(value ?? "") ? value : undefined);

/** A colour LINE accepts, else undefined. */
export const colour = (value) => (COLOUR.test(value ?? "") ? value : undefined);

/** The size of text in px. */
export function textSize(value) {
  const size = known(TEXT, value) ?? (LENGTH.test(value ?? "") ? parseFloat(value) : TEXT.md);
  return `${Math.max(14, size)}px`;
}

/** The width of an image. */
export const imageSize = (value) =>
  value === "full" ? "100%" : known(IMAGE, value) ? `${IMAGE[value]}px` : (LENGTH.test(value ?? "") ? value : "100px");

/** Black or white, whichever is read more easily on the colour. */
export function readableOn(background) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(background.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? "#111111" : "#ffffff";
}

const JUSTIFY = {
  center: "center", "flex-start": "flex-start", "flex-end": "flex-end",
  "space-between": "space-between", "space-around": "space-around", "space-evenly": "space-evenly",
};
const ALIGN = { top: "flex-start", bottom: "flex-end", center: "center", "flex-start": "flex-start", "flex-end": "flex-end" };

/** Sets what is defined. */
export function put(node, style) {
  for (const [key, value] of Object.entries(style)) if (value !== undefined) node.style[key] = value;
}

/** Where a component sits in its parent box: flex, margin, gravity, position, offsets. */
export function place(node, item, parent, isFirst) {
  const across = parent.layout !== "vertical";
  const grow = item.flex ?? (across && !["icon", "separator"].includes(item.type) && !item.width ? 1 : 0);
  put(node, { flex: grow > 0 ? `${grow} 1 ${across ? "0" : "auto"}` : "0 0 auto" });
  if (across && grow > 0) put(node, { minWidth: "0" });
  const margin = isFirst ? undefined : space(item.margin ?? parent.spacing);
  put(node, { [across ? "marginLeft" : "marginTop"]: margin });
  put(node, { alignSelf: known(ALIGN, item.gravity) });
  if (item.position === "absolute") put(node, { position: "absolute" });
  put(node, {
    top: space(item.offsetTop), bottom: space(item.offsetBottom),
    left: space(item.offsetStart), right: space(item.offsetEnd),
  });
}

/** How a box looks and arranges its children. */
export function decorate(node, box) {
  put(node, {
    padding: space(box.paddingAll), paddingTop: space(box.paddingTop), paddingBottom: space(box.paddingBottom),
    paddingLeft: space(box.paddingStart), paddingRight: space(box.paddingEnd),
    backgroundColor: colour(box.backgroundColor), borderRadius: radius(box.cornerRadius),
    width: space(box.width), height: space(box.height),
    maxWidth: space(box.maxWidth), maxHeight: space(box.maxHeight),
    justifyContent: known(JUSTIFY, box.justifyContent), alignItems: known(ALIGN, box.alignItems),
  });
  if (box.cornerRadius) put(node, { overflow: "hidden" });
  if (border(box.borderWidth)) put(node, { border: `${border(box.borderWidth)} solid ${colour(box.borderColor) ?? "#d5d9e0"}` });
  const shade = box.background;
  if (shade?.type === "linearGradient" && colour(shade.startColor) && colour(shade.endColor)) {
    const angle = /^\d+(\.\d+)?deg$/.test(shade.angle ?? "") ? shade.angle : "0deg";
    put(node, { backgroundImage: `linear-gradient(${angle}, ${shade.startColor}, ${shade.endColor})` });
  }
}
