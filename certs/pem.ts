/** PEM (RFC 7468): writes blocks of 64 columns, reads them strictly. Text between blocks is ignored, as the RFC allows. */
import { Buffer } from "node:buffer";
import { ClrkError } from "../gateway/errors.ts";

const BEGIN = "-----BEGIN ";
const DASHES = "-----";
const COLUMNS = 64;

/** One decoded block. */
export interface PemBlock {
  /** For example `CERTIFICATE` */
  readonly label: string;
  readonly der: Buffer;
}

/** One block with lines of 64 columns and a final line feed. */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("base64");
  let body = "";
  for (let at = 0; at < base64.length; at += COLUMNS) body += `${base64.slice(at, at + COLUMNS)}\n`;
  return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`;
}

/**
 * All blocks of a text, in order; none gives an empty list. Raises ClrkError for a block without end,
 * with headers (RFC 1421 encryption) or with something that is not base64; the text itself is never quoted.
 */
export function parsePem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let at = text.indexOf(BEGIN);
  while (at >= 0) {
    const number = blocks.length + 1;
    const labelEnd = text.indexOf(DASHES, at + BEGIN.length);
    const label = labelEnd < 0 ? "" : text.slice(at + BEGIN.length, labelEnd);
    if (!/^[A-Z0-9][A-Z0-9 ]{0,63}$/.test(label)) {
      throw new ClrkError(
        "CLRK_MALFORMED_MESSAGE",
        `Cannot read PEM: block ${number} has no proper label`,
      );
    }
    const end = text.indexOf(`-----END ${label}-----`, labelEnd);
    if (end < 0) {
      throw new ClrkError(
        "CLRK_MALFORMED_MESSAGE",
        `Cannot read PEM: block ${number} (${label}) has no end line`,
      );
    }
    blocks.push({ label, der: decodeBody(text.slice(labelEnd + DASHES.length, end), number) });
    at = text.indexOf(BEGIN, end + DASHES.length);
  }
  return blocks;
}

function decodeBody(body: string, number: number): Buffer {
  const base64 = body.replace(/[\r\n\t ]/g, "");
  if (base64 === "" || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw new ClrkError("CLRK_MALFORMED_MESSAGE", `Cannot read PEM: block ${number} is not base64`);
  }
  return Buffer.from(base64, "base64");
}
