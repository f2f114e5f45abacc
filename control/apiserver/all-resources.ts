/** Everything that the server serves: our kinds that are stored, and the core kinds that manifests and kubectl need. */
import { kinds } from "../../crds/kinds.ts";
import { GROUP } from "../../crds/meta.ts";
import {
  configMapResource,
  namespaceResource,
  ownResource,
  secretResource,
} from "./core-resources.ts";
import { coreEventResource, eventsGroupResource } from "./event-resource.ts";
import type { ServedResource } from "./served-resource.ts";

/** All resources in the order of discovery. */
export function allResources(): readonly ServedResource[] {
  const own = kinds.filter(({ group, stored }) => group === GROUP && stored);
  return [
    namespaceResource,
    configMapResource,
    secretResource,
    coreEventResource,
    ...own.map(ownResource),
    eventsGroupResource,
  ];
}
