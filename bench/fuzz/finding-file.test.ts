/** Tests of findings as files. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { writeFinding } from "./finding-file.ts";

t.test("writeFinding() writes the input and the line that tries it again", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "clrk-findings-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const input = Buffer.from("input");
  const written = writeFinding({ target: "sse", finding: "it throws", seed: 4 }, input, directory);
  t.match(written, { target: "sse", finding: "it throws", seed: 4, bytes: 5 });
  t.ok(written.command.startsWith("npm run fuzz -- --target sse --replay "));
  t.ok(written.command.endsWith(written.file));
  const path = join(import.meta.dirname, "../..", written.file);
  t.same(readFileSync(path), input);
  t.equal(
    readFileSync(path.replace(/\.bin$/, ".txt"), "utf8"),
    `sse: it throws\nseed 4, 5 bytes\n${written.command}\n`,
  );
});
