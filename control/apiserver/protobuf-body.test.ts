/** Tests of protobuf bodies: as Go writes them, cut anywhere, and made up. Bytes are written by hand, after the format. */
import t from "tap";
import { decodeProtobufBody, readsProtobuf } from "./protobuf-body.ts";

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

const field = (number: number, content: string | Uint8Array | number): Buffer =>
  typeof content === "number"
    ? Buffer.from([...varint(number * 8), ...varint(content)])
    : Buffer.concat([
        Buffer.from([...varint(number * 8 + 2), ...varint(Buffer.byteLength(content))]),
        Buffer.from(content),
      ]);

const message = (...fields: Buffer[]) => Buffer.concat(fields);

function body(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const typeMeta = message(field(1, apiVersion), field(2, kind));
  return message(
    Buffer.from("k8s\0"),
    field(1, typeMeta),
    field(2, raw),
    field(3, ""),
    field(4, ""),
  );
}

const entry = (key: string, value: string) => message(field(1, key), field(2, value));

const secret = body(
  "v1",
  "Secret",
  message(
    field(
      1,
      message(
        field(1, "a"),
        field(3, "default"),
        field(5, ""),
        field(7, 0),
        field(11, entry("team", "red")),
        field(14, "x/y"),
        field(14, "x/z"),
        field(
          13,
          message(field(1, "Backend"), field(3, "b"), field(4, "u"), field(5, "v1"), field(7, 1)),
        ),
      ),
    ),
    field(2, entry("token", "plain")),
    field(3, ""),
    field(4, entry("more", "text")),
    field(5, 1),
  ),
);

t.test("decodeProtobufBody() gives what JSON would have given", async (t) => {
  t.same(decodeProtobufBody(secret), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "a",
      namespace: "default",
      labels: { team: "red" },
      finalizers: ["x/y", "x/z"],
      ownerReferences: [
        { kind: "Backend", name: "b", uid: "u", apiVersion: "v1", blockOwnerDeletion: true },
      ],
    },
    data: { token: Buffer.from("plain").toString("base64") },
    stringData: { more: "text" },
    immutable: true,
  });
  const attributes = message(
    field(1, "default"),
    field(2, "get"),
    field(3, "clrk.apoxy.dev"),
    field(5, "backends"),
  );
  const review = body(
    "authorization.k8s.io/v1",
    "SelfSubjectAccessReview",
    field(2, field(1, attributes)),
  );
  t.match(decodeProtobufBody(review), {
    spec: {
      resourceAttributes: {
        namespace: "default",
        verb: "get",
        group: "clrk.apoxy.dev",
        resource: "backends",
      },
    },
  });
  const options = body(
    "meta.k8s.io/v1",
    "DeleteOptions",
    message(field(1, 30), field(2, field(1, "u")), field(4, "Orphan"), field(5, "All")),
  );
  t.match(decodeProtobufBody(options), {
    gracePeriodSeconds: 30,
    preconditions: { uid: "u" },
    propagationPolicy: "Orphan",
    dryRun: ["All"],
  });
});

t.test(
  "decodeProtobufBody() refuses what is cut or made up, and shows nothing of it",
  async (t) => {
    const refused = (bytes: Buffer, name: string) => {
      try {
        decodeProtobufBody(bytes);
      } catch (error) {
        t.match(error, { code: 400, message: /^the protobuf body cannot be read/ }, name);
        t.notMatch(String(error), /plain/);
        return;
      }
      t.pass(`${name}: read without its end`);
    };
    for (let end = 0; end < secret.length; end++) refused(secret.subarray(0, end), `cut at ${end}`);
    for (let at = 0; at < secret.length; at++) {
      const changed = Buffer.from(secret);
      changed[at] = 0xff;
      refused(changed, `broken at ${at}`);
    }
    t.throws(() => decodeProtobufBody(Buffer.from("{}")), { code: 400 });
    t.throws(() => decodeProtobufBody(body("v1", "Pod", Buffer.alloc(0))), {
      message: /kind "Pod" is read as JSON only/,
    });
    t.throws(() => decodeProtobufBody(Buffer.from([0x6b, 0x38, 0x73, 0, 0x0b])), {
      message: /wire type 3/,
    });
  },
);

t.test("readsProtobuf() knows which kinds are read", async (t) => {
  t.ok(readsProtobuf("ConfigMap"));
  for (const kind of ["Backend", "Event", "constructor", ""]) t.notOk(readsProtobuf(kind), kind);
});

t.test("a key that is called like the prototype is a key", async (t) => {
  const raw = message(field(1, field(1, "a")), field(2, entry("__proto__", "x")));
  const { data } = decodeProtobufBody(body("v1", "ConfigMap", raw));
  t.equal(JSON.stringify(data), '{"__proto__":"x"}');
});

t.test("many labels, finalizers and owners take no longer each than few", async (t) => {
  const many = Array.from({ length: 60_000 }, (_, index) => index);
  const metadata = Buffer.concat([
    ...many.map((index) => field(11, entry(`label-${index}`, "x"))),
    ...many.map((index) => field(14, `example.com/${index}`)),
    ...many.map((index) => field(13, field(3, `owner-${index}`))),
  ]);
  const started = performance.now();
  const decoded = decodeProtobufBody(body("v1", "ConfigMap", field(1, metadata)));
  t.ok(performance.now() - started < 5_000, "read in seconds");
  const { labels, finalizers, ownerReferences } = decoded["metadata"] as Record<string, object>;
  t.equal(Object.keys(labels ?? {}).length, many.length);
  t.match(finalizers, { length: many.length });
  t.match(ownerReferences, { length: many.length });
});
