#!/usr/bin/env node
// Builds a small house over the daemon's socket, with nothing but Node's standard library.
//
// Usage: house.mjs [SOCKET] [DIRECTORY]
//
// One JSON object a line goes out, one comes back; answers carry the id of their request, so any number of
// calls may be under way at once.

import net from "node:net";
import path from "node:path";
import process from "node:process";

class Daemon {
  #socket;
  #buffer = "";
  #lastId = 0;
  #waiting = new Map();

  /** Connects; rejects if nobody listens. */
  static connect(socketPath) {
    return new Promise((resolve, reject) => {
      const daemon = new Daemon();
      daemon.#socket = net.createConnection(socketPath);
      daemon.#socket.setEncoding("utf8");
      daemon.#socket.once("connect", () => resolve(daemon));
      daemon.#socket.once("error", reject);
      daemon.#socket.on("data", (text) => daemon.#take(text));
      daemon.#socket.on("close", () => daemon.#fail(new Error("the daemon closed the connection")));
    });
  }

  /** Calls a method; rejects with the daemon's error, or when the connection breaks. */
  call(method, params) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { method, resolve, reject });
      this.#socket.write(JSON.stringify({ jsonrpc: "2.0", id, method, params }) + "\n");
    });
  }

  close() {
    this.#socket.end();
  }

  #take(text) {
    const lines = (this.#buffer + text).split("\n");
    this.#buffer = lines.pop();
    for (const line of lines.filter((line) => line.trim())) {
      const answer = JSON.parse(line);
      const waiting = this.#waiting.get(answer.id);
      if (!waiting) continue; // a message that the daemon sent by itself
      this.#waiting.delete(answer.id);
      if (answer.error) {
        waiting.reject(new Error(`${waiting.method}: ${answer.error.message} (code ${answer.error.code})`));
      } else {
        waiting.resolve(answer.result);
      }
    }
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

const socketPath = process.argv[2] ?? process.env.GOXEL_SOCKET_PATH ?? "/tmp/goxel-daemon.sock";
const directory = path.resolve(process.argv[3] ?? ".");

try {
  const daemon = await Daemon.connect(socketPath);
  await daemon.call("goxel.create_project", ["House"]);
  await daemon.call("goxel.edit", {
    ops: [
      { op: "box", min: [0, 0, 0], max: [15, 11, 0], color: "#777777" },
      { op: "box", min: [1, 1, 1], max: [14, 10, 7], hollow: 1, color: "#d8c0a0" },
      { op: "box", min: [7, 1, 1], max: [8, 1, 4], mode: "subtract" },
      { op: "box", min: [0, 0, 8], max: [15, 11, 8], color: "#a03020" },
    ],
  });
  // These three do not depend on each other, so they travel together.
  const [, , bounds] = await Promise.all([
    daemon.call("goxel.render_scene", { output_path: `${directory}/house.png`, camera_preset: "isometric" }),
    daemon.call("goxel.save_project", { path: `${directory}/house.gox` }),
    daemon.call("goxel.get_bounding_box"),
  ]);
  console.log("house:", bounds.dimensions.join("x"));
  daemon.close();
} catch (error) {
  console.error(`house.mjs: ${error.message}`);
  process.exit(1);
}
