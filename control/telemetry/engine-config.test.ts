/** Tests of the engine's bounds: they follow the cap of the process. */
import t from "tap";
import {
  defaultMemoryCapBytes,
  engineConfig,
  engineMemoryBytes,
  querySettings,
  smallestMemoryCapBytes,
} from "./engine-config.ts";

t.test("the engine gets what the process leaves over", async (t) => {
  const bounds = { memoryCapBytes: defaultMemoryCapBytes };
  const bytes = engineMemoryBytes(bounds);
  t.ok(bytes < defaultMemoryCapBytes / 2);
  t.match(engineConfig(bounds), `<max_server_memory_usage>${bytes}</max_server_memory_usage>`);
  t.ok(Number(querySettings(bounds).get("max_memory_usage")) < bytes, "no query takes all of it");
});

t.test("a cap that cannot be kept is refused", async (t) => {
  t.throws(
    () => engineMemoryBytes({ memoryCapBytes: smallestMemoryCapBytes - 1 }),
    /want at least/,
  );
  t.throws(() => engineMemoryBytes({ memoryCapBytes: Number.NaN }), RangeError);
});

t.test("parts are loaded by few of the threads that loading waits for", async (t) => {
  // With the engine's own 64 loaders a store of 195 parts never opened once the page cache was cold.
  const config = engineConfig({ memoryCapBytes: defaultMemoryCapBytes });
  const read = (name: string) => Number(new RegExp(`<${name}>(\\d+)<`).exec(config)?.[1]);
  for (const kind of ["active", "outdated"]) {
    const loaders = read(`max_${kind}_parts_loading_thread_pool_size`);
    t.ok(loaders * 8 <= read("max_thread_pool_size"), `${kind}: ${loaders}`);
  }
});
