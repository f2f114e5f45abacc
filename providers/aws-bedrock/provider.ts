/** AWS Bedrock runtime: regional hosts and the error shape of AWS JSON protocols (`x-amzn-errortype` and `message`). */

import type { Provider } from "../provider.ts";
import { bedrockServed } from "./served.ts";
import { bedrockOperations } from "./usage.ts";

/** Regions that have a Bedrock runtime endpoint, from AWS's public endpoint list. */
const regions = [
  "af-south-1",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-south-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "ap-southeast-3",
  "ap-southeast-4",
  "ap-southeast-5",
  "ap-southeast-7",
  "ca-central-1",
  "ca-west-1",
  "eu-central-1",
  "eu-central-2",
  "eu-north-1",
  "eu-south-1",
  "eu-south-2",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "il-central-1",
  "me-central-1",
  "me-south-1",
  "mx-central-1",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-gov-east-1",
  "us-gov-west-1",
  "us-west-1",
  "us-west-2",
] as const;

/** The declaration of Bedrock; private endpoints have a name of their own in front of the regional one. */
export const awsBedrock = {
  name: "aws_bedrock",
  aliases: ["bedrock", "aws-bedrock"],
  hosts: regions.flatMap((region) => [
    `bedrock-runtime.${region}.amazonaws.com`,
    `bedrock-runtime-fips.${region}.amazonaws.com`,
    `*.bedrock-runtime.${region}.vpce.amazonaws.com`,
  ]),
  credentialHeaders: [
    "authorization",
    "x-amz-security-token",
    "x-amz-date",
    "x-amz-content-sha256",
  ],
  ownHeaders: ["amz-sdk-invocation-id", "amz-sdk-request", "x-amzn-*", "x-amz-*"],
  errorBody: ({ message }) => ({ message }),
  errorHeaders: [{ name: "x-amzn-errortype", value: "AccessDeniedException" }],
  operations: bedrockOperations,
  served: bedrockServed,
} satisfies Provider;
