/** Tests of whether a found Envoy fits, with answers of a made-up one and, where there is one, of a real one. */
import t from "tap";
import { assessEnvoy, parseEnvoyVersion } from "./envoy-suitability.ts";
import { runProgram } from "./run-program.ts";
import type { ProgramOutcome } from "./run-program.ts";

const revision = "9e5580933739775e8bce696a57a2e1bc99368f23";

function exited(code: number, output: { stdout?: string; stderr?: string }): ProgramOutcome {
  return { kind: "exited", code, stdout: "", stderr: "", ...output };
}

function version(number: string): ProgramOutcome {
  return exited(0, { stdout: `\nenvoy  version: ${revision}/${number}/Clean/RELEASE/BoringSSL\n` });
}

/** Answers one question after the other. */
function assess(...answers: ProgramOutcome[]) {
  const run = () => Promise.resolve(answers.shift() ?? exited(99, {}));
  return assessEnvoy("/x/envoy", run);
}

const samples: { name: string; answers: ProgramOutcome[]; wanted: object }[] = [
  {
    name: "accepts the pinned release",
    answers: [version("1.40.0"), exited(0, { stdout: "configuration '' OK" })],
    wanted: { kind: "suitable", version: "1.40.0" },
  },
  {
    name: "accepts a later patch release",
    answers: [version("1.40.7"), exited(0, {})],
    wanted: { kind: "suitable", version: "1.40.7" },
  },
  {
    name: "refuses another minor release",
    answers: [version("1.4.0")],
    wanted: { kind: "unsuitable", message: "is version 1.4.0, wanted 1.40.x" },
  },
  {
    name: "refuses a minor release that only starts alike",
    answers: [version("1.401.0")],
    wanted: { kind: "unsuitable", message: "is version 1.401.0, wanted 1.40.x" },
  },
  {
    name: "refuses a program that is no Envoy",
    answers: [exited(2, { stdout: "hello" })],
    wanted: {
      kind: "unsuitable",
      message: "does not answer --version like an Envoy (exit code 2)",
    },
  },
  {
    name: "refuses a program that does not start",
    answers: [{ kind: "not-started", message: "spawn /x/envoy EACCES" }],
    wanted: { kind: "unsuitable", message: "does not run: spawn /x/envoy EACCES" },
  },
  {
    name: "refuses a program that does not end",
    answers: [version("1.40.0"), { kind: "stopped", message: "no end within 15000 ms" }],
    wanted: { kind: "unsuitable", message: "does not run: no end within 15000 ms" },
  },
  {
    name: "names a type that was not compiled in",
    answers: [
      version("1.40.0"),
      exited(1, {
        stderr:
          "could not find @type 'type.googleapis.com/envoy.extensions.a.v3.Config'): {\"node\":1}",
      }),
    ],
    wanted: {
      kind: "unsuitable",
      message: "is version 1.40.0 but lacks envoy.extensions.a.v3.Config",
    },
  },
  {
    name: "names an extension that was disabled",
    answers: [
      version("1.40.0"),
      exited(1, {
        stderr:
          "Didn't find a registered implementation for 'a' with type URL: 'envoy.extensions.b.v3.C'",
      }),
    ],
    wanted: { kind: "unsuitable", message: "is version 1.40.0 but lacks envoy.extensions.b.v3.C" },
  },
  {
    name: "does not repeat what it cannot explain",
    answers: [version("1.40.0"), exited(1, { stderr: "something long" })],
    wanted: {
      kind: "unsuitable",
      message: "is version 1.40.0 but rejects a bootstrap with our extensions",
    },
  },
];

for (const { name, answers, wanted } of samples) {
  t.test(`assessEnvoy() ${name}`, async (t) => {
    t.strictSame(await assess(...answers), wanted);
  });
}

const notVersions = [
  "",
  "envoy",
  "version: 1.40.0",
  "version: xyz/1.40.0/Clean",
  `version: ${revision}/1.40/Clean/`,
  `version: ${revision}/1.40.0`,
];

for (const text of notVersions) {
  t.test(`parseEnvoyVersion() finds none in "${text}"`, (t) => {
    t.equal(parseEnvoyVersion(text), undefined);
    t.end();
  });
}

t.test("parseEnvoyVersion() reads a development build", (t) => {
  t.equal(parseEnvoyVersion(`envoy  version: ${revision}/1.40.1-dev/Modified/DEBUG/x`), "1.40.1");
  t.end();
});

const realEnvoy = process.env["CLRK_ENVOY"];

t.test(
  "assessEnvoy() finds a real Envoy suitable",
  { skip: realEnvoy === undefined ? "needs envoy (CLRK_ENVOY)" : false },
  async (t) => {
    const answer = await assessEnvoy(realEnvoy ?? "", runProgram);
    t.match(answer, { kind: "suitable", version: /^1\.40\.\d+$/ });
  },
);

t.test(
  "a real Envoy names the type it lacks as assessEnvoy() expects",
  { skip: realEnvoy === undefined ? "needs envoy (CLRK_ENVOY)" : false },
  async (t) => {
    const answer = await assessEnvoy(realEnvoy ?? "", (file, words, options) => {
      const changed = words.map((word) => word.replaceAll("TlsInspector", "NoInspector"));
      return runProgram(file, changed, options);
    });
    t.match(answer, {
      kind: "unsuitable",
      message: /lacks envoy\.extensions\.filters\.listener\.tls_inspector\.v3\.NoInspector$/,
    });
  },
);
