/** How somebody is asked before a tool is called: a person at the command line, or a webhook. */
import { readAddress } from "./cidr.ts";
import { readDuration } from "./duration.ts";
import { httpUrlFormat } from "./http-formats.ts";
import { durationAtMost, durationFormat } from "./match-formats.ts";
import { secretKeyFormat } from "./name-formats.ts";
import { invalid, valid } from "./reading.ts";
import { secretReference } from "./references.ts";
import { defaulted, object, optional, string } from "./schema.ts";
import type { StringFormat } from "./schema.ts";

/** Longest time that a call waits: Envoy, agents and their servers hold it all the while. */
const maxWaitMs = 10 * 60_000;

const waitFormat: StringFormat = {
  ...durationFormat,
  wanted: 'a duration of at most "10m", such as "2m"',
  cel: [durationAtMost("10m")],
  read(text) {
    const reading = durationFormat.read(text);
    if (reading.kind === "invalid") return reading;
    const read = readDuration(reading.value);
    return read.kind === "valid" && read.value > maxWaitMs
      ? invalid("longer than a call can wait")
      : reading;
  },
};

/** Only this machine is trusted to be asked without TLS. */
const webhookUrlFormat: StringFormat = {
  name: "webhook-url",
  wanted: 'an https URL, or an http URL of this machine, such as "http://127.0.0.1:8080/ask"',
  ...(httpUrlFormat.pattern !== undefined && { pattern: httpUrlFormat.pattern }),
  constraint: {
    anyOf: [
      { pattern: "^(?i:https)://" },
      { pattern: "^(?i:http)://(?:(?i:localhost)|127\\.[0-9.]+|\\[::1\\])(?::[0-9]*)?(?:/|$)" },
    ],
  },
  read(text) {
    const reading = httpUrlFormat.read(text);
    if (reading.kind === "invalid") return reading;
    const url = new URL(reading.value);
    if (url.protocol === "https:") return reading;
    return isLoopback(url.hostname) ? valid(reading.value) : invalid("http leaves this machine");
  },
};

function isLoopback(hostname: string): boolean {
  if (hostname === "localhost") return true;
  const address = readAddress(hostname.replace(/^\[|\]$/g, ""));
  return address.kind === "valid" && /^(?:127\.|::1$)/.test(address.value.text);
}

/** The settings. */
export const toolConfirmation = object({
  description: "Who is asked, and for how long; a person at the command line unless a webhook is",
  fields: {
    timeout: defaulted(
      string({
        description: "Time until the call is denied",
        maxLength: 32,
        format: waitFormat,
      }),
      "2m0s",
    ),
    webhook: optional(
      object({
        description: "Who is asked by POST, and answers approve or deny",
        fields: {
          url: string({
            description: "Where to ask",
            maxLength: 1_024,
            format: webhookUrlFormat,
          }),
          signingSecretRef: secretReference("The Secret with the key that signs questions"),
          signingSecretKey: defaulted(
            string({
              description: "Key of the value in the Secret",
              maxLength: 253,
              format: secretKeyFormat,
            }),
            "token",
          ),
        },
      }),
    ),
  },
});
