// The page a login ends on: tells the connector screen, and closes when the button asks for it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const result = document.getElementById("result");
  const channel = new BroadcastChannel(result.dataset.channel);
  channel.postMessage(result.dataset.kind === "connected" ? "connected" : "failed:" + result.dataset.message);
});
