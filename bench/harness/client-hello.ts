/**
 * A TLS ClientHello with any bytes as its server name, which no TLS library would send, and what the peer says to it.
 * Enough of one for a server to choose a certificate; the handshake is never finished.
 * https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2
 */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";

const HANDSHAKE_RECORD = 0x16;
const CLIENT_HELLO = 0x01;
const TLS_1_0 = [0x03, 0x01];
const TLS_1_2 = [0x03, 0x03];
// ECDHE with ECDSA and RSA, AES-128-GCM: a TLS 1.2 server of ours speaks the first.
const CIPHER_SUITES = Buffer.from("c02bc02f", "hex");
const SUPPORTED_GROUPS = Buffer.from("00040017001d", "hex");
const POINT_FORMATS = Buffer.from("0100", "hex");
const SIGNATURE_ALGORITHMS = Buffer.from("0006040308040401", "hex");

const defaultDeadlineMs = 3_000;

/**
 * What a server made of a ClientHello: `served` sent its ServerHello, so there is a certificate for the name; `refused`
 * sent an alert or closed the connection; `silent` did neither until the deadline.
 */
export type HelloAnswer = "served" | "refused" | "silent";

/** An extension as raw bytes. */
export interface HelloExtension {
  readonly type: number;
  readonly value: Uint8Array;
}

/**
 * Bytes of one record; `serverName` goes out as it is, and no extension for it when it is absent. Extensions in `more`
 * come after those that every hello has.
 */
export function encodeClientHello(
  serverName?: string | Uint8Array,
  more: readonly HelloExtension[] = [],
): Buffer {
  const extensions = Buffer.concat([
    ...(serverName === undefined ? [] : [extension(0, serverNameList(Buffer.from(serverName)))]),
    extension(10, SUPPORTED_GROUPS),
    extension(11, POINT_FORMATS),
    extension(13, SIGNATURE_ALGORITHMS),
    ...more.map(({ type, value }) => extension(type, value)),
  ]);
  const body = Buffer.concat([
    Uint8Array.from(TLS_1_2),
    randomBytes(32),
    Uint8Array.of(0),
    prefixed(CIPHER_SUITES),
    Uint8Array.of(1, 0),
    prefixed(extensions),
  ]);
  const message = Buffer.concat([Uint8Array.of(CLIENT_HELLO, 0), prefixed(body)]);
  return Buffer.concat([
    Uint8Array.of(HANDSHAKE_RECORD),
    Uint8Array.from(TLS_1_0),
    prefixed(message),
  ]);
}

/** Sends a hello over an open socket, reads the first answer and ends the connection. */
export function sendClientHello(
  socket: Socket,
  hello: Uint8Array,
  deadlineMs: number = defaultDeadlineMs,
): Promise<HelloAnswer> {
  return new Promise((resolve) => {
    const finish = (answer: HelloAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish("silent"), deadlineMs);
    socket.on("error", () => {}); // followed by "close"
    socket.once("close", () => finish("refused"));
    socket.once("data", (chunk: Buffer) => {
      finish(chunk[0] === HANDSHAKE_RECORD ? "served" : "refused");
    });
    socket.write(hello);
  });
}

function serverNameList(name: Uint8Array): Buffer {
  return prefixed(Buffer.concat([Uint8Array.of(0), prefixed(name)]));
}

function extension(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(type >> 8, type & 0xff), prefixed(value)]);
}

/** The value after its length in two bytes. */
function prefixed(value: Uint8Array): Buffer {
  if (value.length > 0xffff) {
    throw new RangeError(
      `Cannot encode ClientHello: a part has ${value.length} bytes, at most 65535 fit`,
    );
  }
  return Buffer.concat([Uint8Array.of(value.length >> 8, value.length & 0xff), value]);
}
