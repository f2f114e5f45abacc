import t from "tap";
import type { EnvoyBinary } from "../../gateway/envoy-binary.ts";
import type { ProgramOutcome } from "../../gateway/run-program.ts";
import { checkEnvoy } from "./envoy-check.ts";

const ways = "Provide Envoy 1.40 in one of three ways:\n  1. set CLRK_ENVOY";

function check(envoy: EnvoyBinary, pip?: ProgramOutcome) {
  const asked: string[] = [];
  const checked = checkEnvoy({
    env: {},
    workingDirectory: "/opt",
    findEnvoy: async ({ install }) => {
      asked.push(`findEnvoy ${install}`);
      return envoy;
    },
    run: async (program, words) => {
      asked.push([program, ...words].join(" "));
      return pip ?? { kind: "not-started", message: "not found" };
    },
  });
  return checked.then((found) => ({ found, asked }));
}

t.test("checkEnvoy() says where Envoy is, and asks for nothing else", async (t) => {
  const envoy = { kind: "found", path: "/opt/envoy", version: "1.40.0", source: "PATH" } as const;
  const { found, asked } = await check(envoy);
  t.same(found, { name: "envoy", result: "ok", message: "Envoy 1.40.0 (PATH: envoy)" });
  t.same(asked, ["findEnvoy never"]);
});

t.test("checkEnvoy() fails on a CLRK_ENVOY that does not suit, with the ways out", async (t) => {
  const { found } = await check({ kind: "unsuitable", message: `Cannot use it: too old\n${ways}` });
  t.same(found, { name: "envoy", result: "failed", message: "Cannot use it: too old", next: ways });
});

t.test("checkEnvoy() only warns where pip can install it", async (t) => {
  const missing = { kind: "unavailable", message: `Cannot find Envoy 1.40:\n${ways}` } as const;
  const { found, asked } = await check(missing, {
    kind: "exited",
    code: 0,
    stdout: "",
    stderr: "",
  });
  t.equal(found.result, "warning");
  t.equal(found.message, "Envoy 1.40.0 is not installed yet");
  t.same(asked, ["findEnvoy never", "python3 -m pip --version"]);
});

t.test("checkEnvoy() fails where it cannot be installed either", async (t) => {
  const missing = { kind: "unavailable", message: `Cannot find Envoy 1.40:\n${ways}` } as const;
  for (const pip of [undefined, { kind: "exited", code: 1, stdout: "", stderr: "" } as const]) {
    const { found } = await check(missing, pip);
    t.equal(found.result, "failed");
    t.equal(found.message, "Cannot find Envoy 1.40: none, and no python3 with pip to install it");
    t.equal(found.next, ways);
  }
});
