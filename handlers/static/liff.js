/**
 * Proves to our server whose page this is: LINE's script (`liff`) gives an ID token, we post it, the server asks LINE.
 * The token is in the body of that one post and nowhere else. See web/identify.html.
 */

const TRIED = "chusho119-login";

/**
 * One attempt; ends on the page (`go`), at LINE's log-in, or with words and perhaps another try (`say`).
 *
 * @param liff   LINE's SDK, or undefined when it could not be loaded
 * @param page   {liffId, token, here, words, kept, post(body) → Response, go(), say(words, retry)}
 *               token empty: the page every LIFF link arrives at, where init itself goes on to the one that was meant
 */
export async function prove(liff, page) {
  if (!liff) return page.say(page.words.line, true);
  try {
    await liff.init({ liffId: page.liffId });
  } catch {
    return page.say(page.words.line, true);
  }
  if (!page.token) return page.goesOn ? undefined : page.say(page.words.fromLine, false);
  if (!liff.isLoggedIn()) return liff.login({ redirectUri: page.here });
  const idToken = liff.getIDToken();
  if (!idToken) return page.say(page.words.scope, false);
  return show(liff, page, idToken);
}

async function show(liff, page, idToken) {
  let answer;
  let told;
  try {
    answer = await page.post({ token: page.token, id_token: idToken });
    told = await answer.json();
  } catch {
    return page.say(page.words.lost, true);
  }
  if (answer.ok) {
    page.kept.removeItem(TRIED);
    return page.go();
  }
  if (answer.status === 401 && !liff.isInClient() && !page.kept.getItem(TRIED)) {
    // Outside of LINE a log-in outlives its ID token by far: once, log in afresh.
    page.kept.setItem(TRIED, "1");
    liff.logout();
    return liff.login({ redirectUri: page.here });
  }
  return page.say(told.error ?? page.words.lost, answer.status >= 500);
}

/** The page as it stands in the browser. */
function pageOf(root, place) {
  const said = root.querySelector("[data-said]");
  const again = root.querySelector("[data-again]");
  return {
    liffId: root.dataset.liff,
    token: root.dataset.token,
    goesOn: new URLSearchParams(place.search).has("liff.state"),
    here: place.origin + place.pathname,
    words: root.dataset,
    kept: sessionStorage,
    go: () => place.replace(place.pathname),
    say: (words, retry) => {
      said.textContent = words;
      again.hidden = !retry;
    },
    post: (body) =>
      fetch(root.dataset.post, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
  };
}

const root = globalThis.document?.querySelector("[data-liff]");
if (root) {
  root.querySelector("button").addEventListener("click", () => location.reload());
  prove(globalThis.liff, pageOf(root, location));
}
