/** A line to a TCP server that can be cut without either side being told, as a network that fails does it. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { TestScope } from "./processes.ts";

/** A line that may be cut. */
export interface CuttableLine {
  readonly port: number;
  /** From now on nothing passes, and nobody is told; connections that are made come nowhere. */
  cut(): void;
  /** Bytes pass again; what was said meanwhile is lost with its connections. */
  mend(): void;
}

/** Resolves with a line to a port of 127.0.0.1, which ends with the test. */
export async function cuttableLine(scope: TestScope, port: number): Promise<CuttableLine> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("data", (chunk: Buffer) => {
        if (!isCut) to.write(chunk);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        if (!isCut) to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  scope.teardown(() => {
    isCut = false;
    close();
    server.close();
  });
  const { port: own } = server.address() as AddressInfo;
  return {
    port: own,
    cut: () => {
      isCut = true;
    },
    mend: () => {
      isCut = false;
      close();
    },
  };
}
