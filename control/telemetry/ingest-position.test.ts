/** Tests of the position file: whole, or that of a new store. */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readPosition, writePosition } from "./ingest-position.ts";
import { temporaryFolder } from "./store-rig.ts";

t.test("a position is read as it was written", async (t) => {
  const path = join(temporaryFolder(t), "sub", "position.json");
  t.match(await readPosition(path), { pending: undefined, lastSequence: 0n });
  const position = {
    offsets: new Map([["1:2:3", 4_096]]),
    pending: { identity: "1:2:3", start: 4_096, end: 8_192, sequence: "1883154882618197801" },
    lastSequence: 1883154882618197900n,
  };
  await writePosition(path, position);
  t.same(await readPosition(path), position);
  t.equal(statSync(path).mode & 0o777, 0o600);
});

t.test("a file that is none counts as absent", async (t) => {
  const path = join(temporaryFolder(t), "position.json");
  for (const text of ["", "[]", "null", '{"offsets":{"a":"b"},"pending":{},"lastSequence":1}']) {
    writeFileSync(path, text);
    t.same(await readPosition(path), { offsets: new Map(), pending: undefined, lastSequence: 0n });
  }
});
