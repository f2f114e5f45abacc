/** Tests of what the launcher set for us and nobody else. */
import t from "tap";
import { withoutLauncher } from "./launcher-environment.ts";

t.test("withoutLauncher() restores what the launcher recorded, and takes out its record", (t) => {
  const record = JSON.stringify({ NODE_COMPILE_CACHE: null, PATH: "/usr/bin" });
  const env = { NODE_COMPILE_CACHE: "/cache", PATH: "/ours", HOME: "/home", GONE: undefined };
  t.same(withoutLauncher({ ...env, CLRK_LAUNCHER_ENV: record }), {
    PATH: "/usr/bin",
    HOME: "/home",
  });
  t.end();
});

for (const record of ["", "null", "[]", "{", '{"PATH": 7}']) {
  t.test(`withoutLauncher() restores nothing from the record ${record}`, (t) => {
    t.same(withoutLauncher({ PATH: "/ours", CLRK_LAUNCHER_ENV: record }), { PATH: "/ours" });
    t.end();
  });
}
