/** What every upstream process of the benchmarks tells the process that started it, see `upstream-process.ts`. */
import type { Server } from "node:net";

/**
 * Listens on 127.0.0.1, at a free port unless one is named, and says which; answers `counts` with what `counts()` gives,
 * and ends this process when its parent is gone.
 */
export function serveAndReport(server: Server, counts: () => object, port = 0): void {
  server.listen({ host: "127.0.0.1", port, backlog: 4_096 }, () => {
    const address = server.address();
    if (address !== null && typeof address !== "string") {
      process.send?.({ kind: "listening", port: address.port });
    }
  });
  process.on("message", (message) => {
    if (message === "counts") process.send?.({ kind: "counts", counts: counts() });
  });
  process.once("disconnect", () => process.exit());
}
