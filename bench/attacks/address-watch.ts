/** A server on every address of a network of our own, that tells by which of its addresses it was reached. */
import { createServer } from "node:http";
import type { TestScope } from "../harness/processes.ts";

/** Addresses of the Internet, as far as this network has one: TEST-NET-3 (RFC 5737). */
const outside = /^(?:::ffff:)?203\.0\.113\./;

/** Connections so far by whether their address is one that agents may reach. */
export interface AddressWatch {
  readonly port: number;
  readonly outside: number;
  readonly inside: number;
}

/** Listens until the scope ends; a free port for 0. */
export async function watchAddresses(scope: TestScope, port: number): Promise<AddressWatch> {
  const seen = { outside: 0, inside: 0 };
  const server = createServer((_, response) => {
    // Each request is then a connection, which is what is counted.
    response.writeHead(200, { connection: "close" }).end("what is inside");
  });
  server.on("connection", ({ localAddress = "" }) => {
    seen[outside.test(localAddress) ? "outside" : "inside"] += 1;
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "::", resolve);
  });
  scope.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    get outside() {
      return seen.outside;
    },
    get inside() {
      return seen.inside;
    },
  };
}
