// The oAuth button: a popup at the provider, and three ways to learn how it ended.
// The popup reports on a BroadcastChannel; a poll of the status catches a lost channel; a popup
// that the browser blocks shows the way within this window. window.opener is never used, because
// the provider's own headers may cut it.
"use strict";

// Accounts and journal codes are fetched in the background after the administration was chosen.
document.addEventListener("DOMContentLoaded", () => {
  const fetching = document.getElementById("fetching");
  if (!fetching) return;
  setInterval(async () => {
    const answer = await fetch(fetching.dataset.status).catch(() => null);
    if (answer && answer.ok && (await answer.json()).master) window.location.reload();
  }, 1500);
});

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("oauth");
  if (!button) return;
  const show = (id, on) => { document.getElementById(id).hidden = !on; };
  let timer = 0;

  const finish = () => { clearInterval(timer); window.location.assign(window.location.pathname + "#form"); window.location.reload(); };
  const fail = (text) => {
    clearInterval(timer);
    show("oauth-waiting", false);
    const box = document.getElementById("oauth-failed");
    box.textContent = text;
    box.hidden = false;
  };

  const channel = new BroadcastChannel(button.dataset.channel);
  channel.onmessage = (event) => {
    if (event.data === "connected") finish();
    else if (typeof event.data === "string" && event.data.startsWith("failed:")) fail(event.data.slice(7));
  };

  const ask = async (before) => {
    const answer = await fetch(button.dataset.status, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer || !answer.ok) return null;
    const found = await answer.json();
    if (before !== undefined && found.mark !== before) finish();
    return found.mark;
  };

  button.addEventListener("click", async () => {
    if (button.dataset.question && !window.confirm(button.dataset.question)) return;
    const popup = window.open(button.dataset.oauth, "_blank", "popup,width=560,height=720");
    if (!popup) { show("oauth-blocked", true); return; }
    show("oauth-blocked", false);
    show("oauth-failed", false);
    show("oauth-waiting", true);
    const before = await ask();
    clearInterval(timer);
    timer = setInterval(() => ask(before), 2000);
  });
});
