/** Sample photos of invented papers and an entrance, drawn on a canvas: 1200 × 900, marked 見本. */

const WIDTH = 1200;
const HEIGHT = 900;
const FONT = '"Noto Sans JP","Noto Sans CJK JP","Hiragino Sans",sans-serif';

export const SAMPLES = [
  { key: "face", title: "顔写真" },
  { key: "identity", title: "身分証明書" },
  { key: "certificate", title: "資格証明書" },
  { key: "bankbook", title: "通帳" },
  { key: "entrance", title: "支援場所の入口" },
];

function text(ctx, words, x, y, size, { weight = 400, color = "#1d2733", align = "left" } = {}) {
  Object.assign(ctx, { font: `${weight} ${size}px ${FONT}`, fillStyle: color, textAlign: align });
  ctx.fillText(words, x, y);
}

function box(ctx, x, y, w, h, radius, fill, stroke = null) {
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, radius);
  ctx.fillStyle = fill;
  ctx.fill();
  if (stroke) Object.assign(ctx, { strokeStyle: stroke, lineWidth: 4 });
  if (stroke) ctx.stroke();
}

function blob(ctx, x, y, rx, ry, fill) {
  ctx.beginPath();
  ctx.ellipse(x, y, rx, ry, 0, 0, Math.PI * 2);
  ctx.fillStyle = fill;
  ctx.fill();
}

/** A head and shoulders within a square of `size` whose corner is x, y. */
function person(ctx, x, y, size) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, size, size);
  ctx.clip();
  const at = (u, v, ru, rv, fill) => blob(ctx, x + u * size, y + v * size, ru * size, rv * size, fill);
  at(0.5, 1.08, 0.42, 0.36, "#24344d");
  at(0.5, 0.78, 0.1, 0.16, "#e8bf9d");
  at(0.5, 0.37, 0.225, 0.25, "#2b2420");
  at(0.5, 0.46, 0.19, 0.24, "#f0cba9");
  at(0.5, 0.24, 0.2, 0.1, "#2b2420");
  at(0.43, 0.45, 0.018, 0.022, "#2b2420");
  at(0.57, 0.45, 0.018, 0.022, "#2b2420");
  at(0.5, 0.58, 0.055, 0.014, "#b5705f");
  ctx.restore();
}

function lines(ctx, rows, x, y, gap, size) {
  rows.forEach(([name, value], i) => {
    text(ctx, name, x, y + i * gap, size * 0.8, { color: "#5a6675" });
    text(ctx, value, x + size * 4.6, y + i * gap, size, { weight: 600 });
  });
}

function face(ctx) {
  const sky = ctx.createLinearGradient(0, 0, 0, HEIGHT);
  sky.addColorStop(0, "#dfe9f3");
  sky.addColorStop(1, "#b9cde0");
  ctx.fillStyle = sky;
  ctx.fillRect(0, 0, WIDTH, HEIGHT);
  person(ctx, 200, 80, 820);
}

function identity(ctx) {
  box(ctx, 70, 110, 1060, 680, 36, "#f7fbff", "#7d9bbd");
  box(ctx, 70, 110, 1060, 110, [36, 36, 0, 0], "#cfe0f2");
  text(ctx, "身分証明書（運転免許証 形式）", 110, 184, 48, { weight: 700 });
  lines(ctx, [["氏名", "山田 太郎"], ["生年月日", "昭和55年4月1日"], ["住所", "東京都千代田区架空町1-2-3"],
    ["交付", "令和6年5月10日"], ["有効期限", "令和11年5月1日"], ["番号", "第 000000000000 号"]], 110, 300, 76, 36);
  box(ctx, 830, 290, 250, 320, 8, "#dfe9f3", "#9fb3c8");
  person(ctx, 832, 330, 246);
}

function certificate(ctx) {
  box(ctx, 60, 50, 1080, 800, 4, "#fffdf4", "#b08d3c");
  ctx.strokeRect(84, 74, 1032, 752);
  text(ctx, "資格証明書", 600, 200, 84, { weight: 700, align: "center" });
  text(ctx, "中小企業診断士 登録証", 600, 300, 46, { weight: 600, align: "center" });
  text(ctx, "氏名　山田 太郎", 600, 410, 48, { align: "center" });
  text(ctx, "登録番号　第 000000 号", 600, 484, 38, { align: "center" });
  text(ctx, "上記の者は登録を受けた者であることを証明する。", 600, 590, 36, { align: "center" });
  text(ctx, "令和5年4月1日　架空資格審査会", 600, 700, 38, { align: "center" });
  blob(ctx, 930, 690, 56, 56, "rgba(190,40,40,.75)");
  text(ctx, "見本印", 930, 703, 34, { weight: 700, color: "#fff", align: "center" });
}

function bankbook(ctx) {
  box(ctx, 60, 70, 1080, 760, 24, "#f4faf4", "#6f9e7b");
  box(ctx, 60, 70, 1080, 120, [24, 24, 0, 0], "#2f7d4f");
  text(ctx, "普通預金通帳　みほん銀行", 110, 150, 52, { weight: 700, color: "#fff" });
  lines(ctx, [["銀行名", "みほん銀行（金融機関コード 0000）"], ["支店名", "架空支店（店番号 000）"],
    ["預金種目", "普通預金"], ["口座番号", "１２３４５６７"], ["口座名義", "ヤマダ タロウ"], ["お名前", "山田 太郎 様"]],
  120, 290, 90, 42);
}

function entrance(ctx) {
  box(ctx, 0, 0, WIDTH, HEIGHT, 0, "#cfe0ee");
  box(ctx, 120, 120, 960, 660, 6, "#efe6d8", "#b9a98f");
  box(ctx, 200, 170, 800, 120, 8, "#23476b");
  text(ctx, "有限会社れいわ食堂", 600, 254, 72, { weight: 700, color: "#fff", align: "center" });
  [190, 810].forEach((x) => box(ctx, x, 380, 200, 240, 6, "#bcd6e6", "#8d7f68"));
  box(ctx, 470, 360, 260, 420, 6, "#7a5a3c", "#5c432c");
  blob(ctx, 695, 580, 14, 14, "#e6c35a");
  box(ctx, 0, 780, WIDTH, 120, 0, "#a7a39b");
}

const DRAW = { face, identity, certificate, bankbook, entrance };

function stamp(ctx, title) {
  ctx.save();
  ctx.translate(WIDTH / 2, HEIGHT / 2);
  ctx.rotate(-0.35);
  text(ctx, "見 本", 0, 90, 260, { weight: 700, color: "rgba(200,30,30,.16)", align: "center" });
  ctx.restore();
  box(ctx, 24, HEIGHT - 84, 470, 60, 8, "rgba(255,255,255,.9)");
  text(ctx, `見本：${title}（架空のデータ）`, 40, HEIGHT - 42, 30, { weight: 600, color: "#a31515" });
}

/** The sample on a canvas, at `scale` of its full size. */
export function drawSample(key, scale = 1) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * scale;
  canvas.height = HEIGHT * scale;
  canvas.setAttribute("aria-hidden", "true");
  const ctx = canvas.getContext("2d");
  ctx.scale(scale, scale);
  ctx.fillStyle = "#d9d4cb";
  ctx.fillRect(0, 0, WIDTH, HEIGHT);
  DRAW[key](ctx);
  stamp(ctx, SAMPLES.find((sample) => sample.key === key).title);
  return canvas;
}

/** The sample as a JPEG file. */
export function sampleFile(key) {
  return new Promise((done) => {
    drawSample(key).toBlob((data) => done(new File([data], `${key}.jpg`, { type: "image/jpeg" })), "image/jpeg", 0.9);
  });
}
