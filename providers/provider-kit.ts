/** The kit that plugins are given; `provider-plugin.ts` says what it is. */

import { blankRequest, blankUsage } from "./blank-request.ts";
import type { Codec } from "./codec.ts";
import { EventDataReader } from "./event-data.ts";
import { isJsonNumber, isJsonObject, parseJson, parseJsonText, writeJson } from "./json-text.ts";
import type { Provider } from "./provider.ts";
import { providerInterfaceVersion } from "./provider.ts";
import { codecsOf } from "./provider-codecs.ts";
import type { ProviderKit } from "./provider-plugin.ts";
import { budgetOf, effortOf } from "./reasoning.ts";
import { providers } from "./registry.ts";
import { errorOfStatus, kindOfStatus } from "./status-error.ts";
import { createToolNames, joinTurns, textOf } from "./turns.ts";

/** The only kit. */
export const providerKit: ProviderKit = Object.freeze({
  interfaceVersion: providerInterfaceVersion,
  parseJson,
  parseJsonText,
  writeJson,
  isJsonObject,
  isJsonNumber,
  EventDataReader,
  joinTurns,
  createToolNames,
  textOf,
  blankRequest,
  blankUsage,
  kindOfStatus,
  errorOfStatus,
  budgetOf,
  effortOf,
  provider: getProvider,
  codec: getCodec,
});

function getProvider(name: string): Provider {
  const found = providers.find((provider) => provider.name === name);
  if (found !== undefined) return found;
  const known = providers.map((provider) => provider.name).join(", ");
  throw new RangeError(`There is no built-in provider "${name}": known are ${known}`);
}

/** A dialect that several providers speak is the one of the provider it is named after. */
function getCodec(name: string): Codec {
  const isAuthor = (provider: Provider) => name.startsWith(`${provider.name}-`);
  const codecs = [...providers.filter(isAuthor), ...providers].flatMap(codecsOf);
  const found = codecs.find((codec) => codec.name === name);
  if (found !== undefined) return found;
  const known = [...new Set(codecs.map((codec) => codec.name))].join(", ") || "none";
  throw new RangeError(`There is no built-in codec "${name}": known are ${known}`);
}
