// Why a connection failed: a browser does not say it of a WebSocket, but it does of a page.

const FORBIDDEN = 403;

/** True when the program is there and does not know this page's token: it was started anew, and made another link. */
export async function linkIsOld() {
  try {
    const answer = await fetch(`report.json${location.search}`, { method: "HEAD", cache: "no-store" });
    return answer.status === FORBIDDEN;
  } catch {
    return false; // nobody answers: the program may come back
  }
}
