import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { tryTakeFolder } from "./folder-lock.ts";
import { silentLogger } from "./log.ts";
import { removeStaleSpools, spoolFolder } from "./otlp-spool-folders.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

const place = { namespace: "a", name: "egress", endpoint: "https://one.test" };

t.test("spoolFolder() differs with everything that makes a place", async (t) => {
  const others = [
    { ...place, namespace: "b" },
    { ...place, name: "other" },
    { ...place, uid: "1" },
    { ...place, uid: "2" },
    { ...place, sink: "siem" },
    { ...place, endpoint: "https://two.test" },
    { ...place, namespace: "a,egress" },
  ];
  const folders = [place, ...others].map(spoolFolder);
  t.equal(new Set(folders).size, folders.length);
  t.equal(spoolFolder({ ...place }), folders[0]);
  for (const folder of folders) t.match(folder, /^[0-9a-f]{32}$/);
});

t.test("removeStaleSpools() removes what is old, unwanted and nobody's", async (t) => {
  const directory = await temporaryDirectory(t);
  const nowMs = Date.now();
  const make = async (name: string, ageMs: number) => {
    const folder = spoolFolder({ ...place, name });
    const traces = path.join(directory, folder, "traces");
    await mkdir(traces, { recursive: true });
    await writeFile(path.join(traces, "0000000000000001-1.otlp"), "x");
    const at = new Date(nowMs - ageMs);
    for (const one of [traces, path.dirname(traces)]) await utimes(one, at, at);
    return folder;
  };
  const day = 24 * 60 * 60_000;
  const wanted = await make("wanted", 2 * day);
  const young = await make("young", day / 2);
  await make("stale", 2 * day);
  const held = await make("held", 0);
  const lock = tryTakeFolder(path.join(directory, held, "traces"), process.ppid);
  t.equal(lock.kind, "held");
  await mkdir(path.join(directory, "of somebody else"));
  const later = { nowMs, log: silentLogger };
  await removeStaleSpools(directory, new Set([wanted]), later);
  t.same(
    (await readdir(directory)).toSorted(),
    [wanted, young, held, "of somebody else"].toSorted(),
  );
  await removeStaleSpools(directory, new Set([wanted, young]), {
    ...later,
    nowMs: nowMs + 2 * day,
  });
  t.same(
    (await readdir(directory)).toSorted(),
    [wanted, young, held, "of somebody else"].toSorted(),
    "what another process holds stays",
  );
  await removeStaleSpools(path.join(directory, "absent"), new Set(), later);
});
