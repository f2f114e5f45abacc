/** Tests that the bytes given to grpc-js are the encoder's own, neither copied nor widened to the buffer behind them. */
import t from "tap";
import { toBuffer } from "./grpc-buffer.ts";

t.test("toBuffer() shares memory with the bytes", async (t) => {
  const bytes = Uint8Array.of(1, 2, 3);
  const buffer = toBuffer(bytes);
  t.ok(Buffer.isBuffer(buffer));
  bytes[0] = 9;
  t.same([...buffer], [9, 2, 3]);
});

t.test("toBuffer() shows only the part of a larger buffer that the bytes cover", async (t) => {
  const bytes = Uint8Array.of(1, 2, 3, 4).subarray(1, 3);
  t.same([...toBuffer(bytes)], [2, 3]);
});
