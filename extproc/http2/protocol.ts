/** The numbers of HTTP/2 as RFC 9113 gives them: frame types, flags, settings, error codes and fixed sizes. */

/** Frame types (§6). */
export const FRAME = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

/** Flags of frames (§6); some types share a bit. */
export const FLAG = {
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Settings (§6.5.2). */
export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

/** Error codes of RST_STREAM and GOAWAY (§7), under the names of the RFC. */
export const ERROR = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

/** Name of one error code. */
export type ErrorName = keyof typeof ERROR;

/** Number of one error code. */
export type ErrorNumber = (typeof ERROR)[ErrorName];

/** Bytes before the payload of each frame (§4.1). */
export const FRAME_HEADER_BYTES = 9;

/** The largest payload that a peer must take unasked (§4.2); we neither offer nor use more. */
export const MAX_FRAME_BYTES = 16_384;

/** The largest payload that a peer may declare it takes (§6.5.2). */
export const LARGEST_FRAME_BYTES = 0xff_ffff;

/** Flow-control window of the connection, and of streams until SETTINGS say otherwise (§6.9.2). */
export const INITIAL_WINDOW_BYTES = 65_535;

/** Largest window, and largest stream identifier: 31 bits. */
export const MAX_INT31 = 0x7fff_ffff;

/** The bytes with which a client begins (§3.4). */
export const CLIENT_PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** The RFC's name of an error code; an unknown one counts as INTERNAL_ERROR (§7). */
export function errorName(code: number): ErrorName {
  return names.get(code) ?? "INTERNAL_ERROR";
}

const names = new Map<number, ErrorName>();
for (const [name, code] of Object.entries(ERROR)) if (isErrorName(name)) names.set(code, name);

function isErrorName(name: string): name is ErrorName {
  return Object.hasOwn(ERROR, name);
}
