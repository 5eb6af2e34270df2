/** LINE's location screen: a pin anywhere, so a claim and not a measurement. */

import { el } from "./dom.js";
import { labelled, mainButton, openSheet } from "./sheet.js";

const PLACES = [
  ["札幌駅", "北海道札幌市北区北6条西4丁目", 43.0687, 141.3508],
  ["仙台駅", "宮城県仙台市青葉区中央1丁目", 38.2601, 140.8824],
  ["東京駅", "東京都千代田区丸の内1丁目", 35.6812, 139.7671],
  ["名古屋駅", "愛知県名古屋市中村区名駅1丁目", 35.1709, 136.8815],
  ["大阪駅", "大阪府大阪市北区梅田3丁目", 34.7025, 135.4959],
  ["広島駅", "広島県広島市南区松原町", 34.3977, 132.4754],
  ["博多駅", "福岡県福岡市博多区博多駅中央街", 33.5897, 130.4207],
  ["那覇市役所", "沖縄県那覇市泉崎1丁目", 26.2124, 127.6792],
];

/** Asks for a place and sends it as a location message. */
export function openLocation(phone) {
  openSheet(phone.screen, "位置情報を送る", (close) => {
    const [titleLabel, title] = labelled("名前", { name: "title", value: PLACES[2][0] });
    const [addressLabel, address] = labelled("住所", { name: "address", value: PLACES[2][1] });
    const degrees = { type: "number", step: "any", required: true, inputmode: "decimal" };
    const [latLabel, lat] = labelled("緯度", { ...degrees, name: "latitude", min: -90, max: 90, value: PLACES[2][2] });
    const [lonLabel, lon] = labelled("経度", { ...degrees, name: "longitude", min: -180, max: 180, value: PLACES[2][3] });
    const fill = (place) => [title, address, lat, lon].forEach((input, i) => { input.value = place[i]; });
    const chips = PLACES.map((place) =>
      el("button", { type: "button", class: "chip", text: place[0], on: { click: () => fill(place) } }));
    const send = (event) => {
      event.preventDefault();
      close();
      phone.post("/location", {
        title: title.value, address: address.value, latitude: Number(lat.value), longitude: Number(lon.value),
      });
    };
    return el("form", { class: "sheet-form", on: { submit: send } },
      el("p", { class: "sheet-note", text: "見本を選ぶか、欄を書きかえて送ります。" }),
      el("div", { class: "chips" }, chips), titleLabel, addressLabel,
      el("div", { class: "pair" }, latLabel, lonLabel), mainButton("この位置を送る"));
  });
}
