// How far a packing of a model is from its finest one: what `qwen-edge eval --against` says, for a table of speeds.
// Takes two packed folders; gives the divergence on bench/texts. Bits are the same in every runtime, so Node computes it.
// Must not know: speeds, results.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { KvFormat } from "../kernels/abi.ts";

export interface Divergence {
  /** The reference's format of weights, with KV in bf16. */
  readonly against: string;
  /** Mean over all tokens, in nats. */
  readonly kl: number;
  /** How often both find the same token the likeliest. */
  readonly top1: number;
}

/** Of `eval --json`. */
interface Evaluation {
  readonly reference: { readonly quant: string };
  readonly against: { readonly kl_divergence: number; readonly top1_agreement: number };
}

/** Computes the divergence of a packing from a reference. @throws with what `eval` says */
export async function divergence(folder: string, kv: KvFormat, reference: string): Promise<Divergence> {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const texts = ["english", "chinese", "code"].flatMap((name) => ["--text", path(`texts/${name}.txt`)]);
  const args = ["eval", "--model", folder, "--against", reference, "--kv", kv, ...texts, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, [path("../scripts/cli.js"), ...args]);
  const { reference: found, against } = JSON.parse(stdout) as Evaluation;
  return { against: found.quant, kl: against.kl_divergence, top1: against.top1_agreement };
}
