import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { CliError } from "./cli-error.ts";
import { startOwnGateway } from "./own-gateway.ts";
import { createFakeContext } from "./testdata/fake-context.ts";

const gateway = { file: ["/policy"], secret: [] };

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

t.test("startOwnGateway() starts a process that ends with this one, and ends it", async (t) => {
  const context = await createFakeContext(t);
  const own = await startOwnGateway(context, { gateway, isQuiet: false });
  t.equal(own.status.pid, own.pid);
  const words = await readFile(join(context.home.root, "fake-gateway.words"), "utf8");
  t.equal(words, "--file /policy --exit-with-parent");
  await own.close();
  t.notOk(isAlive(own.pid));
  t.equal(context.stdout(), "");
  t.equal(context.stderr(), "Warning: Something odd (where=here)\n");
});

t.test("startOwnGateway() says nothing when it is to be quiet", async (t) => {
  const context = await createFakeContext(t);
  const own = await startOwnGateway(context, { gateway, isQuiet: true });
  await own.close();
  t.equal(context.stderr(), "");
});

t.test(
  "startOwnGateway() throws the problems of the manifests and leaves nothing running",
  async (t) => {
    const context = await createFakeContext(t, { env: { FAKE_GATEWAY: "problem" } });
    await t.rejects(
      startOwnGateway(context, { gateway, isQuiet: true }),
      new CliError("Cannot serve the manifests:\npolicy/route.yaml:14: spec: is wrong"),
    );
    const pid = Number(await readFile(join(context.home.root, "fake-gateway.pid"), "utf8"));
    t.notOk(isAlive(pid));
  },
);

t.test("startOwnGateway() adds the log to the reason where it was not shown", async (t) => {
  const context = await createFakeContext(t, { env: { FAKE_GATEWAY: "crash" } });
  await t.rejects(
    startOwnGateway(context, { gateway, isQuiet: true }),
    new CliError(
      "Cannot start the gateway process: it ended with exit code 7\nTypeError: something is undefined",
    ),
  );
});

t.test("startOwnGateway() throws why the process did not start", async (t) => {
  const context = await createFakeContext(t, { env: { FAKE_GATEWAY: "fail" } });
  const started = startOwnGateway(context, { gateway, isQuiet: true });
  await t.rejects(started, new CliError("Cannot serve: for a test"));
});
