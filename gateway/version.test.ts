import { readFileSync } from "node:fs";
import t from "tap";
import { version } from "./version.ts";

t.test("version is that of package.json", async (t) => {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  t.match(manifest, { version });
});
