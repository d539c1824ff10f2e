// One recording's page: the player and the text, each knowing only the clock between them.
import { Player } from "./player.js";
import { Transcript } from "./transcript.js";
import { listenForKeys } from "./keys.js";

const section = document.getElementById("player");

if (section) {
  const tracks = JSON.parse(document.getElementById("player-tracks").textContent);
  const player = new Player(section, tracks);
  const transcript = new Transcript(player);
  listenForKeys(player, transcript);
  const at = Number.parseFloat(section.dataset.start);
  if (Number.isFinite(at)) player.seek(at);
}
