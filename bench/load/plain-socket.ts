/** Opens connections of the plain load client: TCP, with the PROXY header of a captured one, with TLS, or with both. */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { SecureContext } from "node:tls";
import type { PlainTarget } from "./plain-workload.ts";
import { captureHeader } from "./tunnel.ts";

// The agent's own port, which nobody asks about: the header is written before that of this connection is known.
const anyPort = 40_000;

/**
 * A socket that can be written to at once; what comes before HTTP has been written already. `secureContext` holds the
 * authority of `target.tls`. The caller owns the socket.
 */
export function openSocket(
  { capturedPort, host, port, tls }: PlainTarget,
  secureContext?: SecureContext,
): Socket {
  const socket = connect({ host, port, noDelay: true });
  if (capturedPort !== undefined) socket.write(captureHeader(anyPort, capturedPort));
  if (tls === undefined) return socket;
  const secured = connectTls({
    socket,
    servername: tls.serverName,
    ALPNProtocols: ["http/1.1"],
    ...(secureContext === undefined ? { ca: tls.caPem } : { secureContext }),
  });
  // The wrapped socket reports what the TLS socket reports too.
  socket.on("error", () => secured.destroy());
  return secured;
}
