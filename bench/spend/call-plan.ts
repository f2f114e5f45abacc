/** What the agent and the provider of a run both know of a call by its trace id, so that neither has to ask the other. */
import { createHash } from "node:crypto";
import { createRandom, logUniform } from "./random.ts";

/** Output of answers in tokens. */
const leastOutput = 8;
const mostOutput = 300;

/** How a call's answer comes about. */
export interface AnswerPlan {
  readonly tokens: number;
  /** Before its first token, in `ms` */
  readonly thinkMs: number;
  /** Between two pieces of a stream in `ms`: with 1 to 8 tokens each as fast as fast models are */
  readonly pauseMs: number;
  readonly random: () => number;
}

/** The same plan each time it is asked for, of 8 to 300 tokens. */
export function answerPlanOf(traceId: string): AnswerPlan {
  const random = createRandom(createHash("sha256").update(traceId).digest().readUInt32BE());
  return {
    tokens: logUniform(random, leastOutput, mostOutput),
    thinkMs: 5 + Math.floor(random() * 60),
    pauseMs: 10 + Math.floor(random() * 20),
    random,
  };
}
