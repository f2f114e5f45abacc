/**
 * A name server on UDP that answers as a test tells it, differently each time if it likes. One question a message, A, AAAA
 * and CNAME in IN, no compression but of the owner: RFC 1035 section 4.
 */
import { createSocket } from "node:dgram";
import { isIP } from "node:net";
import { ipAddressBytes } from "./ip-address-bytes.ts";
import type { TestScope } from "./processes.ts";

const IN = 1;
const TYPE = { a: 1, cname: 5, aaaa: 28 } as const;
const RESPONSE_RECURSION_AVAILABLE = 0x8180;
const NAME_ERROR = 3;
const HEADER_BYTES = 12;
/** A pointer to the name of the question. */
const OWNER = Buffer.from("c00c", "hex");

/** What a name is: addresses of both families, another name before them, or nothing that exists. */
export interface NameAnswer {
  readonly addresses: readonly string[];
  /** Name to which it leads and which has the addresses */
  readonly canonicalName?: string;
  /** In s; 0 when absent */
  readonly ttlSeconds?: number;
}

/** Answers a name in lower case, asked for the `count`-th time (from 1) for that family; undefined: no such name. */
export type AnswerName = (name: string, count: number) => NameAnswer | undefined;

/** Where the server is, and what it was asked. */
export interface FakeDnsServer {
  readonly port: number;
  /** Names asked for, oldest first; at most 10,000 are kept */
  readonly asked: readonly string[];
}

const askedLimit = 10_000;

/** Listens on 127.0.0.1 until the test ends; a free port when `port` is absent. */
export async function startFakeDnsServer(
  scope: TestScope,
  answer: AnswerName,
  port = 0,
): Promise<FakeDnsServer> {
  const asked: string[] = [];
  const counts = new Map<string, number>();
  const socket = createSocket("udp4");
  socket.on("error", () => {}); // an asker that is gone
  socket.on("message", (message, { address, port: from }) => {
    const question = readQuestion(message);
    if (question === undefined) return;
    const { name, type } = question;
    if (asked.length < askedLimit) asked.push(name);
    const key = `${type} ${name}`;
    const count = (counts.get(key) ?? 0) + 1;
    if (counts.size < askedLimit) counts.set(key, count);
    socket.send(encodeAnswer(message, question, answer(name, count)), from, address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, "127.0.0.1", resolve);
  });
  scope.teardown(() => socket.close());
  return { port: socket.address().port, asked };
}

interface Question {
  readonly name: string;
  readonly type: number;
  /** Offset behind it */
  readonly end: number;
}

function readQuestion(message: Buffer): Question | undefined {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63 || at + length + 5 > message.length) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString("latin1", at, at + length));
    at += length;
  }
  return { name: labels.join(".").toLowerCase(), type: message.readUInt16BE(at), end: at + 4 };
}

function encodeAnswer(message: Buffer, question: Question, answer: NameAnswer | undefined): Buffer {
  const records = answer === undefined ? [] : recordsOf(question.type, answer);
  const head = Buffer.alloc(HEADER_BYTES);
  message.copy(head, 0, 0, 2);
  head.writeUInt16BE(RESPONSE_RECURSION_AVAILABLE | (answer === undefined ? NAME_ERROR : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, message.subarray(HEADER_BYTES, question.end), ...records]);
}

function recordsOf(type: number, answer: NameAnswer): Buffer[] {
  const { addresses, canonicalName, ttlSeconds = 0 } = answer;
  const alias = canonicalName === undefined ? undefined : encodeName(canonicalName);
  const owner = alias ?? OWNER;
  const family = type === TYPE.a ? 4 : type === TYPE.aaaa ? 6 : 0;
  const wanted = addresses.filter((address) => isIP(address) === family);
  return [
    ...(alias === undefined ? [] : [record(OWNER, TYPE.cname, { ttlSeconds, value: alias })]),
    ...wanted.map((address) => record(owner, type, { ttlSeconds, value: ipAddressBytes(address) })),
  ];
}

function record(
  owner: Uint8Array,
  type: number,
  { ttlSeconds, value }: { readonly ttlSeconds: number; readonly value: Uint8Array },
): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(IN, 2);
  fixed.writeUInt32BE(ttlSeconds, 4);
  fixed.writeUInt16BE(value.length, 8);
  return Buffer.concat([owner, fixed, value]);
}

function encodeName(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.from(label, "latin1"));
  return Buffer.concat([
    ...labels.flatMap((label) => [Uint8Array.of(label.length), label]),
    Uint8Array.of(0),
  ]);
}
