/** Lets a server of a test listen. */
import { once } from "node:events";
import type { Server, Socket } from "node:net";

/** The part of a test that cleans up. */
interface Cleanup {
  teardown(end: () => void): void;
}

/** Listens on a free port of 127.0.0.1 and gives it; the test's end closes the server and all connections. */
export async function listen(t: Cleanup, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot find the port");
  return address.port;
}
