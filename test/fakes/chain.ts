// A chain over fake stages, and conversations with it that check every candidate.

import assert from "node:assert/strict";
import { Chain, type ChainLimits } from "../../src/chain/chain.ts";
import type { Session } from "../../src/chain/session.ts";
import { GREEDY } from "../../src/engine/frame.ts";
import { expectedId, FakeStage, fakeManifest, VOCAB } from "./stage.ts";

export const greedy = { ...GREEDY, rawSums: true, adjustedSums: true };

/** Ways to cut the fake model. */
export const plans: Record<string, { layers: [number, number]; rows: [number, number] }[]> = {
  "one stage": [{ layers: [0, 2], rows: [0, VOCAB] }],
  "three stages": [
    { layers: [0, 1], rows: [0, 0] },
    { layers: [1, 2], rows: [0, 40] },
    { layers: [2, 2], rows: [40, VOCAB] },
  ],
};

export function makeChain(plan: keyof typeof plans, limits: Partial<ChainLimits> = {}) {
  const manifest = fakeManifest(plans[plan]!);
  const stages = manifest.stages.map((_, i) => new FakeStage(manifest, i));
  const math = { exp: Math.exp, log: Math.log };
  const all = { rows: 16, kvPositions: 1024, maxSessions: 4, queue: 2, ...limits };
  return { chain: new Chain({ manifest, stages, math, limits: all }), stages };
}

/** A signal that never aborts. */
export const signal = (): AbortSignal => new AbortController().signal;

/** A prompt of ids. Equal seeds begin alike, whatever the length. */
export function prompt(length: number, seed: number): number[] {
  return Array.from({ length }, (_, i) => (i * 7 + seed * 13) % VOCAB);
}

/** A prompt and `steps` greedy tokens, each compared with what the fake must give; all ids. */
export async function converse(session: Session, prompt: readonly number[], steps: number): Promise<number[]> {
  const ids = [...prompt];
  let { top } = await session.sync(ids, greedy);
  for (let i = 0; i < steps; i++) {
    const id = top[0]!.id;
    assert.equal(id, expectedId(ids));
    ids.push(id);
    ({ top } = await session.step(id, greedy));
  }
  assert.equal(top[0]!.id, expectedId(ids));
  return ids;
}

/** Numbers in [0, 1), the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
