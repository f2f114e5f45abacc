/** Tests of which API server a command means. */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { formatKubeconfig } from "../apiserver/kubeconfig.ts";
import { choiceFile, findApiTarget, getApiTarget, listContexts } from "./api-target.ts";
import { ownKubeconfig, readChoice, writeChoice } from "./api-target.ts";
import { createFakeContext } from "./testdata/fake-context.ts";

function configOf(server: string, context = "clrk"): string {
  const text = formatKubeconfig({ server, authorityPem: "PEM", user: "admin", token: "t" });
  return text
    .replaceAll('"name": "clrk"', `"name": "${context}"`)
    .replace('"current-context": "clrk"', `"current-context": "${context}"`)
    .replace('"cluster": "clrk"', `"cluster": "${context}"`);
}

t.test(
  "findApiTarget() takes an option, then the choice, then our own, then $KUBECONFIG",
  async (t) => {
    const folder = t.testdir();
    const [listed, named] = [join(folder, "listed"), join(folder, "named")];
    writeFileSync(listed, configOf("https://listed:1", "listed"));
    writeFileSync(named, configOf("https://named:1", "named"));
    const context = await createFakeContext(t, {
      env: { KUBECONFIG: `${join(folder, "no")}:${listed}` },
    });
    t.match(await findApiTarget(context), { server: "https://listed:1", isOwn: false });
    writeFileSync(ownKubeconfig(context), configOf("https://own:1"));
    t.match(await findApiTarget(context), { server: "https://own:1", isOwn: true });
    await writeChoice(context, { context: "named", files: [named] });
    t.equal(statSync(choiceFile(context)).mode & 0o777, 0o600);
    t.match(await findApiTarget(context), { server: "https://named:1", isOwn: false });
    t.match(await findApiTarget(context, { context: "listed" }), { server: "https://listed:1" });
    t.match(await findApiTarget(context, { context: "clrk" }), { isOwn: true });
    t.match(await findApiTarget(context, { kubeconfig: listed }), { context: "listed" });
    await writeChoice(context, undefined);
    t.match(await findApiTarget(context), { isOwn: true });
  },
);

t.test("findApiTarget() never takes ~/.kube/config by itself", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await findApiTarget(context), undefined);
  await t.rejects(getApiTarget(context), {
    message: [
      `Cannot find an API server: there is no "${ownKubeconfig(context)}"`,
      "Start one: clrk dev -f DIR",
      "Or name another: --kubeconfig FILE, or clrk context use NAME",
    ].join("\n"),
  });
});

t.test("findApiTarget() tells what is wrong with what is named", async (t) => {
  const context = await createFakeContext(t);
  writeFileSync(ownKubeconfig(context), configOf("https://own:1"));
  const { workingDirectory } = context;
  writeFileSync(join(workingDirectory, "empty"), "");
  writeFileSync(join(workingDirectory, "other"), '{"contexts": []}');
  for (const { flags, message } of [
    {
      flags: { context: "none" },
      message: 'Cannot find context "none": there are "clrk"\nSee all: clrk context list',
    },
    { flags: { kubeconfig: "none" }, message: /: there is no such file$/ },
    {
      flags: { kubeconfig: "other" },
      message: /: it has no current context\nName one: --context NAME$/,
    },
    { flags: { kubeconfig: "other", context: "x" }, message: /^Cannot find context "x"/ },
  ]) {
    await t.rejects(findApiTarget(context, flags), { message }, JSON.stringify(flags));
  }
  await writeChoice(context, { context: "gone", files: [join(workingDirectory, "other")] });
  await t.rejects(findApiTarget(context), {
    message:
      /^Cannot use context "gone": \S+ has it no more\nChoose another: clrk context use NAME$/,
  });
  for (const text of ["{", "[]", '{"context": 1, "files": []}', '{"context": "a"}']) {
    writeFileSync(choiceFile(context), text);
    await t.rejects(readChoice(context), { message: /it is no choice of a context/ }, text);
  }
});

t.test("listContexts() has ours first, and a name once", async (t) => {
  const folder = t.testdir();
  const file = join(folder, "config");
  writeFileSync(file, configOf("https://elsewhere:1"));
  const context = await createFakeContext(t, { env: { KUBECONFIG: file } });
  t.match(await listContexts(context), [
    { name: "clrk", server: "https://elsewhere:1", isOwn: false },
  ]);
  writeFileSync(ownKubeconfig(context), configOf("https://own:1"));
  const known = await listContexts(context);
  t.equal(known.length, 1);
  t.match(known, [{ name: "clrk", server: "https://own:1", isOwn: true }]);
});
