// Where items come from: embedded in the page, fetched from the server (a bag), or live over a WebSocket.

const RETRY = 1000; // ms
const SILENCE = 2500; // ms without any message after which a live connection counts as lost

// Items embedded by the export, zlib-compressed JSON in base64; null without them.
export async function embeddedItems() {
  const element = document.getElementById("walk");
  if (!element) return null;
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// The token from the page's address; kept for reloads, and removed from the address bar.
export function pageToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    sessionStorage.setItem("token", found);
    history.replaceState(null, "", location.pathname);
  }
  return found ?? sessionStorage.getItem("token") ?? "";
}

// A connection that restores itself. onItems(items), onState("connecting" | "live" | "lost" | "refused").
export class Connection {
  constructor(onItems, onState) {
    this.onItems = onItems;
    this.onState = onState;
    this.token = pageToken();
    this.everOpen = false;
    this.connect();
    setInterval(() => this.check(), 500);
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.last = performance.now();
    this.socket = new WebSocket(`${scheme}://${location.host}/live?token=${encodeURIComponent(this.token)}`);
    this.socket.onmessage = ({ data }) => {
      this.last = performance.now();
      if (!this.everOpen || this.isLost) this.onState("live");
      this.everOpen = true;
      this.isLost = false;
      this.onItems(JSON.parse(data));
    };
    this.socket.onclose = async () => {
      if (this.isFinished) return;
      if (!this.everOpen && (await this.isRefused())) {
        this.onState("refused");
        return;
      }
      this.lose();
      setTimeout(() => this.connect(), RETRY);
    };
  }

  // A browser hides why a WebSocket was refused; a plain request tells.
  async isRefused() {
    try {
      const answer = await fetch(`/live?token=${encodeURIComponent(this.token)}`);
      return answer.status === 403;
    } catch {
      return false;
    }
  }

  // A recorded walk is here as a whole; the server may go.
  finish() {
    this.isFinished = true;
    this.socket.close();
  }

  check() {
    if (this.socket.readyState === WebSocket.OPEN && performance.now() - this.last > SILENCE) this.lose();
  }

  lose() {
    if (this.isLost) return;
    this.isLost = true;
    this.onState("lost");
  }

  get isOpen() { return this.socket.readyState === WebSocket.OPEN; }

  send(request) {
    if (this.isOpen) this.socket.send(JSON.stringify(request));
  }
}
