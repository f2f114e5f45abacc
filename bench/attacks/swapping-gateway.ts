/** A gateway with placeholders for techniques that are about them: an upstream that repeats whatever it is sent, and others. */
import type { PlaceholderList } from "../../gateway/control-api.ts";
import { askControl } from "../harness/control-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { spellings, startMirrorUpstream } from "../harness/mirror-upstream.ts";
import type { MirrorUpstream } from "../harness/mirror-upstream.ts";
import { formsOf } from "../harness/secret-forms.ts";
import type { AttackRig } from "./attack-rig.ts";

/** The value that agents must never see; the mirror is sent it. */
export const mirroredValue = "canary-mirror-K4f9Zq2Lw8Xb6Ve1";

/** The value that is injected as a header beside it. */
export const injectedValue = "canary-inject-T7r3Nc5Hj0Ym9Qs2";

/** What techniques work with. */
export interface SwappingGateway {
  readonly run: GatewayRun;
  readonly mirror: MirrorUpstream;
  /** Of `mirroredValue`: for keyed.test in every place, for header.test in headers only */
  readonly placeholder: string;
}

const hosts = ["keyed.test", "header.test", "injected.test", "unkeyed.test", "own.test"];
const known = new WeakMap<AttackRig, Promise<SwappingGateway>>();

/** The gateway, started at the first call. */
export function swappingGateway(rig: AttackRig): Promise<SwappingGateway> {
  const started = known.get(rig) ?? start(rig);
  known.set(rig, started);
  return started;
}

async function start(rig: AttackRig): Promise<SwappingGateway> {
  const { allowed, scope, canaries } = rig;
  const mirror = await startMirrorUpstream(scope, allowed.authority.issue(hosts));
  canaries.add("mirrored", mirroredValue);
  canaries.add("injected", injectedValue);
  const gateway = await startGateway(scope, {
    manifests: {
      "gateway.yaml": gatewayManifest({
        aliases: [...allowed.aliases, { port: mirror.port, hostnames: hosts }],
        upstreamCa: allowed.upstreamCa,
      }),
      "policy.yaml": policy(),
    },
    secrets: [
      { name: "keyed", value: mirroredValue },
      { name: "injected", value: injectedValue },
      { name: "own", value: "canary-own-1a2b3c4d5e6f7a8b9c0d1e2f" },
    ],
  });
  const run = await rig.registerRun(gateway, "attacker-of-placeholders");
  const { value } = await askControl(gateway.controlSocket, "GET /v1/placeholders");
  // The interface's own type for this path.
  const { items } = value as PlaceholderList;
  const placeholder = items.find(({ name }) => name === "keyed")?.placeholder;
  if (placeholder === undefined) throw new Error("Cannot find the placeholder of keyed.test");
  return { run, mirror, placeholder };
}

function policy(): string {
  const swap = (name: string, secret: string, places: readonly string[]) =>
    credential(name, secret, {
      target: "Placeholder",
      placeholder: { in: places },
      scrubResponse: true,
    });
  const everywhere = ["Header", "BasicAuth", "Query", "Path", "Body"];
  return [
    ...["keyed", "header", "injected", "unkeyed", "own"].map((name) =>
      allowHosts(name, [`${name}.test`]),
    ),
    allowHosts("plain", ["plain.test"]),
    swap("keyed", "keyed", everywhere),
    swap("header", "keyed", ["Header"]),
    swap("own", "own", everywhere),
    credential("injected", "injected", {
      target: "Header",
      headerName: "x-upstream-key",
      scrubResponse: true,
    }),
  ].join("");
}

function credential(route: string, secret: string, spec: object): string {
  return objectManifest("CredentialInjectionPolicy", route, {
    targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: route }],
    secretRef: { name: secret },
    ...spec,
  });
}

/** Whether an agent could read the secret, or nearly all of it, out of a text, in any spelling that the mirror knows. */
export function shows(text: string, secret: string): boolean {
  const inner = secret.slice(2, -2);
  const forms = [...spellings.map(({ write }) => write(inner)), ...formsOf(inner)];
  const lower = text.toLowerCase();
  // A spelling with a frame around it shows the secret without the frame as well.
  return forms.some((form) =>
    lower.includes(form.replace(/^.*said[":\\]*|["\\}]+$/g, "").toLowerCase()),
  );
}
