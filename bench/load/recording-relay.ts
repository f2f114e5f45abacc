/** Stands between Envoy and an ext_proc server on Unix sockets and records the first connection. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { Recorder } from "./recording.ts";
import type { Recording } from "./recording.ts";

/** A relay that listens. */
export interface RecordingRelay {
  /** Ends all connections and gives the recording. Throws when Envoy made none, or more than one. */
  finish(): Promise<Recording>;
}

/** Listens on `path` and passes every connection on to the server at `server`. */
export async function openRecordingRelay(path: string, server: string): Promise<RecordingRelay> {
  const recorder = new Recorder();
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener = createServer((downstream) => {
    connections += 1;
    const upstream = connect({ path: server });
    for (const socket of [downstream, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
    downstream.on("close", () => upstream.destroy());
    upstream.on("close", () => downstream.destroy());
    downstream.on("data", (chunk) => {
      if (typeof chunk !== "string") recorder.onClientBytes(chunk);
      upstream.write(chunk);
    });
    // Recorded before it is passed on: Envoy's frame that follows has seen it.
    upstream.on("data", (chunk) => {
      if (typeof chunk !== "string") recorder.onServerBytes(chunk);
      downstream.write(chunk);
    });
  });
  listener.listen(path);
  await once(listener, "listening");
  return {
    async finish() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
      if (connections === 1) return recorder.finish();
      throw new Error(`Cannot use the recording: Envoy made ${connections} connections`);
    },
  };
}
