import t from "tap";
import { codecsOf } from "./provider-codecs.ts";
import { providerKit } from "./provider-kit.ts";
import { providerInterfaceVersion } from "./provider.ts";
import { addProviders, providers, resetProviders } from "./registry.ts";

t.test("providerKit says the interface's version and cannot be changed", async (t) => {
  t.equal(providerKit.interfaceVersion, providerInterfaceVersion);
  t.ok(Object.isFrozen(providerKit));
});

t.test("providerKit reads and writes JSON without losing digits", async (t) => {
  const text = '{"n":12345678901234567890}';
  const parsed = providerKit.parseJson(Buffer.from(text));
  t.equal(parsed.kind === "value" && providerKit.writeJson(parsed.value), text);
});

t.test("providerKit reads event streams", async (t) => {
  const events: string[] = [];
  new providerKit.EventDataReader((event) => events.push(event)).write(
    Buffer.from("data: a\n\ndata: b\n\n"),
  );
  t.same(events, ["a", "b"]);
});

t.test("provider() gives built-in providers only", async (t) => {
  t.teardown(resetProviders);
  const [openai] = providers.filter(({ name }) => name === "openai");
  t.equal(providerKit.provider("openai"), openai);
  if (openai === undefined) return;
  addProviders([{ ...openai, name: "acme", hosts: [] }]);
  t.throws(() => providerKit.provider("acme"), {
    message: `There is no built-in provider "acme": known are ${providers.map(({ name }) => name).join(", ")}`,
  });
});

t.test("codec() gives built-in codecs, and names them where there is none", async (t) => {
  for (const { name } of providers.flatMap(codecsOf)) t.equal(providerKit.codec(name).name, name);
  const [anthropic] = providers.filter(({ name }) => name === "anthropic");
  t.ok(anthropic && codecsOf(anthropic).includes(providerKit.codec("anthropic-messages")));
  t.throws(
    () => providerKit.codec("acme-chat"),
    /^There is no built-in codec "acme-chat": known are \w/,
  );
});
