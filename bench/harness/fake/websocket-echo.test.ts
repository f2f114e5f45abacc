import { duplexPair } from "node:stream";
import t from "tap";
import { waitUntil } from "../processes.ts";
import { acceptKey, echoWebSocket } from "./websocket-echo.ts";

/** Sends bytes in pieces of one size and returns what comes back once it has `length` bytes. */
async function converse(hex: string, length: number, pieceBytes = 1_000): Promise<string> {
  const [client, server] = duplexPair();
  echoWebSocket(server);
  let received = Buffer.alloc(0);
  client.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  const bytes = Buffer.from(hex, "hex");
  for (let at = 0; at < bytes.length; at += pieceBytes)
    client.write(bytes.subarray(at, at + pieceBytes));
  await waitUntil(() => received.length >= length, { deadlineMs: 20_000, what: `${length} bytes` });
  client.destroy();
  return received.toString("hex");
}

/** A client frame whose mask is zero, so that the payload shows as it is. */
function frame(first: string, payload: string): string {
  const size = payload.length / 2;
  const length =
    size < 126 ? (0x80 | size).toString(16) : `fe${size.toString(16).padStart(4, "0")}`;
  return `${first}${length}00000000${payload}`;
}

t.test("acceptKey() gives the value of the standard's example", async (test) => {
  test.equal(acceptKey("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

t.test("echoWebSocket() gives the same answer for every chunk split", async (test) => {
  const hello = "818537fa213d7f9f4d5158";
  const ping = frame("89", "aabb");
  const binary = frame("82", "00ff".repeat(100));
  const close = frame("88", "03e8");
  const answer = `810548656c6c6f8a02aabb827e00c8${"00ff".repeat(100)}880203e8`;
  for (const pieceBytes of [1, 2, 3, 7, 50, 1_000]) {
    test.equal(
      await converse(hello + ping + binary + close, answer.length / 2, pieceBytes),
      answer,
    );
  }
});

t.test("echoWebSocket() keeps fragments as they came and ignores pongs", async (test) => {
  test.equal(
    await converse(frame("01", "61") + frame("8a", "") + frame("80", "62"), 6),
    "010161800162",
  );
});

t.test("echoWebSocket() carries messages over 64 KiB", async (test) => {
  const payload = "ab".repeat(70_000);
  const head = "0000000000011170";
  const answer = await converse(`82ff${head}00000000${payload}`, 70_010, 9_000);
  test.equal(answer, `827f${head}${payload}`);
});

const broken = [
  ["is not masked", "810161", "8802" + "03ea"],
  ["sets a reserved bit", `c1${"80"}00000000`, "8802" + "03ea"],
  ["is over 16 MiB", "82ff0000000001000001", "8802" + "03f1"],
  ["is over 4 GiB", "82ff0000000100000000", "8802" + "03f1"],
] as const;

for (const [name, hex, answer] of broken) {
  t.test(`echoWebSocket() closes when a frame ${name}`, async (test) => {
    test.equal(await converse(hex, 4), answer);
  });
}
