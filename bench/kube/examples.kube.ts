/** The manifests of `examples/`, given to a real API server with our CRDs by the kubectl of the same version. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseManifests } from "../../gateway/manifests.ts";
import { listFiles, repositoryRoot } from "../checks/repository.ts";
import { needsKubekit } from "../harness/kubekit.ts";
import { startKindServer } from "./kind-server.ts";

const root = repositoryRoot();
const manifests = listFiles(root).filter((path) => /^examples\/[^/]+\/[^/]+\.yaml$/.test(path));
const { skip } = await needsKubekit();

t.test("kubectl apply takes every manifest of examples/", { skip, timeout: 300_000 }, async (t) => {
  t.ok(manifests.length > 5, `${manifests.length} manifests`);
  const server = await startKindServer(t);
  for (const path of manifests) {
    const { objects } = parseManifests(path, readFileSync(join(root, path), "utf8"));
    const words = ["apply", "--validate=strict", "--dry-run=server", "-o", "name", "-f"];
    const { exitCode, stdout, stderr } = await server.kubectl([...words, join(root, path)]);
    t.equal(exitCode, 0, `${path}: ${stderr}`);
    t.equal(stdout.trim().split("\n").length, objects.length, path);
  }
});
