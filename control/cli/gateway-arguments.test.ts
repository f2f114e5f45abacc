import t from "tap";
import { CliError } from "./cli-error.ts";
import { checkGatewayOptions, controlArguments, gatewayArguments } from "./gateway-arguments.ts";

t.test("gatewayArguments() writes every option as the gateway process reads it", (t) => {
  t.same(
    gatewayArguments({
      file: ["a", "b"],
      secret: ["x=Y"],
      provider: ["acme", "./x"],
      transparent: "1:2",
      concurrency: 3,
      "engine-threads": 4,
      nats: ["nats://a:4222", "nats://b:4222"],
      "nats-credentials": "c.creds",
    }),
    [
      ...["--file", "a", "--file", "b", "--secret", "x=Y"],
      ...["--provider", "acme", "--provider", "./x"],
      ...["--transparent", "1:2", "--concurrency", "3", "--engine-threads", "4"],
      ...["--nats", "nats://a:4222", "--nats", "nats://b:4222"],
      ...["--nats-credentials", "c.creds"],
    ],
  );
  t.same(gatewayArguments({ file: [], secret: [] }), []);
  t.end();
});

t.test("controlArguments() writes what a control process takes of them", async (t) => {
  const nats = { nats: ["nats://a:4222"], "nats-credentials": "c.creds" };
  t.same(controlArguments({ file: ["a"], provider: ["./x"], ...nats, port: 1 }), [
    ...["--file", "a", "--provider", "./x"],
    ...["--nats", "nats://a:4222", "--nats-credentials", "c.creds"],
    ...["--port", "1", "--report", "--exit-with-parent"],
  ]);
  t.same(controlArguments({ file: [] }), ["--report", "--exit-with-parent"]);
  t.same(
    controlArguments({
      ...{ file: [], telemetry: "on", "clickhouse-url": "http://a", "otlp-port": "1", restarts: 2 },
    }),
    [
      ...["--telemetry", "on", "--clickhouse-url", "http://a", "--otlp-port", "1"],
      ...["--restarts", "2", "--report", "--exit-with-parent"],
    ],
  );
});

t.test("checkGatewayOptions() is content with what is there", async (t) => {
  const workingDirectory = t.testdir({ policy: { "a.yaml": "" } });
  const options = { file: ["policy", "policy/a.yaml"], secret: ["openai=KEY", "n/x=KEY:api"] };
  await checkGatewayOptions(options, { workingDirectory, env: { KEY: "1" } });
});

for (const { name, file, secret, message } of [
  {
    name: "a folder that is not there",
    file: ["polcy"],
    secret: [],
    message:
      'Cannot read "polcy": no such file or folder\nName a folder with manifests, such as examples/quickstart',
  },
  {
    name: "a variable that is not set",
    file: [],
    secret: ["openai=OTHER"],
    message:
      "Cannot use --secret: the environment variable OTHER is not set\nSet it before clrk starts, or name another one",
  },
  {
    name: "a variable that is empty",
    file: [],
    secret: ["openai=EMPTY"],
    message:
      "Cannot use --secret: the environment variable EMPTY is empty\nSet it before clrk starts, or name another one",
  },
]) {
  t.test(`checkGatewayOptions() rejects ${name}`, async (t) => {
    const world = { workingDirectory: t.testdir(), env: { EMPTY: "" } };
    await t.rejects(checkGatewayOptions({ file, secret }, world), new CliError(message));
  });
}

t.test("checkGatewayOptions() never repeats what may be the secret itself", async (t) => {
  const key = "sk-proj-4f9Q2kLmZx81TtRb0aVw";
  for (const flag of [`openai=${key}`, key, `=${key}`, `openai=${key}:x`]) {
    const world = { workingDirectory: "/", env: {} };
    const error = await checkGatewayOptions({ file: [], secret: [flag] }, world).catch(
      (thrown: unknown) => thrown,
    );
    t.ok(error instanceof CliError, flag);
    t.notMatch(String(error), /4f9Q/);
    t.match(String(error), /\nFor example: --secret openai=OPENAI_API_KEY$/);
  }
});
